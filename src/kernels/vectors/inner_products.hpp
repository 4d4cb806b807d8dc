// Which pairs of rows have a large inner product: a blocked matrix product whose result is looked
// at in registers and never stored.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include <hwy/aligned_allocator.h>

#include "kernels/vectors/vectors.hpp"

namespace tusker::vectors {

/// So many rows are interleaved on this processor.
template <class T>
std::size_t panel_rows();

/// Rows as the product reads them: value (r, c) stands at (r / panel · dims + c) · panel +
/// r mod panel; the last panel is filled up with zeros.
template <class T>
struct Packed {
    Packed(std::size_t rows, std::size_t dims);

    std::size_t rows;
    std::size_t dims;
    std::size_t panel = panel_rows<T>();
    std::size_t padded;                     // rows rounded up to whole panels
    hwy::AlignedFreeUniquePtr<T[]> values;  // [padded × dims]
    std::vector<T> offsets;                 // [padded], see key; infinite beyond rows
    std::vector<double> reach;              // [rows], see Space::least_distance

    T& at(std::size_t row, std::size_t column) {
        return values[(row / panel * dims + column) * panel + row % panel];
    }
    /// Rows of which a processor's second-level cache holds all: whole panels, at least one.
    std::size_t block_rows() const;
};

/// `other` passed the limit of `query`: key = inner product - offset of `other`.
template <class T>
struct Hit {
    Row query;
    Row other;
    T key;
};

/// Rows [left_begin, left_end) against [right_begin, right_end): whole panels, up to `padded`.
template <class T>
struct Tile {
    const Packed<T>& left;
    std::size_t left_begin;
    std::size_t left_end;
    const T* left_limits;  // [left.padded]; infinite beyond its rows
    const Packed<T>& right;
    std::size_t right_begin;
    std::size_t right_end;
    const T* right_limits;  // the same for right; null if only left rows ask
};

template <class T>
using Hits = std::function<void(std::span<const Hit<T>>)>;

/// Calls found with the pairs whose key is above the limit of the row that asks. `found` may raise
/// limits; they are read again for each few rows.
///
/// An inner product is summed in the order of columns, so that its error is at most dims times the
/// precision of T times the product of both rows' lengths, with or without fused multiply-add.
template <class T>
void scan_tile(const Tile<T>& tile, const Hits<T>& found);

}  // namespace tusker::vectors
