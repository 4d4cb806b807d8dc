#include "kernels/confident/partial_scan.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "kernels/confident/class_rows.hpp"
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
std::vector<double> score_all(const Probabilities& probs, const RowFacts<T>& facts, RankBy rank_by,
                              const Pool& pool) {
    std::vector<double> scores(probs.rows());
    // Not stopped half-way: it is asked for by those who need every score.
    (void)RowPass(probs.rows(), probs.columns(), pool)
        .run([&](std::size_t first, std::size_t count) {
            RowScorer<Order, T> scorer(probs, facts, rank_by);
            for (std::size_t i = first; i < first + count; ++i)
                scores[i] = static_cast<double>(scorer.score(static_cast<Row>(i)));
        });
    return scores;
}

/// Worst first. S is the type that cleanlab would score in.
template <class Order, class S, class T>
std::vector<LabelIssue> in_order(std::span<const S> scores, std::span<const ClassId> labels,
                                 const RowFacts<T>& facts, std::span<const Row> flagged) {
    std::vector<LabelIssue> ranked;
    ranked.reserve(flagged.size());
    for (const auto i : Order::argsort(scores)) {
        const Row row = flagged[i];
        ranked.push_back({row, labels[row], facts.top[row], static_cast<double>(scores[i])});
    }
    return ranked;
}

template <class Order, class T>
std::vector<LabelIssue> rank(const Probabilities& probs, std::span<const ClassId> labels,
                             const RowFacts<T>& facts, std::span<const Row> flagged,
                             RankBy rank_by) {
    RowScorer<Order, T> scorer(probs, facts, rank_by);
    std::vector<T> scores(flagged.size());
    for (std::size_t i = 0; i < flagged.size(); ++i) scores[i] = scorer.score(flagged[i]);
    return in_order<Order>(std::span<const T>(scores), labels, facts, flagged);
}

template <class Order, class W, class T>
std::vector<LabelIssue> rank_adjusted(const Probabilities& probs, std::span<const ClassId> labels,
                                      const RowFacts<T>& facts, std::span<const Row> flagged,
                                      RankBy rank_by, const Thresholds& thresholds) {
    AdjustedScorer<Order, W, T> scorer(thresholds.values, rank_by);
    std::vector<W> scores(flagged.size());
    std::vector<T> widened(probs.columns());
    for (std::size_t i = 0; i < flagged.size(); ++i) {
        const Row row = flagged[i];
        scores[i] = scorer.score(probs.row<T>(row, widened), labels[row]);
    }
    return in_order<Order>(std::span<const W>(scores), labels, facts, flagged);
}

std::vector<Row> rows_of(const Flags& flags) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < flags.size(); ++i)
        if (flags[i]) rows.push_back(static_cast<Row>(i));
    return rows;
}

/// What all rows say together, from what each says; a few rows are read again.
template <class Order, class T>
LabelIssues issues_from(const Probabilities& probs, std::span<const ClassId> labels,
                        const RowFacts<T>& facts, const LabelIssueOptions& options,
                        const Pool& pool) {
    const ClassRows rows(labels, probs.columns());
    LabelIssues issues;
    issues.rows = probs.rows();
    issues.labels_per_class = rows.counts();
    const auto thresholds = confident_thresholds<Order, T>(facts.self, rows, pool);
    const auto bounds = bounds_of<T>(thresholds);
    const auto guesses = guess_classes<T>(probs, facts, bounds, pool);
    issues.joint = calibrate(count_joint(guesses, rows, pool), rows, pool);
    const FilterInput<T> input{probs, labels, rows, facts, guesses, issues.joint};
    const auto flagged = rows_of(flag_rows<Order>(input, options, pool));
    issues.ranked = with_row_order<Order>(options.layout, [&]<class RowOrder>(RowOrder) {
        if (!options.adjust_probabilities)
            return rank<RowOrder>(probs, labels, facts, flagged, options.rank_by);
        if (thresholds.in_double)
            return rank_adjusted<RowOrder, double>(probs, labels, facts, flagged, options.rank_by,
                                                   thresholds);
        return rank_adjusted<RowOrder, T>(probs, labels, facts, flagged, options.rank_by,
                                          thresholds);
    });
    if (options.all_scores) issues.scores = score_all<Order>(probs, facts, options.rank_by, pool);
    return issues;
}

