#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <fmt/format.h>

#include <map>

#include "formats/coco/patch.hpp"
#include "formats/coco/reader.hpp"

namespace tusker::coco {
namespace {

struct Read {
    std::vector<Annotation> annotations;
    std::vector<Refusal> refused;
};

Read read_all(const Reader& reader) {
    const Pool pool(2);
    Read all;
    const auto done = reader.read_annotations(pool, [&](Block block, std::size_t) -> Result<void> {
        for (Annotation& a : block.annotations) all.annotations.push_back(std::move(a));
        for (Refusal& r : block.refused) all.refused.push_back(std::move(r));
        return {};
    });
    EXPECT_TRUE(done) << done.error().message;
    return all;
}

std::string street(std::string_view annotations) {
    return fmt::format(R"({{"info": {{"year": 2026}},
 "images": [
  {{"id": 17, "file_name": "a.jpg", "width": 640, "height": 360, "weather": "rainy",
   "metadata": {{"speed": 3.5}}, "license": 1}},
  {{"id": 90, "file_name": "b/c.jpg", "coco_url": "http://x/c.jpg"}}],
 "annotations": [
{}
 ],
 "categories": [{{"id": 3, "name": "car"}}, {{"id": 90, "name": "police car"}}]}})",
                       annotations);
}

std::string refusal_of(const std::string& text) {
    const auto reader = Reader::open(text);
    if (!reader) return reader.error().message;
    const Read read = read_all(*reader);
    if (read.refused.size() != 1) return fmt::format("{} refused", read.refused.size());
    LineCounter lines(text);
    const Refusal& r = read.refused.front();
    return fmt::format("{}: {} = {}: {}", lines.line_of(r.offset), r.field, r.value, r.rule);
}

TEST(CocoReader, ReadsBoxesPolygonsAndCategoriesWithIdsThatAreNotOneToN) {
    const std::string text = street(
        R"({"id": 5, "image_id": 90, "category_id": 90, "bbox": [1.5, 2, 30, 4.25], "area": 127.5,
             "iscrowd": 1, "segmentation": {"counts": [1, 2], "size": [2, 2]}, "occluded": true},
           {"id": 6, "image_id": 17, "category_id": 3, "segmentation": [[0, 0, 4, 0, 4, 3]]},
           {"id": 7, "image_id": 17, "category_id": 3, "segmentation": [[0, 0, 4, 0, 4, 3],
             [9, 9, 10, 9, 10, 12]], "attributes": {"side": "left"}},
           {"id": 8, "image_id": 17, "category_id": 3, "bbox": []})");
    const auto reader = Reader::open(text);
    ASSERT_TRUE(reader) << reader.error().message;
    ASSERT_EQ(reader->images().size(), 2U);
    EXPECT_EQ(reader->images()[0].metadata, R"({"speed":3.5,"weather":"rainy"})");
    EXPECT_EQ(reader->images()[1].url, "http://x/c.jpg");
    const auto [annotations, refused] = read_all(*reader);
    EXPECT_TRUE(refused.empty());
    ASSERT_EQ(annotations.size(), 4U);
    EXPECT_EQ(annotations[0].geometry, (std::vector{1.5, 2.0, 30.0, 4.25}));
    EXPECT_EQ(reader->images()[annotations[0].image].file_name, "b/c.jpg");
    EXPECT_EQ(reader->categories()[annotations[0].category].name, "police car");
    EXPECT_EQ(annotations[0].metadata, R"({"occluded":true,"iscrowd":1})");
    EXPECT_EQ(annotations[1].shape, Shape::Polygon);
    EXPECT_EQ(annotations[1].geometry.size(), 6U);
    EXPECT_EQ(annotations[2].shape, Shape::Box);
    EXPECT_EQ(annotations[2].geometry, (std::vector{0.0, 0.0, 10.0, 12.0}));
    EXPECT_EQ(annotations[2].metadata, R"({"side":"left"})");
    EXPECT_EQ(annotations[3].shape, Shape::Category);
}

