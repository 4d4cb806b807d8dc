// A full K × K matrix read down its columns, some columns at a time: one alone would fetch a cache
// line for each of its numbers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/matrix_view.hpp"
#include "base/pool.hpp"

namespace tusker::confident {

/// Columns, or rows, that are turned over together: a cache line of doubles.
inline constexpr std::size_t kTurnedTogether = 8;

/// work(number of the first column, [≤ kTurnedTogether × K] those columns as rows) for all.
template <class Work>
void each_columns(MatrixView<const double> square, const Pool& pool, Work&& work) {
    const std::size_t n = square.columns();
    pool.for_each((n + kTurnedTogether - 1) / kTurnedTogether, [&](std::size_t block) {
        const std::size_t first = block * kTurnedTogether;
        const std::size_t count = std::min(kTurnedTogether, n - first);
        std::vector<double> columns(count * square.rows());
        for (std::size_t i = 0; i < square.rows(); ++i) {
            const auto some = square.row(i).subspan(first, count);
            for (std::size_t j = 0; j < count; ++j) columns[j * square.rows() + i] = some[j];
        }
        work(first, MatrixView<double>(columns, count, square.rows()));
    });
}

/// square[j][i] = rows[j - first][i] for every i and the columns j from `first` on.
inline void write_columns(MatrixView<const double> columns, std::size_t first,
                          MatrixView<double> square) {
    for (std::size_t i = 0; i < columns.columns(); ++i) {
        const auto row = square.row(i);
        for (std::size_t j = 0; j < columns.rows(); ++j)
            row[first + j] = columns.values()[j * columns.columns() + i];
    }
}

/// The matrix with rows and columns exchanged.
inline std::vector<double> turned_over(MatrixView<const double> square, const Pool& pool) {
    std::vector<double> result(square.values().size());
    each_columns(square, pool, [&](std::size_t first, MatrixView<double> columns) {
        std::ranges::copy(columns.values(),
                          result.begin() + static_cast<std::ptrdiff_t>(first * square.rows()));
    });
    return result;
}

}  // namespace tusker::confident
