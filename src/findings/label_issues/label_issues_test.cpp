#include "findings/label_issues/label_issues.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "catalog/catalog.hpp"
#include "findings/label_issues/issue_list.hpp"
#include "findings/label_issues/live_run.hpp"

namespace tusker::label_issues {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class QuietProgress : public jobs::Progress {
public:
    void set_total(std::uint64_t) override {}
    void advance(std::uint64_t) override {}
    void say(std::string) override {}
    void add_error(std::string) override {}
    std::stop_token stop() const override { return source.get_token(); }
    std::stop_source source;
};

const catalog::Author kAnna{.who = "anna", .why = {}};

/// Sixty items of three classes; the model is right about all but what a test says.
class LabelIssuesTest : public testing::Test {
protected:
    LabelIssuesTest() {
        catalog = std::move(*catalog::Catalog::open(folder, pool));
        dataset = *catalog->create_dataset("animals", kAnna);
        catalog::Model made;
        made.name = made.reference_id = "m";
        model = *catalog->create_model(made);
        run = *catalog->implicit_run(model, dataset);
        for (int i = 0; i < kItems; ++i) references.push_back("item" + std::to_string(i));
        std::vector<catalog::NewItem> items(references.size());
        for (std::size_t i = 0; i < items.size(); ++i) {
            items[i].reference_id = references[i];
            items[i].image_url = "/p.jpg";
        }
        EXPECT_TRUE(catalog->put_items(dataset, items, kAnna));
    }
    ~LabelIssuesTest() override { std::filesystem::remove_all(folder); }

    void label(std::size_t item, std::string_view name,
               catalog::ObjectType type = catalog::ObjectType::Category,
               std::optional<std::string_view> taxonomy = {}) {
        catalog::NewObject object;
        object.reference_id = references[item];
        object.type = type;
        object.label = name;
        object.taxonomy_name = taxonomy;
        if (type == catalog::ObjectType::Box) object.geometry = kBox;
        EXPECT_EQ(
            catalog->put_annotations(dataset, std::span(&object, 1), true, kAnna)->refused.size(),
            0U);
    }
    /// Probability 0.9 for `best`, the rest on `second`.
    void predict(std::size_t item, std::string_view best, std::string_view second,
                 catalog::ObjectType type = catalog::ObjectType::Category) {
        const std::string_view labels[] = {best, second};
        constexpr double kProbabilities[] = {0.9, 0.1};
        catalog::NewObject object;
        object.reference_id = references[item];
        object.type = type;
        object.label = best;
        object.confidence = 0.9;
        object.class_pdf_labels = labels;
        object.class_pdf = kProbabilities;
        if (type == catalog::ObjectType::Box) object.geometry = kBox;
        EXPECT_EQ(catalog->put_predictions(dataset, run, std::span(&object, 1), true, kAnna)
                      ->refused.size(),
                  0U);
    }
    void fill(std::size_t from = 0) {
        constexpr std::string_view kNames[] = {"zebra", "ape", "bear"};
        for (std::size_t i = from; i < references.size(); ++i) {
            label(i, kNames[i % 3]);
            predict(i, kNames[i % 3], kNames[(i + 1) % 3]);
        }
    }
    std::shared_ptr<const catalog::Version> version() const { return *catalog->version(dataset); }
    Result<catalog::Finding> find(const Request& request = {}) {
        QuietProgress progress;
        return find_label_issues(*version(), request, pool, progress);
    }
    static std::uint64_t number(const catalog::Finding& finding, std::string_view group,
                                std::string_view key) {
        const auto summary = *json::Document::parse(finding.summary);
        const auto parent = group.empty() ? summary.root() : *summary.root().find(group);
        return static_cast<std::uint64_t>(*parent.find(key)->as_int());
    }
    std::string pair_of(const IssueRow& issue) const {
        return version()->labels->text(issue.given.value()) + " -> " +
               version()->labels->text(issue.suggested.value());
    }

