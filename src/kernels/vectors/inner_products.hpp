// Which pairs of rows have a large inner product: a blocked matrix product whose result is looked
// at in registers and never stored.
#pragma once

#include <algorithm>
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

/// Whole panels of rows as the product reads them: value c of row begin + r stands at
/// (r / panel · dims + c) · panel + r mod panel.
template <class T>
class Panels {
public:
    Panels() = default;
    /// Room for `rows` rows (whole panels), not yet written.
    Panels(std::size_t rows, std::size_t dims)
        : dims_(dims), values_(hwy::AllocateAligned<T>(rows * dims)) {}

    /// The first row held; who fills them says it.
    std::size_t begin = 0;

    T& at(std::size_t row, std::size_t column) {
        const std::size_t r = row - begin;
        return values_[(r / panel_ * dims_ + column) * panel_ + r % panel_];
    }
    /// Where the values of a row begin; they are a panel apart.
    const T* row(std::size_t row) const {
        const std::size_t r = row - begin;
        return values_.get() + r / panel_ * dims_ * panel_ + r % panel_;
    }

private:
    std::size_t panel_ = panel_rows<T>();
    std::size_t dims_ = 0;
    hwy::AlignedFreeUniquePtr<T[]> values_;
};

/// Rows that are packed when they are needed, because all of them at once would be a second copy of
/// the features; and what is known of each.
template <class T>
struct PackedRows {
    PackedRows(std::size_t rows, std::size_t dims);

    std::size_t rows;
    std::size_t dims;
    std::size_t padded;         // rows rounded up to whole panels
    std::size_t block_rows;     // whole panels of which the second-level cache holds half
    std::vector<T> offsets;     // [padded], see Hit; infinite beyond rows
    std::vector<double> reach;  // [rows], see Space::least_distance
    /// Writes rows [begin, end) (whole panels, up to padded; zeros beyond rows), which panels hold.
    std::function<void(std::size_t begin, std::size_t end, Panels<T>&)> pack;

    std::size_t blocks() const { return (padded + block_rows - 1) / block_rows; }
    std::size_t block_end(std::size_t block) const {
        return std::min((block + 1) * block_rows, padded);
    }
};

/// `other` passed the limit of `query`: key = inner product - offset of `other`.
template <class T>
struct Hit {
    Row query;
    Row other;
    T key;
};

/// Rows [begin, end), whole panels, and the limits above which they ask for others.
template <class T>
struct Side {
    const Panels<T>& panels;
    std::size_t begin;
    std::size_t end;
    const T* offsets;  // [padded]
    const T* limits;   // [padded], infinite beyond the rows; null: these rows do not ask
};

/// All pairs of a row of the left (which asks) and one of the right.
template <class T>
struct Tile {
    std::size_t dims;
    Side<T> left;
    Side<T> right;
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
