#include "kernels/crowd/crowd.hpp"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tusker::crowd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kNone = -1;

/// A wide table written down; kNone = no label.
Votes votes_of(const std::vector<std::vector<int>>& table, std::size_t classes,
               Votes::Repeats repeats = Votes::Repeats::Refused) {
    std::vector<Index> items;
    std::vector<Index> annotators;
    std::vector<ClassId> labels;
    for (std::size_t i = 0; i < table.size(); ++i)
        for (std::size_t a = 0; a < table[i].size(); ++a)
            if (table[i][a] != kNone) {
                items.push_back(static_cast<Index>(i));
                annotators.push_back(static_cast<Index>(a));
                labels.push_back(static_cast<ClassId>(table[i][a]));
            }
    return Votes::from_rows({items, annotators, labels},
                            {table.size(), table.front().size(), classes}, repeats)
        .value();
}

Models<double> model_of(const std::vector<double>& probs, std::size_t classes) {
    return {{MatrixView<const double>(probs, probs.size() / classes, classes)}, false};
}

TEST(MajorityVote, BreaksTiesByRarityAndThenByWhoIsRightElsewhere) {
    const Votes votes = votes_of({{1, kNone, kNone, 2, kNone},
                                  {kNone, 1, 0, kNone, kNone},
                                  {kNone, kNone, 0, kNone, kNone},
                                  {kNone, 2, kNone, kNone, kNone},
                                  {2, kNone, 0, 2, kNone},
                                  {kNone, kNone, kNone, 2, 1}},
                                 3);
    const auto majority =
        majority_vote<double>(votes, std::nullopt, confident::Order::Sound, Pool(2)).value();
    EXPECT_THAT(majority.labels, ElementsAre(1, 1, 0, 2, 2, 1));
    ASSERT_EQ(majority.tied.size(), 3U);
    EXPECT_EQ(majority.tied[0].item, 0U);
    EXPECT_THAT(majority.tied[0].classes, ElementsAre(1, 2));
    EXPECT_THAT(majority.undecided, IsEmpty());
}

TEST(MajorityVote, ProbabilitiesBreakTiesFirst) {
    const Votes votes = votes_of({{0, 1}, {0, 1}}, 2);
    const std::vector<double> probs = {0.4, 0.6, 0.7, 0.3};
    const MatrixView<const double> view(probs, 2, 2);
    const auto majority =
        majority_vote<double>(votes, view, confident::Order::Sound, Pool(1)).value();
    EXPECT_THAT(majority.labels, ElementsAre(1, 0));
}

TEST(MajorityVote, APerfectTieTakesTheLowestClassAndSaysSo) {
    const Votes votes = votes_of({{1, 0}, {0, 1}}, 2);
    const auto majority =
        majority_vote<double>(votes, std::nullopt, confident::Order::Sound, Pool(1)).value();
    EXPECT_THAT(majority.labels, ElementsAre(0, 0));
    EXPECT_EQ(majority.undecided.size(), 2U);

    const auto as_cleanlab =
        majority_vote<double>(votes, std::nullopt, confident::Order::Cleanlab, Pool(1));
    ASSERT_FALSE(as_cleanlab);
    EXPECT_THAT(as_cleanlab.error().message, HasSubstr("every item is tied"));
}

TEST(Assess, FindsTheAnnotatorWhoIsMostlyWrong) {
    std::vector<std::vector<int>> table;
    std::vector<double> probs;
    for (int i = 0; i < 60; ++i) {
        const int truth = i % 3;
        table.push_back({truth, truth, (truth + (i % 4 == 0)) % 3, (truth + 1) % 3});
        for (int k = 0; k < 3; ++k) probs.push_back(k == truth ? 0.8 : 0.1);
    }
    const Votes votes = votes_of(table, 3);
    const auto found = assess(votes, model_of(probs, 3), {}, Pool(2)).value();
    for (int i = 0; i < 60; ++i)
        EXPECT_EQ(found.consensus.labels[static_cast<std::size_t>(i)], static_cast<ClassId>(i % 3));
    EXPECT_EQ(found.worst_first.front(), 3U);
    EXPECT_DOUBLE_EQ(found.annotators[3].agreement, 0);
    EXPECT_DOUBLE_EQ(found.annotators[2].agreement, 0.75);
    EXPECT_EQ(found.annotators[0].labelled, 60U);
    EXPECT_LT(found.vote_quality[3], 0.25);
    EXPECT_GT(found.vote_quality[0], 0.6);
    EXPECT_DOUBLE_EQ(found.consensus.agreement[1], 0.75);
}

TEST(Assess, WithoutAModelQualityIsAgreement) {
    const Votes votes = votes_of({{5, 5, 2}, {2, 2, 2}, {5, kNone, 5}}, 6);
    const auto found = assess<double>(votes, {}, {}, Pool(1)).value();
    EXPECT_THAT(found.consensus.labels, ElementsAre(5, 2, 5));
    EXPECT_THAT(found.consensus.quality, ElementsAre(2.0 / 3, 1, 1));
    EXPECT_DOUBLE_EQ(found.vote_quality[2], 1.0 / 3);
    EXPECT_DOUBLE_EQ(found.annotators[2].quality, 2.0 / 3);
    EXPECT_EQ(found.annotators[2].worst_class, 2U);
}

