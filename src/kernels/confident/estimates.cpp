#include "kernels/confident/estimates.hpp"

#include <algorithm>
#include <atomic>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "kernels/confident/entropy.hpp"
#include "kernels/confident/input_rules.hpp"
#include "kernels/confident/row_pass.hpp"
#include "kernels/confident/scanned_rows.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/with_order.hpp"

namespace tusker::confident {
namespace {

Result<void> judge(const RowChecks& checks, ValueRule rule) {
    const auto& broken =
        checks.refused || rule == ValueRule::NearZeroOne ? checks.refused : checks.not_in_01;
    if (!broken) return {};
    return invalid(fmt::format("probabilities[{}, {}] = {}: must be a number from 0 to 1",
                               broken->row, broken->column, broken->value));
}

/// work(first row, rows) over blocks of rows. Nothing here can be stopped half-way.
template <class T, class Work>
void each_block(MatrixView<const T> probs, const Pool& pool, Work&& work) {
    (void)RowPass(probs.rows(), probs.columns(), pool).run(work);
}

/// As with_order, with the order in which rows are added.
template <class Work>
auto in_row_order(const ScoreOptions& options, Work&& work) {
    return with_order(options.order, [&]<class Chosen>(Chosen) {
        return with_row_order<Chosen>(options.layout, work);
    });
}

/// The normalised entropy of every row; with labels, weighed by them.
template <class Order, class T>
class EntropyPass {
public:
    /// labels  [N], or empty: entropies are not weighed
    EntropyPass(MatrixView<const T> probs, std::span<const ClassId> labels, bool continuous)
        : probs_(probs), labels_(labels), continuous_(continuous) {}

    /// Values are looked at on the way. Where they are not surely in [0, 1], read_rows says which
    /// is not; if it finds none (-0 is fine), they are taken as they are.
    Result<std::vector<T>> run(const Pool& pool) const {
        std::vector<T> scores(probs_.rows());
        std::atomic<bool> sure = true;
        each_block(probs_, pool, [&](std::size_t first, std::size_t count) {
            if (sure && !score(first, std::span(scores).subspan(first, count), true)) sure = false;
        });
        if (sure) return scores;
        const std::vector<ClassId> any(labels_.empty() ? probs_.rows() : 0);
        TUSKER_TRY(read_rows(probs_, labels_.empty() ? std::span<const ClassId>(any) : labels_,
                             ValueRule::InZeroOne, pool));
        each_block(probs_, pool, [&](std::size_t first, std::size_t count) {
            score(first, std::span(scores).subspan(first, count), false);
        });
        return scores;
    }

private:
    /// False, and the rest is not written, once a value is not surely in [0, 1], if that matters.
    bool score(std::size_t first, std::span<T> out, bool only_if_sure) const {
        std::vector<T> scratch(quick_scratch<T>(probs_.columns()));
        std::vector<T> self;
        const std::size_t at_once = scratch.size() / probs_.columns();
        for (std::size_t i = 0; i < out.size(); i += at_once) {
            const auto rows = probs_.rows_from(first + i, std::min(at_once, out.size() - i));
            if (only_if_sure && !surely_in_zero_one(rows.values())) return false;
            const auto scores = out.subspan(i, rows.rows());
            normalized_entropies<Order, T>(rows, scratch, scores);
            if (labels_.empty()) continue;
            self.resize(rows.rows());
            for (std::size_t j = 0; j < rows.rows(); ++j)
                self[j] = rows.row(j)[labels_[first + i + j]];
            weigh_entropies<Order, T>(scores, self, continuous_);
        }
        return true;
    }

