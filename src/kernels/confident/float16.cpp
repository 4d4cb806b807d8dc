// The bits moved to where a float has them are a number 2^112 times too small, subnormal ones
// included, so that one exact multiplication widens; only infinity and NaN need their own exponent.
#include "kernels/confident/float16.hpp"

#include <bit>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/confident/float16.cpp"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

#ifndef TUSKER_FLOAT16_BITS
#define TUSKER_FLOAT16_BITS
namespace tusker::confident {

inline constexpr std::uint32_t kSign = 0x8000;
inline constexpr std::uint32_t kMagnitude = 0x7FFF;
inline constexpr std::uint32_t kNotFinite = 0x7C00;  // infinity, and NaN from there on
inline constexpr std::uint32_t kExponentOfNotFinite = 0x7F800000;
inline constexpr int kFractionShift = 13;
inline constexpr int kSignShift = 16;
inline constexpr float kRescale = 0x1p112F;

}  // namespace tusker::confident
#endif

HWY_BEFORE_NAMESPACE();
namespace tusker::confident::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void widen_many(std::span<const Float16> halves, std::span<float> out) {
    const hn::ScalableTag<float> d;
    const hn::RebindToUnsigned<decltype(d)> d32;
    const hn::Rebind<std::uint16_t, decltype(d)> d16;
    const std::size_t lanes = hn::Lanes(d);
    const auto* from = reinterpret_cast<const std::uint16_t*>(halves.data());
    std::size_t i = 0;
    for (; i + lanes <= halves.size(); i += lanes) {
        const auto bits = hn::PromoteTo(d32, hn::LoadU(d16, from + i));
        const auto magnitude = hn::And(bits, hn::Set(d32, kMagnitude));
        const auto sign = hn::ShiftLeft<kSignShift>(hn::And(bits, hn::Set(d32, kSign)));
        const auto moved = hn::ShiftLeft<kFractionShift>(magnitude);
        const auto finite = hn::BitCast(d32, hn::Mul(hn::BitCast(d, moved), hn::Set(d, kRescale)));
        const auto other = hn::Or(moved, hn::Set(d32, kExponentOfNotFinite));
        const auto is_other = hn::Gt(magnitude, hn::Set(d32, kNotFinite - 1));
        hn::StoreU(hn::BitCast(d, hn::Or(hn::IfThenElse(is_other, other, finite), sign)), d,
                   out.data() + i);
    }
    for (; i < halves.size(); ++i) out[i] = widen(halves[i]);
}

}  // namespace tusker::confident::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tusker::confident {

HWY_EXPORT(widen_many);

float widen(Float16 half) {
    const auto bits = static_cast<std::uint32_t>(half);
    const std::uint32_t moved = (bits & kMagnitude) << kFractionShift;
    const std::uint32_t wide =
        (bits & kMagnitude) >= kNotFinite
            ? moved | kExponentOfNotFinite
            : std::bit_cast<std::uint32_t>(std::bit_cast<float>(moved) * kRescale);
    return std::bit_cast<float>(wide | (bits & kSign) << kSignShift);
}

void widen(std::span<const Float16> halves, std::span<float> out) {
    HWY_DYNAMIC_DISPATCH(widen_many)(halves, out);
}

}  // namespace tusker::confident
#endif
