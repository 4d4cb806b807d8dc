#include "catalog/catalog.hpp"

#include <cmath>
#include <fstream>
#include <limits>

#include "catalog/catalog_testing.hpp"

namespace tusker::catalog {
namespace {

using Labels = std::vector<std::string>;

class CatalogTest : public testing::Test {
protected:
    CatalogTest() {
        dataset = catalog->create_dataset("pictures", kAnna).value();
        put_items({item("a"), item("b", R"({"weather":"rainy"})")});
    }
    WriteReport put_items(std::vector<NewItem> items) {
        return catalog->put_items(dataset, items, kAnna).value();
    }
    WriteReport put(std::vector<NewObject> objects, bool update = false) {
        return catalog->put_annotations(dataset, objects, update, kAnna).value();
    }
    Labels labels() const {
        const auto version = catalog.version(dataset);
        return labels_of(*version, version->annotations);
    }

    TestCatalog catalog;
    std::string dataset;
};

TEST_F(CatalogTest, ItemsComeBackAsGivenAfterARestart) {
    auto given = item(
        "c",
        R"({"s":"x","i":7,"d":2.5,"b":true,"n":null,"l":[1,{"a":2}],"u":18446744073709551615})");
    given.has_media = true;
    given.media_pack = 3;
    given.media_offset = 4'000'000'000;
    given.media_size = 12;
    given.width = 640;
    given.height = 360;
    const auto report = put_items({given});
    EXPECT_EQ(report.created, 1U);
    ASSERT_EQ(report.keys.size(), 1U);
    EXPECT_EQ(report.keys[0].item_no, 2U);
    for (int round = 0; round < 2; ++round) {
        const auto version = catalog.version(dataset);
        EXPECT_EQ(version->item_count(), 3U);
        const auto no = find_item_no(*version, "c");
        ASSERT_EQ(no, 2U);
        const auto stored = find_item(*version, *no);
        ASSERT_TRUE(stored);
        EXPECT_EQ(stored->reference_id, "c");
        EXPECT_EQ(stored->image_url, "file:///pictures/a.jpg");
        EXPECT_TRUE(stored->has_media);
        EXPECT_EQ(stored->media_offset, 4'000'000'000U);
        EXPECT_EQ(stored->width, 640U);
        EXPECT_GT(stored->created_at, 1'600'000'000'000);
        EXPECT_EQ(
            metadata_json(version->items, stored->place),
            R"({"b":true,"d":2.5,"i":7,"l":[1,{"a":2}],"n":null,"s":"x","u":18446744073709551615})");
        EXPECT_FALSE(find_item_no(*version, "C"));
        catalog.restart();
    }
}

TEST_F(CatalogTest, ASecondUploadIsIgnoredOrReplacesTheMetadata) {
    const auto ignored = put_items({item("b", R"({"x":1})")});
    EXPECT_EQ(ignored.ignored, 1U);
    EXPECT_EQ(ignored.created + ignored.updated, 0U);
    auto version = catalog.version(dataset);
    EXPECT_EQ(metadata_json(version->items, find_item(*version, 1)->place),
              R"({"weather":"rainy"})");
    const auto updated = put_items({item("b", R"({"x":1})", true)});
    EXPECT_EQ(updated.updated, 1U);
    catalog.restart();
    version = catalog.version(dataset);
    EXPECT_EQ(version->item_count(), 2U);
    EXPECT_EQ(metadata_json(version->items, find_item(*version, 1)->place), R"({"x":1})");
    EXPECT_EQ(find_item(*version, 1)->image_url, "file:///pictures/a.jpg");
}

TEST_F(CatalogTest, AReferenceIdTwiceInOneCallCountsAsASecondUpload) {
    const auto report = put_items(
        {item("c", R"({"v":1})"), item("c", R"({"v":2})"), item("c", R"({"v":3})", true)});
    EXPECT_EQ(report.created, 1U);
    EXPECT_EQ(report.ignored, 1U);
    EXPECT_EQ(report.updated, 1U);
    ASSERT_EQ(report.keys.size(), 3U);
    const auto version = catalog.version(dataset);
    EXPECT_EQ(version->item_count(), 3U);
    EXPECT_EQ(metadata_json(version->items, find_item(*version, 2)->place), R"({"v":3})");
}

TEST_F(CatalogTest, MetadataIsMergedKeyByKey) {
    const std::vector<Catalog::MetadataPatch> patches = {
        {"b", R"({"scene":"city"})"},
        {"b", R"({"weather":"snowy","scene":"tunnel"})"},
        {"z", "{}"}};
    const auto report = catalog->merge_item_metadata(dataset, patches, kAnna).value();
    EXPECT_EQ(report.updated, 2U);
    ASSERT_EQ(report.refused.size(), 1U);
    EXPECT_EQ(report.refused[0].message, "Item with id z doesn't exist");
    catalog.restart();
    const auto version = catalog.version(dataset);
    EXPECT_EQ(metadata_json(version->items, find_item(*version, 1)->place),
              R"({"scene":"tunnel","weather":"snowy"})");
}

TEST_F(CatalogTest, AMetadataKeyMayChangeItsTypeAndEachValueComesBack) {
    put_items({item("c", R"({"speed":7})"), item("d", R"({"speed":"fast"})"),
               item("e", R"({"speed":7.0})")});
    const auto version = catalog.version(dataset);
    Labels texts;
    for (ItemNo no = 2; no < 5; ++no)
        texts.push_back(metadata_json(version->items, find_item(*version, no)->place));
    EXPECT_EQ(texts, (Labels{R"({"speed":7})", R"({"speed":"fast"})", R"({"speed":7.0})"}));
}

TEST_F(CatalogTest, BadItemsAreRefusedByNameAndTheRestIsKept) {
    const std::string long_id(5'000, 'x');
    const auto report =
        put_items({item(""), item("ok"), item(long_id), item("m", "[1]"), item("h", R"({"a":)")});
    EXPECT_EQ(report.created, 1U);
    ASSERT_EQ(report.refused.size(), 4U);
    EXPECT_EQ(report.refused[0].message, "items[0].reference_id: must have 1 to 4096 bytes, has 0");
    EXPECT_EQ(report.refused[2].message, "items[3].metadata: must be a JSON object");
    EXPECT_EQ(report.refused[3].index, 4U);
    EXPECT_EQ(catalog.version(dataset)->item_count(), 3U);
}

TEST_F(CatalogTest, AnnotationsComeBackAsGivenAfterARestart) {
    const double exact[] = {0.1, 1e-300, 1.0 / 3.0, 12345678.9};
    const double polygon[] = {5, 6, 1, 2, 9, 4};
    auto first = box("b", "car", "id1", exact);
    first.metadata = R"({"occluded":true})";
    first.task_id = "t";
    first.track_reference_id = "track";
    auto second = box("b", "lane", std::nullopt, polygon);
    second.type = ObjectType::Polygon;
    const auto report = put({first, second, category("a", "day")});
    EXPECT_EQ(report.created, 3U);
    for (int round = 0; round < 2; ++round) {
        const auto version = catalog.version(dataset);
        const auto objects = objects_of(version->annotations, 1);
        ASSERT_EQ(objects.size(), 2U);
        EXPECT_EQ(version->labels->text(objects[0].label), "car");
        EXPECT_TRUE(std::ranges::equal(objects[0].geometry, exact));
        EXPECT_EQ(objects[0].annotation_id, "id1");
        EXPECT_EQ(objects[0].task_id, "t");
        EXPECT_EQ(objects[0].track_reference_id, "track");
        EXPECT_EQ(metadata_json(version->annotations, objects[0].place), R"({"occluded":true})");
        EXPECT_EQ(objects[1].type, ObjectType::Polygon);
        EXPECT_FALSE(objects[1].annotation_id);
        const auto& segment = *version->annotations.parts()[objects[1].place.part].segment;
        const auto* width = segment.find(column::kW, columns::Type::F32);
        EXPECT_EQ(width->values<float>()[*width->index_of(objects[1].place.row)], 8.0F);
        const auto found = find_object(version->annotations, report.keys[2]);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->type, ObjectType::Category);
        EXPECT_EQ(found->change, version->journal_no);
        catalog.restart();
    }
}

TEST_F(CatalogTest, AnnotationsOfOneIdAreOne) {
    put({box("a", "car", "1")});
    EXPECT_EQ(put({box("a", "bus", "1")}).ignored, 1U);
    EXPECT_EQ(labels(), Labels{"car@a"});
    auto polygon = box("a", "bus", "1");
    const double points[] = {0, 0, 1, 0, 1, 1};
    polygon.type = ObjectType::Polygon;
    polygon.geometry = points;
    const auto before = catalog.version(dataset);
    EXPECT_EQ(put({polygon}, true).updated, 1U);  // boxes and polygons share the ids
    EXPECT_EQ(labels(), Labels{"bus@a"});
    EXPECT_EQ(labels_of(*before, before->annotations), Labels{"car@a"});  // a reader's stays
    auto of_task = box("a", "van", "1");
    of_task.task_id = "t";
    EXPECT_EQ(put({of_task, box("b", "van", "1")}).created, 2U);
    EXPECT_EQ(labels(), (Labels{"bus@a", "van@a", "van@b"}));
}

TEST_F(CatalogTest, AnUpdateKeepsTheRowNumber) {
    const auto first = put({box("a", "car", "1")}).keys[0];
    const auto second = put({box("a", "bus", "1")}, true).keys[0];
    EXPECT_EQ(first.row_no, second.row_no);
}

TEST_F(CatalogTest, NullIdsAreTheSameIfEverythingIs) {
    const double other[] = {1, 2, 30, 41};
    EXPECT_EQ(put({box("a", "car", std::nullopt), box("a", "car", std::nullopt, other),
                   box("a", "bus", std::nullopt)})
                  .created,
              3U);
    EXPECT_EQ(put({box("a", "car", std::nullopt)}).ignored, 1U);
    EXPECT_EQ(put({box("a", "car", std::nullopt)}, true).updated, 1U);
    EXPECT_EQ(labels().size(), 3U);
}

TEST_F(CatalogTest, OneCategoryPerItemAndTaxonomy) {
    put({category("a", "day")});
    EXPECT_EQ(put({category("a", "night")}).ignored, 1U);
    EXPECT_EQ(put({category("a", "night")}, true).updated, 1U);
    EXPECT_EQ(labels(), Labels{"night@a"});
}

TEST_F(CatalogTest, DuplicatesInOneCallCountAsASecondUpload) {
    const auto ignored = put({box("a", "car", "1"), box("a", "bus", "1")});
    EXPECT_EQ(ignored.created, 1U);
    EXPECT_EQ(ignored.ignored, 1U);
    EXPECT_EQ(labels(), Labels{"car@a"});
    const auto updated = put({box("b", "car", "1"), box("b", "bus", "1")}, true);
    EXPECT_EQ(updated.created, 1U);
    EXPECT_EQ(updated.updated, 1U);
    EXPECT_EQ(labels(), (Labels{"car@a", "bus@b"}));
}

TEST_F(CatalogTest, BadObjectsAreRefusedByNameAndTheRestIsKept) {
    const double negative[] = {0, 0, -4, 1};
    const double nan[] = {0, 0, 1, std::nan("")};
    const double infinite[] = {0, 0, std::numeric_limits<double>::infinity(), 1};
    const double two_points[] = {0, 0, 1, 1};
    auto polygon = box("a", "x", "5", two_points);
    polygon.type = ObjectType::Polygon;
    const auto report = put({box("nowhere", "x", "1"), box("a", "x", "2", negative),
                             box("a", "x", "3", nan), box("a", "x", "4", infinite), polygon,
                             category("a", "x", "weather"), box("a", "kept", "6")});
    EXPECT_EQ(report.created, 1U);
    ASSERT_EQ(report.refused.size(), 6U);
    EXPECT_EQ(report.refused[0].message, "Item with id nowhere doesn't exist");
    EXPECT_EQ(report.refused[0].reference_id, "nowhere");
    EXPECT_EQ(report.refused[1].message,
              "annotations[1].geometry.width = -4: must be a number >= 0");
    EXPECT_EQ(report.refused[2].message,
              "annotations[2].geometry.height = nan: must be a number >= 0");
    EXPECT_EQ(report.refused[4].message,
              "annotations[4].geometry.vertices has 2 points: a polygon has at least 3");
    EXPECT_EQ(report.refused[5].message,
              "Input validation failed: Taxonomy weather does not exist in dataset " + dataset);
    EXPECT_EQ(labels(), Labels{"kept@a"});
}

TEST_F(CatalogTest, PredictionsKeepConfidencesAndProbabilitiesExactly) {
    const auto model = catalog->create_model(model_named("yolo")).value();
    const auto run = catalog->implicit_run(model, dataset).value();
    EXPECT_EQ(catalog->implicit_run(model, dataset).value(), run);
    const std::vector<std::string_view> classes = {"cat", "dog"};
    const double thirds[] = {1.0 / 3.0, 2.0 / 3.0};
    const double halves[] = {0.5, 0.5};
    auto first = category("a", "dog");
    first.confidence = 0.8;
    first.class_pdf_labels = classes;
    first.class_pdf = thirds;
    auto second = first;
    second.reference_id = "b";
    second.class_pdf = halves;
    auto wrong = box("a", "dog", "1");
    wrong.confidence = 1.5;
    const std::vector<NewObject> rows = {first, second, wrong};
    const auto report = catalog->put_predictions(dataset, run, rows, false, kAnna).value();
    EXPECT_EQ(report.created, 2U);
    ASSERT_EQ(report.refused.size(), 1U);
    EXPECT_EQ(report.refused[0].message,
              "predictions[2].confidence = 1.5: must be between 0 and 1");
    for (int round = 0; round < 2; ++round) {
        const auto version = catalog.version(dataset);
        const auto* table = version->find_run(run);
        ASSERT_NE(table, nullptr);
        EXPECT_EQ(table->name, "yolo");
        const auto objects = objects_of(table->predictions, 0);
        ASSERT_EQ(objects.size(), 1U);
        EXPECT_EQ(objects[0].confidence, 0.8);
        const auto pdf = class_pdf(table->predictions, objects[0].place);
        ASSERT_EQ(pdf.size(), 2U);
        EXPECT_EQ(version->labels->text(pdf[1].first), "dog");
        EXPECT_EQ(pdf[1].second, 2.0 / 3.0);
        EXPECT_EQ(version->annotations.living_rows(), 0U);
        catalog.restart();
    }
    ASSERT_TRUE(catalog->delete_model(model));
    EXPECT_EQ(catalog.version(dataset)->find_run(run), nullptr);
    catalog.restart();
    EXPECT_EQ(catalog.version(dataset)->find_run(run), nullptr);
}

TEST_F(CatalogTest, ADeletedItemTakesItsRowsAndItsNumberIsNotReused) {
    put({box("a", "car", "1"), box("b", "bus", "1")});
    const std::vector<std::string> unknown = {"a", "nowhere"};
    const auto refused = catalog->delete_items(dataset, unknown, kAnna);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::NotFound);
    EXPECT_EQ(catalog.version(dataset)->item_count(), 2U);
    const std::vector<std::string> known = {"a"};
    EXPECT_EQ(catalog->delete_items(dataset, known, kAnna).value(), 1U);
    EXPECT_EQ(labels(), Labels{"bus@b"});
    EXPECT_FALSE(find_item_no(*catalog.version(dataset), "a"));
    catalog.restart();
    EXPECT_EQ(put_items({item("a")}).keys[0].item_no, 2U);
    EXPECT_EQ(labels(), Labels{"bus@b"});
    EXPECT_EQ(find_item_no(*catalog.version(dataset), "a"), 2U);
}

TEST_F(CatalogTest, AnnotationsOfSomeItemsOrOfAllAreDeleted) {
    put({box("a", "car", "1"), box("b", "bus", "1"), box("b", "bus", "2")});
    const std::vector<std::string> only_a = {"a"};
    EXPECT_EQ(catalog->delete_annotations(dataset, only_a, kAnna).value(), 1U);
    EXPECT_EQ(labels().size(), 2U);
    EXPECT_EQ(catalog->delete_annotations(dataset, {}, kAnna).value(), 2U);
    catalog.restart();
    EXPECT_TRUE(labels().empty());
    EXPECT_EQ(catalog.version(dataset)->item_count(), 2U);
}

TEST_F(CatalogTest, ALargeCallGoesThroughABlobAndADeletedDatasetTakesItAway) {
    const auto names = many_references();
    const auto items = items_of(names);
    EXPECT_EQ(put_items(items).created, 90'000U);
    const auto blobs = catalog.path() / "journal";
    EXPECT_FALSE(std::filesystem::is_empty(blobs));
    std::ofstream(blobs / "999999.blob") << "left by a crash";
    catalog.restart();
    EXPECT_FALSE(std::filesystem::exists(blobs / "999999.blob"));
    auto version = catalog.version(dataset);
    EXPECT_EQ(version->item_count(), 90'002U);
    EXPECT_EQ(find_item_no(*version, names[54'321]), 54'323U);
    EXPECT_GT(catalog->stored_bytes(dataset), 1'000'000U);
    ASSERT_TRUE(catalog->delete_dataset(dataset));
    EXPECT_TRUE(std::filesystem::is_empty(blobs));
    EXPECT_EQ(catalog->version(dataset).error().code, ErrorCode::NotFound);
    EXPECT_EQ(version->item_count(), 90'002U);  // a reader finishes
    catalog.restart();
    EXPECT_TRUE(catalog->datasets().empty());
}

TEST_F(CatalogTest, DatasetsKeepNameTagsAndWhoChangedThem) {
    const auto other = catalog->create_dataset("'; DROP TABLE item;--", kAnna).value();
    ASSERT_TRUE(catalog->rename_dataset(dataset, "street"));
    ASSERT_TRUE(catalog->set_dataset_tags(dataset, {"x", "y"}));
    catalog.restart();
    const auto all = catalog->datasets();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(catalog->dataset(other)->name, "'; DROP TABLE item;--");
    const auto summary = catalog->dataset(dataset).value();
    EXPECT_EQ(summary.name, "street");
    EXPECT_EQ(summary.tags, (Labels{"x", "y"}));
    EXPECT_EQ(summary.changed_by, "anna");
    EXPECT_EQ(summary.changed_what, "2 items uploaded");
    EXPECT_FALSE(catalog->create_dataset("", kAnna));
}

TEST_F(CatalogTest, ASizeThatWasFoundOutReachesTheItem) {
    EXPECT_FALSE(find_item(*catalog.version(dataset), 0)->width);
    ASSERT_TRUE(catalog->set_item_size(dataset, 0, 640, 360));
    EXPECT_EQ(find_item(*catalog.version(dataset), 0)->width, 640U);
    catalog.restart();
    EXPECT_EQ(find_item(*catalog.version(dataset), 0)->height, 360U);
    EXPECT_EQ(catalog->set_item_size(dataset, 9, 1, 1).error().code, ErrorCode::NotFound);
}

TEST_F(CatalogTest, AFindingIsKeptAndABrokenFileIsLeftOut) {
    for (const auto* id : {"iss_1", "iss_2"}) {
        columns::SegmentBuilder rows;
        rows.add_row(0, 0);
        rows.set_f64(rows.column(column::kIssueScore, columns::Type::F64), 0.25);
        Finding finding;
        finding.id = id;
        finding.kind = "label_issues";
        finding.rows = rows.finish();
        ASSERT_TRUE(catalog->put_finding(dataset, std::move(finding)));
    }
    EXPECT_EQ(catalog.version(dataset)->find_label_issues()->id, "iss_2");
    std::ofstream(catalog.path() / "findings" / dataset / "iss_2.seg") << "broken";
    catalog.restart();
    const auto version = catalog.version(dataset);
    ASSERT_EQ(version->findings.size(), 1U);
    EXPECT_EQ(version->findings[0]->rows->rows(), 1U);
    EXPECT_EQ(version->find_label_issues("iss_2"), nullptr);
}

TEST_F(CatalogTest, PublishedVersionsAreHeardOf) {
    std::vector<std::uint64_t> seen;
    catalog->on_publish([&](const Version& version) { seen.push_back(version.journal_no); });
    put({box("a", "car", "1")});
    put({box("a", "car", "1")});  // ignored: nothing changed
    EXPECT_EQ(seen.size(), 1U);
}

}  // namespace
}  // namespace tusker::catalog
