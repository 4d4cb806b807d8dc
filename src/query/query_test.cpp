#include <gtest/gtest.h>

#include "query/query.hpp"
#include "query/test_dataset.hpp"
#include "query/test_file.hpp"

namespace tusker::query {
namespace {

std::string references(const catalog::Version& version, const std::vector<catalog::ItemNo>& items) {
    std::string text;
    for (const auto item : items) {
        if (!text.empty()) text += '|';
        text += catalog::find_item(version, item)->reference_id;
    }
    return text;
}

TEST(Query, EveryTextOfTheTableAnswersWhatTheTableSays) {
    const auto version = test::make_version(test::small_dataset());
    const Scope scope{version};
    const Pool pool(2);
    const auto cases = read_test_file("query.test");
    EXPECT_GT(cases.size(), 120U);
    for (const auto& c : cases) {
        SCOPED_TRACE("query.test:" + std::to_string(c.line) + ": " + c.query);
        const auto asked = ask_planned(c.query, scope, pool);
        if (c.error) {
            EXPECT_EQ(asked ? std::string("no error") : asked.error().message, *c.error);
            continue;
        }
        EXPECT_TRUE(asked.has_value());
        if (!asked) {
            ADD_FAILURE() << asked.error().message;
            continue;
        }
        const auto items = page(asked->plan, asked->answer, scope, pool, 0, 100);
        EXPECT_EQ(references(version, *items), c.rows.value_or("(no rows given)"));
        EXPECT_EQ(asked->answer.items.size(), items->size());
        std::vector<std::string> warnings;
        for (const auto& warning : asked->answer.warnings)
            warnings.push_back("column " + std::to_string(warning.column) + ": " + warning.message);
        EXPECT_EQ(warnings, c.warnings);
    }
}

TEST(Query, ScopeNarrowsToASliceAndSelectsARun) {
    const auto version = test::make_version(test::small_dataset());
    const Pool pool(2);
    const Scope rainy{.version = version, .slice = "night, rainy"};
    EXPECT_EQ(ask("annotations.count > 0", rainy, pool)->items.size(), 1U);
    EXPECT_EQ(ask("", rainy, pool)->items.size(), 2U);
    const Scope older{.version = version, .run_id = "run_1"};
    EXPECT_EQ(ask("predictions.count > 0", older, pool)->items.size(), 1U);
    const Scope unknown{.version = version, .run_id = "run_9"};
    EXPECT_EQ(ask("predictions.count > 0", unknown, pool).error().message,
              "column 1: no model run 'run_9'");
    EXPECT_TRUE(ask("annotations.count > 0", unknown, pool).has_value());
}

TEST(Query, ADatasetWithoutAnythingAnswersNothingAndSaysWhatIsMissing) {
    const auto version = test::make_version({});
    const Scope scope{version};
    const Pool pool(2);
    EXPECT_EQ(ask("annotations.count = 0", scope, pool)->items.size(), 0U);
    EXPECT_EQ(ask("predictions.count = 0", scope, pool).error().message,
              "column 1: this dataset has no predictions");
    EXPECT_EQ(ask("issue.score < 1", scope, pool).error().message,
              "column 1: no label issues have been looked for in this dataset yet");
}

TEST(Query, PagesFollowEachOtherWithoutGapOrDouble) {
    test::Dataset dataset;
    for (int i = 0; i < 40'000; ++i)
        dataset.items.push_back({.reference_id = "r" + std::to_string(i),
                                 .metadata = {{"n", std::int64_t{(i * 7'919) % 1'000}}}});
    const auto version = test::make_version(dataset);
    const Scope scope{version};
    const Pool pool(2);
    const auto asked = ask_planned("metadata.n >= 10 ORDER BY metadata.n DESC", scope, pool);
    ASSERT_TRUE(asked.has_value());
    EXPECT_EQ(asked->answer.items.size(), 39'600U);
    std::vector<catalog::ItemNo> all;
    for (std::uint64_t offset = 0;; offset += 10'000) {
        const auto next = page(asked->plan, asked->answer, scope, pool, offset, 10'000);
        if (next->empty()) break;
        all.insert(all.end(), next->begin(), next->end());
    }
    ASSERT_EQ(all.size(), 39'600U);
    const auto n = [&](catalog::ItemNo item) { return (item * std::uint64_t{7'919}) % 1'000; };
    for (std::size_t i = 1; i < all.size(); ++i)
        ASSERT_TRUE(n(all[i - 1]) > n(all[i]) ||
                    (n(all[i - 1]) == n(all[i]) && all[i - 1] < all[i]))
            << i;
}

}  // namespace
}  // namespace tusker::query
