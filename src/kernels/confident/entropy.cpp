// p ln p of many probabilities.
//
// Sound: a polynomial after taking out the power of two, by plain multiplications and additions, so
// that every instruction set gives the same bits.
//
// As SciPy: the library's logarithm in double, times p, rounded once to float or not at all. Most
// of those bits can be had without the library: a logarithm with a known error decides them unless
// it lies so near to where rounding turns over that the error, or the library's own, matters. Such
// values, one in some hundreds in float, one in twenty in double, are given to the library. What is
// computed in between may thus differ between instruction sets; the result does not.
#include "kernels/confident/entropy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <utility>

#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/confident/entropy.cpp"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tusker::confident::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
using Signed = hn::RebindToSigned<D>;

template <class T>
using Wide = hn::CappedTag<T, 64 / sizeof(T)>;

/// work(from, to) for whole vectors of D, and once more for what is left, filled up with ones.
template <class D, class T, class Work>
void each_vector(D d, std::span<const T> in, std::span<T> out, Work&& work) {
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    std::size_t i = 0;
    for (; i + kLanes <= in.size(); i += kLanes) work(&in[i], &out[i]);
    if (i == in.size()) return;
    HWY_ALIGN std::array<T, kLanes> rest;
    rest.fill(T{1});
    std::copy(in.begin() + static_cast<std::ptrdiff_t>(i), in.end(), rest.begin());
    work(rest.data(), rest.data());
    std::copy_n(rest.begin(), in.size() - i, &out[i]);
}

/// (.. (first x + factors[0]) x + ..) x + factors[last], written out: loops would not be.
template <class D, class V>
HWY_INLINE V horner(D /*d*/, V /*x*/, V value) {
    return value;
}
template <class D, class V, class... Factors>
HWY_INLINE V horner(D d, V x, V value, hn::TFromD<D> factor, Factors... factors) {
    return horner(d, x, hn::Add(hn::Mul(value, x), hn::Set(d, factor)), factors...);
}

/// The same with a target's fused multiplication and addition.
template <class D, class V>
HWY_INLINE V fused_horner(D /*d*/, V /*x*/, V value) {
    return value;
}
template <class D, class V, class... Factors>
HWY_INLINE V fused_horner(D d, V x, V value, hn::TFromD<D> factor, Factors... factors) {
    return fused_horner(d, x, hn::MulAdd(value, x, hn::Set(d, factor)), factors...);
}

/// work(all of the array as arguments)
template <const auto& kFactors, class Work>
HWY_INLINE auto with_factors(Work&& work) {
    return [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) HWY_ATTR {
        return work(kFactors[kIndex]...);
    }(std::make_index_sequence<kFactors.size()>());
}

// --- Whether all values are in [0, 1] -----------------------------------------------------------
// As unsigned integers, the bits of a number in [0, 1] are at most those of 1; those of -0 are not.

template <class T>
bool in_zero_one(std::span<const T> values) {
    const hn::CappedTag<T, 64 / sizeof(T)> d;
    const hn::RebindToUnsigned<decltype(d)> du;
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    const auto one = hn::BitCast(du, hn::Set(d, T{1}));
    auto most = hn::Zero(du);
    std::size_t i = 0;
    for (; i + kLanes <= values.size(); i += kLanes)
        most = hn::Max(most, hn::BitCast(du, hn::LoadU(d, &values[i])));
    bool in_range = hn::AllTrue(du, hn::Eq(hn::Max(most, one), one));
    for (; i < values.size(); ++i) in_range &= values[i] >= 0 && values[i] <= 1;
    return in_range;
}

// --- Sound --------------------------------------------------------------------------------------

