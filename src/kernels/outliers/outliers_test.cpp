#include "kernels/outliers/outliers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/outliers/duplicates.hpp"
#include "kernels/outliers/predictions.hpp"
#include "kernels/outliers/quantiles.hpp"

namespace tusker::outliers {
namespace {

using testing::DoubleEq;
using testing::DoubleNear;
using testing::ElementsAre;
using vectors::Metric;
using vectors::Neighbors;

TEST(Quantile, OfManyIsThatOfTheSortedValues) {
    std::vector<double> values(100'001);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = std::floor(static_cast<double>(i * i % 99'991) / 3);
    std::vector<double> sampled_badly = values;  // the sample meets every 24th value
    for (std::size_t i = 0; i < values.size(); i += 24) sampled_badly[i] = -1;
    for (auto* many : {&values, &sampled_badly})
        for (const double share : {0.0, 0.001, 0.25, 0.5, 0.75, 1.0}) {
            auto sorted = *many;
            std::ranges::sort(sorted);
            const double position = share * 100'000;
            const auto below = static_cast<std::size_t>(position);
            const double high = sorted[std::min<std::size_t>(below + 1, 100'000)];
            EXPECT_NEAR(quantile(*many, share),
                        std::lerp(sorted[below], high, position - std::floor(position)), 1e-9);
        }
}

TEST(Quantile, InterpolatesBetweenNeighbours) {
    EXPECT_EQ(quantile(std::vector<double>{4, 1, 3, 2}, 0.5), 2.5);
    EXPECT_EQ(quantile(std::vector<double>{4, 1, 3, 2}, 0.75), 3.25);
    EXPECT_EQ(quantile(std::vector<double>{4, 1, 3, 2}, 0), 1);
    EXPECT_EQ(quantile(std::vector<double>{4, 1, 3, 2}, 1), 4);
    EXPECT_EQ(quantile(std::vector<double>{7}, 0.25), 7);
}

/// One neighbour each, at the given distances.
Neighbors at_distances(std::vector<double> distances) {
    Neighbors neighbors{1, std::move(distances), {}};
    for (std::size_t i = 0; i < neighbors.distances.size(); ++i)
        neighbors.rows.push_back(static_cast<Row>((i + 1) % neighbors.distances.size()));
    return neighbors;
}

TEST(Outliers, AreFarFromTheirNeighboursComparedWithOthers) {
    const auto found =
        find_outliers(at_distances({1, 2, 3, 4, 20, 30, 2}), Metric::Euclidean, {}).value();
    // Quartiles 2 and 12: 12 + 1.7 · 10 = 29.
    EXPECT_NEAR(found.fit.distance_limit, 29, 1e-4);
    EXPECT_EQ(found.fit.scale, 3);
    EXPECT_THAT(found.flagged, ElementsAre(5));
    EXPECT_NEAR(found.scores[0], std::exp(-1.0 / 3), 1e-15);
    EXPECT_NEAR(found.scores[5], std::exp(-10.0), 1e-15);
}

TEST(Outliers, AreJudgedByTheFitOfOtherRows) {
    const OutlierOptions options{.fit = OutlierFit{.scale = 2, .distance_limit = 5}};
    const auto found =
        find_outliers(at_distances({1, 6, 8, 5}), Metric::Euclidean, options).value();
    EXPECT_THAT(found.flagged, ElementsAre(2, 1));
    EXPECT_THAT(found.scores[0], DoubleNear(std::exp(-0.5), 1e-15));
}

TEST(Outliers, AreNoneAmongEqualRowsWhoseScoreIsOne) {
    const auto found = find_outliers(at_distances({0, 0, 0}), Metric::Cosine, {}).value();
    EXPECT_TRUE(found.flagged.empty());
    EXPECT_THAT(found.scores, ElementsAre(1, 1, 1));
}

TEST(Outliers, RoundingNoiseIsNoDistance) {
    const auto cosine = find_outliers(at_distances({1e-14, 2e-14}), Metric::Cosine, {}).value();
    EXPECT_EQ(cosine.scores[0], 1);
    EXPECT_LT(cosine.scores[1], 1);
}

TEST(Outliers, RefuseBadOptionsByName) {
    const auto message = [](const OutlierOptions& options) {
        return find_outliers(at_distances({1, 2}), Metric::Cosine, options).error().message;
    };
    EXPECT_EQ(message({.threshold = 0}), "threshold = 0: must be above 0 and at most 1");
    EXPECT_EQ(message({.steepness = -1}), "t = -1: must be above 0 and finite");
}

TEST(NearDuplicates, ArePairsMuchNearerThanNeighboursUsuallyAre) {
    // Nearest distances 0.1, 0.1, 1, 1, 1.2: typical 1, radius 0.13.
    const Neighbors neighbors{
        2, {0.1, 0.12, 0.1, 0.5, 1, 2, 1, 2, 1.2, 1.3}, {1, 2, 0, 2, 3, 0, 2, 1, 3, 2}};
    const auto found = find_near_duplicates(neighbors, 0.13).value();
    EXPECT_EQ(found.typical_distance, 1);
    EXPECT_THAT(found.pairs,
                ElementsAre(NearDuplicatePair{0, 1, 0.1}, NearDuplicatePair{0, 2, 0.12}));
    EXPECT_THAT(found.sets, ElementsAre(ElementsAre(0, 1, 2)));
    EXPECT_NEAR(found.scores[0], 1 - std::exp(-0.1), 1e-15);
}

TEST(NearDuplicates, OfManyEqualRowsAreOneSet) {
    const Pool pool(2);
    std::vector<float> values(60, 1.0F);
    values[0] = 5;  // a row of its own
    const auto neighbors =
        vectors::find_neighbors(MatrixView<const float>(values, 30, 2), 3, Metric::Euclidean, pool)
            .value();
    const auto found = find_near_duplicates(neighbors, 0.13).value();
    ASSERT_EQ(found.sets.size(), 1U);
    EXPECT_EQ(found.sets[0].size(), 29U);
    EXPECT_EQ(found.scores[7], 0);
    EXPECT_GT(found.scores[0], 0.99);
}

RC_GTEST_PROP(NearDuplicates, SetsAreWhatPairsConnect, ()) {
    const auto rows = *rc::gen::inRange<std::size_t>(2, 40);
    const auto numbers = *rc::gen::container<std::vector<int>>(rows, rc::gen::inRange(0, 100));
    const std::vector<double> values(numbers.begin(), numbers.end());
    const Pool pool(1);
    const auto neighbors =
        vectors::find_neighbors(MatrixView<const double>(values, rows, 1),
                                std::min<std::size_t>(3, rows - 1), Metric::Euclidean, pool)
            .value();
    const auto found = find_near_duplicates(neighbors, 2).value();
    std::vector<std::size_t> set_of(rows, rows);
    for (std::size_t s = 0; s < found.sets.size(); ++s) {
        RC_ASSERT(std::ranges::is_sorted(found.sets[s]));
        RC_ASSERT(found.sets[s].size() >= 2U);
        for (const Row row : found.sets[s]) {
            RC_ASSERT(set_of[row] == rows);
            set_of[row] = s;
        }
    }
    std::size_t linked = found.sets.size();  // a connected set needs size - 1 pairs
    for (const auto& [first, second, distance] : found.pairs) {
        RC_ASSERT(first < second);
        RC_ASSERT(distance < found.radius);
        RC_ASSERT(set_of[first] == set_of[second]);
        RC_ASSERT(set_of[first] < rows);
        ++linked;
    }
    RC_ASSERT(linked >= static_cast<std::size_t>(
                            std::ranges::count_if(set_of, [&](auto s) { return s < rows; })));
}

std::vector<double> score(const std::vector<double>& probs, std::size_t classes,
                          const PredictionOptions& options,
                          confident::Order order = confident::Order::Sound) {
    const Pool pool(1);
    return score_predictions<double>(
               MatrixView<const double>(probs, probs.size() / classes, classes), options, order,
               pool)
        .value();
}

TEST(PredictionScores, AreAsDefined) {
    const std::vector<double> probs = {1, 0, 0, 0.25, 0.5, 0.25};
    EXPECT_THAT(score(probs, 3, {}),
                ElementsAre(1, DoubleNear(1 - 1.5 * std::log(2) / std::log(3), 1e-15)));
    EXPECT_THAT(score(probs, 3, {.score = PredictionScore::LeastConfidence}), ElementsAre(1, 0.5));
    const double sum = std::exp(1) + 2;
    const double q = std::exp(1) / sum;
    const double r = 1 / sum;
    const double expected = 1 - (std::pow(q * (1 - q), 0.1) + 2 * std::pow(r * (1 - r), 0.1)) / 100;
    EXPECT_NEAR(score(probs, 3, {.score = PredictionScore::Gen})[0], expected, 1e-14);
}

TEST(PredictionScores, OfGenTakeTheLargestOnly) {
    const std::vector<double> probs = {0.7, 0.1, 0.15, 0.05};
    const double sum = std::exp(0.7) + std::exp(0.1) + std::exp(0.15) + std::exp(0.05);
    double expected = 0;
    for (const double p : {0.7, 0.15}) {
        const double q = std::exp(p) / sum;
        expected += std::pow(q, 0.2) * std::pow(1 - q, 0.2);
    }
    const PredictionOptions options{.score = PredictionScore::Gen, .largest = 2, .gamma = 0.2};
    for (const auto order : {confident::Order::Sound, confident::Order::Cleanlab})
        EXPECT_NEAR(score(probs, 4, options, order)[0], 1 - expected / 2, 1e-14);
}

TEST(PredictionScores, SubtractThresholds) {
    const std::vector<double> thresholds = {0.9, 0.5};
    // 0.6 - 0.9 + 0.9 and 0.4 - 0.5 + 0.9, over their sum.
    EXPECT_THAT(
        score({0.6, 0.4}, 2, {.score = PredictionScore::LeastConfidence, .thresholds = thresholds}),
        ElementsAre(DoubleNear(0.8 / 1.4, 1e-15)));
}

TEST(PredictionScores, NameTheFirstBadValue) {
    const Pool pool(2);
    std::vector<float> probs(200'000, 0.5F);
    probs[150'001] = 1.5F;
    probs[190'001] = std::nanf("");
    const MatrixView<const float> view(probs, 100'000, 2);
    EXPECT_EQ(score_predictions<float>(view, {}, confident::Order::Sound, pool).error().message,
              "pred_probs[75000][1] = 1.5: All probabilities are required to be in the interval "
              "[0, 1].");
    EXPECT_EQ(score_predictions<float>(view, {.score = PredictionScore::Gen},
                                       confident::Order::Sound, pool)
                  .error()
                  .message,
              "pred_probs[95000][1] = nan: must be finite");
}

TEST(PredictionScores, FarBelowTheMedianAreFlagged) {
    const std::vector<double> scores = {0.9, 0.05, 0.8, 0.01, 0.85};
    EXPECT_THAT(flag_predictions(scores, 0.13), ElementsAre(3, 1));
}

}  // namespace
}  // namespace tusker::outliers
