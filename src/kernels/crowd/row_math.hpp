// Arithmetic over padded rows of a matrix, on whatever vectors the machine has. Every instruction
// set gives the bits of the plain loop: columns do not mix, and nothing is re-ordered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

/// Rows are padded to a multiple of so many columns.
inline constexpr std::size_t kColumns = 4;

inline std::size_t padded(std::size_t columns) {
    return (columns + kColumns - 1) / kColumns * kColumns;
}

/// A matrix of zeros, its rows padded to a multiple of kColumns columns, that begins where a line
/// of the cache does.
class PaddedRows {
public:
    PaddedRows(std::size_t rows, std::size_t stride);

    std::span<double> all() { return std::span(values_).subspan(first_, count_); }
    std::span<double> row(std::size_t i) { return rows(i, i + 1); }
    std::span<double> rows(std::size_t begin, std::size_t end) {
        return all().subspan(begin * stride_, (end - begin) * stride_);
    }
    /// The first `columns` of each row; they are moved where they stand, as another copy would
    /// touch as much memory anew.
    std::vector<double> without_padding(std::size_t columns) &&;

private:
    static constexpr std::size_t kLine = 64 / sizeof(double);
    std::size_t stride_;
    std::size_t count_;
    std::size_t first_ = 0;
    std::vector<double> values_;
};

/// out[c] = Kahan's sum of table[row * out.size() + c] over `rows`, in their order.
void sum_rows_singly(std::span<const double> table, std::span<const Index> rows,
                     std::span<double> out);
/// The same, but runs of kRun rows are added plainly and only their sums by Kahan's way: for values
/// of one sign still within kRun units of the last place, however many rows there are.
void sum_rows(std::span<const double> table, std::span<const Index> rows, std::span<double> out);
inline constexpr std::size_t kRun = 8;

/// After so many factors, each at least 1e-20, a product that began at 1e-10 or more is a normal
/// number still, and must be scaled before the next.
inline constexpr std::size_t kFactors = 12;

/// Whose rows are multiplied: product j takes the rows factors[begins[j]] to factors[begins[j +
/// 1]].
struct Products {
    std::span<const double> table;  // [rows × stride]
    std::span<const Index> factors;
    std::span<const Index> begins;
    std::span<const double> start;  // [stride] what each product begins with; 0 past the columns
};
/// For each item, at most kProducts: row `item` of out [N × stride] = the product of the item's
/// rows and `start`, divided by its sum. Returns the sum of the natural logarithms of those sums.
double multiply_rows(const Products& products, std::span<const Index> items, std::span<double> out);
inline constexpr std::size_t kProducts = 256;

/// e to the power of this is less than half a unit of the last place of 1.
inline constexpr double kNegligible = -37;

/// x = SoundOrder::exp(x), each at most 0, but 0 below kNegligible. A multiple of kColumns values.
void exp_each(std::span<double> values);

/// out = SoundOrder::log(x), each normal and positive. A multiple of kColumns values.
void log_each(std::span<const double> values, std::span<double> out);

}  // namespace tusker::crowd
