#include "kernels/confident/estimates.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

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

template <class Order, class T>
std::vector<T> score_rows(MatrixView<const T> probs, const RowFacts<T>& facts, RankBy rank_by,
                          const Pool& pool) {
    std::vector<T> scores(probs.rows());
    const Probabilities all(probs);
    each_block(probs, pool, [&](std::size_t first, std::size_t count) {
        RowScorer<Order, T> scorer(all, rank_by);
        for (std::size_t i = first; i < first + count; ++i)
            scores[i] = scorer.score(static_cast<Row>(i), facts.self[i], facts.other[i]);
    });
    return scores;
}

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
    const RankBy rank_by = options.rank_by;
    const auto rule = is_entropy(rank_by) ? ValueRule::InZeroOne : ValueRule::NearZeroOne;
    const auto facts = TUSKER_TRY(read_rows(probs, labels, rule, pool));
    if (rank_by == RankBy::SelfConfidence)
        return std::vector<T>(facts.self.begin(), facts.self.end());
    return in_row_order(options, [&]<class Chosen>(Chosen) {
        return score_rows<Chosen, T>(probs, facts, rank_by, pool);
    });
}

template <class T>
Result<std::vector<T>> normalized_entropies(MatrixView<const T> probs, const ScoreOptions& options,
                                            const Pool& pool) {
    const std::vector<ClassId> any_label(probs.rows());
    TUSKER_TRY(read_rows(probs, std::span<const ClassId>(any_label), ValueRule::InZeroOne, pool));
    std::vector<T> entropies(probs.rows());
    in_row_order(options, [&]<class Chosen>(Chosen) {
        each_block(probs, pool, [&](std::size_t first, std::size_t count) {
            std::vector<T> scratch(probs.columns());
            for (std::size_t i = first; i < first + count; ++i)
                entropies[i] = normalized_entropy<Chosen, T>(probs.row(i), scratch);
        });
    });
    return entropies;
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
            for (std::size_t i = first; i < first + count; ++i)
                scores[i] = scorer.score(probs.row(i), labels[i]);
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
