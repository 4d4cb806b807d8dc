#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "query/complete.hpp"
#include "query/test_dataset.hpp"

namespace tusker::query {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class Complete : public ::testing::Test {
protected:
    const catalog::Version version = test::make_version(test::small_dataset());
    const Pool pool{2};
    /// `text` with the cursor at '|'.
    Completion at(std::string text) const {
        const auto cursor = text.find('|');
        text.erase(cursor, 1);
        return complete(text, cursor, Scope{version}, pool);
    }
    std::vector<std::string> names(const std::string& text) const {
        std::vector<std::string> result;
        for (const auto& name : at(text).names) result.push_back(name.text);
        return result;
    }
    std::vector<std::string> values(const std::string& text) const {
        std::vector<std::string> result;
        for (const auto& value : at(text).values)
            result.push_back(value.text + " " + std::to_string(value.rows));
        return result;
    }
};

TEST_F(Complete, BeginsWithTheRootsOfPaths) {
    EXPECT_THAT(names("|"), Contains("annotations"));
    EXPECT_THAT(names("|"), Contains("issue"));
    EXPECT_THAT(names("anno|"), ElementsAre("annotations"));
    EXPECT_THAT(names("annotations.count > 1 AND me|"), ElementsAre("metadata"));
}

TEST_F(Complete, KnowsWhatStandsAfterADot) {
    EXPECT_THAT(names("metadata.we|"), ElementsAre("weather"));
    EXPECT_EQ(at("metadata.speed|").names[0].detail, "number, text");
    EXPECT_THAT(names("metadata.a|"), Contains("\"a key\""));
    EXPECT_THAT(names("annotations.tra|"), ElementsAre("\"traffic light\""));
    EXPECT_THAT(names("annotations.clo|"), ElementsAre("clothing_type"));
    EXPECT_THAT(names("annotations.c|"), Contains("count"));
    EXPECT_THAT(names("annotations.c|"), Contains("\"count\""));  // the label
    EXPECT_THAT(names("annotations.metadata.|"), Contains("color"));
    EXPECT_THAT(names("annotations.\"traffic light\".|"), Contains("color"));
    EXPECT_THAT(names("issue.s|"), ElementsAre("score", "suggested", "is"));
    EXPECT_THAT(names("predictions[|"), ElementsAre("\"yolo-v8\"", "\"old model\""));
    EXPECT_THAT(names("predictions[\"yolo-v8\"].conf|"), ElementsAre("confidence"));
}

TEST_F(Complete, KnowsAGroup) {
    EXPECT_THAT(names("annotations(la|"), ElementsAre("label"));
    EXPECT_THAT(names("annotations(label = car AND metadata.occ|"), ElementsAre("occluded"));
    EXPECT_THAT(names("annotations(label = car).|"), ElementsAre("count"));
    EXPECT_THAT(names("annotations(item.metadata.we|"), ElementsAre("weather"));
}

TEST_F(Complete, OffersValuesWithTheirCounts) {
    EXPECT_THAT(values("metadata.weather = |"),
                ElementsAre("\"rainy\" 2", "\"partly cloudy\" 1", "\"sunny\" 1"));
    EXPECT_THAT(values("metadata.weather = su|"), ElementsAre("\"sunny\" 1"));
    EXPECT_THAT(values("metadata.weather = \"partly c|"), ElementsAre("\"partly cloudy\" 1"));
    EXPECT_THAT(values("metadata.occluded = |"), ElementsAre("true 1", "false 1"));
    EXPECT_THAT(values("annotations.label = tr|"),
                ElementsAre("\"truck\" 5", "\"traffic light\" 5", "\"trousers\" 1", "\"tree\" 1"));
    EXPECT_THAT(values("annotations(label = b|"), ElementsAre("\"bus\" 2"));
    EXPECT_THAT(values("annotations.clothing_type = |"),
                ElementsAre("\"dress\" 1", "\"trousers\" 1"));
    EXPECT_THAT(values("annotations.metadata.color = |"),
                ElementsAre("\"green\" 1", "\"red\" 1", "\"yellow\" 1"));
    EXPECT_THAT(values("slice = |"), Contains("\"night, rainy\" 3"));
}

TEST_F(Complete, OffersSignsAndThenWordsThatJoin) {
    EXPECT_THAT(names("metadata.weather |"), Contains("="));
    EXPECT_THAT(names("metadata.weather |"), Not(Contains("AND")));
    EXPECT_THAT(names("metadata.weather = rainy |"), ElementsAre("AND", "OR", "ORDER BY"));
    EXPECT_THAT(names("metadata.weather = rainy ORDER BY metadata.n |"),
                ElementsAre("DESC", "ASC"));
}

TEST_F(Complete, ReplacesTheWholeWordUnderTheCursor) {
    const auto completion = at("metadata.wea|ther = rainy");
    EXPECT_EQ(completion.from, 9U);
    EXPECT_EQ(completion.to, 16U);
    const auto quoted = at("annotations.\"traffic l|ight\" > 0");
    EXPECT_EQ(quoted.from, 12U);
    EXPECT_EQ(quoted.to, 27U);
}

TEST_F(Complete, NothingFollowsWhatCannotBeRead) {
    EXPECT_THAT(names("annotations.count > 1 ? |"), IsEmpty());
}

RC_GTEST_PROP(CompleteProperty, SurvivesAnyTextAndCursor,
              (const std::string& noise, const std::vector<std::uint8_t>& picks)) {
    static const auto version = test::make_version(test::small_dataset());
    static const Pool pool(2);
    static const std::vector<std::string> words = {
        "annotations", "predictions", "metadata", "item", ".",     "(",     ")",         "[", "]",
        "=",           "LIKE",        "AND",      "\"",   "slice", "label", "ORDER BY ", " ", "5"};
    std::string text = noise;
    for (const auto pick : picks) text += words[pick % words.size()];
    for (std::size_t cursor = 0; cursor <= text.size(); ++cursor) {
        const auto completion = complete(text, cursor, Scope{version}, pool);
        RC_ASSERT(completion.from <= cursor);
        RC_ASSERT(completion.to >= cursor);
        RC_ASSERT(completion.to <= text.size());
    }
}

}  // namespace
}  // namespace tusker::query