TEST(Assess, CleanlabCountsLabelsByRank) {
    const Votes votes = votes_of({{5, 5, 2}, {2, 2, 2}, {5, 5, 5}}, 6);
    CrowdOptions options{.consensus = ConsensusMethod::MajorityVote,
                         .quality = QualityMethod::Agreement,
                         .order = confident::Order::Cleanlab};
    const auto found = assess<double>(votes, {}, options, Pool(1)).value();
    EXPECT_DOUBLE_EQ(found.consensus.posterior[0], 1.0 / 3);
    EXPECT_DOUBLE_EQ(found.consensus.posterior[1], 2.0 / 3);
    EXPECT_DOUBLE_EQ(found.consensus.posterior[5], 0);
}

TEST(Assess, RefusesInputByName) {
    const std::vector<double> probs(6, 0.5);
    const auto message = [&](const std::vector<std::vector<int>>& table,
                             const Models<double>& models) {
        const auto found = assess(votes_of(table, 2), models, {}, Pool(1));
        return found ? std::string("accepted") : found.error().message;
    };
    const auto models = model_of(probs, 2);
    EXPECT_THAT(message({{0, 1}, {kNone, kNone}, {1, 1}}, models), HasSubstr("item 1 has none"));
    EXPECT_THAT(message({{0, kNone}, {1, kNone}, {1, kNone}}, models),
                HasSubstr("annotator 1 gave none"));
    EXPECT_THAT(message({{0, kNone}, {kNone, 1}, {1, kNone}}, models),
                HasSubstr("every item has a single label"));
    EXPECT_THAT(message({{0, 1}, {1, 1}}, models), HasSubstr("3 rows for 2 items"));
    const std::vector<double> wrong = {0.5, 0.5, 0.5, std::nan(""), 0.5, 0.5};
    EXPECT_THAT(message({{0, 1}, {1, 1}, {0, 0}}, model_of(wrong, 2)),
                HasSubstr("probs[1][1] = nan"));
}

TEST(Votes, NameTheRowThatIsOutOfRangeOrRepeats) {
    const std::vector<Index> items = {0, 1, 0};
    const std::vector<Index> annotators = {1, 0, 1};
    const std::vector<ClassId> labels = {0, 7, 1};
    const VoteRows rows{items, annotators, labels};
    const auto bad_class = Votes::from_rows(rows, {2, 2, 7}, Votes::Repeats::Kept);
    ASSERT_FALSE(bad_class);
    EXPECT_THAT(bad_class.error().message, HasSubstr("votes[1].label = 7"));
    const auto repeated = Votes::from_rows(rows, {2, 2, 8}, Votes::Repeats::Refused);
    ASSERT_FALSE(repeated);
    EXPECT_THAT(repeated.error().message, HasSubstr("votes[2]: annotator 1 labels item 0 again"));
    EXPECT_TRUE(Votes::from_rows(rows, {2, 2, 8}, Votes::Repeats::Kept));
}

/// Random votes: every item and annotator has one, the first item has two.
std::vector<std::vector<int>> arbitrary_table(std::size_t classes) {
    const auto items = *rc::gen::inRange<std::size_t>(2, 30);
    const auto annotators = *rc::gen::inRange<std::size_t>(2, 8);
    const auto label = rc::gen::inRange(kNone, static_cast<int>(classes));
    auto table = *rc::gen::container<std::vector<std::vector<int>>>(
        items, rc::gen::container<std::vector<int>>(annotators, label));
    for (std::size_t i = 0; i < items; ++i)
        table[i][i % annotators] = static_cast<int>(i % classes);
    for (std::size_t a = 0; a < annotators; ++a)
        if (table[0][a] == kNone) table[0][a] = 0;
    return table;
}

std::vector<double> arbitrary_probs(std::size_t rows, std::size_t classes) {
    std::vector<double> probs;
    for (std::size_t i = 0; i < rows; ++i) {
        const auto parts = *rc::gen::container<std::vector<int>>(classes, rc::gen::inRange(1, 100));
        const double total = std::accumulate(parts.begin(), parts.end(), 0.0);
        for (const int part : parts) probs.push_back(part / total);
    }
    return probs;
}

