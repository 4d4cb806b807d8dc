// Sixty-four rows of up to 64 classes at a time, on whatever vectors the machine has. Every
// instruction set gives the bits of the plain loop: each value is judged by itself, and sums are
// taken in lanes that do not depend on the width of a vector.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/confident/sound_order.hpp"

namespace tusker::multilabel {

inline constexpr std::size_t kTileRows = 64;

/// Bit i of masks[j] = bit j of words[i]; at most 64 words, the missing are 0.
std::array<std::uint64_t, 64> transpose_bits(std::span<const std::uint64_t> words);

/// Column after column: column j of the tile begins at j × kTileRows.
/// rows    the first value wanted of the first of `row_count` rows, which lie `stride` values apart
/// tile    room for classes × kTileRows
template <class T>
void load_tile(const T* rows, std::size_t stride, std::size_t row_count, std::size_t classes,
               T* tile);

/// Room for one column's values in each of two lists; the kernel may write beyond what counts.
template <class T>
struct SelfConfidences {
    static constexpr std::size_t kRoom = kTileRows + 64 / sizeof(T);
    std::array<T, kRoom> of_absent;
    std::array<T, kRoom> of_present;
};

/// A bit for each row of a column.
struct ColumnBits {
    std::uint64_t outside = 0;      // not in [-1e-6, 1 + 1e-6], or NaN
    std::uint64_t disagreeing = 0;  // see agrees() in binary_problem.hpp
};

/// column  the probabilities of "present" of rows whose bits `valid` has; `given` is a subset of it
/// Writes the self-confidences of rows given absent, and those of rows given present, each in
/// order.
template <class T>
ColumnBits scan_column(const T* column, std::uint64_t given, std::uint64_t valid,
                       SelfConfidences<T>& self_confidences);

/// For each class: counts rows that guess() takes for absent, and for present. Adds to `absent` and
/// `present` [classes].
template <class T>
void count_guesses(const T* rows, std::size_t stride, std::size_t row_count,
                   std::span<const T> absent_bounds, std::span<const T> present_bounds,
                   std::span<std::int64_t> absent, std::span<std::int64_t> present);

/// Neumaier's sum in eight lanes: whatever is added at once begins in the first.
class LaneSums {
public:
    static constexpr std::size_t kLanes = 8;
    void add(std::span<const float> values);
    void add(std::span<const double> values);
    double value() const {
        confident::CompensatedSum sum;
        for (const double total : totals_) sum.add(total);
        for (const double dropped : dropped_) sum.add(dropped);
        return sum.value();
    }

private:
    std::array<double, kLanes> totals_{};
    std::array<double, kLanes> dropped_{};
};

}  // namespace tusker::multilabel
