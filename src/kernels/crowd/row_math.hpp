// Arithmetic over padded rows of a matrix, on whatever vectors the machine has. Every instruction
// set gives the bits of the plain loop: columns do not mix, and nothing is re-ordered.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

/// Rows are padded to a multiple of so many columns.
inline constexpr std::size_t kColumns = 4;

inline std::size_t padded(std::size_t columns) {
    return (columns + kColumns - 1) / kColumns * kColumns;
}

/// out[c] = Kahan's sum of table[row * out.size() + c] over `rows`, in their order.
void sum_rows(std::span<const double> table, std::span<const Index> rows, std::span<double> out);

/// e to the power of this is less than half a unit of the last place of 1.
inline constexpr double kNegligible = -37;

/// x = SoundOrder::exp(x), each at most 0, but 0 below kNegligible. A multiple of kColumns values.
void exp_each(std::span<double> values);

/// out = SoundOrder::log(x), each normal and positive. A multiple of kColumns values.
void log_each(std::span<const double> values, std::span<double> out);

}  // namespace tusker::crowd
