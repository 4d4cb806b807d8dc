#include "catalog/catalog_testing.hpp"

namespace tusker::catalog {
namespace {

using Labels = std::vector<std::string>;
using Verdict = Decision::Verdict;

const Author kBert{.who = "bert", .why = ""};

class DecisionsTest : public testing::Test {
protected:
    DecisionsTest() {
        dataset = catalog->create_dataset("shoes", kAnna).value();
        const std::vector<NewItem> items = {item("a"), item("b"), item("c")};
        EXPECT_TRUE(catalog->put_items(dataset, items, kAnna));
        auto first = category("a", "boot");
        first.metadata = R"({"seen":2})";
        keys = put({first, category("b", "sneaker"), box("c", "bag", "1")}).keys;
    }
    WriteReport put(std::vector<NewObject> objects, bool update = false) {
        return catalog->put_annotations(dataset, objects, update, kAnna).value();
    }
    static Decision decision(columns::RowKey key, Verdict verdict, std::string label,
                             double score = 0.25) {
        Decision made;
        made.annotation = key;
        made.verdict = verdict;
        made.label = std::move(label);
        made.finding_id = "iss_1";
        made.score = score;
        return made;
    }
    Result<std::uint64_t> decide(std::vector<Decision> decisions) {
        return catalog->decide(dataset, decisions, kBert);
    }
    Labels labels() const {
        const auto version = catalog.version(dataset);
        return labels_of(*version, version->annotations);
    }
    Labels steps(columns::RowKey key) const {
        Labels out;
        const auto history = catalog->history(dataset, key);
        EXPECT_TRUE(history) << history.error().message;
        if (!history) return out;
        for (const auto& change : *history)
            out.push_back(change.who + " " + change.what + " " + change.label_before + ">" +
                          change.label_after);
        return out;
    }

    TestCatalog catalog;
    std::string dataset;
    std::vector<columns::RowKey> keys;
};

TEST_F(DecisionsTest, ADecisionChangesTheLabelAndNothingElse) {
    const auto before = catalog.version(dataset);
    ASSERT_TRUE(decide({decision(keys[0], Verdict::Accept, "sneaker"),
                        decision(keys[2], Verdict::Choose, "case")}));
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(labels(), (Labels{"sneaker@a", "sneaker@b", "case@c"}));
        const auto version = catalog.version(dataset);
        const auto object = find_object(version->annotations, keys[0]);
        ASSERT_TRUE(object);
        EXPECT_EQ(metadata_json(version->annotations, object->place), R"({"seen":2})");
        EXPECT_EQ(version->annotations.living_rows(), 3U);
        const auto moved = find_object(version->annotations, keys[2]);
        EXPECT_TRUE(std::ranges::equal(moved->geometry, kBox));
        EXPECT_EQ(moved->annotation_id, "1");
        catalog.restart();
    }
    EXPECT_EQ(labels_of(*before, before->annotations), (Labels{"boot@a", "sneaker@b", "bag@c"}));
    EXPECT_EQ(catalog->dataset(dataset)->changed_what, "2 labels corrected");
    EXPECT_EQ(catalog->dataset(dataset)->changed_by, "bert");
}

TEST_F(DecisionsTest, CorrectionsSayWhoWhyAndWhatTheyReplaced) {
    const auto first = decide({decision(keys[0], Verdict::Accept, "sneaker")}).value();
    const auto second = decide({decision(keys[1], Verdict::Keep, "sneaker", 0.5)}).value();
    ASSERT_TRUE(catalog->undo(dataset, first, kAnna));
    catalog.restart();
    const auto all = catalog->corrections(dataset).value();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].id, second);  // newest first
    EXPECT_EQ(all[0].verdict, Verdict::Keep);
    EXPECT_EQ(all[0].given, "sneaker");
    EXPECT_FALSE(all[0].undone);
    EXPECT_EQ(all[1].given, "boot");
    EXPECT_EQ(all[1].label, "sneaker");
    EXPECT_EQ(all[1].who, "bert");
    EXPECT_EQ(all[1].finding_id, "iss_1");
    EXPECT_EQ(all[1].score, 0.25);
    EXPECT_GT(all[1].at, 0);
    EXPECT_TRUE(all[1].undone);
    EXPECT_EQ(all[1].undone_by, "anna");
}

