#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <filesystem>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "formats/export/export.hpp"
#include "formats/import/import.hpp"
#include "formats/probabilities/probabilities.hpp"

namespace tusker::formats {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class QuietProgress : public jobs::Progress {
public:
    void set_total(std::uint64_t total) override { total_ = total; }
    void advance(std::uint64_t by) override { done_ += by; }
    void say(std::string) override {}
    void add_error(std::string) override {}
    std::stop_token stop() const override { return {}; }
    bool is_complete() const { return done_ == total_; }

private:
    std::uint64_t total_ = 0;
    std::uint64_t done_ = 0;
};

/// A folder of files, a catalog, and a dataset in it.
class FormatsTest : public testing::Test {
protected:
    FormatsTest() {
        fs::create_directories(files);
        catalog = std::move(*catalog::Catalog::open(folder / "data", pool));
        dataset = *catalog->create_dataset("street", {.who = "anna", .why = {}});
    }
    ~FormatsTest() override { fs::remove_all(folder); }

    void write(const fs::path& name, std::string_view text) const {
        fs::create_directories((files / name).parent_path());
        ASSERT_TRUE(replace_file(files / name, text));
    }
    void write_picture(const fs::path& name) const { write(name, "\xFF\xD8\xFF\xE0 a picture"); }

    ImportRequest request(const fs::path& name) const {
        return {.path = files / name, .dataset_id = dataset, .who = "anna"};
    }
    ImportReport import(const ImportRequest& request) {
        QuietProgress progress;
        auto report = run_import(catalog.get(), request, pool, progress);
        EXPECT_TRUE(report) << report.error().message;
        if (!report) return {};
        EXPECT_TRUE(progress.is_complete());
        return *report;
    }
    std::string error_of(const ImportRequest& request) {
        QuietProgress progress;
        const auto report = run_import(catalog.get(), request, pool, progress);
        return report ? "" : report.error().message;
    }

    std::shared_ptr<const catalog::Version> version() const { return *catalog->version(dataset); }
    /// The objects of one item.
    std::vector<catalog::Object> objects(const std::string& reference) const {
        const auto item = catalog::find_item_no(*version(), reference);
        return item ? catalog::objects_of(version()->annotations, *item)
                    : std::vector<catalog::Object>();
    }
    std::string label(const catalog::Object& object) const {
        return version()->labels->text(object.label);
    }
    void correct(const catalog::Object& object, const std::string& to) {
        catalog::Decision decision;
        decision.annotation = {object.item_no, object.row_no};
        decision.verdict = catalog::Decision::Verdict::Choose;
        decision.label = to;
        ASSERT_TRUE(catalog->decide(dataset, std::span(&decision, 1), {.who = "ben", .why = {}}));
    }
    std::string exported(std::string_view format) const {
        const auto corrections = *catalog->corrections(dataset);
        const Chunks next = format == "csv" ? export_csv(version(), *version()->living, corrections)
                                            : export_coco(version(), *version()->living);
        std::string out;
        for (;;) {
            const auto more = next(out);
            EXPECT_TRUE(more);
            if (!more || !*more) return out;
        }
    }

    Pool pool{2};
    fs::path folder = fs::temp_directory_path() / make_id("formats_test_");
    fs::path files = folder / "files";
    std::unique_ptr<catalog::Catalog> catalog;
    std::string dataset;
};

constexpr std::string_view kStreet = R"({
 "images": [
  {"id": 7, "file_name": "a.jpg", "width": 640, "height": 360, "weather": "rainy"},
  {"id": 9, "file_name": "b.jpg"},
  {"id": 11, "file_name": "gone.jpg"}
 ],
 "annotations": [
  {"id": 501, "image_id": 7, "category_id": 3, "bbox": [10, 20, 30.5, 40]},
  {"id": 502, "image_id": 7, "category_id": 5,   "bbox": [1, 2, 3, 4], "occluded": true},
  {"id": 503, "image_id": 9, "category_id": 3, "bbox": [0, 0, -4, 4]},
  {"id": 504, "image_id": 11, "category_id": 3, "bbox": [0, 0, 4, 4]},
  {"id": 501, "image_id": 9, "category_id": 3, "bbox": [0, 0, 4, 4]}
 ],
 "categories": [{"id": 3, "name": "car"}, {"id": 5, "name": "bus"}]
}
)";

