#include "kernels/confident/confident.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "kernels/confident/class_rows.hpp"
#include "kernels/confident/filters.hpp"
#include "kernels/confident/joint.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/row_scan.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

/// Values per block of the pool: a megabyte or two, so that cancelling and progress are prompt and
/// handing out a block costs nothing beside reading it.
constexpr std::size_t kBlockValues = std::size_t{1} << 18;

// --- Rules ------------------------------------------------------------------------------------

bool asks_for_two_classes(const LabelIssueOptions& options) {
    return options.order == Order::Cleanlab &&
           (options.filter_by == FilterBy::LowSelfConfidence ||
            options.filter_by == FilterBy::LowNormalizedMargin ||
            options.filter_by == FilterBy::PredictedNeqGiven);
}

Result<void> check_labels(std::span<const ClassId> labels, std::size_t classes,
                          const LabelIssueOptions& options) {
    bool all_equal = true;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (labels[i] >= classes)
            return invalid(fmt::format(
                "labels[{}] = {}: must be below {}, the number of columns of the probabilities", i,
                labels[i], classes));
        all_equal &= labels[i] == labels[0];
    }
    if (all_equal && (labels[0] != 0 || asks_for_two_classes(options)))
        return invalid(fmt::format(
            "labels: every one of the {} is {}: there must be at least two different labels",
            labels.size(), labels[0]));
    return {};
}

bool by_entropy(RankBy rank_by) {
    return rank_by == RankBy::ConfidenceWeightedEntropy || rank_by == RankBy::WeightedEntropy;
}

Result<void> check_counts(const LabelIssueOptions& options, std::size_t classes) {
    if (options.joint && options.joint->counts.size() != classes)
        return invalid(fmt::format("joint has {} rows: must be {} × {}, as there are classes",
                                   options.joint->counts.size(), classes, classes));
    if (!options.num_to_remove_per_class.empty() &&
        options.num_to_remove_per_class.size() != classes)
        return invalid(fmt::format(
            "num_to_remove_per_class has {} entries: there must be one for each of {} classes",
            options.num_to_remove_per_class.size(), classes));
    if (options.adjust_probabilities && by_entropy(options.rank_by))
        return invalid(fmt::format("rank_by = {}: probabilities cannot be adjusted for it",
                                   name_of(options.rank_by)));
    return {};
}

template <class T>
Result<void> check_input(MatrixView<const T> probs, std::span<const ClassId> labels,
                         const LabelIssueOptions& options) {
    if (labels.size() != probs.rows())
        return invalid(fmt::format(
            "labels has {} rows, probabilities have {}: there must be one label for each row",
            labels.size(), probs.rows()));
    if (probs.rows() == 0) return invalid("probabilities have 0 rows: there must be at least one");
    if (probs.rows() > std::numeric_limits<Row>::max())
        return fail(ErrorCode::TooLarge,
                    fmt::format("probabilities have {} rows: at most {} are "
                                "possible",
                                probs.rows(), std::numeric_limits<Row>::max()));
    if (probs.columns() < 2)
        return invalid(fmt::format(
            "probabilities have {} columns: there must be at least 2 classes", probs.columns()));
    if (!(options.frac_noise >= 0 && options.frac_noise <= 1))
        return invalid(fmt::format("frac_noise = {}: must be in [0, 1]", options.frac_noise));
    TUSKER_TRY(check_counts(options, probs.columns()));
    return check_labels(labels, probs.columns(), options);
}

Result<void> judge(const RowChecks& checks, const LabelIssueOptions& options,
                   std::vector<std::string>& warnings) {
    if (checks.refused)
        return invalid(fmt::format("probabilities[{}, {}] = {}: must be a number from 0 to 1",
                                   checks.refused->row, checks.refused->column,
                                   checks.refused->value));
    if (by_entropy(options.rank_by) && checks.not_in_01)
        return invalid(fmt::format(
            "probabilities[{}, {}] = {}: must be within [0, 1] exactly for a ranking by entropy",
            checks.not_in_01->row, checks.not_in_01->column, checks.not_in_01->value));
    if (checks.first_sum_off) {
        const auto text = fmt::format(
            "probabilities[{}] sum to {:.6g}: rows should sum to 1 within {} ({} row{} do not)",
            checks.first_sum_off->row, checks.first_sum_off->value, kRowSumTolerance,
            checks.sums_off, checks.sums_off == 1 ? "" : "s");
        if (options.strict) return invalid(text);
        warnings.push_back(text);
    }
    return {};
}

