#include "kernels/confident/multilabel/scores.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <numeric>

#include <fmt/format.h>

#include "kernels/confident/multilabel/class_block.hpp"
#include "kernels/confident/multilabel/row_scores.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::multilabel {
namespace {

using confident::NumpyOrder;
using confident::SoundOrder;

constexpr std::size_t kBlockRows = 512;
constexpr double kLeastTemperature = 1e-6;

template <class Order, class T>
std::vector<Thresholds> thresholds_of_all(MatrixView<const T> probs, const LabelBits& labels,
                                          const Pool& pool) {
    std::vector<Thresholds> thresholds(probs.columns());
    const auto counts = labels.count_rows();
    pool.for_each(labels.block_count(), [&](std::size_t b) {
        ClassBlock<Order, T> block(probs, labels, counts, b);
        // A value outside [0, 1] is as good as any other here: the caller has refused what it
        // refuses.
        (void)block.scan([](std::size_t) { return true; });
        for (std::size_t j = 0; j < block.class_count(); ++j)
            thresholds[block.first_class() + j] = block.thresholds(j);
    });
    return thresholds;
}

// --- One class of one row
// -------------------------------------------------------------------------

/// In U, the type of the thresholds.
template <class Order, class U, class T>
double score_adjusted(const Pair<T>& p, bool given, RankBy ranking, const Thresholds& thresholds) {
    Pair<U> adjusted;
    confident::adjust_row<Order, U, T>(
        p, thresholds.values, std::max(thresholds.values[0], thresholds.values[1]), adjusted);
    return static_cast<double>(confident::adjusted_score<U>(adjusted, given ? 1 : 0, ranking));
}

template <class Order, class T>
double score_class(T probability_of_present, bool given, RankBy ranking,
                   const Thresholds* thresholds) {
    const Pair<T> p = {T{1} - probability_of_present, probability_of_present};
    if (confident::is_entropy(ranking)) {
        Pair<T> terms;
        return static_cast<double>(confident::weighted_entropy<Order, T>(
            p, p[given ? 1 : 0], ranking == RankBy::WeightedEntropy, terms));
    }
    if (thresholds == nullptr)
        return static_cast<double>(confident::adjusted_score<T>(p, given ? 1 : 0, ranking));
    return thresholds->in_double ? score_adjusted<Order, double>(p, given, ranking, *thresholds)
                                 : score_adjusted<Order, T>(p, given, ranking, *thresholds);
}

// --- One row ----------------------------------------------------------------------------------

/// weights  [K] scratch
template <class Order>
double softmin(std::span<const double> scores, double temperature, std::span<double> weights) {
    const double divisor = std::max(temperature, kLeastTemperature);
    std::ranges::transform(scores, weights.begin(), [&](double s) { return (1 - s) / divisor; });
    const double largest = *std::ranges::max_element(weights);
    for (double& weight : weights) weight = Order::exp(weight - largest);
    const double sum = Order::sum(std::span<const double>(weights));
    for (double& weight : weights) weight /= sum;
    return Order::einsum(scores, std::span<const double>(weights));
}

class Aggregator {
public:
    static Result<Aggregator> create(const Aggregation& aggregation, std::size_t classes) {
        const double alpha = aggregation.alpha.value_or(2.0 / (static_cast<double>(classes) + 1.0));
        if (!(alpha >= 0 && alpha <= 1))
            return invalid(fmt::format("alpha must be in the interval [0, 1], got {}", alpha));
        return Aggregator(aggregation, alpha, classes);
    }
    /// scores  [out.size() × K]
    template <class Order>
    void operator()(std::span<const double> scores, std::span<double> out) {
        const std::size_t classes = scratch_.size();
        if (aggregation_.by == Aggregation::By::MovingAverage)
            return moving_averages(scores, classes, alpha_, out);
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = softmin<Order>(scores.subspan(i * classes, classes), aggregation_.temperature,
                                    scratch_);
    }

private:
    Aggregator(const Aggregation& aggregation, double alpha, std::size_t classes)
        : aggregation_(aggregation), alpha_(alpha), scratch_(classes) {}

