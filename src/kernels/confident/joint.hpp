// From the facts of rows to how many rows of each given class are probably of which other class:
// thresholds, the confident joint, its calibration, and the counts the prune filters use.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "base/large_vector.hpp"
#include "base/pool.hpp"
#include "kernels/confident/class_rows.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/lowest.hpp"
#include "kernels/confident/probabilities.hpp"
#include "kernels/confident/scanned_rows.hpp"
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
    std::vector<std::size_t> labels_per_class = {};  // [K]
};

/// self    [N] p[given] of each row
/// labels  [N], each below `classes`
template <class Order, class T>
Thresholds confident_thresholds(std::span<const T> self, std::span<const ClassId> labels,
                                std::size_t classes, const Pool& pool);

/// The steps of it: the mean self-confidence of one class's rows (NaN without rows), and all
/// thresholds from means.
template <class Order, class T>
T mean_confidence(std::span<const T> self_of_class);
/// means, counts  [K] of the rows of each class
template <class T>
Thresholds thresholds_of(std::span<const T> means, std::span<const std::size_t> counts);

/// The least T at which a row is confident in class k: its threshold less 1e-6. Exact: p >= bound
/// in T says what the definition says in its own type.
template <class T>
std::vector<T> bounds_of(const Thresholds& thresholds);

/// Finds the class a row is confident in: the only one whose bound it reaches; of several the most
/// probable class of all, even if that misses its own bound; else kNoClass. Reads a row only if its
/// second largest probability reaches any bound: few do. For one thread.
template <class T>
class Guesser {
public:
    /// bounds  [K]
    Guesser(const Probabilities& probs, std::span<const T> bounds);

    /// largest, second  the row's two largest probabilities, the first that of class `top`
    ClassId guess(Row row, ClassId top, T largest, T second) {
        const bool top_is_confident = is_confident_in(top, largest);
        if (!needs_a_look(second)) return top_is_confident ? top : kNoClass;
        return look(row, top, top_is_confident, second);
    }
    /// The parts of it.
    bool is_confident_in(ClassId top, T largest) const { return largest >= bounds_[top]; }
    bool needs_a_look(T second) const { return second >= least_bound_; }
    /// Of a row whose two largest are not known.
    ClassId guess(Row row, ClassId top);

private:
    ClassId look(Row row, ClassId top, bool top_is_confident, T second);

    const Probabilities& probs_;
    std::span<const T> bounds_;
    std::vector<Keyed<T>> in_order_;  // classes by ascending bound
    T least_bound_;
    std::vector<T> row_;  // [K] scratch
};

/// What all rows are confident in.
struct ConfidentRows {
    struct Elsewhere {
        Row row = 0;
        ClassId guess = 0;
    };
    std::vector<std::int64_t> own;     // [K] rows given each class that are confident in it
    std::vector<Elsewhere> elsewhere;  // those confident in another class, ascending
};
template <class T>
ConfidentRows confident_rows(const Probabilities& probs, std::span<const ClassId> labels,
                             const ScannedRows<T>& rows, std::span<const T> bounds,
                             const Pool& pool);

/// How many rows given `row` are confident in `column`; each diagonal entry at least 1.
SparseSquare<std::int64_t> count_joint(const ConfidentRows& confident,
                                       std::span<const ClassId> labels, const Pool& pool);

/// Counts one row of a joint after the other. For one thread.
class JointRowCounter {
public:
    explicit JointRowCounter(std::size_t classes) : count_(classes) {}
    void add(ClassId guess, std::int64_t rows = 1) {
        if (rows > 0 && std::exchange(count_[guess], count_[guess] + rows) == 0)
            met_.push_back(guess);
    }
    /// The row of `given`: what was added since the last call.
    std::vector<SparseEntry<std::int64_t>> take(ClassId given);

private:
    std::vector<std::int64_t> count_;
    std::vector<ClassId> met_;
};

/// Scales each row to the number of rows given that class and rounds so that row sums stay; as
/// cleanlab does to the last bit, in either order.
/// counts  [K] rows given each class
SparseSquare<std::int64_t> calibrate(const SparseSquare<std::int64_t>& joint,
                                     std::span<const std::size_t> counts, const Pool& pool);
/// The same for a joint of the caller's.
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
