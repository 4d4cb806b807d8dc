#include "kernels/confident/partial_scan.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kernels/confident/filters.hpp"
#include "kernels/confident/input_rules.hpp"
#include "kernels/confident/joint.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/row_pass.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

template <class Order, class T>
std::vector<double> score_all(const Probabilities& probs, std::span<const ClassId> labels,
                              const ScannedRows<T>& rows, RankBy rank_by, const Pool& pool) {
    std::vector<double> scores(probs.rows());
    // Not stopped half-way: it is asked for by those who need every score.
    (void)RowPass(probs.rows(), probs.columns(), pool)
        .run([&](std::size_t first, std::size_t count) {
            RowScorer<Order, T> scorer(probs, rank_by);
            RowWalk<T> walk(rows, labels, first);
            for (std::size_t i = first; i < first + count; ++i) {
                const auto seen = walk.at(static_cast<Row>(i));
                scores[i] =
                    static_cast<double>(scorer.score(static_cast<Row>(i), seen.self, seen.other));
            }
        });
    return scores;
}

/// Rows that are label issues, ascending.
template <class T>
using Flagged = std::span<const SeenRow<T>>;

/// Worst first. S is the type that cleanlab would score in.
template <class Order, class S, class T>
std::vector<LabelIssue> in_order(std::span<const S> scores, Flagged<T> flagged, const Pool& pool) {
    const auto order = Order::argsort(scores, &pool);
    std::vector<LabelIssue> ranked(order.size());
    // What is looked up lies anywhere: blocks of it, on all threads.
    constexpr std::size_t kBlock = 8192;
    pool.for_each((order.size() + kBlock - 1) / kBlock, [&](std::size_t block) {
        for (std::size_t i = block * kBlock; i < std::min(order.size(), (block + 1) * kBlock);
             ++i) {
            const auto& seen = flagged[order[i]];
            ranked[i] = {seen.row, seen.given, seen.top, static_cast<double>(scores[order[i]])};
        }
    });
    return ranked;
}

template <class Order, class T>
std::vector<LabelIssue> rank(const Probabilities& probs, Flagged<T> flagged, RankBy rank_by,
                             const Pool& pool) {
    RowScorer<Order, T> scorer(probs, rank_by);
    std::vector<T> scores;
    scores.reserve(flagged.size());
    for (const auto& seen : flagged)
        scores.push_back(scorer.score(seen.row, seen.self, seen.other));
    return in_order<Order, T, T>(scores, flagged, pool);
}

template <class Order, class W, class T>
std::vector<LabelIssue> rank_adjusted(const Probabilities& probs, Flagged<T> flagged,
                                      RankBy rank_by, const Thresholds& thresholds,
                                      const Pool& pool) {
    AdjustedScorer<Order, W, T> scorer(thresholds.values, rank_by);
    std::vector<W> scores;
    scores.reserve(flagged.size());
    std::vector<T> widened(probs.columns());
    for (const auto& seen : flagged)
        scores.push_back(scorer.score(probs.row<T>(seen.row, widened), seen.given));
    return in_order<Order, W, T>(scores, flagged, pool);
}

/// What all rows say together, from what was kept of each; a few rows are read again.
template <class Order, class T>
LabelIssues issues_from(const Probabilities& probs, std::span<const ClassId> labels,
                        const ScannedRows<T>& rows, const LabelIssueOptions& options,
                        const Pool& pool) {
    LabelIssues issues;
    issues.rows = probs.rows();
    const auto thresholds =
        confident_thresholds<Order, T>(rows.self, labels, probs.columns(), pool);
    issues.labels_per_class = thresholds.labels_per_class;
    const auto bounds = bounds_of<T>(thresholds);
    const auto confident = confident_rows<T>(probs, labels, rows, bounds, pool);
    issues.joint = calibrate(count_joint(confident, labels, pool), issues.labels_per_class, pool);
    const auto flagged = flag_rows<Order, T>(
        {probs, labels, issues.labels_per_class, rows, confident, issues.joint}, options, pool);
    issues.ranked = with_row_order<Order>(options.layout, [&]<class RowOrder>(RowOrder) {
        if (!options.adjust_probabilities)
            return rank<RowOrder, T>(probs, flagged, options.rank_by, pool);
        if (thresholds.in_double)
            return rank_adjusted<RowOrder, double, T>(probs, flagged, options.rank_by, thresholds,
                                                      pool);
        return rank_adjusted<RowOrder, T, T>(probs, flagged, options.rank_by, thresholds, pool);
    });
    if (options.all_scores)
        issues.scores = score_all<Order>(probs, labels, rows, options.rank_by, pool);
    return issues;
}

}  // namespace