// --- Passes over blocks of rows -----------------------------------------------------------------

/// Runs work(first row, rows) over blocks; says how far it is; stops early when asked to.
class Pass {
public:
    Pass(std::size_t rows, std::size_t columns, const Pool& pool, std::stop_token stop,
         const Progress& progress)
        : rows_(rows),
          block_rows_(std::max<std::size_t>(1, kBlockValues / columns)),
          pool_(pool),
          stop_(std::move(stop)),
          progress_(progress) {}

    template <class Work>
    Result<void> run(Work&& work) {
        pool_.for_each((rows_ + block_rows_ - 1) / block_rows_, [&](std::size_t block) {
            if (stop_.stop_requested()) return;
            const std::size_t first = block * block_rows_;
            const std::size_t count = std::min(block_rows_, rows_ - first);
            work(first, count);
            report(count);
        });
        if (stop_.stop_requested())
            return fail(ErrorCode::Cancelled, "finding label issues was cancelled");
        return {};
    }

private:
    void report(std::size_t count) {
        if (!progress_) return;
        const std::lock_guard lock(mutex_);
        done_ += count;
        progress_(done_, rows_);
    }

    std::size_t rows_;
    std::size_t block_rows_;
    const Pool& pool_;
    std::stop_token stop_;
    const Progress& progress_;
    std::mutex mutex_;  // guards done_, and keeps calls of progress_ in order
    std::size_t done_ = 0;
};

// --- The story ----------------------------------------------------------------------------------

