#include "kernels/confident/sound_order.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace tusker::confident {
namespace {

/// Neumaier: the part that a rounding dropped is kept aside, whichever of the two was larger.
class CompensatedSum {
public:
    void add(double x) {
        const double next = total_ + x;
        dropped_ += std::abs(total_) >= std::abs(x) ? (total_ - next) + x : (x - next) + total_;
        total_ = next;
    }
    double value() const { return total_ + dropped_; }

private:
    double total_ = 0;
    double dropped_ = 0;
};

template <class T>
T compensated(std::span<const T> values) {
    CompensatedSum sum;
    for (const T value : values) sum.add(static_cast<double>(value));
    return static_cast<T>(sum.value());
}

template <class T>
std::vector<std::uint32_t> stable_argsort(std::span<const T> keys) {
    std::vector<std::uint32_t> order(keys.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
        return keys[a] != keys[b] ? keys[a] < keys[b] : a < b;
    });
    return order;
}

}  // namespace

float SoundOrder::sum(std::span<const float> values) { return compensated(values); }
double SoundOrder::sum(std::span<const double> values) { return compensated(values); }
std::vector<std::uint32_t> SoundOrder::argsort(std::span<const float> keys) {
    return stable_argsort(keys);
}
std::vector<std::uint32_t> SoundOrder::argsort(std::span<const double> keys) {
    return stable_argsort(keys);
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
    for (int divisor = 21; divisor >= 3; divisor -= 2) series = (series + 1.0 / divisor) * square;
    return exponent * std::numbers::ln2 + 2 * (s + s * series);
}

}  // namespace tusker::confident