// The definition read aloud, over the dense table.
RC_GTEST_PROP(Crowdlab, AgreesWithTheDefinition, ()) {
    const std::size_t classes = 3;
    const auto table = arbitrary_table(classes);
    const auto probs = arbitrary_probs(table.size(), classes);
    const Votes votes = votes_of(table, classes);
    const auto models = model_of(probs, classes);
    CrowdOptions options{.consensus = ConsensusMethod::MajorityVote};
    const auto found = assess(votes, models, options, Pool(2)).value();
    const auto& consensus = found.consensus.labels;

    double agreement = 0;
    double total_votes = 0;
    double model_wrong = 0;
    std::vector<double> of_class(classes);
    double shared = 0;
    const auto count_of = [&](std::size_t i) {
        return static_cast<double>(
            std::ranges::count_if(table[i], [](int l) { return l != kNone; }));
    };
    for (std::size_t i = 0; i < table.size(); ++i) {
        total_votes += count_of(i);
        if (count_of(i) == 1) continue;
        ++shared;
        agreement +=
            static_cast<double>(std::ranges::count(table[i], static_cast<int>(consensus[i]))) /
            count_of(i);
        ++of_class[consensus[i]];
        const auto row = std::span(probs).subspan(i * classes, classes);
        model_wrong +=
            static_cast<std::size_t>(std::ranges::max_element(row) - row.begin()) != consensus[i];
    }
    const double hit = agreement / shared;
    const double chance = std::max(1e-6, 1 - std::ranges::max(of_class) / shared);
    const double model = std::max(1e-6, 1 - model_wrong / shared / chance) *
                         std::sqrt(total_votes / static_cast<double>(table.size()));
    RC_ASSERT(std::abs(found.consensus.trust.models[0] - model) < 1e-9 * std::max(1.0, model));
    const auto& weights = found.consensus.trust.annotators;
    for (std::size_t i = 0; i < table.size(); ++i) {
        for (std::size_t k = 0; k < classes; ++k) {
            double sum = model * probs[i * classes + k];
            double total = model;
            for (std::size_t a = 0; a < weights.size(); ++a) {
                if (table[i][a] == kNone) continue;
                total += weights[a];
                sum += weights[a] * (table[i][a] == static_cast<int>(k) ? hit : (1 - hit) / 2);
            }
            RC_ASSERT(std::abs(found.consensus.posterior[i * classes + k] - sum / total) < 1e-9);
        }
    }
}

RC_GTEST_PROP(Assess, RowOrderAndThreadsChangeNothing, ()) {
    const std::size_t classes = 3;
    const auto table = arbitrary_table(classes);
    const auto probs = arbitrary_probs(table.size(), classes);
    std::vector<Index> items;
    std::vector<Index> annotators;
    std::vector<ClassId> labels;
    for (std::size_t i = 0; i < table.size(); ++i)
        for (std::size_t a = 0; a < table[i].size(); ++a)
            if (table[i][a] != kNone) {
                items.push_back(static_cast<Index>(i));
                annotators.push_back(static_cast<Index>(a));
                labels.push_back(static_cast<ClassId>(table[i][a]));
            }
    const auto reversed = [](auto values) {
        std::ranges::reverse(values);
        return values;
    };
    const CrowdSize size{table.size(), table.front().size(), classes};
    const auto back_items = reversed(items);
    const auto back_annotators = reversed(annotators);
    const auto back_labels = reversed(labels);
    const CrowdOptions options{.calibrate_probs = true};
    const auto one =
        assess(Votes::from_rows({items, annotators, labels}, size, Votes::Repeats::Refused).value(),
               model_of(probs, classes), options, Pool(1))
            .value();
    const auto two = assess(Votes::from_rows({back_items, back_annotators, back_labels}, size,
                                             Votes::Repeats::Refused)
                                .value(),
                            model_of(probs, classes), options, Pool(3))
                         .value();
    RC_ASSERT(one.consensus.labels == two.consensus.labels);
    RC_ASSERT(one.consensus.posterior == two.consensus.posterior);
    RC_ASSERT(one.vote_quality == reversed(two.vote_quality));
    RC_ASSERT(one.worst_first == two.worst_first);
}

TEST(WideTable, ByRowAndByColumnAreTheSame) {
    const double none = std::nan("");
    const std::vector<double> rows = {0, none, 2, none, 1, none, 1, 1, 0};
    std::vector<double> columns(9);
    for (std::size_t i = 0; i < 9; ++i) columns[i % 3 * 3 + i / 3] = rows[i];
    const Pool pool(2);
    const auto by_row = gather_votes({rows, 3, 3, WideTable::Layout::ByRow}, pool);
    const auto by_column = gather_votes({columns, 3, 3, WideTable::Layout::ByColumn}, pool);
    for (const auto& votes : {by_row, by_column}) {
        EXPECT_THAT(votes.begins, ElementsAre(0, 2, 3, 6));
        EXPECT_EQ(votes.votes[1].annotator, 2U);
        EXPECT_EQ(votes.votes[1].label, 2U);
        EXPECT_EQ(votes.most, 2);
        EXPECT_TRUE(votes.integral);
    }
    const std::vector<double> half = {0.5, none};
    EXPECT_FALSE(gather_votes({half, 1, 2, WideTable::Layout::ByRow}, pool).integral);
}

}  // namespace
}  // namespace tusker::crowd