TEST(CocoReader, NamesLineFieldValueAndRuleOfARefusedRowAndKeepsTheOthers) {
    const std::string good = R"({"id": 1, "image_id": 17, "category_id": 3, "bbox": [0,0,1,1]},)"
                             "\n";
    EXPECT_EQ(refusal_of(street(
                  good + R"({"id": 2, "image_id": 17, "category_id": 3, "bbox": [0, 0, -4, 1]})")),
              "8: annotations[1].bbox[2] = -4: width must be > 0");
    EXPECT_EQ(refusal_of(street(
                  good + R"({"id": 2, "image_id": 18, "category_id": 3, "bbox": [0,0,1,1]})")),
              "8: annotations[1].image_id = 18: must be the id of an image");
    EXPECT_EQ(refusal_of(street(good + R"({"id": 2, "image_id": 17, "bbox": [0,0,1,1]})")),
              "8: annotations[1].category_id = absent: must be the id of a category");
    EXPECT_EQ(refusal_of(
                  street(good + R"({"id": 2, "image_id": 17, "category_id": 3, "bbox": [0,0,1]})")),
              "8: annotations[1].bbox = [0,0,1]: must be four numbers: x, y, width, height");
    EXPECT_EQ(
        refusal_of(street(good + R"({"id": 2, "image_id": 17, "category_id": 3,
                                            "segmentation": {"counts": "x", "size": [1,1]}})")),
        "8: annotations[1].segmentation = {\"counts\":\"x\",\"size\":[1,1]}: a mask needs its "
        "bbox: give [x, y, width, height]");
    EXPECT_EQ(refusal_of(street(good + "7")), "8: annotations[1] = 7: must be an object");
}

TEST(CocoReader, RefusesTheWholeFileWhenItIsNoJson) {
    const std::string text = street(R"({"id": 1, "image_id": 17, "category_id": 3})");
    const auto half = Reader::open(std::string_view(text).substr(0, text.size() / 2));
    ASSERT_FALSE(half);
    EXPECT_THAT(half.error().message, testing::StartsWith("line "));
    EXPECT_THAT(half.error().message, testing::HasSubstr("the text stops inside"));
    EXPECT_EQ(Reader::open("[1] 2").error().message,
              "line 1, column 5: there is more text after the end");
    EXPECT_EQ(Reader::open(R"({"images": [], "annotations": []})").error().message,
              "\"categories\" is absent: a COCO file must have it");

    const std::string broken = street("{\"id\": 1,\n \"image_id\": 17,\n \"category_id\": }");
    const auto reader = Reader::open(broken);
    ASSERT_TRUE(reader);
    const auto read =
        reader->read_annotations(Pool(1), [](Block, std::size_t) -> Result<void> { return {}; });
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, testing::StartsWith("line 7: "));
}

TEST(CocoReader, RefusesDoubledImagesAndKeepsTheFirst) {
    const std::string text =
        R"({"images": [{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"},
        {"id": 2, "file_name": "a"}, {"id": 3}], "annotations": [], "categories": []})";
    const auto reader = Reader::open(text);
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->images().size(), 1U);
    ASSERT_EQ(reader->refused().size(), 3U);
    EXPECT_EQ(reader->refused()[0].field, "images[1].id");
    EXPECT_EQ(reader->refused()[1].field, "images[2].file_name");
    EXPECT_EQ(reader->refused()[2].value, "absent");
}

TEST(CocoReader, ReadsResultsWithTheIdsOfTheirLabels) {
    const std::string labels = street("");
    auto labels_reader = Reader::open(labels);
    ASSERT_TRUE(labels_reader);
    const Vocabulary vocabulary = labels_reader->take_vocabulary();
    const std::string results = R"([
 {"image_id": 90, "category_id": 3, "bbox": [1, 1, 5, 5], "score": 0.75},
 {"image_id": 90, "category_id": 3, "bbox": [1, 1, 5, 5], "score": 1.5}])";
    const auto reader = Reader::open(results, &vocabulary);
    ASSERT_TRUE(reader);
    EXPECT_TRUE(reader->is_results());
    const auto [annotations, refused] = read_all(*reader);
    ASSERT_EQ(annotations.size(), 1U);
    EXPECT_EQ(annotations[0].score, 0.75);
    ASSERT_EQ(refused.size(), 1U);
    EXPECT_EQ(refused[0].field, "[1].score");
    EXPECT_EQ(refused[0].rule, "must be a number from 0 to 1");
}

TEST(CocoPatch, AddsACategoryForALabelThatTheFileDoesNotKnow) {
    const std::string text = street(R"({"id": 1, "image_id": 17, "category_id":3})");
    const auto reader = Reader::open(text);
    const auto read = read_all(*reader);
    const Relabel relabel{read.annotations[0].where, "tram"};
    const auto patched = patch(text, *reader, std::span(&relabel, 1));
    ASSERT_TRUE(patched);
    EXPECT_THAT(patched->text, testing::HasSubstr(R"("category_id":91})"));
    EXPECT_THAT(patched->text,
                testing::HasSubstr(R"("name": "police car"},{"id":91,"name":"tram"}])"));
    ASSERT_EQ(patched->changed.size(), 2U);
    EXPECT_EQ(patched->changed[0].line, 7U);
    EXPECT_EQ(patched->changed[0].before, R"({"id": 1, "image_id": 17, "category_id":3})");
    EXPECT_EQ(patched->changed[0].after, R"({"id": 1, "image_id": 17, "category_id":91})");
    EXPECT_EQ(patched->changed[1].before, "");
}

