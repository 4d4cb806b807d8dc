// From the facts of rows to how many rows of each given class are probably of which other class:
// thresholds, the confident joint, its calibration, and the counts the prune filters use.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/pool.hpp"
#include "kernels/confident/class_rows.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/probabilities.hpp"
#include "kernels/confident/row_scan.hpp"
#include "kernels/confident/sparse_square.hpp"

namespace tusker::confident {

/// No class: a row is confident in none.
inline constexpr ClassId kNoClass = std::numeric_limits<ClassId>::max();

/// The mean self-confidence of the rows given each class, at least 2e-6; 2 for a class without
/// rows.
struct Thresholds {
    std::vector<double> values;  // [K], each exact
    /// cleanlab compares and subtracts them in float64: T is double, or a class is missing.
    bool in_double = false;
};

/// self  [N] p[given] of each row, in order of rows
template <class Order, class T>
Thresholds confident_thresholds(std::span<const T> self, const ClassRows& rows, const Pool& pool);

/// The steps of it: one class's mean (NaN without rows), and all thresholds from means.
template <class Order, class T>
T mean_confidence(std::span<const T> self, std::span<const Row> rows);
template <class T>
Thresholds thresholds_of(std::span<const T> means, const ClassRows& rows);

/// The least T at which a row is confident in class k: its threshold less 1e-6. Exact: p >= bound
/// in T says what the definition says in its own type.
template <class T>
std::vector<T> bounds_of(const Thresholds& thresholds);

/// Both in one.
template <class Order, class T>
std::vector<T> confident_bounds(std::span<const T> self, const ClassRows& rows, const Pool& pool);

/// The class each row is confident in: the only one whose bound it reaches; of several the most
/// probable class of all, even if that misses its own bound; else kNoClass. Few rows are read
/// again: those whose second largest probability reaches any bound.
template <class T>
LargeVector<ClassId> guess_classes(const Probabilities& probs, const RowFacts<T>& facts,
                                   std::span<const T> bounds, const Pool& pool);

/// The same for one row.
template <class T>
ClassId guess_class(std::span<const T> p, ClassId top, std::span<const T> bounds);

/// How many rows given `row` are confident in `column`; each diagonal entry at least 1.
/// guesses  [N], kNoClass where a row is confident in none
SparseSquare<std::int64_t> count_joint(std::span<const ClassId> guesses, const ClassRows& rows,
                                       const Pool& pool);

/// Counts the row of one given class. Keeps K counters between calls; for one thread.
class JointRowCounter {
public:
    explicit JointRowCounter(std::size_t classes) : count_(classes) {}
    std::vector<SparseEntry<std::int64_t>> count(std::span<const ClassId> guesses,
                                                 std::span<const Row> rows, ClassId given);

private:
    std::vector<std::int64_t> count_;  // all zero between calls
    std::vector<ClassId> met_;
};

/// Scales each row to the number of rows given that class and rounds so that row sums stay; as
/// cleanlab does to the last bit, in either order.
SparseSquare<std::int64_t> calibrate(const SparseSquare<std::int64_t>& joint, const ClassRows& rows,
                                     const Pool& pool);
/// The same for a joint of the caller's.
/// counts  [K] rows given each class
SparseSquare<std::int64_t> calibrate(const GivenJoint& joint, std::span<const std::size_t> counts,
                                     const Pool& pool);

/// Integers near `reals` whose sum is their rounded sum; where nearest integers miss it, the
/// entries with the largest remainders are moved by one.
///
/// reals  positions ascend, each below `length`; the other entries are zero
std::vector<SparseEntry<std::int64_t>> round_keeping_sum(std::span<const PlacedValue> reals,
                                                         std::size_t length);

/// Row g of the result: how many rows given g the prune filters take as each other class; its
/// diagonal is how many they leave, at least min_examples_per_class.
SparseSquare<std::int64_t> prune_counts(const SparseSquare<std::int64_t>& calibrated,
                                        const LabelIssueOptions& options, const Pool& pool);
/// The same from a joint of the caller's, as it is.
SparseSquare<std::int64_t> prune_counts(const GivenJoint& joint, const LabelIssueOptions& options,
                                        const Pool& pool);

}  // namespace tusker::confident
