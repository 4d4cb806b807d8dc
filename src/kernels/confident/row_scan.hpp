// What one row of probabilities says about its label: the only code that reads all probabilities.
// Every instruction set gives the same bits: maxima are associative, counts are exact, and the sum
// of a row is only a sieve; where it is doubtful, one plain loop decides.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/large_vector.hpp"
#include "base/matrix_view.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::confident {

/// What each row says whatever the other rows say. Most callers keep less of most rows: see
/// scanned_rows.hpp.
template <class T>
struct RowFacts {
    explicit RowFacts(std::size_t rows)
        : self(rows), other(rows), second(rows), top(rows), agrees(rows) {}

    LargeVector<T> self;               // p[given]
    LargeVector<T> other;              // largest probability of another class
    LargeVector<T> second;             // no class but `top` exceeds it
    LargeVector<ClassId> top;          // the most probable class, the first of equals
    LargeVector<std::uint8_t> agrees;  // never an issue: top is `given` once 1e-6 is added to it
};

/// Where a row breaks a rule; the merge of two blocks keeps the earlier row.
struct RowChecks {
    struct Value {
        std::size_t row = 0;
        ClassId column = 0;
        double value = 0;
    };
    std::optional<Value> refused;    // not in [-1e-6, 1 + 1e-6], or NaN: the first in its row
    std::optional<Value> not_in_01;  // below 0 or above 1
    std::size_t sums_off = 0;        // rows whose sum differs from 1 by more than kRowSumTolerance
    std::optional<Value> first_sum_off;  // column unused

    void merge(const RowChecks& other);
    /// Rows counted from `rows` before the first one scanned.
    void move_by(std::size_t rows);
};

/// Reads the rows [first, first + block.rows()) and writes their facts.
template <class T>
RowChecks scan_rows(MatrixView<const T> block, std::size_t first, std::span<const ClassId> labels,
                    RowFacts<T>& facts);

}  // namespace tusker::confident