    Aggregation aggregation_;
    double alpha_;
    std::vector<double> scratch_;
};

// --- All rows -----------------------------------------------------------------------------------

std::vector<Row> all_rows(std::size_t n) {
    std::vector<Row> rows(n);
    std::iota(rows.begin(), rows.end(), Row{0});
    return rows;
}

/// So few rows that their scores stay in the cache.
std::size_t rows_per_block(std::size_t classes) {
    constexpr std::size_t kScores = 4096;
    return std::clamp<std::size_t>(kScores / classes, 8, kBlockRows);
}

/// The earliest value that is not in [least, most].
template <class T>
std::optional<RefusedValue> find_refused(MatrixView<const T> probs, double least, double most,
                                         const Pool& pool) {
    std::mutex mutex;  // guards `refused`
    std::optional<RefusedValue> refused;
    pool.for_each((probs.rows() + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
        const std::size_t begin = block * kBlockRows;
        const std::size_t end = std::min(probs.rows(), begin + kBlockRows);
        for (std::size_t i = begin; i < end; ++i) {
            const auto found = find_outside(probs.row(i), least, most);
            if (!found) continue;
            const std::lock_guard lock(mutex);
            if (!refused || i < refused->row)
                refused = RefusedValue{i, *found, static_cast<double>(probs.row(i)[*found])};
            return;
        }
    });
    return refused;
}

template <class T>
Result<void> check(MatrixView<const T> probs, const LabelBits& labels, const Scoring& scoring,
                   const Pool& pool) {
    if (labels.rows() != probs.rows() || labels.classes() != probs.columns())
        return invalid(fmt::format(
            "labels are {} × {}, probabilities {} × {}: there must be one label for each",
            labels.rows(), labels.classes(), probs.rows(), probs.columns()));
    if (!confident::is_entropy(scoring.rank_by)) return {};
    if (scoring.adjust_probabilities)
        return invalid(fmt::format("adjust_pred_probs is not currently supported for {}.",
                                   confident::name_of(scoring.rank_by)));
    if (const auto refused = find_refused(probs, 0, 1, pool))
        return invalid(fmt::format(
            "probabilities[{}, {}] = {}: All probabilities are required to be in the interval "
            "[0, 1] for a ranking by entropy",
            refused->row, refused->column, refused->value));
    return {};
}

/// Scores classes of rows; holds thresholds where they are asked for.
template <class Order, class T>
class ClassScorer {
public:
    ClassScorer(MatrixView<const T> probs, const LabelBits& labels, const Scoring& scoring,
                const Pool& pool)
        : probs_(probs), labels_(labels), ranking_(scoring.rank_by) {
        if (scoring.adjust_probabilities)
            thresholds_ = thresholds_of_all<Order, T>(probs, labels, pool);
    }
    /// out[i × K + k] = the score of rows[i] for class k.
    void operator()(std::span<const Row> rows, std::span<double> out) const {
        const std::size_t classes = probs_.columns();
        if (thresholds_.empty() && !confident::is_entropy(ranking_)) {
            for (std::size_t b = 0; b < labels_.block_count(); ++b) {
                const std::size_t first = b * LabelBits::kBlockClasses;
                score_given<T>({probs_, first, std::min(LabelBits::kBlockClasses, classes - first),
                                labels_.block(b), rows},
                               ranking_ == RankBy::NormalizedMargin, &out[first], classes);
            }
            return;
        }
        for (std::size_t i = 0; i < rows.size(); ++i)
            for (std::size_t k = 0; k < classes; ++k) out[i * classes + k] = (*this)(rows[i], k);
    }
    double operator()(std::size_t row, std::size_t k) const {
        return score_class<Order, T>(probs_.row(row)[k], labels_.has(row, k), ranking_,
                                     thresholds_.empty() ? nullptr : &thresholds_[k]);
    }

private:
    MatrixView<const T> probs_;
    const LabelBits& labels_;
    RankBy ranking_;
    std::vector<Thresholds> thresholds_;
};

template <class Order, class T>
Result<std::vector<double>> score_some(MatrixView<const T> probs, const LabelBits& labels,
                                       std::span<const Row> rows, const Scoring& scoring,
                                       const Pool& pool) {
    TUSKER_TRY(check(probs, labels, scoring, pool));
    const Aggregator aggregator =
        TUSKER_TRY(Aggregator::create(scoring.aggregation, probs.columns()));
    const ClassScorer<Order, T> scorer(probs, labels, scoring, pool);
    std::vector<double> result(rows.size());
    const std::size_t per_block = rows_per_block(probs.columns());
    pool.for_each((rows.size() + per_block - 1) / per_block, [&](std::size_t block) {
        Aggregator own = aggregator;
        const std::size_t begin = block * per_block;
        const std::size_t count = std::min(rows.size() - begin, per_block);
        std::vector<double> scores(count * probs.columns());
        scorer(rows.subspan(begin, count), scores);
        own.template operator()<Order>(scores, std::span(result).subspan(begin, count));
    });
    return result;
}

template <class Order, class T>
Result<std::vector<double>> score_each(MatrixView<const T> probs, const LabelBits& labels,
                                       const Scoring& scoring, const Pool& pool) {
    TUSKER_TRY(check(probs, labels, scoring, pool));
    const ClassScorer<Order, T> scorer(probs, labels, scoring, pool);
    const std::size_t classes = probs.columns();
    std::vector<double> result(probs.rows() * classes);
    const auto rows = all_rows(probs.rows());
    pool.for_each((rows.size() + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
        const std::size_t begin = block * kBlockRows;
        const std::size_t count = std::min(rows.size() - begin, kBlockRows);
        scorer(std::span(rows).subspan(begin, count),
               std::span(result).subspan(begin * classes, count * classes));
    });
    return result;
}

template <class Order, class T>
Result<std::vector<std::vector<Row>>> rank_in_order(MatrixView<const T> probs,
                                                    const LabelBits& labels, const LabelBits& flags,
                                                    const Scoring& scoring, const Pool& pool) {
    TUSKER_TRY(check(probs, labels, scoring, pool));
    const ClassScorer<Order, T> scorer(probs, labels, scoring, pool);
    std::vector<std::vector<Row>> ranked(probs.columns());
    for (std::size_t i = 0; i < flags.rows(); ++i)
        for (const ClassId k : flags.classes_of(i)) ranked[k].push_back(static_cast<Row>(i));
    pool.for_each(ranked.size(), [&](std::size_t k) {
        std::vector<double> scores;
        for (const Row row : ranked[k]) scores.push_back(scorer(row, k));
        std::vector<Row> in_order;
        for (const auto i : Order::argsort(std::span<const double>(scores)))
            in_order.push_back(ranked[k][i]);
        ranked[k] = std::move(in_order);
    });
    return ranked;
}

template <class Order>
Result<std::vector<double>> aggregate_in_order(MatrixView<const double> scores,
                                               const Aggregation& aggregation, const Pool& pool) {
    const Aggregator aggregator = TUSKER_TRY(Aggregator::create(aggregation, scores.columns()));
    std::vector<double> result(scores.rows());
    const std::size_t per_block = rows_per_block(scores.columns());
    pool.for_each((scores.rows() + per_block - 1) / per_block, [&](std::size_t block) {
        Aggregator own = aggregator;
        const std::size_t begin = block * per_block;
        const std::size_t count = std::min(scores.rows() - begin, per_block);
        own.template operator()<Order>(
            scores.values().subspan(begin * scores.columns(), count * scores.columns()),
            std::span(result).subspan(begin, count));
    });
    return result;
}

}  // namespace

