#include "kernels/crowd/row_math.hpp"

#include <array>
#include <cstdint>
#include <numbers>
#include <utility>

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

template <std::size_t... kVectors>
void SumColumns(std::index_sequence<kVectors...> /*which*/, const double* table, std::size_t stride,
                std::span<const Index> rows, double* out) {
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

void SumRows(const double* table, std::span<const Index> rows, std::span<double> out) {
    const std::size_t lanes = hn::Lanes(Doubles());
    const std::size_t stride = out.size();
    std::size_t c = 0;
    for (; c + 4 * lanes <= stride; c += 4 * lanes)
        SumColumns(std::make_index_sequence<4>(), table + c, stride, rows, &out[c]);
    switch ((stride - c) / lanes) {
        case 3:
            return SumColumns(std::make_index_sequence<3>(), table + c, stride, rows, &out[c]);
        case 2:
            return SumColumns(std::make_index_sequence<2>(), table + c, stride, rows, &out[c]);
        case 1:
            return SumColumns(std::make_index_sequence<1>(), table + c, stride, rows, &out[c]);
        default:
            return;
    }
}

// SoundOrder::exp for 4 columns at once; see there.
void ExpEach(std::span<double> values) {
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
void LogEach(std::span<const double> values, std::span<double> out) {
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
HWY_EXPORT(SumRows);
HWY_EXPORT(ExpEach);
HWY_EXPORT(LogEach);

void sum_rows(std::span<const double> table, std::span<const Index> rows, std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(SumRows)(table.data(), rows, out);
}
void exp_each(std::span<double> values) { HWY_DYNAMIC_DISPATCH(ExpEach)(values); }
void log_each(std::span<const double> values, std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(LogEach)(values, out);
}
}  // namespace tusker::crowd
#endif
