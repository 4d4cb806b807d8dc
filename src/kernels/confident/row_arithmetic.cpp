// Every instruction set adds in the same order: which value goes to which running sum, and how
// those are added in the end, is fixed.
#include "kernels/confident/row_arithmetic.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/confident/row_arithmetic.cpp"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tusker::confident::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// kSums running sums of D's type, in as many vectors as that takes; steps are written out for
/// each.
template <class D, std::size_t kSums>
struct Running {
    static constexpr std::size_t kLanes = hn::MaxLanes(D());
    static constexpr auto kVectors = std::make_index_sequence<kSums / kLanes>();

    /// work(vector, place of its first sum) for each vector.
    template <class Work>
    HWY_INLINE void each(Work&& work) {
        each(work, kVectors);
    }
    HWY_INLINE std::array<hn::TFromD<D>, kSums> stored() {
        HWY_ALIGN std::array<hn::TFromD<D>, kSums> sums;
        each([&](auto& vector, std::size_t at) HWY_ATTR { hn::Store(vector, D(), &sums[at]); });
        return sums;
    }

    /// work(vector, the other's vector, place of their first sums).
    template <class Work>
    HWY_INLINE void each(Running& other, Work&& work) {
        each(other, work, kVectors);
    }

private:
    template <class Work, std::size_t... kVector>
    HWY_INLINE void each(Running& other, Work& work, std::index_sequence<kVector...> /*which*/) {
        (work(vectors_[kVector], other.vectors_[kVector], kVector * kLanes), ...);
    }
    template <class Work, std::size_t... kVector>
    HWY_INLINE void each(Work& work, std::index_sequence<kVector...> /*which*/) {
        (work(vectors_[kVector], kVector * kLanes), ...);
    }

    hn::Vec<D> vectors_[kSums / kLanes];  // std::array's operators are calls at -O1
};

// --- As NumPy -----------------------------------------------------------------------------------
// Eight running sums; see numpy_order.cpp.

constexpr std::size_t kAccumulators = NumpyOrder::kAccumulators;

template <class T>
T leaf_sum(const T* values, std::size_t n) {
    if (n < kAccumulators) return std::accumulate(values, values + n, T{0});
    const hn::CappedTag<T, kAccumulators> d;
    Running<decltype(d), kAccumulators> sums;
    sums.each([&](auto& sum, std::size_t at) HWY_ATTR { sum = hn::LoadU(d, values + at); });
    const std::size_t whole = n - n % kAccumulators;
    for (std::size_t i = kAccumulators; i < whole; i += kAccumulators)
        sums.each([&](auto& sum, std::size_t at)
                      HWY_ATTR { sum = hn::Add(sum, hn::LoadU(d, values + i + at)); });
    const auto s = sums.stored();
    T total = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
    for (std::size_t i = whole; i < n; ++i) total += values[i];
    return total;
}

template <class T>
T pairwise_sum(const T* values, std::size_t n) {
    if (n <= NumpyOrder::kPairwiseLeaf) return leaf_sum(values, n);
    const std::size_t split = NumpyOrder::split_of(n);
    return pairwise_sum(values, split) + pairwise_sum(values + split, n - split);
}

template <class T>
T numpy_sum(const T* values, std::size_t n) {
    T total = 0;
    for (std::size_t i = 0; i < n; i += NumpyOrder::kRun)
        total += pairwise_sum(values + i, std::min(NumpyOrder::kRun, n - i));
    return total;
}

template <class T>
void numpy_sum_rows(MatrixView<const T> rows, std::span<T> sums) {
    const T* values = rows.values().data();
    for (std::size_t i = 0; i < rows.rows(); ++i, values += rows.columns())
        sums[i] = numpy_sum(values, rows.columns());
}

// --- Sound --------------------------------------------------------------------------------------
// As SoundOrder::sum_rows says.

constexpr std::size_t kSums = SoundOrder::kRowSums;

