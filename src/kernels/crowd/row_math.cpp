#include "kernels/crowd/row_math.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include "kernels/confident/sound_order.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/crowd/row_math.cpp"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>
HWY_BEFORE_NAMESPACE();
namespace tusker::crowd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using confident::SoundOrder;

using Doubles = hn::CappedTag<double, kColumns>;
using Integers = hn::RebindToSigned<Doubles>;

/// 1.5 × 2^52: adding it rounds to a whole number, which then stands in the low bits.
constexpr double kToWhole = 6755399441055744.0;
constexpr std::int64_t kToWholeBits = 0x4338000000000000;

using Vector = hn::Vec<Doubles>;

/// Sums of one vector of columns. A step waits for the one before, so several stand side by side.
struct Kahan {
    Vector total;
    Vector excess;

    void clear() { total = excess = hn::Zero(Doubles()); }
    void add(Vector value) {
        const auto next = hn::Sub(value, excess);
        const auto sum = hn::Add(total, next);
        excess = hn::Sub(hn::Sub(sum, total), next);
        total = sum;
    }
};

/// Calls columns(std::index_sequence of as many vectors as are side by side, first column).
template <class Columns>
void for_columns(std::size_t stride, const Columns& columns) {
    const std::size_t lanes = hn::Lanes(Doubles());
    std::size_t c = 0;
    for (; c + 4 * lanes <= stride; c += 4 * lanes) columns(std::make_index_sequence<4>(), c);
    switch ((stride - c) / lanes) {
        case 3:
            return columns(std::make_index_sequence<3>(), c);
        case 2:
            return columns(std::make_index_sequence<2>(), c);
        case 1:
            return columns(std::make_index_sequence<1>(), c);
        default:
            return;
    }
}

template <std::size_t... kVectors>
void sum_columns_singly(std::index_sequence<kVectors...> /*which*/, const double* table,
                        std::size_t stride, std::span<const Index> rows, double* out) {
    const Doubles d;
    const std::size_t lanes = hn::Lanes(d);
    std::array<Kahan, sizeof...(kVectors)> sums;
    (sums[kVectors].clear(), ...);
    for (const Index row : rows) {
        const double* values = table + row * stride;
        (sums[kVectors].add(hn::LoadU(d, values + kVectors * lanes)), ...);
    }
    (hn::StoreU(sums[kVectors].total, d, out + kVectors * lanes), ...);
}

void sum_rows_singly(const double* table, std::span<const Index> rows, std::span<double> out) {
    for_columns(out.size(), [&](auto vectors, std::size_t c) {
        sum_columns_singly(vectors, table + c, out.size(), rows, &out[c]);
    });
}

template <std::size_t... kVectors>
void sum_in_columns(std::index_sequence<kVectors...> /*which*/, const double* table,
                    std::size_t stride, std::span<const Index> rows, double* out) {
    const Doubles d;
    const std::size_t lanes = hn::Lanes(d);
    std::array<Kahan, sizeof...(kVectors)> sums;
    (sums[kVectors].clear(), ...);
    for (std::size_t i = 0; i < rows.size(); i += kRun) {
        std::array<Vector, sizeof...(kVectors)> run{
            hn::LoadU(d, table + rows[i] * stride + kVectors * lanes)...};
        const std::size_t end = std::min(i + kRun, rows.size());
        for (std::size_t j = i + 1; j < end; ++j) {
            const double* values = table + rows[j] * stride;
            ((run[kVectors] = hn::Add(run[kVectors], hn::LoadU(d, values + kVectors * lanes))),
             ...);
        }
        (sums[kVectors].add(run[kVectors]), ...);
    }
    (hn::StoreU(sums[kVectors].total, d, out + kVectors * lanes), ...);
}

void sum_all_rows(const double* table, std::span<const Index> rows, std::span<double> out) {
    for_columns(out.size(), [&](auto vectors, std::size_t c) {
        sum_in_columns(vectors, table + c, out.size(), rows, &out[c]);
    });
}

/// out = start × the rows, column by column. lanes[j] += the products of the columns c with
/// c % kColumns = j, one by one.
template <std::size_t... kVectors>
HWY_INLINE void multiply_columns(std::index_sequence<kVectors...> /*which*/, const double* table,
                                 std::size_t stride, std::span<const Index> rows,
                                 const double* start, double* out, double* lanes) {
    const Doubles d;
    const std::size_t width = hn::Lanes(d);
    std::array<Vector, sizeof...(kVectors)> product{hn::LoadU(d, start + kVectors * width)...};
    for (const Index row : rows) {
        const double* values = table + row * stride;
        ((product[kVectors] = hn::Mul(product[kVectors], hn::LoadU(d, values + kVectors * width))),
         ...);
    }
    const auto hand_over = [&](std::size_t v) HWY_ATTR {
        hn::StoreU(product[v], d, out + v * width);
        double* sums = lanes + v * width % kColumns;
        hn::StoreU(hn::Add(hn::LoadU(d, sums), product[v]), d, sums);
    };
    (hand_over(kVectors), ...);
}