/// x = m 2^exponent with m within a factor of sqrt(2) of 1, for a normal x > 0.
template <class D>
struct Parted {
    hn::Vec<D> m;
    hn::Vec<D> exponent;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE Parted<D> part(D d, V x) {
    using T = hn::TFromD<D>;
    const Signed<D> di;
    using I = hn::TFromD<Signed<D>>;
    constexpr int kFractionBits = std::numeric_limits<T>::digits - 1;
    constexpr I kFraction = (I{1} << kFractionBits) - 1;
    const auto sqrt_half = hn::BitCast(di, hn::Set(d, std::numbers::sqrt2_v<T> / 2));
    const auto bits = hn::Sub(hn::BitCast(di, x), sqrt_half);
    const auto m = hn::Add(hn::And(bits, hn::Set(di, kFraction)), sqrt_half);
    return {hn::BitCast(d, m), hn::ConvertTo(d, hn::ShiftRight<kFractionBits>(bits))};
}

// ln p = n ln 2 + ln(1 + f), f = m - 1. A p too small to be normal adds less than 1e-35 and is
// given the logarithm of the least that is; so 0 needs no care.
//
// float: ln(1 + f) = f + f² P(f), within 2^-26 of it.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sound_p_log_p(D d, V p, float /*type*/) {
    const auto [m, exponent] = part(d, hn::Max(p, hn::Set(d, std::numeric_limits<float>::min())));
    const auto f = hn::Sub(m, hn::Set(d, 1.0F));
    const auto series =
        horner(d, f, hn::Set(d, -0x1.3a4ff6p-4F), 0x1.048f72p-3F, -0x1.0cda32p-3F, 0x1.22ea5ap-3F,
               -0x1.548382p-3F, 0x1.99a012p-3F, -0x1.00020cp-2F, 0x1.555554p-2F, -0x1.fffffep-2F);
    const auto log = hn::Add(f, hn::Mul(hn::Mul(f, f), series));
    const auto ln2 = hn::Set(d, std::numbers::ln2_v<float>);
    return hn::Mul(p, hn::Add(hn::Mul(exponent, ln2), log));
}

// double: ln(1 + f) = 2 s + s³ P(s²), s = f / (2 + f), within 2^-57 of it.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sound_p_log_p(D d, V p, double /*type*/) {
    const auto [m, exponent] = part(d, hn::Max(p, hn::Set(d, std::numeric_limits<double>::min())));
    const auto one = hn::Set(d, 1.0);
    const auto s = hn::Div(hn::Sub(m, one), hn::Add(m, one));
    const auto square = hn::Mul(s, s);
    const auto series = horner(d, square, hn::Set(d, 0x1.2b584aae78a57p-3), 0x1.39fe606542ddep-3,
                               0x1.7462b4ab2ef6bp-3, 0x1.c71c62e5800a1p-3, 0x1.2492492df148dp-2,
                               0x1.99999999952e2p-2, 0x1.5555555555558p-1);
    const auto log = hn::Add(hn::Add(s, s), hn::Mul(s, hn::Mul(square, series)));
    const auto ln2 = hn::Set(d, std::numbers::ln2);
    return hn::Mul(p, hn::Add(hn::Mul(exponent, ln2), log));
}

// The series of SoundOrder::log; see there.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sound_log(D d, V x) {
    const auto [m, exponent] = part(d, x);
    const auto one = hn::Set(d, 1.0);
    const auto s = hn::Div(hn::Sub(m, one), hn::Add(m, one));
    const auto square = hn::Mul(s, s);
    const auto series =
        with_factors<SoundOrder::kLogFactors>([&](double first, auto... factors) HWY_ATTR {
            return hn::Mul(horner(d, square, hn::Set(d, first), factors...), square);
        });
    const auto artanh = hn::Add(s, hn::Mul(s, series));
    return hn::Add(hn::Mul(exponent, hn::Set(d, std::numbers::ln2)),
                   hn::Mul(hn::Set(d, 2.0), artanh));
}

template <class T>
void sound_p_log_p(std::span<const T> p, std::span<T> out) {
    const Wide<T> d;
    each_vector(d, p, out, [&](const T* from, T* to) HWY_ATTR {
        hn::StoreU(sound_p_log_p(d, hn::LoadU(d, from), T{}), d, to);
    });
}