    MatrixView<const T> probs_;
    std::span<const ClassId> labels_;
    bool continuous_;
};

}  // namespace

template <class T>
Result<RowFacts<T>> read_rows(MatrixView<const T> probs, std::span<const ClassId> labels,
                              ValueRule rule, const Pool& pool) {
    TUSKER_TRY(check_shape(probs.rows(), probs.columns(), labels));
    auto scan = TUSKER_TRY(scan_facts<T>(probs, labels, pool));
    TUSKER_TRY(judge(scan.checks, rule));
    return std::move(scan.facts);
}

template <class T>
Result<Thresholds> find_thresholds(MatrixView<const T> probs, std::span<const ClassId> labels,
                                   Order order, const Pool& pool) {
    TUSKER_TRY(check_shape(probs.rows(), probs.columns(), labels));
    const auto scan = TUSKER_TRY(scan_all<T>(probs, labels, pool));
    TUSKER_TRY(judge(scan.checks, ValueRule::NearZeroOne));
    return with_order(order, [&]<class Chosen>(Chosen) {
        return confident_thresholds<Chosen, T>(scan.rows.self, labels, probs.columns(), pool);
    });
}

template <class T>
Result<JointEstimate> estimate_joint(MatrixView<const T> probs, std::span<const ClassId> labels,
                                     std::span<const T> bounds, Order order, const Pool& pool) {
    TUSKER_TRY(check_shape(probs.rows(), probs.columns(), labels));
    const auto scan = TUSKER_TRY(scan_all<T>(probs, labels, pool));
    TUSKER_TRY(judge(scan.checks, ValueRule::NearZeroOne));
    const auto thresholds = with_order(order, [&]<class Chosen>(Chosen) {
        return confident_thresholds<Chosen, T>(scan.rows.self, labels, probs.columns(), pool);
    });
    const auto own = bounds_of<T>(thresholds);
    if (bounds.empty()) bounds = own;
    if (bounds.size() != probs.columns())
        return invalid(
            fmt::format("thresholds has {} entries: there must be one for each of {} "
                        "classes",
                        bounds.size(), probs.columns()));
    const auto confident = confident_rows<T>(probs, labels, scan.rows, bounds, pool);
    JointEstimate estimate;
    estimate.counts = count_joint(confident, labels, pool);
    estimate.labels_per_class = thresholds.labels_per_class;
    auto contested = scan.rows.contested.begin();
    for (const auto& [row, guess] : confident.elsewhere) {
        estimate.off_diagonal.push_back(row);
        while (contested != scan.rows.contested.end() && contested->row < row) ++contested;
        if (contested != scan.rows.contested.end() && contested->row == row && !contested->agrees)
            ++estimate.label_issues;
    }
    return estimate;
}

template <class T>
Result<std::vector<T>> score_labels(MatrixView<const T> probs, std::span<const ClassId> labels,
                                    const ScoreOptions& options, const Pool& pool) {
    if (is_entropy(options.rank_by)) {
        TUSKER_TRY(check_shape(probs.rows(), probs.columns(), labels));
        return in_row_order(options, [&]<class Chosen>(Chosen) {
            const bool continuous = options.rank_by == RankBy::WeightedEntropy;
            return EntropyPass<Chosen, T>(probs, labels, continuous).run(pool);
        });
    }
    const auto facts = TUSKER_TRY(read_rows(probs, labels, ValueRule::NearZeroOne, pool));
    return score_facts(facts, options.rank_by, pool);
}

template <class T>
std::vector<T> score_facts(const RowFacts<T>& facts, RankBy rank_by, const Pool& pool) {
    std::vector<T> scores(facts.self.begin(), facts.self.end());
    if (rank_by != RankBy::NormalizedMargin) return scores;
    (void)RowPass(scores.size(), 1, pool).run([&](std::size_t first, std::size_t count) {
        for (std::size_t i = first; i < first + count; ++i)
            scores[i] = normalized_margin(scores[i], facts.other[i]);
    });
    return scores;
}

template <class T>
Result<std::vector<T>> normalized_entropies(MatrixView<const T> probs, const ScoreOptions& options,
                                            const Pool& pool) {
    TUSKER_TRY(check_shape(probs.rows(), probs.columns(), std::vector<ClassId>(probs.rows())));
    return in_row_order(options, [&]<class Chosen>(Chosen) {
        return EntropyPass<Chosen, T>(probs, {}, false).run(pool);
    });
}

template <class W, class T>
Result<std::vector<W>> score_adjusted(MatrixView<const T> probs, std::span<const ClassId> labels,
                                      const Thresholds& thresholds, const ScoreOptions& options,
                                      const Pool& pool) {
    TUSKER_TRY(check_shape(probs.rows(), probs.columns(), labels));
    if (thresholds.values.size() != probs.columns())
        return invalid(
            fmt::format("thresholds has {} entries: there must be one for each of {} "
                        "classes",
                        thresholds.values.size(), probs.columns()));
    std::vector<W> scores(probs.rows());
    in_row_order(options, [&]<class Chosen>(Chosen) {
        each_block(probs, pool, [&](std::size_t first, std::size_t count) {
            AdjustedScorer<Chosen, W, T> scorer(thresholds.values, options.rank_by);
            scorer.score(probs.rows_from(first, count), labels.subspan(first, count),
                         std::span(scores).subspan(first, count));
        });
    });
    return scores;
}

template <class T>
ConfidentTops count_confident_tops(const RowFacts<T>& facts, std::span<const ClassId> labels,
                                   std::span<const T> bounds) {
    ConfidentTops counts{std::vector<std::int64_t>(bounds.size()),
                         std::vector<std::int64_t>(bounds.size())};
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const ClassId top = facts.top[i];
        if (!(std::max(facts.self[i], facts.other[i]) >= bounds[top])) continue;
        ++counts.confident[labels[i]];
        if (top != labels[i]) ++counts.elsewhere[labels[i]];
    }
    return counts;
}