TEST_F(FormatsTest, CocoKeepsGoodRowsAndNamesTheOthers) {
    write("street.json", kStreet);
    write_picture("images/a.jpg");
    write_picture("images/b.jpg");
    const ImportReport report = import(request("street.json"));
    EXPECT_EQ(report.format, Format::Coco);
    EXPECT_EQ(report.items.created, 2U);
    EXPECT_EQ(report.annotations.created, 2U);
    EXPECT_THAT(report.classes, ElementsAre(Pair("bus", 1), Pair("car", 1)));
    std::vector<std::string> refused;
    refused.reserve(report.refused.size());
    for (const RefusedRow& row : report.refused)
        refused.push_back(fmt::format("{}: {} = {}", row.line, row.field, row.value));
    EXPECT_THAT(refused,
                ElementsAre("5: images[2].file_name = gone.jpg", "10: annotations[2].bbox[2] = -4",
                            "11: image_id = gone.jpg", "12: id = 501"));
    EXPECT_EQ(report.refused_total, 4U);

    const auto stored = objects("a.jpg");
    ASSERT_EQ(stored.size(), 2U);
    EXPECT_EQ(label(stored[0]), "car");
    EXPECT_EQ(stored[0].annotation_id, "501");
    EXPECT_THAT(stored[0].geometry, ElementsAre(10, 20, 30.5, 40));
    const auto item = catalog::find_item(*version(), 0);
    EXPECT_EQ(item->image_url, (files / "images/a.jpg").string());
    EXPECT_EQ(item->width, 640U);
    EXPECT_EQ(catalog::metadata_json(version()->items, item->place), R"({"weather":"rainy"})");
    EXPECT_TRUE(objects("b.jpg").empty());
}

TEST_F(FormatsTest, ImportingAgainDoublesNothingAndKeepsCorrections) {
    write("street.json", kStreet);
    write_picture("a.jpg");
    write_picture("b.jpg");
    import(request("street.json"));
    correct(objects("a.jpg")[0], "bus");

    const ImportReport again = import(request("street.json"));
    EXPECT_EQ(again.items.ignored, 2U);
    EXPECT_EQ(again.annotations.ignored, 2U);
    EXPECT_EQ(again.items.created + again.items.updated, 0U);
    EXPECT_EQ(again.annotations.created + again.annotations.updated, 0U);
    EXPECT_EQ(label(objects("a.jpg")[0]), "bus");

    std::string changed(kStreet);
    changed.replace(changed.find("rainy"), 5, "snowy");
    changed.replace(changed.find("[1, 2, 3, 4]"), 12, "[1, 2, 3, 5]");
    write("street.json", changed);
    const ImportReport updated = import(request("street.json"));
    EXPECT_EQ(updated.items.updated, 1U);
    EXPECT_EQ(updated.annotations.updated, 1U);
    EXPECT_EQ(objects("a.jpg").size(), 2U);
    EXPECT_THAT(objects("a.jpg")[1].geometry, ElementsAre(1, 2, 3, 5));
    EXPECT_EQ(label(objects("a.jpg")[0]), "bus");
}

TEST_F(FormatsTest, ADryRunSaysTheSameAndStoresNothing) {
    write("street.json", kStreet);
    write_picture("a.jpg");
    write_picture("b.jpg");
    ImportRequest dry = request("street.json");
    dry.dry_run = true;
    const ImportReport planned = import(dry);
    EXPECT_EQ(version()->item_count(), 0U);
    dry.dataset_id = "";  // a dataset that is not there yet
    QuietProgress progress;
    const auto without = run_import(nullptr, dry, pool, progress);
    ASSERT_TRUE(without);
    const ImportReport done = import(request("street.json"));
    for (const ImportReport* report : {&planned, &*without}) {
        EXPECT_EQ(report->items.created, done.items.created);
        EXPECT_EQ(report->annotations.created, done.annotations.created);
        EXPECT_EQ(report->refused_total, done.refused_total);
        EXPECT_EQ(report->classes, done.classes);
    }
}

TEST_F(FormatsTest, AFileThatStopsHalfWayStoresNothing) {
    write("street.json", kStreet.substr(0, kStreet.size() / 2));
    write_picture("a.jpg");
    EXPECT_THAT(error_of(request("street.json")), HasSubstr("the text stops inside"));
    std::string broken(kStreet);
    broken.replace(broken.find("\"bbox\": [1,"), 11, "\"bbox\": ]1,");
    write("street.json", broken);
    EXPECT_NE(error_of(request("street.json")), "");
    EXPECT_EQ(version()->item_count(), 0U);
}