/// As SoundOrder::log of a float: in double, rounded once.
void sound_log_floats(std::span<float> values) {
    const Wide<double> d;
    const hn::Rebind<float, Wide<double>> df;
    each_vector(df, std::span<const float>(values), values,
                [&](const float* from, float* to) HWY_ATTR {
                    const auto x = hn::PromoteTo(d, hn::LoadU(df, from));
                    hn::StoreU(hn::DemoteTo(df, sound_log(d, x)), df, to);
                });
}
void sound_log_doubles(std::span<double> values) {
    const Wide<double> d;
    each_vector(d, std::span<const double>(values), values,
                [&](const double* from, double* to)
                    HWY_ATTR { hn::StoreU(sound_log(d, hn::LoadU(d, from)), d, to); });
}

// --- As SciPy -----------------------------------------------------------------------------------

template <class T>
HWY_INLINE T library_p_log_p(T p) {
    const auto wide = static_cast<double>(p);
    return p == 0 ? T{0} : static_cast<T>(wide * std::log(wide));
}

#if HWY_NATIVE_FMA

/// Values that are decided one by one are noted as bits, a word of which is looked at together.
constexpr std::size_t kBlock = 1024;

/// work(d, from, to) writes a vector of results and returns which of them the library has to
/// decide.
template <class T, class Work>
void settle(std::span<const T> p, std::span<T> out, Work&& work) {
    const Wide<T> d;
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    constexpr std::size_t kValuesPerByte = std::min<std::size_t>(kLanes, 8);
    HWY_ALIGN std::array<std::uint8_t, kBlock / kValuesPerByte + 8> doubtful;
    for (std::size_t begin = 0; begin < p.size(); begin += kBlock) {
        const std::size_t end = std::min(begin + kBlock, p.size());
        std::size_t bytes = 0;
        std::size_t i = begin;
        for (; i + kLanes <= end; i += kLanes)
            bytes += hn::StoreMaskBits(d, work(d, &p[i], &out[i]), &doubtful[bytes]);
        for (; i < end; ++i) out[i] = library_p_log_p(p[i]);
        std::fill_n(&doubtful[bytes], 8, std::uint8_t{0});
        for (std::size_t byte = 0; byte < bytes; byte += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, &doubtful[byte], sizeof word);
            for (; word != 0; word &= word - 1) {
                const auto bit = static_cast<std::size_t>(std::countr_zero(word));
                const std::size_t at = begin + (byte + bit / 8) * kValuesPerByte + bit % 8;
                out[at] = library_p_log_p(p[at]);
            }
        }
    }
}

// m = (1 + r) / c, where c is one of sixteen numbers of so few bits that r is exact and below 0.04.
// ln p = n ln 2 - ln c + r - r² / 2 + r³ Q(r). The first two are an exact sum and a small rest; all
// is added in two floats, whose first is nearly the sum and whose second is what that lacks.
constexpr std::int32_t kLeastM = 0x3f302000;  // the least m, so that c is 1 around 1
HWY_ALIGN constexpr std::array kC = {1.4375F, 1.375F,   1.3125F,  1.25F, 1.21875F, 1.15625F,
                                     1.125F,  1.09375F, 1.0625F,  1.0F,  0.96875F, 0.90625F,
                                     0.875F,  0.8125F,  0.78125F, 0.75F};
HWY_ALIGN constexpr std::array kMinusLogC = {
    -0x1.739cp-2F, -0x1.4618p-2F, -0x1.1674p-2F, -0x1.c9p-3F, -0x1.9528p-3F, -0x1.2958p-3F,
    -0x1.e27p-4F,  -0x1.6f1p-4F,  -0x1.f0ap-5F,  0x0p+0F,     0x1.042p-5F,   0x1.933p-4F,
    0x1.1178p-3F,  0x1.a94p-3F,   0x1.f99p-3F,   0x1.2698p-2F};
