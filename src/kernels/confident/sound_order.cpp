#include "kernels/confident/sound_order.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "kernels/confident/lowest.hpp"

namespace tusker::confident {
namespace {

template <class T>
T compensated(std::span<const T> values) {
    CompensatedSum sum;
    for (const T value : values) sum.add(static_cast<double>(value));
    return static_cast<T>(sum.value());
}

/// Fewer keys are sorted sooner by comparing them.
constexpr std::size_t kWorthCounting = 2048;
constexpr unsigned kDigitBits = 11;

/// Unsigned numbers in the order of the keys; -0 and 0 are equal.
std::uint32_t ordered_bits(float key) {
    const auto bits = std::bit_cast<std::uint32_t>(key + 0.0F);
    return (bits >> 31U) != 0 ? ~bits : bits | (1U << 31U);
}
std::uint64_t ordered_bits(double key) {
    const auto bits = std::bit_cast<std::uint64_t>(key + 0.0);
    return (bits >> 63U) != 0 ? ~bits : bits | (std::uint64_t{1} << 63U);
}

/// Sorts by one digit after the other, the last one first. Digits that all have in common cost
/// nothing.
template <class Bits>
void sort_by_digits(std::vector<std::pair<Bits, std::uint32_t>>& elements) {
    constexpr std::size_t kValues = std::size_t{1} << kDigitBits;
    std::vector<std::pair<Bits, std::uint32_t>> moved(elements.size());
    std::vector<std::size_t> next(kValues);
    for (unsigned shift = 0; shift < 8 * sizeof(Bits); shift += kDigitBits) {
        const auto digit = [&](const auto& element) {
            return static_cast<std::size_t>(element.first >> shift) & (kValues - 1);
        };
        std::ranges::fill(next, 0);
        for (const auto& element : elements) ++next[digit(element)];
        if (next[digit(elements.front())] == elements.size()) continue;
        std::exclusive_scan(next.begin(), next.end(), next.begin(), std::size_t{0});
        for (const auto& element : elements) moved[next[digit(element)]++] = element;
        elements.swap(moved);
    }
}

template <class T>
std::vector<std::uint32_t> stable_argsort(std::span<const T> keys) {
    using Bits = decltype(ordered_bits(T{}));
    std::vector<std::pair<Bits, std::uint32_t>> elements;
    elements.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i)
        elements.emplace_back(ordered_bits(keys[i]), static_cast<std::uint32_t>(i));
    if (keys.size() < kWorthCounting)
        std::ranges::sort(elements);
    else
        sort_by_digits(elements);
    std::vector<std::uint32_t> order;
    order.reserve(keys.size());
    for (const auto& element : elements) order.push_back(element.second);
    return order;
}

}  // namespace

float SoundOrder::sum(std::span<const float> values) { return compensated(values); }
double SoundOrder::sum(std::span<const double> values) { return compensated(values); }
double SoundOrder::sum(std::span<const PlacedValue> entries, std::size_t /*length*/) {
    CompensatedSum sum;
    for (const PlacedValue& entry : entries) sum.add(entry.value);
    return sum.value();
}
std::vector<std::uint32_t> SoundOrder::argsort(std::span<const float> keys, const Pool* /*pool*/) {
    return stable_argsort(keys);
}
std::vector<std::uint32_t> SoundOrder::argsort(std::span<const double> keys, const Pool* /*pool*/) {
    return stable_argsort(keys);
}

double SoundOrder::dot(std::span<const double> a, std::span<const double> b) {
    CompensatedSum sum;
    for (std::size_t i = 0; i < a.size(); ++i) sum.add(a[i] * b[i]);
    return sum.value();
}

// e^x = 2^n e^r with |r| <= ln 2 / 2, where the Taylor series' fourteenth term is below 2^-57. n ln
// 2 is taken off in two parts, the first of which has 21 zero bits at its end, so that n times it
// is exact.
double SoundOrder::exp(double x) {
    constexpr double kLeast = -708;
    constexpr double kMost = 709.782712893384;  // above it the result is infinite
    if (x < kLeast) return 0;
    if (x > kMost) return std::numeric_limits<double>::infinity();
    constexpr double kLn2High = 0x1.62e42fee00000p-1;
    constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
    const double n = std::nearbyint(x * std::numbers::log2e);
    const double r = (x - n * kLn2High) - n * kLn2Low;
    double series = 1;
    for (const double factor : kExpFactors) series = 1 + series * (r * factor);
    return std::ldexp(series, static_cast<int>(n));
}

// ln x = e ln 2 + 2 artanh((m - 1) / (m + 1)) for x = m 2^e with m within a factor of sqrt(2) of 1;
// there the argument is below 0.1716, so that the eleventh term is below 2^-57.
double SoundOrder::log(double x) {
    int exponent = 0;
    double m = std::frexp(x, &exponent);
    if (m < std::numbers::sqrt2 / 2) {
        m *= 2;
        --exponent;
    }
    const double s = (m - 1) / (m + 1);
    const double square = s * s;
    double series = 0;
    for (const double factor : kLogFactors) series = (series + factor) * square;
    return exponent * std::numbers::ln2 + 2 * (s + s * series);
}

}  // namespace tusker::confident