using Doubles = hn::CappedTag<double, kSums / 2>;

/// Of floats in double, which loses nothing that would be seen in float: no compensation.
float sound_sum(const float* values, std::size_t n) {
    if (n < kSums) return static_cast<float>(std::accumulate(values, values + n, 0.0));
    const Doubles d;
    const hn::Rebind<float, Doubles> df;
    Running<Doubles, kSums> sums;
    sums.each([&](auto& sum, std::size_t) HWY_ATTR { sum = hn::Zero(d); });
    std::size_t i = 0;
    for (; i + kSums <= n; i += kSums)
        sums.each([&](auto& sum, std::size_t at) HWY_ATTR {
            sum = hn::Add(sum, hn::PromoteTo(d, hn::LoadU(df, values + i + at)));
        });
    auto s = sums.stored();
    for (std::size_t place = 0; i < n; ++i, ++place) s[place] += static_cast<double>(values[i]);
    for (std::size_t apart = kSums / 2; apart > 0; apart /= 2)
        for (std::size_t place = 0; place < apart; ++place) s[place] += s[place + apart];
    return static_cast<float>(s[0]);
}

double sound_sum(const double* values, std::size_t n) {
    const Doubles d;
    CompensatedSum sum;
    std::size_t i = 0;
    if (n >= kSums) {
        Running<Doubles, kSums> totals;
        Running<Doubles, kSums> dropped;
        totals.each([&](auto& total, std::size_t) HWY_ATTR { total = hn::Zero(d); });
        dropped.each([&](auto& lost, std::size_t) HWY_ATTR { lost = hn::Zero(d); });
        for (; i + kSums <= n; i += kSums)
            totals.each(dropped, [&](auto& total, auto& lost, std::size_t at) HWY_ATTR {
                const auto x = hn::LoadU(d, values + i + at);
                const auto next = hn::Add(total, x);
                const auto of_x = hn::Sub(next, total);
                const auto of_total = hn::Sub(next, of_x);
                lost = hn::Add(lost, hn::Add(hn::Sub(total, of_total), hn::Sub(x, of_x)));
                total = next;
            });
        auto total = totals.stored();
        auto lost = dropped.stored();
        for (std::size_t apart = kSums / 2; apart > 0; apart /= 2)
            for (std::size_t place = 0; place < apart; ++place) {
                CompensatedSum both;
                both.add(total[place]);
                both.add(total[place + apart]);
                total[place] = both.total();
                lost[place] += lost[place + apart] + both.dropped();
            }
        sum.add(total[0]);
        sum.add(lost[0]);
    }
    for (; i < n; ++i) sum.add(values[i]);
    return sum.value();
}

template <class T>
void sound_sum_rows(MatrixView<const T> rows, std::span<T> sums) {
    const T* values = rows.values().data();
    for (std::size_t i = 0; i < rows.rows(); ++i, values += rows.columns())
        sums[i] = sound_sum(values, rows.columns());
}

void numpy_sum_floats(MatrixView<const float> rows, std::span<float> sums) {
    numpy_sum_rows(rows, sums);
}
void numpy_sum_doubles(MatrixView<const double> rows, std::span<double> sums) {
    numpy_sum_rows(rows, sums);
}
void sound_sum_floats(MatrixView<const float> rows, std::span<float> sums) {
    sound_sum_rows(rows, sums);
}
void sound_sum_doubles(MatrixView<const double> rows, std::span<double> sums) {
    sound_sum_rows(rows, sums);
}

// --- Maxima and adjusting -----------------------------------------------------------------------

template <class T>
using Wide = hn::CappedTag<T, 64 / sizeof(T)>;