HWY_ALIGN constexpr std::array kMinusLogCRest = {
    -0x1.7f6bbep-18F, -0x1.78438cp-19F, -0x1.cababap-18F, 0x1.070cacp-20F,
    0x1.2b185ep-18F,  0x1.683fp-18F,    -0x1.db8abcp-22F, 0x1.6ba8d4p-19F,
    -0x1.86008cp-20F, 0x0p+0F,          -0x1.44ec32p-18F, 0x1.797566p-18F,
    0x1.d044fcp-20F,  -0x1.2c3752p-19F, 0x1.c6cb3cp-19F,  -0x1.deecb2p-18F};

template <class D, class VI>
HWY_INLINE hn::Vec<D> look_up(D d, const std::array<float, 16>& table, VI places) {
    if constexpr (hn::MaxLanes(d) == 16)
        return hn::TableLookupLanes(hn::Load(d, table.data()), hn::IndicesFromVec(d, places));
    else
        return hn::GatherIndex(d, table.data(), places);
}

/// Writes p ln p and says which values are doubtful.
struct NumpyFloats {
    template <class D>
    HWY_INLINE hn::Mask<D> operator()(D d, const float* from, float* to) const {
        const Signed<D> di;
        const auto p = hn::LoadU(d, from);
        const auto bits = hn::Sub(hn::BitCast(di, p), hn::Set(di, kLeastM));
        const auto exponent = hn::ConvertTo(d, hn::ShiftRight<23>(bits));
        const auto m =
            hn::BitCast(d, hn::Add(hn::And(bits, hn::Set(di, 0x007fffff)), hn::Set(di, kLeastM)));
        const auto place = hn::And(hn::ShiftRight<19>(bits), hn::Set(di, 15));
        const auto r = hn::MulSub(m, look_up(d, kC, place), hn::Set(d, 1.0F));
        const auto series = fused_horner(d, r, hn::Set(d, 0x1.250676p-3F), -0x1.55d808p-3F,
                                         0x1.99998ep-3F, -0x1.fffff2p-3F, 0x1.555556p-2F);
        const auto square = hn::Mul(r, r);
        const auto square_rest = hn::MulSub(r, r, square);
        const auto q = hn::Mul(series, hn::Mul(r, square));
        const auto base =
            hn::MulAdd(exponent, hn::Set(d, 0x1.62e4p-1F), look_up(d, kMinusLogC, place));
        const auto rest = hn::Add(q, hn::MulAdd(exponent, hn::Set(d, 0x1.7f7d1cp-20F),
                                                look_up(d, kMinusLogCRest, place)));
        const auto half = hn::Set(d, -0.5F);
        const auto sum = hn::Add(base, r);  // |base| > |r| or 0
        const auto sum_rest = hn::Sub(r, hn::Sub(sum, base));
        const auto log = hn::MulAdd(square, half, sum);
        const auto log_rest = hn::MulAdd(square, half, hn::Sub(sum, log));
        const auto low = hn::Add(rest, hn::Add(sum_rest, hn::MulAdd(square_rest, half, log_rest)));
        const auto high = hn::Mul(p, log);
        const auto high_rest = hn::MulAdd(p, low, hn::MulSub(p, log, high));
        // q is within 2^-21 of its size, the rest within 2^-34 of ln p, which is not positive.
        const auto error = hn::Mul(
            p, hn::NegMulAdd(log, hn::Set(d, 0x1p-34F), hn::Mul(hn::Abs(q), hn::Set(d, 0x1p-21F))));
        const auto lower = hn::Add(high, hn::Sub(high_rest, error));
        const auto upper = hn::Add(high, hn::Add(high_rest, error));
        const auto zero = hn::Eq(p, hn::Zero(d));
        hn::StoreU(hn::IfThenZeroElse(zero, lower), d, to);
        const auto tiny = hn::Lt(p, hn::Set(d, 0x1p-100F));  // high_rest might not be exact
        return hn::AndNot(zero, hn::Or(hn::Ne(lower, upper), tiny));
    }
};

