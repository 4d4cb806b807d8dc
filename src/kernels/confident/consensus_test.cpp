// On data made from a known noise: what the kernel finds is compared with what was put in.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "kernels/confident/consensus.hpp"
#include "kernels/confident/noise_channel.hpp"

namespace tusker::confident {
namespace {

/// Rows of four classes, of which 0 and 1 look alike; the model is sure of the others.
struct Sample {
    std::size_t n = 4000;
    std::size_t k = 4;
    std::vector<double> probs;
    std::vector<ClassId> truth;
    std::vector<ClassId> labels;

    MatrixView<const double> view() const { return {probs, n, k}; }
};

/// wrong(truth, random) is the class given in place of the true one.
template <class Wrong>
Sample sample_with(Wrong wrong, double rate) {
    Sample sample;
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (std::size_t i = 0; i < sample.n; ++i) {
        const auto truth = static_cast<ClassId>(random() % 4);
        std::vector<double> p(4, 0.01);
        p[truth] += 2;
        // Half of the rows of 0 and 1 cannot be told apart.
        if (truth < 2 && uniform(random) < 0.5) {
            p[0] = 1 + uniform(random);
            p[1] = 1 + uniform(random);
        }
        const double sum = std::accumulate(p.begin(), p.end(), 0.0);
        for (const double x : p) sample.probs.push_back(x / sum);
        sample.truth.push_back(truth);
        sample.labels.push_back(uniform(random) < rate ? wrong(truth, random) : truth);
    }
    return sample;
}

Consensus score(const Sample& sample, const Neighbors& neighbors = {}, std::size_t threads = 1) {
    const Pool pool(threads);
    const std::vector<MatrixView<const double>> models = {sample.view()};
    auto result = score_by_consensus(std::span<const MatrixView<const double>>(models), neighbors,
                                     sample.labels, sample.k, pool);
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return *std::move(result);
}

double average_precision(const Sample& sample, std::span<const double> scores) {
    std::vector<std::size_t> order(sample.n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return scores[i]; });
    double found = 0;
    double sum = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        if (sample.labels[order[rank]] == sample.truth[order[rank]]) continue;
        sum += ++found / static_cast<double>(rank + 1);
    }
    return sum / found;
}

std::vector<double> self_confidence(const Sample& sample) {
    std::vector<double> scores;
    scores.reserve(sample.n);
    for (std::size_t i = 0; i < sample.n; ++i)
        scores.push_back(sample.view().row(i)[sample.labels[i]]);
    return scores;
}

TEST(Consensus, ClassesThatLookAlikeAreNotTakenForWrongLabels) {
    const auto sample = sample_with(
        [](ClassId truth, auto& random) {
            return static_cast<ClassId>((truth + 1 + random() % 3) % 4);
        },
        0.09);
    const auto found = score(sample);
    for (std::size_t given = 0; given < 4; ++given)
        for (std::size_t truth = 0; truth < 4; ++truth)
            EXPECT_NEAR(found.noise[given * 4 + truth], given == truth ? 0.91 : 0.03,
                        given == truth ? 0.05 : 0.025);
}

TEST(Consensus, PairThatIsOftenConfusedIsFoundAndItsErrorsComeFirst) {
    const auto sample =
        sample_with([](ClassId truth, auto&) { return truth == 2 ? ClassId{0} : truth; }, 0.4);
    const auto found = score(sample);
    EXPECT_NEAR(found.noise[0 * 4 + 2], 0.4, 0.15);
    EXPECT_LT(found.noise[3 * 4 + 2], 0.01);
    EXPECT_GT(average_precision(sample, found.scores), 0.9);
    EXPECT_GE(average_precision(sample, found.scores),
              average_precision(sample, self_confidence(sample)));
    for (std::size_t i = 0; i < sample.n; ++i) {
        if (sample.labels[i] == sample.truth[i]) continue;
        EXPECT_EQ(found.suggested[i], sample.truth[i]);
    }
}

/// Neighbours of the same true class, at growing distances.
struct TrueNeighbors {
    explicit TrueNeighbors(const Sample& sample, std::size_t count) : count_(count) {
        std::vector<std::vector<std::int64_t>> of_class(sample.k);
        for (std::size_t i = 0; i < sample.n; ++i)
            of_class[sample.truth[i]].push_back(static_cast<std::int64_t>(i));
        std::mt19937_64 random(3);
        for (std::size_t i = 0; i < sample.n; ++i)
            for (std::size_t j = 0; j < count; ++j) {
                const auto& alike = of_class[sample.truth[i]];
                auto row = alike[random() % alike.size()];
                if (row == static_cast<std::int64_t>(i))
                    row = alike[i == static_cast<std::size_t>(alike[0]) ? 1 : 0];
                rows_.push_back(row);
                distances_.push_back(1.0 + static_cast<double>(j));
            }
    }
    Neighbors view(std::size_t n) const {
        return {MatrixView<const std::int64_t>(rows_, n, count_),
                MatrixView<const double>(distances_, n, count_)};
    }

private:
    std::size_t count_;
    std::vector<std::int64_t> rows_;
    std::vector<double> distances_;
};