/// Moves the rows of `from` to where they belong, and frees theirs.
template <class Value>
void move_rows(LargeVector<Value>& from, std::size_t first, LargeVector<Value>& to) {
    std::ranges::copy(from, to.begin() + static_cast<std::ptrdiff_t>(first));
    from = {};
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
    if (const auto wrong = std::ranges::find_if(labels, [&](ClassId k) { return k >= classes_; });
        wrong != labels.end())
        return invalid(fmt::format(
            "labels[{}] = {}: must be below {}, the number of columns of the probabilities",
            first + static_cast<std::size_t>(wrong - labels.begin()), *wrong, classes_));
    Run run{first, RowFacts<T>(rows.rows())};
    RowChecks checks;
    std::mutex mutex;  // guards checks
    RowPass pass(rows.rows(), classes_, pool, stop, progress);
    TUSKER_TRY(pass.run([&](std::size_t begin, std::size_t count) {
        RowChecks found;
        rows.read<T>(begin, count, [&](MatrixView<const T> block, std::size_t row) {
            found.merge(scan_rows<T>(block, row, labels, run.facts));
        });
        found.move_by(first);
        const std::lock_guard lock(mutex);
        checks.merge(found);
    }));
    TUSKER_TRY(add(std::move(run)));
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
    if (run.facts.self.empty()) return {};
    const auto next = std::ranges::upper_bound(runs_, run.first, {}, &Run::first);
    const bool after_another = next != runs_.begin() && std::prev(next)->end() > run.first;
    if (after_another || (next != runs_.end() && run.end() > next->first))
        return invalid(
            fmt::format("rows {} to {} hold one that was scanned before", run.first, run.end()));
    runs_.insert(next, std::move(run));
    return {};
}

/// The facts of all rows in one piece. Column by column, so that never more than one of them is
/// there twice.
template <class T>
Result<RowFacts<T>> PartialScan<T>::take_all() {
    std::size_t scanned = 0;
    for (const Run& run : runs_) {
        if (run.first != scanned) return invalid(fmt::format("row {} was not scanned", scanned));
        scanned = run.end();
    }
    if (scanned != labels_.size()) return invalid(fmt::format("row {} was not scanned", scanned));
    if (runs_.size() == 1) return std::move(runs_.front().facts);
    RowFacts<T> all(0);
    const auto join = [&](auto column) {
        (all.*column).resize(labels_.size());
        for (Run& run : runs_) move_rows(run.facts.*column, run.first, all.*column);
    };
    join(&RowFacts<T>::self);
    join(&RowFacts<T>::other);
    join(&RowFacts<T>::second);
    join(&RowFacts<T>::top);
    join(&RowFacts<T>::agrees);
    runs_.clear();
    return all;
}

template <class T>
Result<RowFacts<T>> PartialScan<T>::facts(const LabelIssueOptions& options,
                                          std::vector<std::string>& warnings) && {
    TUSKER_TRY(judge(checks_, options, warnings));
    return take_all();
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
    const RowFacts<T> facts = TUSKER_TRY(std::move(*this).facts(options, warnings));
    LabelIssues issues = options.order == Order::Sound
                             ? issues_from<SoundOrder>(all, labels_, facts, options, pool)
                             : issues_from<NumpyOrder>(all, labels_, facts, options, pool);
    issues.warnings = std::move(warnings);
    return issues;
}

template class PartialScan<float>;
template class PartialScan<double>;

}  // namespace tusker::confident
