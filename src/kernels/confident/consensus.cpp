#include "kernels/confident/consensus.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "kernels/confident/noise_channel.hpp"

namespace tusker::confident {
namespace {

constexpr std::size_t kMostCandidates = 16;
constexpr float kLeastCandidate = 1e-3F;
constexpr double kLeastPooled = 1e-30;
constexpr int kUnmixRounds = 8;  // it has settled by then
/// How often a row that could be either class is given as the other, beyond the channel. From
/// 0.02 to 0.1 planted and real errors are ranked about alike; at 0 those of people who confuse
/// what looks alike come late.
constexpr double kLookalike = 0.03;

template <class T>
Result<void> check_model(MatrixView<const T> probs, std::size_t number, std::size_t rows,
                         std::size_t classes) {
    if (probs.rows() != rows || probs.columns() != classes)
        return invalid(
            fmt::format("pred_probs[{}] are {} × {}: must be {} × {}, a row for each label", number,
                        probs.rows(), probs.columns(), rows, classes));
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t k = 0; k < classes; ++k) {
            const auto p = static_cast<double>(probs.row(i)[k]);
            if (!(p >= -1e-6 && p <= 1 + 1e-6))
                return invalid(fmt::format(
                    "pred_probs[{}][{}, {}] = {}: must be a number from 0 to 1", number, i, k, p));
        }
    return {};
}

Result<void> check_neighbors(const Neighbors& neighbors, std::size_t rows) {
    if (neighbors.empty()) return {};
    if (neighbors.rows.rows() != rows || neighbors.distances.rows() != rows ||
        neighbors.distances.columns() != neighbors.rows.columns())
        return invalid(fmt::format(
            "neighbors are {} × {}, their distances {} × {}: must be alike, a row for each of {} "
            "labels",
            neighbors.rows.rows(), neighbors.rows.columns(), neighbors.distances.rows(),
            neighbors.distances.columns(), rows));
    for (std::size_t i = 0; i < rows; ++i) {
        for (const std::int64_t row : neighbors.rows.row(i))
            if (row < 0 || static_cast<std::size_t>(row) >= rows ||
                static_cast<std::size_t>(row) == i)
                return invalid(fmt::format(
                    "neighbors[{}] hold {}: must be the number of another of the {} rows", i, row,
                    rows));
        double last = 0;
        for (const double distance : neighbors.distances.row(i)) {
            if (!(distance >= last && distance <= std::numeric_limits<double>::max()))
                return invalid(fmt::format(
                    "distances[{}] hold {}: must be finite, at least 0 and ascend", i, distance));
            last = distance;
        }
    }
    return {};
}

template <class T>
Result<void> check(std::span<const MatrixView<const T>> models, const Neighbors& neighbors,
                   std::span<const ClassId> labels, std::size_t classes) {
    if (models.empty() && neighbors.empty())
        return invalid("there are neither probabilities nor neighbors: one of them must be");
    if (classes < 2)
        return invalid(fmt::format("there are {} classes: must be at least 2", classes));
    if (labels.empty()) return invalid("labels has 0 rows: there must be at least one");
    if (labels.size() > std::numeric_limits<Row>::max())
        return fail(ErrorCode::TooLarge,
                    fmt::format("labels has {} rows: at most {} are possible", labels.size(),
                                std::numeric_limits<Row>::max()));
    for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] >= classes)
            return invalid(fmt::format("labels[{}] = {}: must be below {}, the number of classes",
                                       i, labels[i], classes));
    for (std::size_t m = 0; m < models.size(); ++m)
        TUSKER_TRY(check_model(models[m], m, labels.size(), classes));
    return check_neighbors(neighbors, labels.size());
}

/// The posterior of one row after the other. Looks at the given class and the most probable ones.
class Judge {
public:
    /// noise  [K × K], outlives the judge
    Judge(std::span<const double> noise, std::size_t classes) : noise_(noise), classes_(classes) {}