template <class Order, class T>
std::vector<double> score_all(MatrixView<const T> probs, const RowFacts<T>& facts, RankBy rank_by,
                              const Pool& pool) {
    std::vector<double> scores(probs.rows());
    const Progress silent;
    // Not stopped half-way: it is asked for by those who need every score.
    Pass pass(probs.rows(), probs.columns(), pool, {}, silent);
    (void)pass.run([&](std::size_t first, std::size_t count) {
        std::vector<T> scratch(probs.columns());
        for (std::size_t i = first; i < first + count; ++i)
            scores[i] = static_cast<double>(
                score_row<Order, T>(probs, facts, static_cast<Row>(i), rank_by, scratch));
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
std::vector<LabelIssue> rank(MatrixView<const T> probs, std::span<const ClassId> labels,
                             const RowFacts<T>& facts, std::span<const Row> flagged,
                             RankBy rank_by) {
    std::vector<T> scores(flagged.size());
    std::vector<T> scratch(probs.columns());
    for (std::size_t i = 0; i < flagged.size(); ++i)
        scores[i] = score_row<Order, T>(probs, facts, flagged[i], rank_by, scratch);
    return in_order<Order>(std::span<const T>(scores), labels, facts, flagged);
}

template <class Order, class W, class T>
std::vector<LabelIssue> rank_adjusted(MatrixView<const T> probs, std::span<const ClassId> labels,
                                      const RowFacts<T>& facts, std::span<const Row> flagged,
                                      RankBy rank_by, const Thresholds& thresholds) {
    const double most = std::ranges::max(thresholds.values);
    std::vector<W> scores(flagged.size());
    std::vector<W> scratch(probs.columns());
    for (std::size_t i = 0; i < flagged.size(); ++i) {
        const Row row = flagged[i];
        adjust_row<Order, W, T>(probs.row(row), thresholds.values, most, scratch);
        scores[i] = adjusted_score<W>(scratch, labels[row], rank_by);
    }
    return in_order<Order>(std::span<const W>(scores), labels, facts, flagged);
}

/// One pass reads all probabilities; what follows looks at a few of them again.
template <class Order, class T>
Result<LabelIssues> find(MatrixView<const T> probs, std::span<const ClassId> labels,
                         const LabelIssueOptions& options, const Pool& pool,
                         const std::stop_token& stop, const Progress& progress) {
    TUSKER_TRY(check_input(probs, labels, options));
    const ClassRows rows(labels, probs.columns());
    RowFacts<T> facts(probs.rows());

    RowChecks checks;
    std::mutex checks_mutex;
    TUSKER_TRY(Pass(probs.rows(), probs.columns(), pool, stop, progress)
                   .run([&](std::size_t first, std::size_t count) {
                       const RowChecks found =
                           scan_rows<T>(probs.rows_from(first, count), first, labels, facts);
                       const std::lock_guard lock(checks_mutex);
                       checks.merge(found);
                   }));
    LabelIssues issues;
    TUSKER_TRY(judge(checks, options, issues.warnings));

    issues.rows = probs.rows();
    for (std::size_t k = 0; k < probs.columns(); ++k)
        issues.labels_per_class.push_back(rows.count(k));
    const auto thresholds = confident_thresholds<Order, T>(facts.self, rows, pool);
    const auto bounds = bounds_of<T>(thresholds);
    const auto guesses = guess_classes<T>(probs, facts, bounds, pool);
    issues.joint = calibrate(count_joint(guesses, rows, pool), rows, pool);
    const FilterInput<T> input{probs, labels, rows, facts, guesses, issues.joint};
    const auto flagged = flag_rows<Order>(input, options, pool);
    if (!options.adjust_probabilities)
        issues.ranked = rank<Order>(probs, labels, facts, flagged, options.rank_by);
    else if (thresholds.in_double)
        issues.ranked = rank_adjusted<Order, double>(probs, labels, facts, flagged, options.rank_by,
                                                     thresholds);
    else
        issues.ranked =
            rank_adjusted<Order, T>(probs, labels, facts, flagged, options.rank_by, thresholds);
    if (options.all_scores) issues.scores = score_all<Order>(probs, facts, options.rank_by, pool);
    return issues;
}

template <class T>
Result<LabelIssues> find_in_order(MatrixView<const T> probs, std::span<const ClassId> labels,
                                  const LabelIssueOptions& options, const Pool& pool,
                                  const std::stop_token& stop, const Progress& progress) {
    switch (options.order) {
        case Order::Sound:
            return find<SoundOrder>(probs, labels, options, pool, stop, progress);
        case Order::Cleanlab:
            return find<NumpyOrder>(probs, labels, options, pool, stop, progress);
    }
    return fail(ErrorCode::Internal, "unknown order");
}

template <class Enum>
std::optional<Enum> find_name(std::span<const std::string> names, std::string_view name) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

}  // namespace

Result<LabelIssues> find_label_issues(MatrixView<const float> probs,
                                      std::span<const ClassId> labels,
                                      const LabelIssueOptions& options, const Pool& pool,
                                      const std::stop_token& stop, const Progress& progress) {
    return find_in_order(probs, labels, options, pool, stop, progress);
}
Result<LabelIssues> find_label_issues(MatrixView<const double> probs,
                                      std::span<const ClassId> labels,
                                      const LabelIssueOptions& options, const Pool& pool,
                                      const std::stop_token& stop, const Progress& progress) {
    return find_in_order(probs, labels, options, pool, stop, progress);
}

// Names stand in the order of the enumerators.
std::span<const std::string> filter_names() {
    static const std::array<std::string, 7> names = {
        "prune_by_noise_rate",  "prune_by_class",      "both",
        "confident_learning",   "predicted_neq_given", "low_self_confidence",
        "low_normalized_margin"};
    return names;
}
std::span<const std::string> ranking_names() {
    static const std::array<std::string, 4> names = {
        "self_confidence", "normalized_margin", "confidence_weighted_entropy", "weighted_entropy"};
    return names;
}

std::optional<FilterBy> find_filter(std::string_view name) {
    return find_name<FilterBy>(filter_names(), name);
}
std::optional<RankBy> find_ranking(std::string_view name) {
    return find_name<RankBy>(ranking_names(), name);
}
std::string_view name_of(FilterBy filter) {
    return filter_names()[static_cast<std::size_t>(filter)];
}
std::string_view name_of(RankBy ranking) {
    return ranking_names()[static_cast<std::size_t>(ranking)];
}

}  // namespace tusker::confident