template <class T>
Result<void> PartialScan<T>::scan(std::size_t first, const Probabilities& rows, const Pool& pool,
                                  const std::stop_token& stop, const Progress& progress) {
    if (rows.columns() != classes_)
        return invalid(
            fmt::format("probabilities have {} columns: must be {}, as there are classes",
                        rows.columns(), classes_));
    if (rows.in_double() && !std::is_same_v<T, double>)
        return invalid("probabilities are float64: the scan computes in float32");
    if (first > labels_.size() || rows.rows() > labels_.size() - first)
        return invalid(fmt::format("rows {} to {} are scanned, labels has {} rows", first,
                                   first + rows.rows(), labels_.size()));
    const auto labels = labels_.subspan(first, rows.rows());
    TUSKER_TRY(check_labels(labels, first, classes_));
    auto [scanned, checks] = TUSKER_TRY(scan_all<T>(rows, labels, pool, stop, progress));
    for (auto& row : scanned.contested) row.row += static_cast<Row>(first);
    checks.move_by(first);
    TUSKER_TRY(add({first, std::move(scanned)}));
    checks_.merge(checks);
    return {};
}

template <class T>
Result<void> PartialScan<T>::merge(PartialScan other) {
    if (other.labels_.data() != labels_.data() || other.labels_.size() != labels_.size() ||
        other.classes_ != classes_)
        return invalid("the scans are over different labels or classes");
    for (Run& run : other.runs_) TUSKER_TRY(add(std::move(run)));
    checks_.merge(other.checks_);
    return {};
}

template <class T>
Result<void> PartialScan<T>::add(Run run) {
    if (run.rows.size() == 0) return {};
    const auto next = std::ranges::upper_bound(runs_, run.first, {}, &Run::first);
    const bool after_another = next != runs_.begin() && std::prev(next)->end() > run.first;
    if (after_another || (next != runs_.end() && run.end() > next->first))
        return invalid(
            fmt::format("rows {} to {} hold one that was scanned before", run.first, run.end()));
    runs_.insert(next, std::move(run));
    return {};
}

/// All rows in one piece.
template <class T>
Result<ScannedRows<T>> PartialScan<T>::take_all() {
    std::size_t scanned = 0;
    for (const Run& run : runs_) {
        if (run.first != scanned) return invalid(fmt::format("row {} was not scanned", scanned));
        scanned = run.end();
    }
    if (scanned != labels_.size()) return invalid(fmt::format("row {} was not scanned", scanned));
    if (runs_.size() == 1) return std::move(runs_.front().rows);
    // One after the other, so that never more than one of them is there twice.
    ScannedRows<T> all;
    const auto join = [&](auto values) {
        (all.*values).reserve(labels_.size());
        for (Run& run : runs_) {
            auto& from = run.rows.*values;
            (all.*values).insert((all.*values).end(), from.begin(), from.end());
            from = {};
        }
    };
    join(&ScannedRows<T>::self);
    join(&ScannedRows<T>::second);
    for (Run& run : runs_) {
        auto& from = run.rows.contested;
        all.contested.insert(all.contested.end(), from.begin(), from.end());
        from = {};
    }
    runs_.clear();
    return all;
}

template <class T>
Result<LabelIssues> PartialScan<T>::finish(const Probabilities& all,
                                           const LabelIssueOptions& options, const Pool& pool) && {
    if (all.columns() != classes_)
        return invalid(
            fmt::format("probabilities have {} columns: must be {}, as there are classes",
                        all.columns(), classes_));
    TUSKER_TRY(check_input(all.rows(), all.columns(), labels_, options));
    std::vector<std::string> warnings;
    TUSKER_TRY(judge(checks_, options, warnings));
    const ScannedRows<T> rows = TUSKER_TRY(take_all());
    LabelIssues issues = options.order == Order::Sound
                             ? issues_from<SoundOrder>(all, labels_, rows, options, pool)
                             : issues_from<NumpyOrder>(all, labels_, rows, options, pool);
    issues.warnings = std::move(warnings);
    return issues;
}

template class PartialScan<float>;
template class PartialScan<double>;

}  // namespace tusker::confident
