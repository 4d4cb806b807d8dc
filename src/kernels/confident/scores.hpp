// How much a label is to be trusted: scores in [0, 1], low = suspect, in T like the probabilities.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "kernels/confident/confident.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/probabilities.hpp"
#include "kernels/confident/row_scan.hpp"

namespace tusker::confident {

/// (p[given] - max p[other] + 1) / 2
template <class T>
T normalized_margin(T self, T other) {
    return (self - other + T{1}) / T{2};
}

/// Calls work with the order in which a row of probabilities is added: Order{}, but for cleanlab's
/// it follows how the caller's matrix lies.
template <class Order, class Work>
auto with_row_order(Layout layout, Work&& work) {
    if constexpr (std::is_same_v<Order, NumpyOrder>) {
        if (layout == Layout::Columns) return work(NumpyAcross{});
    }
    return work(Order{});
}

/// -(sum of p ln p) / ln K, in [0, 1] for a distribution.
/// p  [K], each in [0, 1]; `terms` is scratch of the same size
template <class Order, class T>
T normalized_entropy(std::span<const T> p, std::span<T> terms) {
    std::ranges::transform(p, terms.begin(), [](T x) { return Order::p_log_p(x); });
    return -Order::sum(std::span<const T>(terms)) /
           static_cast<T>(Order::log(static_cast<double>(p.size())));
}

/// ln(x + 1) / max(x, 1e-6) with x = (entropy of p / ln K) / max(p[given], 1e-6).
///
/// As x falls below 1e-6 cleanlab's score falls to 0, so that rows which are right and certain rank
/// as the worst; `continuous` gives them their limit, 1.
///
/// p  [K], each in [0, 1]; `terms` is scratch of the same size
template <class Order, class T>
T weighted_entropy(std::span<const T> p, T self, bool continuous, std::span<T> terms) {
    constexpr T kLeast = static_cast<T>(1e-6);
    const T x = normalized_entropy<Order, T>(p, terms) / std::max(self, kLeast);
    if (continuous && x < kLeast) return T{1};
    return Order::log(x + T{1}) / std::max(x, kLeast);
}

/// A row's probabilities less the thresholds of their classes, raised by the largest threshold and
/// divided by their sum: so that classes the model is less sure of are not suspected for it.
///
/// thresholds  [K]; `most` is their maximum. W is double where cleanlab's thresholds are.
/// out         [K]
template <class Order, class W, class T>
void adjust_row(std::span<const T> p, std::span<const double> thresholds, double most,
                std::span<W> out) {
    for (std::size_t k = 0; k < p.size(); ++k)
        out[k] = (static_cast<W>(p[k]) - static_cast<W>(thresholds[k])) + static_cast<W>(most);
    const W sum = Order::sum(std::span<const W>(out));
    for (W& x : out) x /= sum;
}

/// p[given], or with it the margin to the largest of the others.
template <class T>
T adjusted_score(std::span<const T> adjusted, ClassId given, RankBy rank_by) {
    const T self = adjusted[given];
    if (rank_by != RankBy::NormalizedMargin) return self;
    T other = std::numeric_limits<T>::lowest();
    for (std::size_t k = 0; k < adjusted.size(); ++k)
        if (k != given) other = std::max(other, adjusted[k]);
    return normalized_margin(self, other);
}

/// adjusted_score of adjust_row for many rows; for one thread. Dividing by a sum above 0 keeps the
/// order, so that only p[given] and the largest of the others are divided: the same to the bit.
template <class Order, class W, class T>
class AdjustedScorer {
public:
    /// thresholds  [K], outlive the scorer
    AdjustedScorer(std::span<const double> thresholds, RankBy rank_by)
        : thresholds_(thresholds),
          most_(std::ranges::max(thresholds)),
          rank_by_(rank_by),
          adjusted_(thresholds.size()) {
        for (const double threshold : thresholds) lowered_by_.push_back(static_cast<W>(threshold));
    }

    /// p  [K]
    W score(std::span<const T> p, ClassId given) {
        for (std::size_t k = 0; k < p.size(); ++k)
            adjusted_[k] = (static_cast<W>(p[k]) - lowered_by_[k]) + static_cast<W>(most_);
        const W sum = Order::sum(std::span<const W>(adjusted_));
        if (!(sum > 0)) {
            adjust_row<Order, W, T>(p, thresholds_, most_, adjusted_);
            return adjusted_score<W>(adjusted_, given, rank_by_);
        }
        const W self = adjusted_[given] / sum;
        if (rank_by_ != RankBy::NormalizedMargin) return self;
        adjusted_[given] = std::numeric_limits<W>::lowest();
        return normalized_margin(self, largest() / sum);
    }

private:
    W largest() const {
        constexpr std::size_t kLanes = 8;  // so that one maximum need not wait for the one before
        std::array<W, kLanes> most;
        most.fill(adjusted_.back());
        for (std::size_t i = 0; i + kLanes <= adjusted_.size(); i += kLanes)
            for (std::size_t j = 0; j < kLanes; ++j) most[j] = std::max(most[j], adjusted_[i + j]);
        for (std::size_t i = adjusted_.size() - adjusted_.size() % kLanes; i < adjusted_.size();
             ++i)
            most[0] = std::max(most[0], adjusted_[i]);
        return *std::ranges::max_element(most);
    }

    std::span<const double> thresholds_;
    std::vector<W> lowered_by_;  // thresholds_ in W
    double most_;
    RankBy rank_by_;
    std::vector<W> adjusted_;  // scratch
};

/// Scores rows by the chosen ranking; for one thread.
template <class Order, class T>
class RowScorer {
public:
    RowScorer(const Probabilities& probs, RankBy rank_by)
        : probs_(probs), rank_by_(rank_by), row_(probs.columns()), terms_(probs.columns()) {}

    /// self   the row's p[given]
    /// other  its largest probability of another class
    T score(Row row, T self, T other) {
        switch (rank_by_) {
            case RankBy::SelfConfidence:
                return self;
            case RankBy::NormalizedMargin:
                return normalized_margin(self, other);
            case RankBy::ConfidenceWeightedEntropy:
                return entropy_score(row, self, false);
            case RankBy::WeightedEntropy:
                return entropy_score(row, self, true);
        }
        return 0;
    }

private:
    T entropy_score(Row row, T self, bool continuous) {
        return weighted_entropy<Order, T>(probs_.row<T>(row, row_), self, continuous, terms_);
    }

    const Probabilities& probs_;
    RankBy rank_by_;
    std::vector<T> row_;  // scratch
    std::vector<T> terms_;
};

}  // namespace tusker::confident