/// Divides a row by a power of two that is near its largest value. Returns that power's exponent.
int scale_to_one(std::span<double> row) {
    int exponent = 0;
    (void)std::frexp(*std::max_element(row.begin(), row.end()), &exponent);
    for (double& x : row) x = std::ldexp(x, -exponent);
    return exponent;
}

/// The products of one item, times two to the power that it returns, and their sums by lane.
HWY_INLINE int multiply_item(const Products& products, Index item, double* out,
                             std::array<double, kColumns>& lanes) {
    const std::size_t stride = products.start.size();
    const std::size_t begin = products.begins[item];
    auto rows = products.factors.subspan(begin, products.begins[item + 1] - begin);
    const double* start = products.start.data();
    int exponent = 0;
    for (;;) {
        lanes = {};
        const auto now = rows.first(std::min(kFactors, rows.size()));
        for_columns(stride, [&](auto vectors, std::size_t c) {
            multiply_columns(vectors, products.table.data() + c, stride, now, start + c, out + c,
                             lanes.data());
        });
        rows = rows.subspan(now.size());
        if (rows.empty()) return exponent;
        exponent += scale_to_one({out, stride});
        start = out;
    }
}

/// The sum of logarithms of positive normal numbers, a multiple of kColumns of them: fractions are
/// multiplied (so many are no less than 2^-1000), exponents added.
double sum_of_logs(std::span<const double> values, std::int64_t exponents) {
    std::array<double, kColumns> fractions;
    fractions.fill(1);
    for (std::size_t i = 0; i < values.size(); i += kColumns)
        for (std::size_t c = 0; c < kColumns; ++c) {
            const auto bits = std::bit_cast<std::int64_t>(values[i + c]);
            constexpr std::int64_t kFraction = 0x000FFFFFFFFFFFFF;
            constexpr std::int64_t kHalf = 0x3FE0000000000000;
            fractions[c] *= std::bit_cast<double>((bits & kFraction) | kHalf);
            exponents += (bits >> 52) - 1022;
        }
    double sum = static_cast<double>(exponents) * std::numbers::ln2;
    for (const double fraction : fractions) sum += SoundOrder::log(fraction);
    return sum;
}

double multiply_all_rows(const Products& products, std::span<const Index> items, double* table) {
    const Doubles d;
    const std::size_t stride = products.start.size();
    std::array<std::array<double, kColumns>, kProducts> lanes;
    std::array<double, kProducts> sums;
    sums.fill(1);
    std::int64_t exponents = 0;
    for (std::size_t i = 0; i < items.size(); ++i)
        exponents += multiply_item(products, items[i], table + items[i] * stride, lanes[i]);
    for (std::size_t i = 0; i < items.size(); ++i)
        sums[i] = (lanes[i][0] + lanes[i][1]) + (lanes[i][2] + lanes[i][3]);
    const double logs = sum_of_logs(sums, exponents);
    for (std::size_t i = 0; i < kProducts; i += hn::Lanes(d))
        hn::StoreU(hn::Div(hn::Set(d, 1.0), hn::LoadU(d, &sums[i])), d, &sums[i]);
    for (std::size_t i = 0; i < items.size(); ++i) {
        double* row = table + items[i] * stride;
        const auto inverse = hn::Set(d, sums[i]);
        for (std::size_t c = 0; c < stride; c += hn::Lanes(d))
            hn::StoreU(hn::Mul(hn::LoadU(d, row + c), inverse), d, row + c);
    }
    return logs;
}

// SoundOrder::exp for 4 columns at once; see there.
void exp_values(std::span<double> values) {
    const Doubles d;
    const Integers i;
    for (std::size_t c = 0; c < values.size(); c += hn::Lanes(d)) {
        const auto x = hn::LoadU(d, &values[c]);
        const auto small = hn::Lt(x, hn::Set(d, kNegligible));
        if (hn::AllTrue(d, small)) {
            hn::StoreU(hn::Zero(d), d, &values[c]);
            continue;
        }
        const auto shifted =
            hn::Add(hn::Mul(x, hn::Set(d, std::numbers::log2e)), hn::Set(d, kToWhole));
        const auto n = hn::Sub(shifted, hn::Set(d, kToWhole));
        const auto r = hn::Sub(hn::Sub(x, hn::Mul(n, hn::Set(d, 0x1.62e42fee00000p-1))),
                               hn::Mul(n, hn::Set(d, 0x1.a39ef35793c76p-33)));
        auto series = hn::Set(d, 1.0);
        for (int divisor = 13; divisor >= 1; --divisor)
            series =
                hn::Add(hn::Set(d, 1.0), hn::Mul(series, hn::Mul(r, hn::Set(d, 1.0 / divisor))));
        const auto exponent =
            hn::Add(hn::Sub(hn::BitCast(i, shifted), hn::Set(i, kToWholeBits)), hn::Set(i, 1023));
        const auto power = hn::BitCast(d, hn::ShiftLeft<52>(exponent));
        hn::StoreU(hn::IfThenZeroElse(small, hn::Mul(series, power)), d, &values[c]);
    }
}