    /// (posterior of the given class, class with the largest)
    std::pair<double, ClassId> operator()(std::span<const float> pooled, ClassId given) {
        choose(pooled, given);
        unmix();
        double sum = 0;
        std::size_t best = 0;
        for (std::size_t a = 0; a < candidates_.size(); ++a) {
            truth_[a] *= chance_of_given(a);
            sum += truth_[a];
            if (truth_[a] > truth_[best]) best = a;
        }
        return {truth_[0] / sum, candidates_[best]};
    }

private:
    double rate(ClassId given, ClassId truth) const { return noise_[given * classes_ + truth]; }
    /// P(given | true = candidate `a`, row).
    double chance_of_given(std::size_t a) const {
        const double by_channel = rate(candidates_[0], candidates_[a]);
        if (a == 0) return by_channel;
        // The share of the given class in what the row may be if it is not the candidate.
        return by_channel + kLookalike * seen_[0] / std::max(1 - seen_[a], seen_[0]);
    }

    /// The given class first, then others by falling probability.
    void choose(std::span<const float> pooled, ClassId given) {
        candidates_.assign(1, given);
        for (std::size_t k = 0; k < pooled.size(); ++k)
            if (k != given && pooled[k] >= kLeastCandidate)
                candidates_.push_back(static_cast<ClassId>(k));
        const std::size_t kept = std::min(candidates_.size(), kMostCandidates);
        const auto end = candidates_.begin() + static_cast<std::ptrdiff_t>(kept);
        std::partial_sort(candidates_.begin() + 1, end, candidates_.end(),
                          [&](ClassId a, ClassId b) {
                              return pooled[a] != pooled[b] ? pooled[a] > pooled[b] : a < b;
                          });
        candidates_.erase(end, candidates_.end());
        seen_.clear();
        for (const ClassId k : candidates_)
            seen_.push_back(std::max(static_cast<double>(pooled[k]), kLeastPooled));
    }

    /// Opinions learned from labels tell what a row would be given as. What it truly is solves
    /// noise · truth = pooled; found by rounds that keep it positive (Richardson, Lucy).
    void unmix() {
        const std::size_t n = candidates_.size();
        truth_ = seen_;
        for (int round = 0; round < kUnmixRounds; ++round) {
            factors_.assign(n, 0);
            for (std::size_t g = 0; g < n; ++g) {
                double expected = 0;
                for (std::size_t t = 0; t < n; ++t)
                    expected += rate(candidates_[g], candidates_[t]) * truth_[t];
                for (std::size_t t = 0; t < n; ++t)
                    factors_[t] += rate(candidates_[g], candidates_[t]) * seen_[g] / expected;
            }
            double sum = 0;
            for (std::size_t t = 0; t < n; ++t) sum += truth_[t] *= factors_[t];
            for (double& x : truth_) x = std::max(x / sum, kLeastPooled);
        }
    }

    std::span<const double> noise_;
    std::size_t classes_;
    std::vector<ClassId> candidates_;
    std::vector<double> seen_;     // their pooled probabilities
    std::vector<double> truth_;    // those without the noise
    std::vector<double> factors_;  // of a round
};

}  // namespace

template <class T>
Result<Consensus> score_by_consensus(std::span<const MatrixView<const T>> models,
                                     const Neighbors& neighbors, std::span<const ClassId> labels,
                                     std::size_t classes, const Pool& pool) {
    TUSKER_TRY(check(models, neighbors, labels, classes));
    const Opinions<T> opinions(models, neighbors, labels, classes);
    Consensus result;
    auto pooling = fit_pooling(opinions, labels, pool);
    const auto pooled = pool_opinions(opinions, pooling.powers, pool);
    result.powers = std::move(pooling.powers);
    const MatrixView<const float> probs(pooled, labels.size(), classes);
    result.noise = estimate_noise_channel(probs, labels, pooling.stray, pool);

    constexpr std::size_t kBlockRows = 1024;
    result.scores.resize(labels.size());
    result.suggested.resize(labels.size());
    pool.for_each((labels.size() + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
        Judge judge(result.noise, classes);
        const std::size_t end = std::min(labels.size(), (block + 1) * kBlockRows);
        for (std::size_t i = block * kBlockRows; i < end; ++i)
            std::tie(result.scores[i], result.suggested[i]) = judge(probs.row(i), labels[i]);
    });
    return result;
}

template Result<Consensus> score_by_consensus(std::span<const MatrixView<const float>>,
                                              const Neighbors&, std::span<const ClassId>,
                                              std::size_t, const Pool&);
template Result<Consensus> score_by_consensus(std::span<const MatrixView<const double>>,
                                              const Neighbors&, std::span<const ClassId>,
                                              std::size_t, const Pool&);

}  // namespace tusker::confident
