// Sixty-four classes over all rows: what confident learning says of each as a binary problem. A
// block is one thread's work, its classes are independent of all others, and its rows are read in
// order, so that neither threads nor blocks change a result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "base/matrix_view.hpp"
#include "kernels/confident/multilabel/binary_problem.hpp"
#include "kernels/confident/multilabel/class_tile.hpp"
#include "kernels/confident/multilabel/label_bits.hpp"
#include "kernels/confident/multilabel/multilabel.hpp"

namespace tusker::multilabel {

template <class T>
struct RowProbability {
    T p = 0;
    Row row = 0;
};

/// The sum of values that come some at a time: NumPy's, or Tusker's own.
template <class Order, class T>
class ColumnSum {
public:
    void add(std::span<const T> values) { sum_.add(values); }
    T value() const { return static_cast<T>(sum_.value()); }

private:
    std::conditional_t<Order::kTiesByIndex, LaneSums, typename Order::template Sum<T>> sum_;
};

/// What one pass over the rows says; a row that agrees with its label is only counted.
template <class Order, class T>
struct ClassFacts {
    Pair<ColumnSum<Order, T>> self_confidence;         // of the rows given absent, present
    Pair<std::vector<RowProbability<T>>> disagreeing;  // of those rows; they ascend

    Thresholds thresholds(Pair<std::size_t> counts) const;
};

/// A probability that is not in [-1e-6, 1 + 1e-6], or NaN.
struct RefusedValue {
    std::size_t row = 0;
    std::size_t column = 0;
    double value = 0;
};

/// Called after each piece of rows with their number; says whether to go on.
using AfterRows = std::function<bool(std::size_t rows)>;

template <class Order, class T>
class ClassBlock {
public:
    /// counts  [K] rows given each class
    ClassBlock(MatrixView<const T> probs, const LabelBits& labels,
               std::span<const std::size_t> counts, std::size_t block);

    /// The first pass; the earliest refused value ends it.
    std::optional<RefusedValue> scan(const AfterRows& after_rows);
    /// The second pass, for what needs the joint. Uncalibrated.
    std::vector<Joint> count_joints(const AfterRows& after_rows) const;

    std::size_t first_class() const { return first_; }
    std::size_t class_count() const { return facts_.size(); }
    Pair<std::size_t> counts(std::size_t j) const {
        return {probs_.rows() - counts_[first_ + j], counts_[first_ + j]};
    }
    Thresholds thresholds(std::size_t j) const { return facts_[j].thresholds(counts(j)); }

    /// Rows whose class j of the block is an issue, in no order. `joint` as in prune_counts; not
    /// looked at by filters other than the prune filters.
    std::vector<Row> flag(std::size_t j, const Pair<Pair<double>>& joint,
                          const MultilabelOptions& options) const;

private:
    std::optional<RefusedValue> scan_tile(std::size_t begin, std::size_t rows);

    std::vector<Row> confident_in_other(std::size_t j) const;
    std::vector<Row> lowest_of_all(std::size_t j, std::size_t m, FilterBy filter) const;
    std::vector<Row> prune(std::size_t j, const Pair<Pair<double>>& joint,
                           const MultilabelOptions& options) const;
    template <class Key>
    std::vector<Row> lowest_disagreeing(std::size_t j, bool given, std::int64_t m,
                                        const Key& key) const;
    template <class Key>
    std::vector<Row> lowest_by_all_keys(std::size_t j, bool given, std::size_t m,
                                        const Key& key) const;

    MatrixView<const T> probs_;
    const LabelBits& labels_;
    std::span<const std::size_t> counts_;
    std::size_t first_;
    std::span<const std::uint64_t> words_;
    std::vector<ClassFacts<Order, T>> facts_;
};

}  // namespace tusker::multilabel