TEST(Consensus, NeighborsTellApartWhatTheModelCannot) {
    const auto sample =
        sample_with([](ClassId truth, auto&) { return truth < 2 ? 1 - truth : truth; }, 0.15);
    const TrueNeighbors neighbors(sample, 12);
    const auto alone = score(sample);
    const auto together = score(sample, neighbors.view(sample.n));
    ASSERT_EQ(together.powers.size(), 3U);  // the model, five neighbours, all
    EXPECT_GT(average_precision(sample, together.scores),
              average_precision(sample, alone.scores) + 0.2);
}

TEST(Consensus, ModelThatKnowsNothingCountsForNothing) {
    const auto sample = sample_with(
        [](ClassId truth, auto& random) {
            return static_cast<ClassId>((truth + 1 + random() % 3) % 4);
        },
        0.1);
    std::vector<double> guesses;
    guesses.reserve(sample.n * sample.k);
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < sample.n * sample.k; ++i)
        guesses.push_back(0.1 + 0.8 * static_cast<double>(random() % 1000) / 1000);
    const Pool pool(1);
    const std::vector<MatrixView<const double>> models = {
        sample.view(), MatrixView<const double>(guesses, sample.n, sample.k)};
    const auto found = score_by_consensus(std::span<const MatrixView<const double>>(models), {},
                                          sample.labels, sample.k, pool);
    ASSERT_TRUE(found.has_value());
    EXPECT_GT(found->powers[0], 0.5);
    EXPECT_LT(found->powers[1], 0.1);
    EXPECT_GE(found->powers[1], 0);
}

/// The sample's rows in another order.
Sample reordered(const Sample& sample, std::span<const std::size_t> order) {
    Sample result = sample;
    for (std::size_t i = 0; i < order.size(); ++i) {
        result.labels[i] = sample.labels[order[i]];
        result.truth[i] = sample.truth[order[i]];
        std::ranges::copy(sample.view().row(order[i]),
                          result.probs.begin() + static_cast<std::ptrdiff_t>(i * sample.k));
    }
    return result;
}

TEST(Consensus, OrderOfRowsChangesNoScore) {
    auto sample = sample_with([](ClassId truth, auto&) { return (truth + 1) % 4; }, 0.1);
    // Of equals the lower rows are anchors; no two rows shall be equal.
    std::mt19937_64 random(31);
    for (double& p : sample.probs) p *= std::uniform_real_distribution<double>(0.99, 1)(random);
    std::vector<std::size_t> order(sample.n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::shuffle(order, std::mt19937_64(5));
    const auto straight = score(sample);
    const auto shuffled = score(reordered(sample, order));
    for (std::size_t i = 0; i < sample.n; ++i) {
        // Sums over rows are added in another order.
        EXPECT_NEAR(shuffled.scores[i], straight.scores[order[i]], 1e-6);
        EXPECT_EQ(shuffled.suggested[i], straight.suggested[order[i]]);
    }
}

TEST(Consensus, TwoClassesAndOneThatIsNeverGiven) {
    Sample sample;
    sample.n = 600;
    sample.k = 3;
    std::mt19937_64 random(11);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (std::size_t i = 0; i < sample.n; ++i) {
        const auto truth = static_cast<ClassId>(random() % 2);
        const double sure = 0.6 + 0.39 * uniform(random);
        for (ClassId k = 0; k < 3; ++k)
            sample.probs.push_back(k == 2 ? 0.0 : k == truth ? sure : 1 - sure);
        sample.truth.push_back(truth);
        sample.labels.push_back(uniform(random) < 0.1 ? 1 - truth : truth);
    }
    const auto found = score(sample);
    EXPECT_GT(average_precision(sample, found.scores), 0.9);
    EXPECT_EQ(std::ranges::count(found.suggested, ClassId{2}), 0);
    for (std::size_t truth = 0; truth < 3; ++truth) {
        double sum = 0;
        for (std::size_t given = 0; given < 3; ++given) sum += found.noise[given * 3 + truth];
        EXPECT_NEAR(sum, 1, 1e-12);
    }
}

TEST(Consensus, OneRowHasAScore) {
    Sample sample;
    sample.n = 1;
    sample.k = 2;
    sample.probs = {0.2, 0.8};
    sample.labels = {0};
    const auto found = score(sample);
    EXPECT_TRUE(found.scores[0] > 0 && found.scores[0] < 1);
}

TEST(Consensus, ManyZeroProbabilitiesDoNotFlattenTheOthers) {
    // As of a model of 15 neighbours: most classes have no vote at all.
    auto sample = sample_with(
        [](ClassId truth, auto& random) {
            return static_cast<ClassId>((truth + 1 + random() % 3) % 4);
        },
        0.1);
    for (double& p : sample.probs) p = p < 0.1 ? 0 : p;
    const auto found = score(sample);
    EXPECT_GE(average_precision(sample, found.scores),
              average_precision(sample, self_confidence(sample)));
}

TEST(Consensus, ModelThatIsTooTimidIsBelievedMore) {
    const auto sample = sample_with([](ClassId truth, auto&) { return (truth + 1) % 4; }, 0.1);
    Sample timid = sample;
    for (std::size_t i = 0; i < sample.n; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k < 4; ++k)
            sum += timid.probs[i * 4 + k] = std::sqrt(sample.probs[i * 4 + k]);
        for (std::size_t k = 0; k < 4; ++k) timid.probs[i * 4 + k] /= sum;
    }
    const auto straight = score(sample);
    const auto found = score(timid);
    EXPECT_GT(found.powers[0], 1.5 * straight.powers[0]);
    EXPECT_NEAR(average_precision(timid, found.scores), average_precision(sample, straight.scores),
                0.02);
}

