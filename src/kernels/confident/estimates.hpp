// What all rows say together, short of naming rows: thresholds, confident joint, number of label
// issues, the score of every label. find_label_issues takes the same steps; these are for those who
// want one of them. Each reads the probabilities once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/joint.hpp"
#include "kernels/confident/row_scan.hpp"

namespace tusker::confident {

enum class ValueRule {
    NearZeroOne,  // in [-1e-6, 1 + 1e-6]
    InZeroOne     // in [0, 1] exactly, as entropies need
};

/// The facts of every row.
///
/// probs   [N × K], K >= 2, N >= 1, values by `rule`, no NaN
/// labels  [N], each < K
/// Errors name the row, the value and the rule.
template <class T>
Result<RowFacts<T>> read_rows(MatrixView<const T> probs, std::span<const ClassId> labels,
                              ValueRule rule, const Pool& pool);

/// Mean self-confidence of each class; see Thresholds. Input as for read_rows.
template <class T>
Result<Thresholds> find_thresholds(MatrixView<const T> probs, std::span<const ClassId> labels,
                                   Order order, const Pool& pool);

struct JointEstimate {
    /// How many rows given `row` are confident in `column`; each diagonal entry at least 1.
    SparseSquare<std::int64_t> counts;
    std::vector<std::size_t> labels_per_class;  // [K]
    std::vector<Row> off_diagonal;              // rows confident in another class, ascending
    /// Those of them whose most probable class is not the given one by more than 1e-6.
    std::size_t label_issues = 0;
};

/// The confident joint, not calibrated. Input as for read_rows.
///
/// bounds  [K] the least probability at which a row is confident in a class, or empty: bounds_of
///         the thresholds found here
template <class T>
Result<JointEstimate> estimate_joint(MatrixView<const T> probs, std::span<const ClassId> labels,
                                     std::span<const T> bounds, Order order, const Pool& pool);

struct ScoreOptions {
    RankBy rank_by = RankBy::SelfConfidence;
    Order order = Order::Sound;
    /// How the caller's probabilities lay: cleanlab's order adds rows so.
    Layout layout = Layout::Rows;
};

/// A score for every label, low = suspect. Input as for read_rows, in [0, 1] for the entropies.
template <class T>
Result<std::vector<T>> score_labels(MatrixView<const T> probs, std::span<const ClassId> labels,
                                    const ScoreOptions& options, const Pool& pool);

/// The same of rows that were read, by self-confidence or margin.
template <class T>
std::vector<T> score_facts(const RowFacts<T>& facts, RankBy rank_by, const Pool& pool);

/// Entropy of every row divided by ln K.
/// probs [N × K], K >= 2, each in [0, 1]. Errors name row, value and rule. rank_by is not looked
/// at.
template <class T>
Result<std::vector<T>> normalized_entropies(MatrixView<const T> probs, const ScoreOptions& options,
                                            const Pool& pool);

/// The same for adjusted probabilities (see scores.hpp); W is double if thresholds.in_double, else
/// T. Not for the entropies.
template <class W, class T>
Result<std::vector<W>> score_adjusted(MatrixView<const T> probs, std::span<const ClassId> labels,
                                      const Thresholds& thresholds, const ScoreOptions& options,
                                      const Pool& pool);

/// Rows whose most probable class reaches its bound, by given class: a count of label issues that
/// needs no second look at a row, for input in batches.
struct ConfidentTops {
    std::vector<std::int64_t> confident;  // [K]
    std::vector<std::int64_t> elsewhere;  // [K] of them, those whose class is not the given one
};
template <class T>
ConfidentTops count_confident_tops(const RowFacts<T>& facts, std::span<const ClassId> labels,
                                   std::span<const T> bounds);

}  // namespace tusker::confident