template <class T>
void largest_of_rows(MatrixView<const T> rows, std::span<T> out) {
    const Wide<T> d;
    const std::size_t lanes = hn::Lanes(d);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        const auto p = rows.row(i);
        T most = std::numeric_limits<T>::lowest();
        std::size_t k = 0;
        if (p.size() >= lanes) {
            auto largest = hn::LoadU(d, p.data());
            for (k = lanes; k + lanes <= p.size(); k += lanes)
                largest = hn::Max(largest, hn::LoadU(d, &p[k]));
            most = hn::GetLane(hn::MaxOfLanes(d, largest));
        }
        for (; k < p.size(); ++k) most = std::max(most, p[k]);
        out[i] = most;
    }
}

template <class W, class T>
void shift_rows(MatrixView<const T> rows, std::span<const W> less, W more, std::span<W> out) {
    const Wide<W> d;
    const std::size_t lanes = hn::Lanes(d);
    const std::size_t columns = rows.columns();
    const auto raise = hn::Set(d, more);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        const T* p = rows.row(i).data();
        W* to = &out[i * columns];
        std::size_t k = 0;
        for (; k + lanes <= columns; k += lanes) {
            const auto value = [&]() HWY_ATTR {
                const hn::Rebind<T, Wide<W>> from;
                if constexpr (std::is_same_v<W, T>)
                    return hn::LoadU(d, p + k);
                else
                    return hn::PromoteTo(d, hn::LoadU(from, p + k));
            }();
            hn::StoreU(hn::Add(hn::Sub(value, hn::LoadU(d, &less[k])), raise), d, to + k);
        }
        for (; k < columns; ++k) to[k] = (static_cast<W>(p[k]) - less[k]) + more;
    }
}

template <class T>
void divide_rows(MatrixView<T> rows, std::span<const T> by) {
    const Wide<T> d;
    const std::size_t lanes = hn::Lanes(d);
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        const auto p = rows.row(i);
        const auto divisor = hn::Set(d, by[i]);
        std::size_t k = 0;
        for (; k + lanes <= p.size(); k += lanes)
            hn::StoreU(hn::Div(hn::LoadU(d, &p[k]), divisor), d, &p[k]);
        for (; k < p.size(); ++k) p[k] /= by[i];
    }
}

template <class T>
void raise_to(std::span<const T> values, T least, std::span<T> out) {
    const Wide<T> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto bound = hn::Set(d, least);
    std::size_t i = 0;
    for (; i + lanes <= values.size(); i += lanes)
        hn::StoreU(hn::Max(hn::LoadU(d, &values[i]), bound), d, &out[i]);
    for (; i < values.size(); ++i) out[i] = std::max(values[i], least);
}

/// What is finite is 0 times itself; NaN and infinity then are NaN.
template <class T>
bool all_finite(std::span<const T> values) {
    const Wide<T> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto zero = hn::Zero(d);
    auto products = zero;
    std::size_t i = 0;
    for (; i + lanes <= values.size(); i += lanes)
        products = hn::Or(products, hn::Mul(hn::LoadU(d, &values[i]), zero));
    bool finite = hn::AllTrue(d, hn::Eq(products, zero));
    for (; i < values.size(); ++i) finite &= values[i] * T{0} == T{0};
    return finite;
}

void largest_floats(MatrixView<const float> rows, std::span<float> out) {
    largest_of_rows(rows, out);
}
void largest_doubles(MatrixView<const double> rows, std::span<double> out) {
    largest_of_rows(rows, out);
}
void shift_floats(MatrixView<const float> rows, std::span<const float> less, float more,
                  std::span<float> out) {
    shift_rows(rows, less, more, out);
}
void shift_floats_in_double(MatrixView<const float> rows, std::span<const double> less, double more,
                            std::span<double> out) {
    shift_rows(rows, less, more, out);
}
void shift_doubles(MatrixView<const double> rows, std::span<const double> less, double more,
                   std::span<double> out) {
    shift_rows(rows, less, more, out);
}
void divide_floats(MatrixView<float> rows, std::span<const float> by) { divide_rows(rows, by); }
void divide_doubles(MatrixView<double> rows, std::span<const double> by) { divide_rows(rows, by); }
void raise_floats(std::span<const float> values, float least, std::span<float> out) {
    raise_to(values, least, out);
}
void raise_doubles(std::span<const double> values, double least, std::span<double> out) {
    raise_to(values, least, out);
}
bool finite_floats(std::span<const float> values) { return all_finite(values); }
bool finite_doubles(std::span<const double> values) { return all_finite(values); }

}  // namespace tusker::confident::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tusker::confident {