template <class T>
Result<void> check_probabilities(MatrixView<const T> probs, const Pool& pool) {
    if (const auto refused = find_refused(probs, -1e-6, 1 + 1e-6, pool))
        return invalid(
            fmt::format("probabilities[{}, {}] = {}: Values in pred_probs must be between 0 and 1.",
                        refused->row, refused->column, refused->value));
    return {};
}

template <class T>
Result<std::vector<double>> score_classes(MatrixView<const T> probs, const LabelBits& labels,
                                          const Scoring& scoring, Order order, const Pool& pool) {
    return order == Order::Sound ? score_each<SoundOrder, T>(probs, labels, scoring, pool)
                                 : score_each<NumpyOrder, T>(probs, labels, scoring, pool);
}

template <class T>
Result<std::vector<std::vector<Row>>> rank_flags(MatrixView<const T> probs, const LabelBits& labels,
                                                 const LabelBits& flags, const Scoring& scoring,
                                                 Order order, const Pool& pool) {
    return order == Order::Sound
               ? rank_in_order<SoundOrder, T>(probs, labels, flags, scoring, pool)
               : rank_in_order<NumpyOrder, T>(probs, labels, flags, scoring, pool);
}

template <class T>
Result<std::vector<double>> score_rows(MatrixView<const T> probs, const LabelBits& labels,
                                       std::span<const Row> rows, const Scoring& scoring,
                                       Order order, const Pool& pool) {
    return order == Order::Sound ? score_some<SoundOrder, T>(probs, labels, rows, scoring, pool)
                                 : score_some<NumpyOrder, T>(probs, labels, rows, scoring, pool);
}