TEST_F(FormatsTest, AnExportInPlaceChangesTheCorrectedRowAndNoOtherByte) {
    write("street.json", kStreet);
    write_picture("a.jpg");
    write_picture("b.jpg");
    import(request("street.json"));
    correct(objects("a.jpg")[1], "car");
    const auto dry = export_in_place(*catalog, dataset, files / "street.json", true, pool);
    ASSERT_TRUE(dry) << dry.error().message;
    EXPECT_EQ(*read_file(files / "street.json"), kStreet);

    const auto changes = export_in_place(*catalog, dataset, files / "street.json", false, pool);
    ASSERT_EQ(changes->size(), 1U);
    EXPECT_EQ(changes->front().line, 9U);
    EXPECT_THAT(changes->front().before, HasSubstr("\"category_id\": 5,   \"bbox\""));
    EXPECT_THAT(changes->front().after, HasSubstr("\"category_id\": 3,   \"bbox\""));
    std::string expected(kStreet);
    expected.replace(expected.find("\"category_id\": 5"), 16, "\"category_id\": 3");
    EXPECT_EQ(*read_file(files / "street.json"), expected);
    // The file now says what the dataset says: nothing is left to do, and it imports unchanged.
    EXPECT_TRUE(export_in_place(*catalog, dataset, files / "street.json", false, pool)->empty());
    EXPECT_EQ(import(request("street.json")).annotations.ignored, 2U);
}

TEST_F(FormatsTest, ResultsBecomePredictionsOfTheModel) {
    write("street.json", kStreet);
    write_picture("a.jpg");
    write_picture("b.jpg");
    write("results.json", R"([
 {"image_id": 7, "category_id": 5, "bbox": [1, 2, 3, 4], "score": 0.75},
 {"image_id": 8, "category_id": 5, "bbox": [1, 2, 3, 4], "score": 0.5}])");
    EXPECT_THAT(error_of(request("results.json")), HasSubstr("model is absent"));
    import(request("street.json"));
    ImportRequest results = request("results.json");
    results.model = "yolo";
    const ImportReport report = import(results);
    EXPECT_EQ(report.predictions.created, 1U);
    ASSERT_EQ(report.refused.size(), 1U);
    EXPECT_EQ(report.refused[0].line, 3U);
    EXPECT_EQ(report.refused[0].rule, "must be the id of an image");
    const auto stored = catalog::objects_of(version()->find_run(report.run_id)->predictions, 0);
    ASSERT_EQ(stored.size(), 1U);
    EXPECT_EQ(stored[0].confidence, 0.75);
    EXPECT_EQ(import(results).predictions.ignored, 1U);
}

TEST_F(FormatsTest, AFolderOfClassFoldersBecomesCategories) {
    write_picture("shop/boot/1.jpg");
    write_picture("shop/boot/old/2.jpg");
    write_picture("shop/dress/1.png");
    write_picture("shop/loose.jpg");
    write("shop/dress/broken.jpg", "not a picture at all");
    write("shop/notes.txt", "beside the pictures");
    const ImportReport report = import(request("shop"));
    EXPECT_EQ(report.format, Format::Folder);
    EXPECT_EQ(report.items.created, 4U);
    EXPECT_EQ(report.annotations.created, 3U);
    EXPECT_THAT(report.classes, ElementsAre(Pair("boot", 2), Pair("dress", 1)));
    ASSERT_EQ(report.refused.size(), 1U);
    EXPECT_EQ(report.refused[0].file, (files / "shop/dress/broken.jpg").string());
    EXPECT_EQ(label(objects("boot/old/2.jpg").at(0)), "boot");
    EXPECT_EQ(objects("boot/old/2.jpg").at(0).type, catalog::ObjectType::Category);
    EXPECT_TRUE(objects("loose.jpg").empty());
    EXPECT_EQ(import(request("shop")).annotations.ignored, 3U);
}

TEST_F(FormatsTest, FoldersOfASplitAreNoClasses) {
    write_picture("set/train/boot/1.jpg");
    write_picture("set/val/boot/1.jpg");
    const ImportReport report = import(request("set"));
    EXPECT_THAT(report.classes, ElementsAre(Pair("boot", 2)));
    const auto item =
        catalog::find_item(*version(), *catalog::find_item_no(*version(), "val/boot/1.jpg"));
    EXPECT_EQ(catalog::metadata_json(version()->items, item->place), R"({"split":"val"})");
}

TEST_F(FormatsTest, TwoFoldersWithEqualFileNamesAreNotMixed) {
    for (const std::string part : {"one", "two"}) {
        write(part + "/street.json", kStreet);
        write_picture(part + "/a.jpg");
        write_picture(part + "/b.jpg");
    }
    import(request("one/street.json"));
    const ImportReport second = import(request("two/street.json"));
    EXPECT_EQ(second.items.created + second.items.updated + second.items.ignored, 0U);
    EXPECT_EQ(second.annotations.created + second.annotations.updated, 0U);
    EXPECT_THAT(second.refused.at(1).rule, HasSubstr("for another picture"));
}

