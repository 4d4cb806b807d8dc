// Finds the nearest rows of a matrix of features (embeddings): exactly, not approximately.
//
// Not here: what nearness is good for (outliers, duplicates, ranking), files, approximate indexes.
// Invariant: neither the number of threads nor the instruction set changes a result, not by a bit.
// The way: a fast matrix product in single precision says which rows may be near
// (inner_products), with a bound on its error that proves that none is missed; the distances of
// those few are then computed in double precision in a fixed order (space), and only they are seen
// by the caller. Where the bound proves nothing, the same is done again in double precision.
// Equal rows are found first and searched once (distinct_rows). Never N × N in memory.
// docs/decisions/0003-own-inner-products.md says why not by OpenBLAS. Start reading in
// neighbors.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"

namespace tusker::vectors {

/// Rows are numbered in 32 bits; more are refused.
using Row = std::uint32_t;

enum class Metric {
    Cosine,    // 1 - cosine of the angle, in [0, 2]; a row of zeros has distance 1 from all others
    Euclidean  // length of the difference
};

/// k = 10, at most one less than there are rows (0 for a single row).
std::size_t default_neighbors(std::size_t rows);
/// Cosine above three features, else Euclidean: cleanlab's rule.
Metric default_metric(std::size_t columns);

/// The k nearest of each row.
struct Neighbors {
    std::size_t k = 0;
    std::vector<double> distances;  // [N × k], each row ascending
    std::vector<Row> rows;          // [N × k]; equal distances by row
};

/// Called from one of the pool's threads at a time; `done` never falls and ends at `total`, which
/// grows if some rows must be searched again.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

/// For each row its k nearest others. Rows exactly equal to it (0 equals -0) come first, at
/// distance 0, in row order; then by distance, then by row.
///
/// rows  [N × D], D >= 1, finite, squares of a row summing below the largest double
/// k     in [1, N - 1]
/// Beside input and result it takes 16 · (k + 8) bytes a row, 16 MiB a thread for packed rows (at
/// most a copy of the features in single precision; less than twice that where single precision
/// does not suffice), and where it does not the candidates it leaves open. Cancelled if `stop` is
/// requested.
Result<Neighbors> find_neighbors(MatrixView<const float> rows, std::size_t k, Metric metric,
                                 const Pool& pool, const std::stop_token& stop = {},
                                 const Progress& progress = {});
Result<Neighbors> find_neighbors(MatrixView<const double> rows, std::size_t k, Metric metric,
                                 const Pool& pool, const std::stop_token& stop = {},
                                 const Progress& progress = {});

/// For each query its k nearest among `rows`, by distance, then by row.
///
/// queries  [Q × D], as `rows`; k in [1, N]
Result<Neighbors> find_neighbors_among(MatrixView<const float> rows,
                                       MatrixView<const float> queries, std::size_t k,
                                       Metric metric, const Pool& pool,
                                       const std::stop_token& stop = {},
                                       const Progress& progress = {});
Result<Neighbors> find_neighbors_among(MatrixView<const double> rows,
                                       MatrixView<const double> queries, std::size_t k,
                                       Metric metric, const Pool& pool,
                                       const std::stop_token& stop = {},
                                       const Progress& progress = {});

/// Sets of two and more exactly equal rows (0 equals -0), each ascending, sets by their first row.
///
/// rows  [N × D], finite
Result<std::vector<std::vector<Row>>> find_equal_rows(MatrixView<const float> rows,
                                                      const Pool& pool);
Result<std::vector<std::vector<Row>>> find_equal_rows(MatrixView<const double> rows,
                                                      const Pool& pool);

/// Mends lists of neighbours that another search found: what find_neighbors promises of equal rows
/// holds afterwards. The others keep their order and move behind; the last fall out.
///
/// distances, rows  [N × k]; a row does not list itself
/// sets             as find_equal_rows gives them, of rows below N
template <class T>
void put_equal_rows_first(MatrixView<T> distances, MatrixView<std::int64_t> rows,
                          std::span<const std::vector<Row>> sets);

}  // namespace tusker::vectors
