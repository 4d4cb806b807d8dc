// Tusker's own order: by key, then by position; sums compensated; logarithm and exponential of our
// own. Nothing here depends on the machine's library, instruction set or number of threads.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/sparse_square.hpp"

namespace tusker::confident {

/// Neumaier's sum: the part that a rounding dropped is kept aside, whichever of the two was larger.
class CompensatedSum {
public:
    void add(double x) {
        const double next = total_ + x;
        dropped_ += std::abs(total_) >= std::abs(x) ? (total_ - next) + x : (x - next) + total_;
        total_ = next;
    }
    double value() const { return total_ + dropped_; }
    double total() const { return total_; }
    double dropped() const { return dropped_; }

private:
    double total_ = 0;
    double dropped_ = 0;
};

/// One of the two orders a kernel takes as its parameter; the other is NumpyOrder.
struct SoundOrder {
    /// Equal keys stand in order of position, so the keys below a cut decide it.
    static constexpr bool kTiesByIndex = true;

    /// Added in double with Neumaier's compensation, in order of position; rounded once.
    static float sum(std::span<const float> values);
    static double sum(std::span<const double> values);
    /// The same for an array of `length` that is zero but for `entries` (positions ascending).
    static double sum(std::span<const PlacedValue> entries, std::size_t length);
    /// The sum of each row: kRowSums running sums, the i-th of the values i, i + kRowSums, ..,
    /// those of floats in double, those of doubles with what roundings dropped beside them. They
    /// are added by halves, the upper to the lower. Shorter rows from left to right.
    static void sum_rows(MatrixView<const float> rows, std::span<float> sums);
    static void sum_rows(MatrixView<const double> rows, std::span<double> sums);
    static constexpr std::size_t kRowSums = 16;
    /// `sum` of values that come one by one.
    template <class T>
    class Sum {
    public:
        void add(T value) { sum_.add(static_cast<double>(value)); }
        T value() const { return static_cast<T>(sum_.value()); }

    private:
        CompensatedSum sum_;
    };

    /// Positions by ascending key; keys are no NaN. Needs no pool to be quick.
    static std::vector<std::uint32_t> argsort(std::span<const float> keys,
                                              const Pool* pool = nullptr);
    static std::vector<std::uint32_t> argsort(std::span<const double> keys,
                                              const Pool* pool = nullptr);

    /// What the series of exp (1 / 13 .. 1) and of log (1 / 21 .. 1 / 3) are multiplied by, the
    /// highest power first.
    static constexpr std::array kExpFactors = {1.0 / 13, 1.0 / 12, 1.0 / 11, 1.0 / 10, 1.0 / 9,
                                               1.0 / 8,  1.0 / 7,  1.0 / 6,  1.0 / 5,  1.0 / 4,
                                               1.0 / 3,  1.0 / 2,  1.0};
    static constexpr std::array kLogFactors = {1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                                               1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3};

    /// Natural logarithm of a finite x > 0, within a few units of the last place.
    static float log(float x) { return static_cast<float>(log(static_cast<double>(x))); }
    static double log(double x);
    /// e^x within a few units of the last place; 0 below -708, where it is no normal number.
    static float exp(float x) { return static_cast<float>(exp(static_cast<double>(x))); }
    static double exp(double x);
    /// x^exponent for x >= 0 and a finite exponent > 0.
    template <class T>
    static T power(T x, T exponent) {
        return x > 0 ? exp(exponent * log(x)) : T{0};
    }
    /// Sum of the products of two arrays of one length, compensated.
    static double dot(std::span<const double> a, std::span<const double> b);
    /// The same: what NumpyOrder distinguishes by who adds.
    static double einsum(std::span<const double> a, std::span<const double> b) { return dot(a, b); }
    /// p ln p of each p in [0, 1]; 0 at 0. In T throughout, within four units of the last place;
    /// the logarithm of what is no normal number is taken as that of the least that is.
    static void p_log_p(std::span<const float> p, std::span<float> out);
    static void p_log_p(std::span<const double> p, std::span<double> out);
    /// x = log(x) of each normal x > 0
    static void log_each(std::span<float> values);
    static void log_each(std::span<double> values);
};

}  // namespace tusker::confident