// ln p = n ln 2 + 2 s + 2 s³ (1/3 + s²/5 ..), s = f / (2 + f): see SoundOrder::log. The first two
// are added exactly and their sum is kept in two parts; the third is below 2^-8 of a number.
struct NumpyDoubles {
    template <class D>
    HWY_INLINE hn::Mask<D> operator()(D d, const double* from, double* to) const {
        const auto p = hn::LoadU(d, from);
        const auto least = hn::Set(d, std::numeric_limits<double>::min());
        const auto [m, exponent] = part(d, p);
        const auto two = hn::Set(d, 2.0);
        const auto f = hn::Sub(m, hn::Set(d, 1.0));
        const auto divisor = hn::Add(two, f);
        const auto divisor_rest = hn::Sub(f, hn::Sub(divisor, two));
        const auto inverse = hn::Div(two, divisor);
        const auto s2 = hn::Mul(f, inverse);  // 2 s to nearly 53 bits
        const auto half = hn::Mul(s2, hn::Set(d, 0.5));
        const auto left = hn::NegMulAdd(half, divisor_rest, hn::NegMulAdd(half, divisor, f));
        const auto s2_rest = hn::Mul(left, inverse);
        const auto square = hn::Mul(half, half);
        const auto series =
            with_factors<SoundOrder::kLogFactors>([&](double first, auto... factors) HWY_ATTR {
                return fused_horner(d, square, hn::Set(d, first), factors...);
            });
        const auto third = hn::Mul(s2, hn::Mul(square, series));
        const auto whole = hn::Mul(exponent, hn::Set(d, 0x1.62e42fefa38p-1));
        const auto high = hn::Add(whole, s2);  // |whole| > |s2| or 0
        const auto dropped = hn::Sub(s2, hn::Sub(high, whole));
        const auto low = hn::Add(
            dropped,
            hn::Add(third, hn::MulAdd(exponent, hn::Set(d, 0x1.ef35793c7673p-45), s2_rest)));
        const auto log = hn::Add(high, low);
        const auto rest = hn::Sub(low, hn::Sub(log, high));
        const auto error = error_bound(d, log, third);
        const auto zero = hn::Eq(p, hn::Zero(d));
        hn::StoreU(hn::IfThenZeroElse(zero, hn::Mul(p, log)), d, to);
        const auto turns = hn::Or(hn::Ne(hn::Add(log, hn::Add(rest, error)), log),
                                  hn::Ne(hn::Add(log, hn::Sub(rest, error)), log));
        return hn::AndNot(zero, hn::Or(turns, hn::Lt(p, least)));
    }

private:
    /// The library's logarithm is within 0.519 units of its last place (it says so), ours within
    /// 2^-49 of the third part: how far `rest` may be off for both to be rounded alike.
    template <class D, class V = hn::Vec<D>>
    static HWY_INLINE V error_bound(D d, V log, V third) {
        const auto power = hn::And(
            hn::Abs(log), hn::BitCast(d, hn::Set(Signed<D>(), std::int64_t{0x7ff0000000000000})));
        return hn::MulAdd(power, hn::Set(d, 0.02 * 0x1p-52),
                          hn::Mul(hn::Abs(third), hn::Set(d, 0x1p-49)));
    }
};

void numpy_p_log_p_floats(std::span<const float> p, std::span<float> out) {
    settle(p, out, NumpyFloats());
}
void numpy_p_log_p_doubles(std::span<const double> p, std::span<double> out) {
    settle(p, out, NumpyDoubles());
}