/// Errors of rows that could well be the other class, as people make them.
TEST(Consensus, DoubtfulRowsGivenAsWhatTheyResembleComeByTheOtherClassAlso) {
    Sample sample;
    std::mt19937_64 random(23);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (std::size_t i = 0; i < sample.n; ++i) {
        const auto truth = static_cast<ClassId>(random() % 4);
        const auto other = static_cast<ClassId>((truth + 1) % 4);
        const double p_other = 0.4 * uniform(random) * uniform(random);
        for (ClassId k = 0; k < 4; ++k)
            sample.probs.push_back(k == truth   ? 0.98 - p_other
                                   : k == other ? p_other + 0.01
                                                : 0.005);
        sample.truth.push_back(truth);
        sample.labels.push_back(uniform(random) < 2 * p_other * p_other ? other : truth);
    }
    const auto found = score(sample);
    EXPECT_GT(average_precision(sample, found.scores), 0.9);
}

TEST(Consensus, NumberOfThreadsChangesNothing) {
    const auto sample = sample_with([](ClassId truth, auto&) { return (truth + 1) % 4; }, 0.1);
    const TrueNeighbors neighbors(sample, 6);
    EXPECT_EQ(score(sample, neighbors.view(sample.n), 1).scores,
              score(sample, neighbors.view(sample.n), 4).scores);
}

TEST(Consensus, CertainModelGivesFiniteScores) {
    Sample sample = sample_with([](ClassId truth, auto&) { return truth; }, 0);
    for (std::size_t i = 0; i < sample.n; ++i)
        for (std::size_t k = 0; k < sample.k; ++k)
            sample.probs[i * sample.k + k] = k == sample.truth[i] ? 1 : 0;
    sample.labels[17] = (sample.truth[17] + 1) % 4;
    const auto found = score(sample);
    for (const double s : found.scores) EXPECT_TRUE(s >= 0 && s <= 1);
    EXPECT_EQ(std::ranges::min_element(found.scores) - found.scores.begin(), 17);
}

TEST(Consensus, RefusesByName) {
    const Pool pool(1);
    const std::vector<double> probs = {0.5, 0.5, 1.2, 0.0};
    const std::vector<ClassId> labels = {0, 1};
    const std::vector<MatrixView<const double>> models = {MatrixView<const double>(probs, 2, 2)};
    const std::span<const MatrixView<const double>> given(models);
    EXPECT_EQ(score_by_consensus(given, {}, labels, 2, pool).error().message,
              "pred_probs[0][1, 0] = 1.2: must be a number from 0 to 1");
    const std::vector<std::int64_t> rows = {1, 1};
    const std::vector<double> distances = {0.5, 0.5};
    const Neighbors own{MatrixView<const std::int64_t>(rows, 2, 1),
                        MatrixView<const double>(distances, 2, 1)};
    EXPECT_EQ(score_by_consensus(given.first(0), own, labels, 2, pool).error().message,
              "neighbors[1] hold 1: must be the number of another of the 2 rows");
    EXPECT_EQ(score_by_consensus(given.first(0), {}, labels, 2, pool).error().message,
              "there are neither probabilities nor neighbors: one of them must be");
}

}  // namespace
}  // namespace tusker::confident