    static constexpr int kItems = 60;
    static constexpr double kBox[] = {0, 0, 1, 1};
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / make_id("findings_test_");
    Pool pool{2};
    std::unique_ptr<catalog::Catalog> catalog;
    std::string dataset;
    std::string model;
    std::string run;
    std::vector<std::string> references;
};

TEST_F(LabelIssuesTest, FindsTheSwappedLabelAndScoresTheOthers) {
    fill();
    label(3, "bear");  // the model is sure of zebra, and names ape besides
    const auto finding = find();
    ASSERT_TRUE(finding) << finding.error().message;
    EXPECT_EQ(number(*finding, "", "scored"), 60U);
    const auto issues = found_issues(*finding);
    ASSERT_EQ(issues.size(), 1U);
    EXPECT_EQ(issues[0].annotation.item_no, 3U);
    EXPECT_EQ(pair_of(issues[0]), "bear -> zebra");
    EXPECT_EQ(issues[0].rank, 0U);
    EXPECT_EQ(issues[0].score, 0.0);  // a class that class_pdf lacks has probability 0
    const auto clean = issue_of(*finding, 4);
    ASSERT_TRUE(clean);
    EXPECT_FALSE(clean->rank);
    EXPECT_EQ(clean->score, 0.9);
    EXPECT_EQ(finding->run_id, run);
}

TEST_F(LabelIssuesTest, SkipsAndCountsItemsThatCannotBeCompared) {
    fill(5);
    label(0, "ape");                            // no prediction
    predict(1, "ape", "bear");                  // no label
    label(2, "ape", catalog::ObjectType::Box);  // a single box is the label
    predict(2, "ape", "bear", catalog::ObjectType::Box);
    label(3, "ape", catalog::ObjectType::Box);
    label(3, "bear", catalog::ObjectType::Box);  // two boxes: which one is meant?
    predict(3, "ape", "bear");
    predict(4, "ape", "bear");
    const auto finding = find();
    ASSERT_TRUE(finding) << finding.error().message;
    EXPECT_EQ(number(*finding, "", "scored"), 56U);
    EXPECT_EQ(number(*finding, "skipped", "no_label"), 2U);
    EXPECT_EQ(number(*finding, "skipped", "several_labels"), 1U);
    EXPECT_EQ(number(*finding, "skipped", "no_prediction"), 1U);
    EXPECT_TRUE(issue_of(*finding, 2));
    EXPECT_FALSE(issue_of(*finding, 3));
}

TEST_F(LabelIssuesTest, ClassesAreSortedByBytesOrAsTheTaxonomySays) {
    fill();
    EXPECT_THAT(find()->summary, HasSubstr(R"("classes":["ape","bear","zebra"])"));
    ASSERT_TRUE(catalog->put_taxonomy(
        dataset,
        {.name = "kind", .type = catalog::ObjectType::Category, .labels = {"zebra", "yak", "bear"}},
        false, kAnna));
    for (std::size_t i = 0; i < references.size(); ++i)
        label(i, i % 3 == 0 ? "zebra" : "bear", catalog::ObjectType::Category, "kind");
    // "ape" is only in the probabilities: it extends the taxonomy.
    EXPECT_THAT(find({.box_filter = {}, .task = {}, .run_id = {}, .taxonomy = "kind"})->summary,
                HasSubstr(R"("classes":["zebra","yak","bear","ape"])"));
    EXPECT_THAT(
        find({.box_filter = {}, .task = {}, .run_id = {}, .taxonomy = "kin"}).error().message,
        HasSubstr("did you mean 'kind'"));
}

TEST_F(LabelIssuesTest, SaysWhatIsMissing) {
    EXPECT_THAT(find().error().message, HasSubstr("no predictions with class probabilities"));
    predict(0, "ape", "bear");
    EXPECT_THAT(find().error().message, HasSubstr("of 60 items 60 have no label"));
    EXPECT_THAT(
        find({.box_filter = {}, .task = {}, .run_id = "run_none", .taxonomy = {}}).error().message,
        HasSubstr("run = run_none"));
}

TEST_F(LabelIssuesTest, ACancelledRunEnds) {
    fill();
    QuietProgress progress;
    progress.source.request_stop();
    const auto finding = find_label_issues(*version(), {}, pool, progress);
    ASSERT_FALSE(finding);
    EXPECT_EQ(finding.error().code, ErrorCode::Cancelled);
}

// The way a person goes: decisions, undoing them, a class that the run does not know.
TEST_F(LabelIssuesTest, ARunThatFollowsTheLabelsSaysWhatOneFromNothingSays) {
    fill();
    for (const std::size_t item : {3U, 6U, 10U, 20U, 31U}) label(item, "ape");
    QuietProgress progress;
    const auto live = LiveRun::start(version(), {}, pool, progress);
    ASSERT_TRUE(live) << live.error().message;
    ASSERT_TRUE(*live);
    const auto same = [&] {
        const auto followed = (*live)->follow(version(), pool);
        EXPECT_TRUE(followed && *followed);
        const auto fresh = find();
        EXPECT_TRUE(fresh);
        const auto kept = (*live)->finding(0);
        EXPECT_EQ(kept.rows->bytes(), fresh->rows->bytes());
        EXPECT_EQ(kept.version, fresh->version);
    };
    same();
    std::uint64_t last = 0;
    for (const auto& [item, to] : {std::pair(3, "zebra"), std::pair(20, "bear"),
                                   std::pair(41, "zebra"), std::pair(3, "bear")}) {
        catalog::Decision decision;
        decision.annotation = issue_of(*find(), static_cast<catalog::ItemNo>(item))->annotation;
        decision.verdict = catalog::Decision::Verdict::Choose;
        decision.label = to;
        last = *catalog->decide(dataset, std::span(&decision, 1), kAnna);
        same();
    }
    ASSERT_TRUE(catalog->undo(dataset, last, kAnna));
    same();
    EXPECT_TRUE((*live)->answers({}));
    Request other;
    other.rank_by = confident::RankBy::NormalizedMargin;
    EXPECT_FALSE((*live)->answers(other));
    label(5, "okapi");
    EXPECT_FALSE(*(*live)->follow(version(), pool));
}

TEST_F(LabelIssuesTest, ARunCannotFollowWhereMoreThanLabelsChanged) {
    fill();
    label(3, "ape");
    QuietProgress progress;
    auto live = LiveRun::start(version(), {}, pool, progress);
    ASSERT_TRUE(live && *live);
    predict(4, "bear", "ape");
    EXPECT_FALSE(*(*live)->follow(version(), pool));
}

TEST_F(LabelIssuesTest, TheListFollowsDecisionsAndSaysWhenItIsStale) {
    fill();
    label(3, "ape");
    label(6, "ape");
    label(10, "bear");  // ape
    catalog::Finding finding = *find();
    const auto issues = found_issues(finding);
    ASSERT_EQ(issues.size(), 3U);
    const auto list = [&](const ListRequest& request) {
        const auto corrections = *catalog->corrections(dataset);
        return list_issues(*version(), finding, issues, Decisions(corrections), *version()->living,
                           request);
    };
    EXPECT_EQ(list({}).open, 3U);
    EXPECT_FALSE(is_stale(*version(), finding, *catalog->corrections(dataset)));

    catalog::Decision decision;
    decision.annotation = issues[0].annotation;
    decision.verdict = catalog::Decision::Verdict::Accept;
    decision.label = "zebra";
    const auto id = catalog->decide(dataset, std::span(&decision, 1), kAnna);
    ASSERT_TRUE(id) << id.error().message;
    EXPECT_EQ(list({}).open, 2U);
    EXPECT_EQ(list({}).total, 3U);  // what was decided keeps its place
    EXPECT_EQ(list({}).verdicts.accepted, 1U);
    EXPECT_EQ(list({.state = State::Open}).total, 2U);
    EXPECT_TRUE(is_stale(*version(), finding, *catalog->corrections(dataset)));
    EXPECT_EQ(found_issues(*find()).size(), 2U);  // re-ranked: a new run no longer finds it

    const auto ape = *version()->labels->find("ape");
    const auto cells = list({}).cells;
    ASSERT_EQ(cells.size(), 2U);
    EXPECT_EQ(list({.given = ape}).total, 2U);
    EXPECT_EQ(pair_of(list({.order = ListOrder::Pair}).page.at(0)), "ape -> zebra");

    ASSERT_TRUE(catalog->undo(dataset, *id, kAnna));
    EXPECT_EQ(list({}).open, 3U);
}

}  // namespace
}  // namespace tusker::label_issues