HWY_EXPORT(numpy_sum_floats);
HWY_EXPORT(numpy_sum_doubles);
HWY_EXPORT(sound_sum_floats);
HWY_EXPORT(sound_sum_doubles);

void NumpyOrder::sum_rows(MatrixView<const float> rows, std::span<float> sums) {
    HWY_DYNAMIC_DISPATCH(numpy_sum_floats)(rows, sums);
}
void NumpyOrder::sum_rows(MatrixView<const double> rows, std::span<double> sums) {
    HWY_DYNAMIC_DISPATCH(numpy_sum_doubles)(rows, sums);
}
void SoundOrder::sum_rows(MatrixView<const float> rows, std::span<float> sums) {
    HWY_DYNAMIC_DISPATCH(sound_sum_floats)(rows, sums);
}
void SoundOrder::sum_rows(MatrixView<const double> rows, std::span<double> sums) {
    HWY_DYNAMIC_DISPATCH(sound_sum_doubles)(rows, sums);
}

HWY_EXPORT(largest_floats);
HWY_EXPORT(largest_doubles);
HWY_EXPORT(shift_floats);
HWY_EXPORT(shift_floats_in_double);
HWY_EXPORT(shift_doubles);
HWY_EXPORT(divide_floats);
HWY_EXPORT(divide_doubles);
HWY_EXPORT(raise_floats);
HWY_EXPORT(raise_doubles);
HWY_EXPORT(finite_floats);
HWY_EXPORT(finite_doubles);

void largest_of_rows(MatrixView<const float> rows, std::span<float> out) {
    HWY_DYNAMIC_DISPATCH(largest_floats)(rows, out);
}
void largest_of_rows(MatrixView<const double> rows, std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(largest_doubles)(rows, out);
}
void shift_rows(MatrixView<const float> rows, std::span<const float> less, float more,
                std::span<float> out) {
    HWY_DYNAMIC_DISPATCH(shift_floats)(rows, less, more, out);
}
void shift_rows(MatrixView<const float> rows, std::span<const double> less, double more,
                std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(shift_floats_in_double)(rows, less, more, out);
}
void shift_rows(MatrixView<const double> rows, std::span<const double> less, double more,
                std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(shift_doubles)(rows, less, more, out);
}
void divide_rows(MatrixView<float> rows, std::span<const float> by) {
    HWY_DYNAMIC_DISPATCH(divide_floats)(rows, by);
}
void divide_rows(MatrixView<double> rows, std::span<const double> by) {
    HWY_DYNAMIC_DISPATCH(divide_doubles)(rows, by);
}
void raise_to(std::span<const float> values, float least, std::span<float> out) {
    HWY_DYNAMIC_DISPATCH(raise_floats)(values, least, out);
}
void raise_to(std::span<const double> values, double least, std::span<double> out) {
    HWY_DYNAMIC_DISPATCH(raise_doubles)(values, least, out);
}
bool all_finite(std::span<const float> values) {
    return HWY_DYNAMIC_DISPATCH(finite_floats)(values);
}
bool all_finite(std::span<const double> values) {
    return HWY_DYNAMIC_DISPATCH(finite_doubles)(values);
}

float NumpyOrder::sum(std::span<const float> values) {
    float sum = 0;
    sum_rows({values, 1, values.size()}, std::span(&sum, 1));
    return sum;
}
double NumpyOrder::sum(std::span<const double> values) {
    double sum = 0;
    sum_rows({values, 1, values.size()}, std::span(&sum, 1));
    return sum;
}

}  // namespace tusker::confident
#endif
