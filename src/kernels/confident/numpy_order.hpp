// NumPy 1.24's arithmetic where it decides a result: in which order it adds and multiplies, how its
// unstable argsort places equal keys, how it takes a float32 logarithm. All of it stands here and
// nowhere else. Measured against NumPy 1.24.4 with its AVX-512 code switched off; other versions
// and CPUs differ.
#pragma once

#include <algorithm>
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

/// One of the two orders a kernel takes as its parameter; the other is SoundOrder.
struct NumpyOrder {
    /// Equal keys are placed by introsort's path, so a cut among them needs all keys.
    static constexpr bool kTiesByIndex = false;

    /// np.sum of a one-dimensional array, in its own type.
    static float sum(std::span<const float> values);
    static double sum(std::span<const double> values);
    /// The same for an array of `length` that is zero but for `entries` (positions ascending).
    static double sum(std::span<const PlacedValue> entries, std::size_t length);

    /// np.sum(rows, axis=1) of a matrix that lies row after row.
    static void sum_rows(MatrixView<const float> rows, std::span<float> sums);
    static void sum_rows(MatrixView<const double> rows, std::span<double> sums);

    /// The sum of values that come one by one. Keeps one run of the iterator's buffer.
    template <class T>
    class Sum {
    public:
        void add(T value) {
            run_.push_back(value);
            if (run_.size() == kRun) close_run();
        }
        void add(std::span<const T> values) {
            while (!values.empty()) {
                const std::size_t count = std::min(values.size(), kRun - run_.size());
                run_.insert(run_.end(), values.begin(),
                            values.begin() + static_cast<std::ptrdiff_t>(count));
                if (run_.size() == kRun) close_run();
                values = values.subspan(count);
            }
        }
        T value() const { return run_.empty() ? total_ : total_ + sum(std::span<const T>(run_)); }

    private:
        void close_run() {
            total_ += sum(std::span<const T>(run_));
            run_.clear();
        }

        std::vector<T> run_;
        T total_ = 0;
    };

    /// np.einsum("ij,ij->i", a, b) of one row of contiguous arrays.
    static double einsum(std::span<const double> a, std::span<const double> b);

    /// np.argsort(keys); NaN last. Long ones on the pool's threads, if there is one.
    static std::vector<std::uint32_t> argsort(std::span<const float> keys,
                                              const Pool* pool = nullptr);
    static std::vector<std::uint32_t> argsort(std::span<const double> keys,
                                              const Pool* pool = nullptr);

    /// The first m <= keys.size() of argsort(keys), in no order: in linear time.
    static std::vector<std::uint32_t> lowest(std::span<const float> keys, std::size_t m);
    static std::vector<std::uint32_t> lowest(std::span<const double> keys, std::size_t m);

    /// np.log of an array's element; finite and > 0.
    static float log(float x);
    static double log(double x) { return std::log(x); }
    /// np.exp of an array's element that is not NaN.
    static float exp(float x);
    static double exp(double x) { return std::exp(x); }
    /// np.power of an array's element x >= 0 and a scalar.
    static float power(float x, float exponent) { return std::pow(x, exponent); }
    static double power(double x, double exponent) { return std::pow(x, exponent); }
    /// np.dot of two arrays of one length (below 10,000, from where on it uses threads), as the
    /// OpenBLAS 0.3.21 in NumPy's wheel adds on its kernel for AVX2 (Haswell, Zen).
    static double dot(std::span<const double> a, std::span<const double> b);
    /// scipy.special.xlogy(p, p) of each p in [0, 1]: in double, rounded once; 0 at 0.
    static void p_log_p(std::span<const float> p, std::span<float> out);
    static void p_log_p(std::span<const double> p, std::span<double> out);
    /// x = log(x)
    static void log_each(std::span<float> values);
    static void log_each(std::span<double> values);

    // --- What decides the bits -------------------------------------------------------------------
    /// A reduction is fed in runs of this many elements: the iterator's buffer. Each run is summed
    /// pairwise down to leaves, and those by eight running sums.
    static constexpr std::size_t kRun = 8192;
    static constexpr std::size_t kPairwiseLeaf = 128;
    static constexpr std::size_t kAccumulators = 8;
    /// Where a run is parted in two.
    static constexpr std::size_t split_of(std::size_t length) {
        const std::size_t half = length / 2;
        return half - half % kAccumulators;
    }

    /// The float logarithm of m 2^n, m - 1 = f within these bounds: n ln 2 + numerator(f) /
    /// denominator(f), highest power first. Source: numpy/core/src/umath/npy_simd_data.h.
    static constexpr std::int32_t kLogLeastM = 0x3f3504f4;  // the bits of the float above sqrt(1/2)
    static constexpr std::array kLogNumerator = {
        2.589979117907922693523e-02F, 3.808837741388407920751e-01F, 1.480000633576506585156e+00F,
        2.112677543073053063722e+00F, 9.999999999999998702752e-01F, 0.0F};
    static constexpr std::array kLogDenominator = {
        5.875095403124574342950e-03F, 1.546476374983906719538e-01F, 9.864942958519418960339e-01F,
        2.453006071784736363091e+00F, 2.612677543073109236779e+00F, 1.0F};
};

/// NumPy's sum of a matrix's row when the matrix lies column after column: the columns are added to
/// each other, so that a row's entries are added from left to right.
struct NumpyAcross : NumpyOrder {
    template <class T>
    static T sum(std::span<const T> values) {
        T total = 0;
        for (const T value : values) total += value;
        return total;
    }
    template <class T>
    static void sum_rows(MatrixView<const T> rows, std::span<T> sums) {
        for (std::size_t i = 0; i < rows.rows(); ++i) sums[i] = sum<T>(rows.row(i));
    }
};

}  // namespace tusker::confident
