#include "server/nucleus/wire_in.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tusker::nucleus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A batch of one object, with the document that it views.
struct One {
    json::Document document;
    ObjectBatch batch;

    explicit One(std::string_view text, ObjectBatch::Kind kind = ObjectBatch::Kind::Annotation)
        : document(*json::Document::parse(text)) {
        batch.add(document.root(), 3, kind);
    }
    std::string error() const { return batch.errors.empty() ? "" : batch.errors[0]; }
};

TEST(WireIn, ABoxKeepsItsNumbersExactly) {
    const One one(R"({"type":"box","label":"car","reference_id":"a/b","annotation_id":null,
        "geometry":{"x":0.1,"y":-3,"width":1e3,"height":0.30000000000000004},"metadata":{}})");
    ASSERT_EQ(one.error(), "");
    const auto& row = one.batch.rows[0];
    EXPECT_THAT(row.geometry, ElementsAre(0.1, -3.0, 1000.0, 0.30000000000000004));
    EXPECT_EQ(row.reference_id, "a/b");
    EXPECT_FALSE(row.annotation_id);
    EXPECT_EQ(row.metadata, "");
}

TEST(WireIn, APredictionBringsConfidenceAndProbabilities) {
    const One one(R"({"type":"category","label":"cat","reference_id":"r","confidence":0.5,
        "class_pdf":{"cat":0.75,"dog":0.25}})",
                  ObjectBatch::Kind::Prediction);
    ASSERT_EQ(one.error(), "");
    const auto& row = one.batch.rows[0];
    EXPECT_EQ(row.confidence, 0.5);
    EXPECT_THAT(row.class_pdf_labels, ElementsAre("cat", "dog"));
    EXPECT_THAT(row.class_pdf, ElementsAre(0.75, 0.25));
}

TEST(WireIn, NumbersAreTakenForIdsOfOtherSystems) {
    const One one(R"({"type":"polygon","label":"car","reference_id":12,"annotation_id":34,
        "geometry":{"vertices":[{"x":0,"y":0},{"x":1,"y":0},{"x":1,"y":1}]}})");
    ASSERT_EQ(one.error(), "");
    EXPECT_EQ(one.batch.rows[0].reference_id, "12");
    EXPECT_EQ(one.batch.rows[0].annotation_id, "34");
    EXPECT_THAT(one.batch.rows[0].geometry, ElementsAre(0, 0, 1, 0, 1, 1));
}

TEST(WireIn, ARefusedObjectIsShownWithFieldValueAndRule) {
    EXPECT_THAT(One(R"({"type":"line","label":"road","reference_id":"r"})").error(),
                HasSubstr("annotations[3].type = \\\"line\\\": Tusker stores box, polygon and"));
    EXPECT_THAT(
        One(R"({"type":"box","label":"car","reference_id":"r","geometry":{"x":"1"}})").error(),
        HasSubstr("annotations[3].geometry.x = \\\"1\\\": must be a number"));
    EXPECT_THAT(One(R"({"type":"box","label":"","reference_id":"r"})").error(),
                HasSubstr("annotations[3].label: must be a text"));
    EXPECT_THAT(One(R"({"type":"box","label":"car","reference_id":"r","metadata":[1],"geometry":
                        {"x":1,"y":1,"width":1,"height":1}})")
                    .error(),
                HasSubstr("annotations[3].metadata: must be an object"));
}

TEST(WireIn, ErrorsShowTheObjectInCamelCase) {
    const One one(
        R"({"type":"line","reference_id":"r","annotation_id":"a","metadata":{"in_it":1}})");
    EXPECT_THAT(one.error(),
                HasSubstr(R"("referenceId":"r","annotationId":"a","metadata":{"in_it":1})"));
}

TEST(WireIn, ItemsSayUpdateForThemselvesOrTakeTheCalls) {
    const auto document = *json::Document::parse(R"([
        {"reference_id":"a","image_url":"http://x/a.png","metadata":{"speed":3}},
        {"reference_id":"b","image_url":"http://x/b.png","metadata":{},"update":false},
        {"reference_id":"","image_url":"http://x/c.png"},
        {"reference_id":"d","image_url":"http://x/d.png","width":0}])");
    ItemBatch batch;
    std::size_t index = 0;
    ASSERT_TRUE(
        document.root().for_each([&](json::Value item) { batch.add(item, index++, true); }));
    ASSERT_EQ(batch.rows.size(), 2U);
    EXPECT_TRUE(batch.rows[0].update);
    EXPECT_EQ(batch.rows[0].metadata, R"({"speed":3})");
    EXPECT_FALSE(batch.rows[1].update);
    ASSERT_EQ(batch.refused.size(), 2U);
    EXPECT_EQ(batch.refused[0].message,
              "items[2].reference_id: must be a text of at least one character");
    EXPECT_EQ(batch.refused[1].message,
              "items[3].width = 0: must be a whole number of pixels, at least 1");
    EXPECT_EQ(batch.refused[1].reference_id, "d");
}

TEST(WireIn, TheCatalogsMessagesNameThePlaceInTheCall) {
    EXPECT_EQ(
        in_call("predictions[0].geometry.width = -4: must be a number >= 0", "annotations", 7),
        "annotations[7].geometry.width = -4: must be a number >= 0");
    EXPECT_EQ(in_call("Item with id a[0] doesn't exist", "annotations", 7),
              "Item with id a[0] doesn't exist");
}

TEST(WireIn, CamelCase) {
    EXPECT_EQ(to_camel_case("mislabel_score"), "mislabelScore");
    EXPECT_EQ(to_camel_case("a_b_c"), "aBC");
    EXPECT_EQ(to_camel_case("plain"), "plain");
    EXPECT_EQ(to_camel_case("_leading"), "_leading");
    EXPECT_EQ(to_camel_case("level_2"), "level2");
}

}  // namespace
}  // namespace tusker::nucleus
