#include "kernels/confident/low_margins.hpp"

#include <bit>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/confident/low_margins.cpp"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tusker::confident::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
std::size_t find(std::span<const T> p, T self, std::span<const T> limits,
                 std::span<ClassId> classes) {
    const hn::CappedTag<T, 16> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto own = hn::Set(d, self);
    std::size_t found = 0;
    std::size_t k = 0;
    for (; k + lanes <= p.size(); k += lanes) {
        const auto low = hn::Le(hn::Sub(own, hn::LoadU(d, &p[k])), hn::LoadU(d, &limits[k]));
        if (hn::AllFalse(d, low)) continue;
        std::uint8_t bytes[8] = {};
        hn::StoreMaskBits(d, low, bytes);
        std::uint32_t bits = bytes[0] | (static_cast<std::uint32_t>(bytes[1]) << 8U);
        for (; bits != 0; bits &= bits - 1)
            classes[found++] =
                static_cast<ClassId>(k + static_cast<std::size_t>(std::countr_zero(bits)));
    }
    for (; k < p.size(); ++k)
        if (self - p[k] <= limits[k]) classes[found++] = static_cast<ClassId>(k);
    return found;
}

std::size_t find_float(std::span<const float> p, float self, std::span<const float> limits,
                       std::span<ClassId> classes) {
    return find(p, self, limits, classes);
}
std::size_t find_double(std::span<const double> p, double self, std::span<const double> limits,
                        std::span<ClassId> classes) {
    return find(p, self, limits, classes);
}

}  // namespace tusker::confident::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tusker::confident {

HWY_EXPORT(find_float);
HWY_EXPORT(find_double);

template <>
std::size_t find_low_margins(std::span<const float> p, float self, std::span<const float> limits,
                             std::span<ClassId> classes) {
    return HWY_DYNAMIC_DISPATCH(find_float)(p, self, limits, classes);
}
template <>
std::size_t find_low_margins(std::span<const double> p, double self, std::span<const double> limits,
                             std::span<ClassId> classes) {
    return HWY_DYNAMIC_DISPATCH(find_double)(p, self, limits, classes);
}

}  // namespace tusker::confident
#endif
