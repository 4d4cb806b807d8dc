// Finds wrong labels where a row may have several classes or none: each class is a binary problem
// of its own (does the row have it?), and a row is an issue if any of its classes is.
//
// Not here: files, JSON, datasets. Invariant: neither the number of threads nor the instruction set
// changes a result. The way: label_bits (who has what) -> class_block (64 classes over all rows:
// thresholds, joints, filters) -> scores (a score for each class, one for each row) -> multilabel
// (the ranked issues). The probabilities are read once for the thresholds and once more for the
// joints, and a few of them again. Beside them it takes N × K / 8 bytes for the labels, as many for
// the flags, 8 or 16 bytes for each class of a row on which model and label disagree (of 64 classes
// a thread at a time), and in cleanlab's order up to 8 MB a thread for NumPy's sums; the filters by
// low score 8 to 24 bytes a row.
//
// Source: Thyagarajan, Snorrason, Northcutt, Mueller, "Identifying Incorrect Annotations in
// Multi-Label Classification Data", arXiv 2211.13895 (2022); conventions of cleanlab.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/multilabel/binary_problem.hpp"
#include "kernels/confident/multilabel/label_bits.hpp"

namespace tusker::multilabel {

using confident::FilterBy;
using confident::Order;
using confident::Progress;
using confident::RankBy;

/// How the scores of a row's classes become one.
struct Aggregation {
    enum class By {
        MovingAverage,  // from the highest to the lowest, so that the lowest weigh most
        Softmin         // a mean weighted by softmax((1 - score) / temperature)
    };
    By by = By::MovingAverage;
    std::optional<double> alpha = 0.8;  // in [0, 1]; empty: 2 / (K + 1)
    double temperature = 0.1;
};

/// The score of one class of one row is that of confident.hpp on the binary problem.
struct Scoring {
    RankBy rank_by = RankBy::SelfConfidence;
    /// Take each class's thresholds from its probabilities first; not for the entropies.
    bool adjust_probabilities = false;
    Aggregation aggregation;
};

struct MultilabelOptions {
    /// LowSelfConfidence and LowNormalizedMargin choose whole rows, and the same ones: as many as
    /// have a class on which the model confidently disagrees, by least aggregated self-confidence.
    FilterBy filter_by = FilterBy::PruneByNoiseRate;
    Scoring scoring;
    /// In cleanlab's order LowSelfConfidence and LowNormalizedMargin rank as cleanlab does: scores
    /// in order of rows are taken for scores in order of badness. Sound ranks them by score.
    Order order = Order::Sound;
    std::size_t min_examples_per_class = 1;
    double frac_noise = 1.0;
    /// [K] or empty: so many of the rows that lack the class are pruned, and none that have it.
    std::vector<double> num_to_remove_per_class;
    /// [K] or empty: joints [given][true] that the prune filters use as they are.
    std::vector<Pair<Pair<double>>> joints;
};

struct MultilabelIssue {
    std::size_t index = 0;
    double score = 0;
    /// Classes that the filter flags for this row. Under the two Low filters, which choose whole
    /// rows, those on which the model confidently disagrees, perhaps none.
    std::vector<ClassId> wrongly_given;
    std::vector<ClassId> wrongly_missing;
};

/// Of one class, over all rows.
struct ClassSummary {
    std::size_t given = 0;            // rows that have it
    std::size_t wrongly_given = 0;    // of those, issues
    std::size_t wrongly_missing = 0;  // issues among the rows that lack it
};

struct MultilabelIssues {
    std::vector<MultilabelIssue> ranked;  // worst first
    std::vector<ClassSummary> classes;    // [K]
    std::size_t rows = 0;
};

/// probs   [N × K] row-major, N and K >= 1, each value in [-1e-6, 1 + 1e-6], no NaN; rows need not
///         sum to 1
/// labels  [N × K]; a class that every row has is refused in Order::Cleanlab, as is a ranking of
///         rows that all have every class or none
/// Errors name the argument, the row, the value and the rule. Cancelled if `stop` is requested.
template <class T>
Result<MultilabelIssues> find_label_issues(MatrixView<const T> probs, const LabelBits& labels,
                                           const MultilabelOptions& options, const Pool& pool,
                                           const std::stop_token& stop = {},
                                           const Progress& progress = {});

struct RankedRows {
    std::vector<Row> rows;  // issues, worst first
    std::vector<double> scores;
};

/// The same without which classes they are.
template <class T>
Result<RankedRows> rank_issues(MatrixView<const T> probs, const LabelBits& labels,
                               const MultilabelOptions& options, const Pool& pool);

/// The flags alone: bit (i, k) if class k of row i is an issue. The Low filters choose here, in
/// each class, as many rows as the model confidently disagrees on, by least score.
template <class T>
Result<LabelBits> flag_classes(MatrixView<const T> probs, const LabelBits& labels,
                               const MultilabelOptions& options, const Pool& pool,
                               const std::stop_token& stop = {}, const Progress& progress = {});

/// [K] the same as rows, worst first by their score for the class.
template <class T>
Result<std::vector<std::vector<Row>>> rank_classes(MatrixView<const T> probs,
                                                   const LabelBits& labels,
                                                   const MultilabelOptions& options,
                                                   const Pool& pool);

/// Rows that are issues, ascending; any filter, unranked.
template <class T>
Result<std::vector<Row>> flag_rows(MatrixView<const T> probs, const LabelBits& labels,
                                   const MultilabelOptions& options, const Pool& pool,
                                   const std::stop_token& stop = {}, const Progress& progress = {});

struct ClassJoints {
    std::vector<Thresholds> thresholds;  // [K]
    std::vector<Joint> counted;          // [K] each diagonal entry at least 1
    std::vector<Joint> calibrated;       // [K]
};

/// Thresholds and joint of each class.
template <class T>
Result<ClassJoints> estimate_joints(MatrixView<const T> probs, const LabelBits& labels, Order order,
                                    const Pool& pool);

/// "exponential_moving_average", "softmin"; empty for an unknown one.
std::optional<Aggregation::By> find_aggregation(std::string_view name);
/// Both names, the default first.
std::span<const std::string> aggregation_names();

}  // namespace tusker::multilabel