template <class T>
Result<std::vector<double>> score_rows(MatrixView<const T> probs, const LabelBits& labels,
                                       const Scoring& scoring, Order order, const Pool& pool) {
    return score_rows<T>(probs, labels, all_rows(probs.rows()), scoring, order, pool);
}

Result<std::vector<double>> aggregate(MatrixView<const double> scores,
                                      const Aggregation& aggregation, Order order,
                                      const Pool& pool) {
    return order == Order::Sound ? aggregate_in_order<SoundOrder>(scores, aggregation, pool)
                                 : aggregate_in_order<NumpyOrder>(scores, aggregation, pool);
}

template Result<void> check_probabilities(MatrixView<const float>, const Pool&);
template Result<void> check_probabilities(MatrixView<const double>, const Pool&);
template Result<std::vector<double>> score_classes(MatrixView<const float>, const LabelBits&,
                                                   const Scoring&, Order, const Pool&);
template Result<std::vector<double>> score_classes(MatrixView<const double>, const LabelBits&,
                                                   const Scoring&, Order, const Pool&);
template Result<std::vector<std::vector<Row>>> rank_flags(MatrixView<const float>, const LabelBits&,
                                                          const LabelBits&, const Scoring&, Order,
                                                          const Pool&);
template Result<std::vector<std::vector<Row>>> rank_flags(MatrixView<const double>,
                                                          const LabelBits&, const LabelBits&,
                                                          const Scoring&, Order, const Pool&);
template Result<std::vector<double>> score_rows(MatrixView<const float>, const LabelBits&,
                                                const Scoring&, Order, const Pool&);
template Result<std::vector<double>> score_rows(MatrixView<const double>, const LabelBits&,
                                                const Scoring&, Order, const Pool&);
template Result<std::vector<double>> score_rows(MatrixView<const float>, const LabelBits&,
                                                std::span<const Row>, const Scoring&, Order,
                                                const Pool&);
template Result<std::vector<double>> score_rows(MatrixView<const double>, const LabelBits&,
                                                std::span<const Row>, const Scoring&, Order,
                                                const Pool&);

}  // namespace tusker::multilabel