// SoundOrder::log for 4 columns at once; see there. Clipped columns are many and neighbours.
void log_values(std::span<const double> values, std::span<double> out) {
    const Doubles d;
    const Integers i;
    auto before = hn::Zero(d);
    auto log_before = hn::Zero(d);
    for (std::size_t c = 0; c < values.size(); c += hn::Lanes(d)) {
        const auto x = hn::LoadU(d, &values[c]);
        if (hn::AllTrue(d, hn::Eq(x, before))) {
            hn::StoreU(log_before, d, &out[c]);
            continue;
        }
        const auto bits = hn::BitCast(i, x);
        constexpr std::int64_t kFraction = 0x000FFFFFFFFFFFFF;
        constexpr std::int64_t kHalf = 0x3FE0000000000000;
        auto m = hn::BitCast(d, hn::Or(hn::And(bits, hn::Set(i, kFraction)), hn::Set(i, kHalf)));
        const auto raw =
            hn::BitCast(i, hn::ShiftRight<52>(hn::BitCast(hn::RebindToUnsigned<Doubles>(), bits)));
        auto exponent = hn::Sub(
            hn::BitCast(d, hn::Add(hn::Sub(raw, hn::Set(i, 1022)), hn::Set(i, kToWholeBits))),
            hn::Set(d, kToWhole));
        const auto small = hn::Lt(m, hn::Set(d, std::numbers::sqrt2 / 2));
        m = hn::IfThenElse(small, hn::Add(m, m), m);
        exponent = hn::Sub(exponent, hn::IfThenElseZero(small, hn::Set(d, 1.0)));
        const auto s = hn::Div(hn::Sub(m, hn::Set(d, 1.0)), hn::Add(m, hn::Set(d, 1.0)));
        const auto square = hn::Mul(s, s);
        auto series = hn::Zero(d);
        for (const double factor : SoundOrder::kLogFactors)
            series = hn::Mul(hn::Add(series, hn::Set(d, factor)), square);
        const auto artanh = hn::Add(s, hn::Mul(s, series));
        const auto log = hn::Add(hn::Mul(exponent, hn::Set(d, std::numbers::ln2)),
                                 hn::Mul(hn::Set(d, 2.0), artanh));
        hn::StoreU(log, d, &out[c]);
        before = x;
        log_before = log;
    }
}

}  // namespace tusker::crowd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#if HWY_ONCE
namespace tusker::crowd {
HWY_EXPORT(sum_rows_singly);
HWY_EXPORT(sum_all_rows);
HWY_EXPORT(multiply_all_rows);
HWY_EXPORT(exp_values);
HWY_EXPORT(log_values);

PaddedRows::PaddedRows(std::size_t rows, std::size_t stride)
    : stride_(stride), count_(rows * stride) {
    values_.reserve(count_ + kLine);
    const auto address = reinterpret_cast<std::uintptr_t>(values_.data());
    first_ = (kLine - address / sizeof(double) % kLine) % kLine;
    // Whole huge pages within it; a wish, without which all works as well.
    constexpr std::uintptr_t kHugePage = std::uintptr_t{1} << 21;
    const std::uintptr_t begin = (address + kHugePage - 1) / kHugePage * kHugePage;
    const std::uintptr_t end =
        (address + values_.capacity() * sizeof(double)) / kHugePage * kHugePage;
    if (begin < end)
        (void)::madvise(reinterpret_cast<std::byte*>(values_.data()) + (begin - address),
                        end - begin, MADV_HUGEPAGE);
    values_.resize(count_ + kLine);
}

std::vector<double> PaddedRows::without_padding(std::size_t columns) && {
    const std::size_t rows = count_ / stride_;
    for (std::size_t i = 0; i < rows; ++i)
        std::ranges::copy(row(i).first(columns),
                          values_.begin() + static_cast<std::ptrdiff_t>(i * columns));
    values_.resize(rows * columns);
    return std::move(values_);
}

void sum_rows_singly(std::span<const double> table, std::span<const Index> rows,
                     std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(sum_rows_singly)(table.data(), rows, out);
}
void sum_rows(std::span<const double> table, std::span<const Index> rows, std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(sum_all_rows)(table.data(), rows, out);
}
double multiply_rows(const Products& products, std::span<const Index> items,
                     std::span<double> out) {
    return HWY_DYNAMIC_DISPATCH(multiply_all_rows)(products, items, out.data());
}
void exp_each(std::span<double> values) { HWY_DYNAMIC_DISPATCH(exp_values)(values); }
void log_each(std::span<const double> values, std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(log_values)(values, out);
}
}  // namespace tusker::crowd
#endif