// NumpyOrder::log; see there.
void numpy_log_floats(std::span<float> values) {
    const Wide<float> d;
    each_vector(d, std::span<const float>(values), values,
                [&](const float* from, float* to) HWY_ATTR {
                    const Signed<Wide<float>> di;
                    const auto sqrt_half = hn::Set(di, NumpyOrder::kLogLeastM);
                    const auto bits = hn::Sub(hn::BitCast(di, hn::LoadU(d, from)), sqrt_half);
                    const auto m = hn::Add(hn::And(bits, hn::Set(di, 0x007fffff)), sqrt_half);
                    const auto f = hn::Sub(hn::BitCast(d, m), hn::Set(d, 1.0F));
                    const auto polynomial = [&](float first, auto... factors) HWY_ATTR {
                        return fused_horner(d, f, hn::Set(d, first), factors...);
                    };
                    const auto numerator = with_factors<NumpyOrder::kLogNumerator>(polynomial);
                    const auto denominator = with_factors<NumpyOrder::kLogDenominator>(polynomial);
                    const auto exponent = hn::ConvertTo(d, hn::ShiftRight<23>(bits));
                    hn::StoreU(hn::MulAdd(exponent, hn::Set(d, std::numbers::ln2_v<float>),
                                          hn::Div(numerator, denominator)),
                               d, to);
                });
}

#else

void numpy_log_floats(std::span<float> values) {
    for (float& x : values) x = NumpyOrder::log(x);
}
void numpy_p_log_p_floats(std::span<const float> p, std::span<float> out) {
    for (std::size_t i = 0; i < p.size(); ++i) out[i] = library_p_log_p(p[i]);
}
void numpy_p_log_p_doubles(std::span<const double> p, std::span<double> out) {
    for (std::size_t i = 0; i < p.size(); ++i) out[i] = library_p_log_p(p[i]);
}

#endif

void sound_p_log_p_floats(std::span<const float> p, std::span<float> out) { sound_p_log_p(p, out); }
void sound_p_log_p_doubles(std::span<const double> p, std::span<double> out) {
    sound_p_log_p(p, out);
}
bool in_zero_one_floats(std::span<const float> values) { return in_zero_one(values); }
bool in_zero_one_doubles(std::span<const double> values) { return in_zero_one(values); }

}  // namespace tusker::confident::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tusker::confident {

HWY_EXPORT(in_zero_one_floats);
HWY_EXPORT(in_zero_one_doubles);
HWY_EXPORT(sound_p_log_p_floats);
HWY_EXPORT(sound_p_log_p_doubles);
HWY_EXPORT(sound_log_floats);
HWY_EXPORT(sound_log_doubles);
HWY_EXPORT(numpy_p_log_p_floats);
HWY_EXPORT(numpy_p_log_p_doubles);
HWY_EXPORT(numpy_log_floats);

bool surely_in_zero_one(std::span<const float> values) {
    return HWY_DYNAMIC_DISPATCH(in_zero_one_floats)(values);
}
bool surely_in_zero_one(std::span<const double> values) {
    return HWY_DYNAMIC_DISPATCH(in_zero_one_doubles)(values);
}

void SoundOrder::p_log_p(std::span<const float> p, std::span<float> out) {
    HWY_DYNAMIC_DISPATCH(sound_p_log_p_floats)(p, out);
}
void SoundOrder::p_log_p(std::span<const double> p, std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(sound_p_log_p_doubles)(p, out);
}
void SoundOrder::log_each(std::span<float> values) {
    HWY_DYNAMIC_DISPATCH(sound_log_floats)(values);
}
void SoundOrder::log_each(std::span<double> values) {
    HWY_DYNAMIC_DISPATCH(sound_log_doubles)(values);
}

void NumpyOrder::p_log_p(std::span<const float> p, std::span<float> out) {
    HWY_DYNAMIC_DISPATCH(numpy_p_log_p_floats)(p, out);
}
void NumpyOrder::p_log_p(std::span<const double> p, std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(numpy_p_log_p_doubles)(p, out);
}
void NumpyOrder::log_each(std::span<float> values) {
    HWY_DYNAMIC_DISPATCH(numpy_log_floats)(values);
}
void NumpyOrder::log_each(std::span<double> values) {
    for (double& x : values) x = std::log(x);
}

}  // namespace tusker::confident
#endif