// Random files: any order of members, any white space, ids as numbers or texts, members that nobody
// knows, strings full of brackets.
class RandomCoco {
public:
    std::size_t annotations = 0;
    std::string text;
    std::vector<std::string> labels;  // of each annotation
    static constexpr int kCategories = 5;

    static RandomCoco make() {
        RandomCoco coco;
        coco.annotations = *rc::gen::inRange<std::size_t>(1, 12);
        std::vector<std::string> categories;
        for (int c = 0; c < kCategories; ++c)
            categories.push_back(
                coco.object({{"id", coco.id(c)}, {"name", fmt::format("\"label {}\"", c)}}));
        std::vector<std::string> rows;
        for (std::size_t i = 0; i < coco.annotations; ++i) {
            const int label = *rc::gen::inRange(0, kCategories);
            coco.labels.push_back(fmt::format("label {}", label));
            rows.push_back(coco.object({{"id", std::to_string(i)},
                                        {"image_id", "1"},
                                        {"category_id", coco.id(label)},
                                        {"bbox", "[0," + space() + "1, 2.50, 3e0]"},
                                        {"note", noise()}}));
        }
        const std::string images = "[" + coco.object({{"id", "1"}, {"file_name", "\"a\""}}) + "]";
        coco.text = space() +
                    coco.object({{"images", images},
                                 {"annotations", coco.array(rows)},
                                 {"categories", coco.array(categories)},
                                 {"info", noise()}}) +
                    space();
        return coco;
    }

private:
    static std::string space() {
        return *rc::gen::element<std::string>("", " ", "\n", "\t ", "\r\n  ");
    }
    static std::string noise() {
        return *rc::gen::element<std::string>(R"("}] \" {[\\")", "null", "[{}, []]",
                                              R"({"category_id": 77})", "-0.5e-3");
    }
    std::string id(int category) const {
        return category % 2 == 0 ? std::to_string(category * 10) : fmt::format("\"c{}\"", category);
    }
    std::string object(std::vector<std::pair<std::string, std::string>> members) const {
        for (std::size_t i = members.size(); i > 1; --i)
            std::swap(members[i - 1], members[*rc::gen::inRange<std::size_t>(0, i)]);
        std::string out = "{" + space();
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (i > 0) out += "," + space();
            out += "\"" + members[i].first + "\"" + space() + ":" + space() + members[i].second +
                   space();
        }
        return out + "}";
    }
    std::string array(const std::vector<std::string>& elements) const {
        std::string out = "[" + space();
        for (std::size_t i = 0; i < elements.size(); ++i)
            out += (i > 0 ? "," + space() : "") + elements[i] + space();
        return out + "]";
    }
};

RC_GTEST_PROP(CocoPatch, ChangesTheBytesOfCorrectedCategoriesAndNoOthers, ()) {
    const RandomCoco coco = RandomCoco::make();
    const auto reader = Reader::open(coco.text);
    RC_ASSERT(reader.has_value());
    const auto [annotations, refused] = read_all(*reader);
    RC_ASSERT(refused.empty());
    RC_ASSERT(annotations.size() == coco.annotations);

    std::vector<std::string> wanted = coco.labels;
    std::vector<Relabel> relabels;
    for (std::size_t i = 0; i < annotations.size(); ++i) {
        RC_ASSERT(reader->categories()[annotations[i].category].name == coco.labels[i]);
        if (!*rc::gen::arbitrary<bool>()) continue;
        wanted[i] = fmt::format("label {}", *rc::gen::inRange(0, RandomCoco::kCategories));
        relabels.push_back({annotations[i].where, wanted[i]});
    }
    const auto patched = patch(coco.text, *reader, relabels);
    RC_ASSERT(patched.has_value());

    // The new text says the wanted labels …
    const auto again = Reader::open(patched->text);
    RC_ASSERT(again.has_value());
    const auto reread = read_all(*again).annotations;
    for (std::size_t i = 0; i < reread.size(); ++i)
        RC_ASSERT(again->categories()[reread[i].category].name == wanted[i]);
    // … and differs nowhere else: cut the ids out of both and nothing differs.
    const auto without_ids = [](const std::string& text, const std::vector<Annotation>& rows) {
        std::string rest = text;
        for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
            const Range id = *find_member(row->where.of(text), "category_id");
            rest.erase(row->where.offset + id.offset, id.size);
        }
        return rest;
    };
    RC_ASSERT(without_ids(coco.text, annotations) == without_ids(patched->text, reread));
    std::size_t different = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        different += wanted[i] != coco.labels[i] ? 1 : 0;
    RC_ASSERT(patched->changed.size() == different);
    if (different == 0) RC_ASSERT(patched->text == coco.text);
}

}  // namespace
}  // namespace tusker::coco
