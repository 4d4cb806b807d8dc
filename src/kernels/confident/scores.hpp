// How much a label is to be trusted: scores in [0, 1], low = suspect, in T like the probabilities.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "kernels/confident/confident.hpp"
#include "kernels/confident/entropy.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/probabilities.hpp"
#include "kernels/confident/row_arithmetic.hpp"
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

/// weigh_entropies of one row.
///
/// p  [K], each in [0, 1]; `terms` is scratch of the same size
template <class Order, class T>
T weighted_entropy(std::span<const T> p, T self, bool continuous, std::span<T> terms) {
    T score = 0;
    normalized_entropies<Order, T>({p, 1, p.size()}, terms, std::span(&score, 1));
    weigh_entropies<Order, T>(std::span(&score, 1), std::span<const T>(&self, 1), continuous);
    return score;
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
    W sum = 0;
    Order::sum_rows(MatrixView<const W>(out, 1, out.size()), std::span(&sum, 1));
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
          adjusted_(quick_scratch<W>(thresholds.size())) {
        for (const double threshold : thresholds) lowered_by_.push_back(static_cast<W>(threshold));
    }

    /// rows  [n × K]; given, out  [n]
    void score(MatrixView<const T> rows, std::span<const ClassId> given, std::span<W> out) {
        const std::size_t at_once = adjusted_.size() / rows.columns();
        for (std::size_t i = 0; i < rows.rows(); i += at_once) {
            const std::size_t count = std::min(at_once, rows.rows() - i);
            score_some(rows.rows_from(i, count), given.subspan(i, count), out.subspan(i, count));
        }
    }

    /// p  [K]
    W score(std::span<const T> p, ClassId given) {
        W score = 0;
        score_some({p, 1, p.size()}, std::span(&given, 1), std::span(&score, 1));
        return score;
    }

private:
    /// As many rows as fit into adjusted_, at most.
    void score_some(MatrixView<const T> rows, std::span<const ClassId> given, std::span<W> out) {
        const std::size_t classes = rows.columns();
        const auto adjusted = std::span<W>(adjusted_).first(rows.values().size());
        const MatrixView<const W> view(adjusted, rows.rows(), classes);
        shift_rows(rows, lowered_by_, static_cast<W>(most_), adjusted);
        sums_.resize(rows.rows());
        Order::sum_rows(view, std::span<W>(sums_));
        for (std::size_t i = 0; i < rows.rows(); ++i)
            out[i] = adjusted[i * classes + given[i]] / sums_[i];
        if (rank_by_ == RankBy::NormalizedMargin) {
            for (std::size_t i = 0; i < rows.rows(); ++i)
                adjusted[i * classes + given[i]] = std::numeric_limits<W>::lowest();
            others_.resize(rows.rows());
            largest_of_rows(view, std::span<W>(others_));
            for (std::size_t i = 0; i < rows.rows(); ++i)
                out[i] = normalized_margin(out[i], others_[i] / sums_[i]);
        }
        for (std::size_t i = 0; i < rows.rows(); ++i)
            if (!(sums_[i] > 0)) out[i] = score_by_definition(rows.row(i), given[i]);
    }

    W score_by_definition(std::span<const T> p, ClassId given) const {
        std::vector<W> adjusted(p.size());
        adjust_row<Order, W, T>(p, thresholds_, most_, adjusted);
        return adjusted_score<W>(adjusted, given, rank_by_);
    }

    std::span<const double> thresholds_;
    std::vector<W> lowered_by_;  // thresholds_ in W
    double most_;
    RankBy rank_by_;
    std::vector<W> adjusted_;  // scratch
    std::vector<W> sums_;
    std::vector<W> others_;
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