template Result<RowFacts<float>> read_rows(MatrixView<const float>, std::span<const ClassId>,
                                           ValueRule, const Pool&);
template Result<RowFacts<double>> read_rows(MatrixView<const double>, std::span<const ClassId>,
                                            ValueRule, const Pool&);
template Result<Thresholds> find_thresholds(MatrixView<const float>, std::span<const ClassId>,
                                            Order, const Pool&);
template Result<Thresholds> find_thresholds(MatrixView<const double>, std::span<const ClassId>,
                                            Order, const Pool&);
template Result<JointEstimate> estimate_joint(MatrixView<const float>, std::span<const ClassId>,
                                              std::span<const float>, Order, const Pool&);
template Result<JointEstimate> estimate_joint(MatrixView<const double>, std::span<const ClassId>,
                                              std::span<const double>, Order, const Pool&);
template Result<std::vector<float>> score_labels(MatrixView<const float>, std::span<const ClassId>,
                                                 const ScoreOptions&, const Pool&);
template Result<std::vector<double>> score_labels(MatrixView<const double>,
                                                  std::span<const ClassId>, const ScoreOptions&,
                                                  const Pool&);
template std::vector<float> score_facts(const RowFacts<float>&, RankBy, const Pool&);
template std::vector<double> score_facts(const RowFacts<double>&, RankBy, const Pool&);
template Result<std::vector<float>> normalized_entropies(MatrixView<const float>,
                                                         const ScoreOptions&, const Pool&);
template Result<std::vector<double>> normalized_entropies(MatrixView<const double>,
                                                          const ScoreOptions&, const Pool&);
template Result<std::vector<float>> score_adjusted<float, float>(MatrixView<const float>,
                                                                 std::span<const ClassId>,
                                                                 const Thresholds&,
                                                                 const ScoreOptions&, const Pool&);
template Result<std::vector<double>> score_adjusted<double, float>(MatrixView<const float>,
                                                                   std::span<const ClassId>,
                                                                   const Thresholds&,
                                                                   const ScoreOptions&,
                                                                   const Pool&);
template Result<std::vector<double>> score_adjusted<double, double>(MatrixView<const double>,
                                                                    std::span<const ClassId>,
                                                                    const Thresholds&,
                                                                    const ScoreOptions&,
                                                                    const Pool&);
template ConfidentTops count_confident_tops(const RowFacts<float>&, std::span<const ClassId>,
                                            std::span<const float>);
template ConfidentTops count_confident_tops(const RowFacts<double>&, std::span<const ClassId>,
                                            std::span<const double>);

}  // namespace tusker::confident
