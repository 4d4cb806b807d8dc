// Which rows of a matrix are exactly equal (0 equals -0).
#pragma once

#include <span>
#include <vector>

#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/vectors/vectors.hpp"

namespace tusker::vectors {

/// Rows that are equal form a group; groups are numbered by their first row.
struct DistinctRows {
    std::vector<Row> members;          // [N] row numbers by group, ascending within
    std::vector<std::size_t> offsets;  // [G + 1] into members
    std::size_t count() const { return offsets.size() - 1; }
    std::span<const Row> group(std::size_t g) const {
        return std::span(members).subspan(offsets[g], offsets[g + 1] - offsets[g]);
    }
};

/// rows  [N × D], finite
template <class T>
DistinctRows find_distinct_rows(MatrixView<const T> rows, const Pool& pool);

}  // namespace tusker::vectors