TEST_F(DecisionsTest, AllOrNothing) {
    const auto refused = decide(
        {decision(keys[0], Verdict::Accept, "sneaker"), decision({0, 99}, Verdict::Accept, "x")});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::NotFound);
    EXPECT_EQ(
        decide({decision(keys[0], Verdict::Accept, "x"), decision(keys[0], Verdict::Accept, "y")})
            .error()
            .code,
        ErrorCode::InvalidArgument);
    EXPECT_EQ(decide({decision(keys[0], Verdict::Choose, "")}).error().code,
              ErrorCode::InvalidArgument);
    EXPECT_EQ(labels(), (Labels{"boot@a", "sneaker@b", "bag@c"}));
    EXPECT_TRUE(catalog->corrections(dataset)->empty());
}

TEST_F(DecisionsTest, UndoPutsAllRowsBackOrNone) {
    const auto both = decide({decision(keys[0], Verdict::Accept, "sneaker"),
                              decision(keys[1], Verdict::Accept, "boot")})
                          .value();
    const auto later = decide({decision(keys[1], Verdict::Choose, "sandal")}).value();
    const auto refused = catalog->undo(dataset, both, kBert);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_NE(refused.error().message.find("was changed since: its label is 'sandal' now"),
              std::string::npos);
    EXPECT_EQ(labels(), (Labels{"sneaker@a", "sandal@b", "bag@c"}));
    ASSERT_TRUE(catalog->undo(dataset, later, kBert));
    EXPECT_EQ(catalog->undo(dataset, later, kBert).error().code, ErrorCode::Conflict);
    ASSERT_TRUE(catalog->undo(dataset, both, kBert));  // newest first, one after the other
    catalog.restart();
    EXPECT_EQ(labels(), (Labels{"boot@a", "sneaker@b", "bag@c"}));
    EXPECT_EQ(catalog->undo(dataset, 9'999, kBert).error().code, ErrorCode::NotFound);
}

TEST_F(DecisionsTest, HistoryLeadsFromTheUploadToTheLabelOfToday) {
    EXPECT_EQ(steps(keys[0]), Labels{"anna uploaded >boot"});
    const auto first = decide({decision(keys[0], Verdict::Accept, "sneaker")}).value();
    ASSERT_TRUE(catalog->undo(dataset, first, kAnna));
    ASSERT_TRUE(decide({decision(keys[0], Verdict::Keep, "boot")}));
    put({category("a", "slipper")}, true);
    ASSERT_TRUE(decide({decision(keys[0], Verdict::Choose, "sandal")}));
    catalog.restart();
    EXPECT_EQ(steps(keys[0]),
              (Labels{"anna uploaded >boot", "bert corrected boot>sneaker",
                      "anna undone sneaker>boot", "bert kept boot>boot",
                      "anna updated boot>slipper", "bert corrected slipper>sandal"}));
    EXPECT_EQ(catalog->history(dataset, keys[0])->at(1).why, R"({"finding":"iss_1","score":0.25})");
    EXPECT_FALSE(catalog->history(dataset, {7, 7}));
}

TEST_F(DecisionsTest, AnImportIsSaidToBeOne) {
    const std::vector<NewObject> rows = {box("a", "bag", "2")};
    const auto report = catalog->put_annotations(
        dataset, rows, false, {.who = "anna", .why = R"({"import":"/data/coco.json"})"});
    EXPECT_EQ(catalog->history(dataset, report->keys[0])->at(0).what, "imported");
}

TEST_F(DecisionsTest, ADeletedAnnotationCannotBeUndone) {
    const auto made = decide({decision(keys[0], Verdict::Accept, "sneaker")}).value();
    ASSERT_TRUE(catalog->delete_annotations(dataset, {}, kAnna));
    EXPECT_EQ(catalog->undo(dataset, made, kBert).error().code, ErrorCode::Conflict);
}

TEST_F(DecisionsTest, TaxonomiesGrowAndTakeTheirCategoriesAway) {
    const Taxonomy kinds{"kinds", ObjectType::Category, {"boot", "sneaker"}};
    EXPECT_EQ(catalog->put_taxonomy(dataset, kinds, false, kAnna),
              Catalog::TaxonomyStatus::Created);
    EXPECT_EQ(catalog->put_taxonomy(dataset, kinds, false, kAnna), Catalog::TaxonomyStatus::Exists);
    const Taxonomy more{"kinds", ObjectType::Category, {"sandal", "boot"}};
    EXPECT_EQ(catalog->put_taxonomy(dataset, more, true, kAnna), Catalog::TaxonomyStatus::Updated);
    EXPECT_EQ(catalog.version(dataset)->taxonomies[0].labels,
              (Labels{"boot", "sneaker", "sandal"}));
    const auto report = put({category("a", "sandal", "kinds"), category("b", "hat", "kinds")});
    EXPECT_EQ(report.created, 1U);
    ASSERT_EQ(report.refused.size(), 1U);
    EXPECT_EQ(report.refused[0].message,
              "Input validation failed: Label hat does not exist in taxonomy kinds of dataset " +
                  dataset);
    EXPECT_EQ(decide({decision(report.keys[0], Verdict::Choose, "hat")}).error().code,
              ErrorCode::InvalidArgument);
    const auto model = catalog->create_model(model_named("m")).value();
    const auto run = catalog->create_run(model, dataset, "r", "{}").value();
    const std::vector<NewObject> predicted = {category("a", "boot", "kinds"),
                                              category("a", "boot")};
    ASSERT_TRUE(catalog->put_predictions(dataset, run, predicted, false, kAnna));
    ASSERT_TRUE(catalog->delete_taxonomy(dataset, "kinds", kAnna));
    EXPECT_EQ(catalog->delete_taxonomy(dataset, "kinds", kAnna).error().code, ErrorCode::NotFound);
    for (int round = 0; round < 2; ++round) {
        const auto version = catalog.version(dataset);
        EXPECT_TRUE(version->taxonomies.empty());
        EXPECT_EQ(labels(), (Labels{"boot@a", "sneaker@b", "bag@c"}));
        EXPECT_EQ(version->find_run(run)->predictions.living_rows(), 1U);
        catalog.restart();
    }
}

TEST_F(DecisionsTest, SlicesKeepTheirItems) {
    columns::Bitmap items;
    items.add(0);
    const auto id = catalog->create_slice(dataset, "night", "", items, kAnna).value();
    const auto live =
        catalog->create_slice(dataset, "rain", "metadata.weather = rainy", {}, kAnna).value();
    items.add(2);
    EXPECT_EQ(catalog->append_to_slice(id, items)->select(0), 2U);
    EXPECT_TRUE(catalog->append_to_slice(id, items)->empty());
    EXPECT_EQ(catalog->append_to_slice(live, items).error().code, ErrorCode::InvalidArgument);
    ASSERT_TRUE(catalog->rename_slice(id, "late"));
    EXPECT_EQ(catalog->dataset_of_slice(id), dataset);
    for (int round = 0; round < 2; ++round) {
        const auto version = catalog.version(dataset);
        ASSERT_EQ(version->slices.size(), 2U);
        const auto* slice = version->find_slice("late");
        ASSERT_NE(slice, nullptr);
        EXPECT_EQ(slice->id, id);
        EXPECT_EQ(*slice->items, items);
        EXPECT_EQ(slice->created_by, "anna");
        EXPECT_EQ(version->find_slice(live)->query, "metadata.weather = rainy");
        catalog.restart();
    }
    ASSERT_TRUE(catalog->delete_slice(id));
    EXPECT_EQ(catalog->delete_slice(id).error().code, ErrorCode::NotFound);
    EXPECT_EQ(catalog.version(dataset)->slices.size(), 1U);
}

TEST_F(DecisionsTest, ModelsAndRunsAreFoundByIdAndReference) {
    auto given = model_named("yolo");
    given.metadata = R"({"size":"m"})";
    given.tags = {"x"};
    given.trained_slice_ids = {"slc_1"};
    const auto model = catalog->create_model(given).value();
    EXPECT_EQ(catalog->create_model(given).error().code, ErrorCode::Conflict);
    ASSERT_TRUE(catalog->set_model_tags(model, {"y", "z"}));
    const auto run = catalog->create_run(model, dataset, "first", R"({"epoch":3})").value();
    const auto hidden = catalog->implicit_run(model, dataset, true).value();
    EXPECT_EQ(catalog->create_run("prj_none", dataset, "x", "").error().code, ErrorCode::NotFound);
    catalog.restart();
    EXPECT_EQ(catalog->model_by_reference("yolo")->id, model);
    EXPECT_EQ(catalog->model(model)->tags, (Labels{"y", "z"}));
    EXPECT_EQ(catalog->model(model)->trained_slice_ids, Labels{"slc_1"});
    EXPECT_EQ(catalog->model(model)->metadata, R"({"size":"m"})");
    EXPECT_EQ(catalog->runs().size(), 1U);
    EXPECT_EQ(catalog->run(run)->metadata, R"({"epoch":3})");
    EXPECT_EQ(catalog->implicit_run(model, dataset, true), hidden);
    EXPECT_TRUE(catalog.version(dataset)->find_run(hidden)->run_free);
    ASSERT_TRUE(catalog->delete_run(run));
    EXPECT_EQ(catalog->run(run).error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace tusker::catalog
