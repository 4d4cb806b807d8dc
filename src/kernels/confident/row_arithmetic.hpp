// Arithmetic over many rows at a time, on whatever vectors the machine has. Every instruction set
// gives the same bits. The sums of rows are NumpyOrder::sum_rows and SoundOrder::sum_rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/matrix_view.hpp"

namespace tusker::confident {

/// How many values of scratch make passes over blocks of rows quick: they and as many more fit into
/// the first-level cache. At least one row.
template <class T>
std::size_t quick_scratch(std::size_t columns) {
    constexpr std::size_t kBytes = 16 << 10;
    return std::max(columns, kBytes / sizeof(T));
}

/// The largest value of each row; no NaN, at least one column.
void largest_of_rows(MatrixView<const float> rows, std::span<float> out);
void largest_of_rows(MatrixView<const double> rows, std::span<double> out);

/// out = (row - less) + more, in the type of out.
/// less  [K]; out  as many values as rows
void shift_rows(MatrixView<const float> rows, std::span<const float> less, float more,
                std::span<float> out);
void shift_rows(MatrixView<const float> rows, std::span<const double> less, double more,
                std::span<double> out);
void shift_rows(MatrixView<const double> rows, std::span<const double> less, double more,
                std::span<double> out);

/// rows[i] /= by[i]
void divide_rows(MatrixView<float> rows, std::span<const float> by);
void divide_rows(MatrixView<double> rows, std::span<const double> by);

/// out = max(value, least); no NaN
void raise_to(std::span<const float> values, float least, std::span<float> out);
void raise_to(std::span<const double> values, double least, std::span<double> out);

/// True if no value is NaN or infinite.
bool all_finite(std::span<const float> values);
bool all_finite(std::span<const double> values);

}  // namespace tusker::confident
