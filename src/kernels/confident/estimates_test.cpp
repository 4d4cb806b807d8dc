// Estimates of the whole set on sets small enough to count by hand.
#include "kernels/confident/estimates.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tusker::confident {
namespace {

const std::vector<ClassId> kLabels = {0, 0, 0, 1, 1, 1};
const std::vector<double> kProbs = {0.9, 0.1, 0.8, 0.2, 0.1, 0.9,   // the third is a 1
                                    0.2, 0.8, 0.3, 0.7, 0.9, 0.1};  // the sixth is a 0
const MatrixView<const double> kView(kProbs, 6, 2);

TEST(FindThresholds, AreMeansOfSelfConfidence) {
    const auto found = find_thresholds(kView, kLabels, Order::Sound, Pool(1));
    ASSERT_TRUE(found.has_value());
    EXPECT_DOUBLE_EQ(found->values[0], 1.8 / 3);
    EXPECT_DOUBLE_EQ(found->values[1], 1.6 / 3);
    EXPECT_TRUE(found->in_double);
}

TEST(FindThresholds, OfAMissingClassIsBeyondEveryProbability) {
    const std::vector<float> probs = {0.5F, 0.25F, 0.25F, 0.25F, 0.5F, 0.25F};
    const std::vector<ClassId> labels = {0, 1};
    const auto found =
        find_thresholds(MatrixView<const float>(probs, 2, 3), labels, Order::Cleanlab, Pool(1));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->values, (std::vector<double>{0.5, 0.5, 2.0}));
    EXPECT_TRUE(found->in_double) << "cleanlab's array turns to float64";
}

TEST(EstimateJoint, CountsConfidentRowsAndNamesThoseInAnotherClass) {
    const auto found = estimate_joint<double>(kView, kLabels, {}, Order::Sound, Pool(1));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->counts.at(0, 0), 2);
    EXPECT_EQ(found->counts.at(0, 1), 1);
    EXPECT_EQ(found->counts.at(1, 0), 1);
    EXPECT_EQ(found->counts.at(1, 1), 2);
    EXPECT_EQ(found->off_diagonal, (std::vector<Row>{2, 5}));
    EXPECT_EQ(found->label_issues, 2U);
}

TEST(EstimateJoint, TakesTheCallersThresholds) {
    const std::vector<double> bounds = {0.85, 0.95};
    const auto found = estimate_joint<double>(kView, kLabels, bounds, Order::Sound, Pool(1));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->off_diagonal, (std::vector<Row>{5}));
    EXPECT_EQ(found->counts.at(1, 1), 1) << "a diagonal entry is at least 1";
}

TEST(ScoreLabels, EntropiesNeedProbabilitiesWithinZeroAndOne) {
    const std::vector<double> probs = {1.0000005, 0.0, 0.5, 0.5};
    const MatrixView<const double> view(probs, 2, 2);
    const std::vector<ClassId> labels = {0, 1};
    EXPECT_TRUE(score_labels(view, labels, {}, Pool(1)));
    const auto refused = score_labels(view, labels, {.rank_by = RankBy::WeightedEntropy}, Pool(1));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message,
              "probabilities[0, 0] = 1.0000005: must be a number from 0 to 1");
}

TEST(NormalizedEntropies, AreOneForAGuessAndZeroForCertainty) {
    const std::vector<double> probs = {0.25, 0.25, 0.25, 0.25, 0, 1, 0, 0};
    for (const Layout layout : {Layout::Rows, Layout::Columns}) {
        const auto found =
            normalized_entropies(MatrixView<const double>(probs, 2, 4),
                                 {.order = Order::Cleanlab, .layout = layout}, Pool(1));
        ASSERT_TRUE(found.has_value());
        EXPECT_DOUBLE_EQ((*found)[0], 1);
        EXPECT_EQ((*found)[1], 0);
    }
}

TEST(ScoreLabels, NameALabelWithoutColumn) {
    const std::vector<ClassId> labels = {0, 0, 0, 1, 7, 1};
    const auto refused = score_labels(kView, labels, {}, Pool(1));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message,
              "labels[4] = 7: must be below 2, the number of columns of the probabilities");
}

TEST(ConfidentTops, CountRowsWhoseBestClassReachesItsBound) {
    const auto facts = read_rows(kView, kLabels, ValueRule::NearZeroOne, Pool(1));
    ASSERT_TRUE(facts.has_value());
    const std::vector<double> bounds = {0.85, 0.75};
    const auto counts = count_confident_tops<double>(*facts, kLabels, bounds);
    EXPECT_EQ(counts.confident, (std::vector<std::int64_t>{2, 2}));
    EXPECT_EQ(counts.elsewhere, (std::vector<std::int64_t>{1, 1}));
}

}  // namespace
}  // namespace tusker::confident