TEST_F(FormatsTest, ExportsSayTheLabelsAsTheyAreAndAsTheyWereGiven) {
    write("street.json", kStreet);
    write_picture("a.jpg");
    write_picture("b.jpg");
    import(request("street.json"));
    correct(objects("a.jpg")[1], "police \"car\"");
    const std::string csv = exported("csv");
    EXPECT_THAT(csv, HasSubstr("a.jpg,501,box,car,car,10,20,30.5,40,,,,,\r\n"));
    EXPECT_THAT(csv, HasSubstr("a.jpg,502,box,\"police \"\"car\"\"\",bus,1,2,3,4,ben,2"));
    EXPECT_THAT(csv, HasSubstr("b.jpg,,,,,,,,,,,,,\r\n"));
    const std::string changes = export_changes(*version(), *catalog->corrections(dataset));
    EXPECT_THAT(changes, HasSubstr("\r\na.jpg,502,bus,\"police \"\"car\"\"\",ben,2"));

    // The whole as COCO, read again into another dataset, exports the same rows.
    write("again.json", exported("coco"));
    dataset = *catalog->create_dataset("again", {.who = "anna", .why = {}});
    const ImportReport report = import(request("again.json"));
    EXPECT_EQ(report.refused_total, 0U) << report.json();
    EXPECT_EQ(report.items.created, 2U);
    ASSERT_EQ(objects("a.jpg").size(), 2U);
    EXPECT_EQ(label(objects("a.jpg")[1]), "police \"car\"");
    EXPECT_EQ(objects("a.jpg")[1].annotation_id, "502");
    EXPECT_THAT(objects("a.jpg")[1].geometry, ElementsAre(1, 2, 3, 4));
}

/// [2 × 2] of float32 as a .npy file.
std::string npy_of(std::initializer_list<float> values, std::string_view shape) {
    std::string header =
        fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': {}, }}", shape);
    header.resize(118 - 1, ' ');
    header += '\n';
    std::string file("\x93NUMPY\x01\x00", 8);
    file += static_cast<char>(header.size());
    file += '\0';
    file += header;
    for (const float value : values)
        file.append(reinterpret_cast<const char*>(&value), sizeof value);
    return file;
}

TEST_F(FormatsTest, ProbabilitiesBecomeOnePredictionAnItem) {
    write_picture("shop/boot/1.jpg");
    write_picture("shop/dress/2.jpg");
    import(request("shop"));
    const std::string npy = npy_of({0.25F, 0.75F, 0.5F, 0.25F}, "(2, 2)");
    ProbabilitiesRequest request;
    request.dataset_id = dataset;
    request.model = "resnet";
    request.npy = std::as_bytes(std::span(npy));
    request.classes = {"boot", "dress"};
    request.references = {"boot/1.jpg", "nowhere.jpg"};
    QuietProgress progress;
    const auto report = import_probabilities(*catalog, request, progress);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->predictions.created, 1U);
    EXPECT_THAT(report->warnings, ElementsAre(HasSubstr("1 of 2 rows do not sum to 1 (row 1")));
    ASSERT_EQ(report->refused.size(), 1U);
    EXPECT_EQ(report->refused[0].line, 2U);
    const auto& predictions = version()->find_run(report->run_id)->predictions;
    const auto stored = catalog::objects_of(predictions, 0);
    ASSERT_EQ(stored.size(), 1U);
    EXPECT_EQ(label(stored[0]), "dress");
    EXPECT_EQ(stored[0].confidence, 0.75);
    EXPECT_EQ(catalog::class_pdf(predictions, stored[0].place).size(), 2U);
    EXPECT_EQ(import_probabilities(*catalog, request, progress)->predictions.ignored, 1U);

    request.references = {"boot/1.jpg"};
    EXPECT_EQ(import_probabilities(*catalog, request, progress).error().message,
              "the .npy has 2 rows: refs has 1");
    request.references = {};
    request.classes = {"boot"};
    EXPECT_EQ(import_probabilities(*catalog, request, progress).error().message,
              "classes has 1 names: the .npy has 2 columns");
    const std::string bad = npy_of({0.25F, std::nanf(""), 0.5F, 0.25F}, "(2, 2)");
    request.classes = {"boot", "dress"};
    request.npy = std::as_bytes(std::span(bad));
    EXPECT_THAT(import_probabilities(*catalog, request, progress).error().message,
                HasSubstr("[0, 1] = nan: must be a number from 0 to 1"));
}

}  // namespace
}  // namespace tusker::formats
