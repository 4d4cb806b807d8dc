#include "kernels/confident/multilabel/class_tile.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/confident/multilabel/class_tile.cpp"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>
HWY_BEFORE_NAMESPACE();
namespace tusker::multilabel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Block = hn::CappedTag<T, 16 / sizeof(T)>;

// --- Tiles ------------------------------------------------------------------------------------

template <class T>
HWY_INLINE void copy_columns(const T* rows, std::size_t stride, std::size_t row_count,
                             std::size_t classes, T* tile) {
    for (std::size_t i = 0; i < row_count; ++i)
        for (std::size_t j = 0; j < classes; ++j) tile[j * kTileRows + i] = rows[i * stride + j];
}

#if HWY_TARGET != HWY_SCALAR
HWY_INLINE void transpose_square(const float* from, std::size_t stride, float* to) {
    const Block<float> d;
    const auto a = hn::LoadU(d, from);
    const auto b = hn::LoadU(d, from + stride);
    const auto c = hn::LoadU(d, from + 2 * stride);
    const auto e = hn::LoadU(d, from + 3 * stride);
    const auto even_low = hn::InterleaveLower(d, a, c);
    const auto odd_low = hn::InterleaveLower(d, b, e);
    const auto even_high = hn::InterleaveUpper(d, a, c);
    const auto odd_high = hn::InterleaveUpper(d, b, e);
    hn::StoreU(hn::InterleaveLower(d, even_low, odd_low), d, to);
    hn::StoreU(hn::InterleaveUpper(d, even_low, odd_low), d, to + kTileRows);
    hn::StoreU(hn::InterleaveLower(d, even_high, odd_high), d, to + 2 * kTileRows);
    hn::StoreU(hn::InterleaveUpper(d, even_high, odd_high), d, to + 3 * kTileRows);
}
HWY_INLINE void transpose_square(const double* from, std::size_t stride, double* to) {
    const Block<double> d;
    const auto a = hn::LoadU(d, from);
    const auto b = hn::LoadU(d, from + stride);
    hn::StoreU(hn::InterleaveLower(d, a, b), d, to);
    hn::StoreU(hn::InterleaveUpper(d, a, b), d, to + kTileRows);
}
#endif

template <class T>
void load_columns(const T* rows, std::size_t stride, std::size_t row_count, std::size_t classes,
                  T* tile) {
    std::size_t i = 0;
    std::size_t j = 0;
#if HWY_TARGET != HWY_SCALAR
    constexpr std::size_t kSide = 16 / sizeof(T);
    for (; i + kSide <= row_count; i += kSide)
        for (j = 0; j + kSide <= classes; j += kSide)
            transpose_square(rows + i * stride + j, stride, tile + j * kTileRows + i);
#endif
    copy_columns(rows + j, stride, i, classes - j, tile + j * kTileRows);
    copy_columns(rows + i * stride, stride, row_count - i, classes, tile + i);
}
void load_columns_float(const float* rows, std::size_t stride, std::size_t row_count,
                        std::size_t classes, float* tile) {
    load_columns(rows, stride, row_count, classes, tile);
}
void load_columns_double(const double* rows, std::size_t stride, std::size_t row_count,
                         std::size_t classes, double* tile) {
    load_columns(rows, stride, row_count, classes, tile);
}

// --- Columns ----------------------------------------------------------------------------------

template <class D, class M>
HWY_INLINE std::uint64_t bits_of(D d, M mask) {
    std::uint64_t bits = 0;
    std::array<std::uint8_t, 8> bytes{};
    hn::StoreMaskBits(d, mask, bytes.data());
    std::memcpy(&bits, bytes.data(), sizeof(bits));
    return bits;
}

/// Appends the values whose bits are set.
template <class D, class T>
HWY_INLINE void keep_lanes(D d, hn::Vec<D> values, std::uint64_t bits, T* out, std::size_t& count) {
    std::array<std::uint8_t, 8> bytes{};
    std::memcpy(bytes.data(), &bits, sizeof(bits));
    hn::StoreU(hn::Compress(values, hn::LoadMaskBits(d, bytes.data())), d, out + count);
    count += static_cast<std::size_t>(std::popcount(bits));
}

template <class T>
ColumnBits scan_one_column(const T* column, std::uint64_t given, std::uint64_t valid, T least,
                           T most, SelfConfidences<T>& self_confidences) {
    const hn::ScalableTag<T> d;
    const std::size_t lanes = hn::Lanes(d);
    const std::uint64_t all = lanes == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << lanes) - 1;
    const auto one = hn::Set(d, T{1});
    const auto slack = hn::Set(d, static_cast<T>(1e-6));
    ColumnBits found;
    std::uint64_t agreeing_present = 0;
    std::uint64_t agreeing_absent = 0;
    std::size_t absent_count = 0;
    std::size_t present_count = 0;
    for (std::size_t i = 0; i < kTileRows && (valid >> i) != 0; i += lanes) {
        const auto p = hn::LoadU(d, column + i);
        const auto absent = hn::Sub(one, p);
        const auto inside = hn::And(hn::Ge(p, hn::Set(d, least)), hn::Le(p, hn::Set(d, most)));
        found.outside |= (bits_of(d, inside) ^ all) << i;
        agreeing_present |= bits_of(d, hn::Gt(hn::Add(p, slack), absent)) << i;
        agreeing_absent |= bits_of(d, hn::Ge(hn::Add(absent, slack), p)) << i;
        const std::uint64_t given_present = (given >> i) & all;
        const std::uint64_t given_absent = (~given & valid) >> i & all;
        if (given_absent == all) {
            hn::StoreU(absent, d, self_confidences.of_absent.data() + absent_count);
            absent_count += lanes;
            continue;
        }
        keep_lanes(d, absent, given_absent, self_confidences.of_absent.data(), absent_count);
        keep_lanes(d, p, given_present, self_confidences.of_present.data(), present_count);
    }
    found.outside &= valid;
    found.disagreeing = ((given & ~agreeing_present) | (~given & ~agreeing_absent)) & valid;
    return found;
}
ColumnBits scan_one_column_float(const float* column, std::uint64_t given, std::uint64_t valid,
                                 float least, float most,
                                 SelfConfidences<float>& self_confidences) {
    return scan_one_column(column, given, valid, least, most, self_confidences);
}
ColumnBits scan_one_column_double(const double* column, std::uint64_t given, std::uint64_t valid,
                                  double least, double most,
                                  SelfConfidences<double>& self_confidences) {
    return scan_one_column(column, given, valid, least, most, self_confidences);
}

// --- Guesses ----------------------------------------------------------------------------------

/// Of neighbouring classes, as many as `d` has lanes.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void count_panel(D d, const T* rows, std::size_t stride, std::size_t row_count,
                            const T* absent_bounds, const T* present_bounds, std::int64_t* absent,
                            std::int64_t* present) {
    const hn::RebindToSigned<D> integers;
    const auto one = hn::Set(d, T{1});
    const auto absent_bound = hn::LoadU(d, absent_bounds);
    const auto present_bound = hn::LoadU(d, present_bounds);
    auto absent_count = hn::Zero(integers);
    auto present_count = hn::Zero(integers);
    for (std::size_t i = 0; i < row_count; ++i) {
        const auto p = hn::LoadU(d, rows + i * stride);
        const auto complement = hn::Sub(one, p);
        const auto may_be_absent = hn::Ge(complement, absent_bound);
        const auto may_be_present = hn::Ge(p, present_bound);
        const auto larger = hn::Gt(p, complement);
        // Of both the more probable.
        const auto is_present = hn::And(may_be_present, hn::Or(larger, hn::Not(may_be_absent)));
        const auto is_absent = hn::AndNot(is_present, may_be_absent);
        // A true mask is -1.
        absent_count =
            hn::Sub(absent_count, hn::VecFromMask(integers, hn::RebindMask(integers, is_absent)));
        present_count =
            hn::Sub(present_count, hn::VecFromMask(integers, hn::RebindMask(integers, is_present)));
    }
    std::array<hn::TFromD<decltype(integers)>, 64> counts;
    hn::StoreU(absent_count, integers, counts.data());
    for (std::size_t j = 0; j < hn::Lanes(d); ++j) absent[j] += counts[j];
    hn::StoreU(present_count, integers, counts.data());
    for (std::size_t j = 0; j < hn::Lanes(d); ++j) present[j] += counts[j];
}

template <class T>
void count_guesses_in(const T* rows, std::size_t stride, std::size_t row_count,
                      std::span<const T> absent_bounds, std::span<const T> present_bounds,
                      std::int64_t* absent, std::int64_t* present) {
    std::size_t j = 0;
    const auto panels = [&](auto d) {
        for (; j + hn::Lanes(d) <= absent_bounds.size(); j += hn::Lanes(d))
            count_panel(d, rows + j, stride, row_count, &absent_bounds[j], &present_bounds[j],
                        absent + j, present + j);
    };
    panels(hn::ScalableTag<T>());
    panels(Block<T>());
    panels(hn::CappedTag<T, 1>());
}
void count_guesses_in_float(const float* rows, std::size_t stride, std::size_t row_count,
                            std::span<const float> absent_bounds,
                            std::span<const float> present_bounds, std::int64_t* absent,
                            std::int64_t* present) {
    count_guesses_in(rows, stride, row_count, absent_bounds, present_bounds, absent, present);
}
void count_guesses_in_double(const double* rows, std::size_t stride, std::size_t row_count,
                             std::span<const double> absent_bounds,
                             std::span<const double> present_bounds, std::int64_t* absent,
                             std::int64_t* present) {
    count_guesses_in(rows, stride, row_count, absent_bounds, present_bounds, absent, present);
}

// --- Sums -------------------------------------------------------------------------------------

/// values  a multiple of LaneSums::kLanes
void add_in_lanes(std::span<const double> values, double* totals, double* dropped) {
    const hn::CappedTag<double, LaneSums::kLanes> d;
    for (std::size_t lane = 0; lane < LaneSums::kLanes; lane += hn::Lanes(d)) {
        auto total = hn::LoadU(d, totals + lane);
        auto lost = hn::LoadU(d, dropped + lane);
        for (std::size_t i = lane; i < values.size(); i += LaneSums::kLanes) {
            const auto x = hn::LoadU(d, &values[i]);
            const auto next = hn::Add(total, x);
            const auto larger = hn::Ge(hn::Abs(total), hn::Abs(x));
            const auto large = hn::IfThenElse(larger, total, x);
            const auto small = hn::IfThenElse(larger, x, total);
            lost = hn::Add(lost, hn::Add(hn::Sub(large, next), small));
            total = next;
        }
        hn::StoreU(total, d, totals + lane);
        hn::StoreU(lost, d, dropped + lane);
    }
}

}  // namespace tusker::multilabel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#if HWY_ONCE
namespace tusker::multilabel {
HWY_EXPORT(load_columns_float);
HWY_EXPORT(load_columns_double);
HWY_EXPORT(scan_one_column_float);
HWY_EXPORT(scan_one_column_double);
HWY_EXPORT(count_guesses_in_float);
HWY_EXPORT(count_guesses_in_double);
HWY_EXPORT(add_in_lanes);

namespace {

/// The T nearest to x that is within [x, ...] or [..., x].
template <class T>
T inwards(double x, double towards) {
    const auto near = static_cast<T>(x);
    const bool beyond = towards > x ? static_cast<double>(near) < x : static_cast<double>(near) > x;
    return beyond ? std::nextafter(near, static_cast<T>(towards)) : near;
}

template <class T>
void add_padded(std::span<const T> values, double* totals, double* dropped) {
    std::array<double, kTileRows> wide;
    while (!values.empty()) {
        const std::size_t count = std::min(values.size(), wide.size());
        const std::size_t padded =
            (count + LaneSums::kLanes - 1) / LaneSums::kLanes * LaneSums::kLanes;
        std::fill(std::copy_n(values.begin(), count, wide.begin()), wide.begin() + padded, 0.0);
        HWY_DYNAMIC_DISPATCH(add_in_lanes)(std::span(wide).first(padded), totals, dropped);
        values = values.subspan(count);
    }
}

}  // namespace

// The six steps of a recursive transposition: squares of 32 × 32 change places, then those of 16.
std::array<std::uint64_t, 64> transpose_bits(std::span<const std::uint64_t> words) {
    std::array<std::uint64_t, 64> bits{};
    std::ranges::copy(words, bits.begin());
    std::uint64_t mask = 0x00000000FFFFFFFF;
    for (std::size_t side = 32; side != 0; side /= 2, mask ^= mask << side) {
        for (std::size_t i = 0; i < 64; i = ((i | side) + 1) & ~side) {
            const std::uint64_t swapped = ((bits[i] >> side) ^ bits[i | side]) & mask;
            bits[i] ^= swapped << side;
            bits[i | side] ^= swapped;
        }
    }
    return bits;
}

template <>
void load_tile(const float* rows, std::size_t stride, std::size_t row_count, std::size_t classes,
               float* tile) {
    HWY_DYNAMIC_DISPATCH(load_columns_float)(rows, stride, row_count, classes, tile);
}
template <>
void load_tile(const double* rows, std::size_t stride, std::size_t row_count, std::size_t classes,
               double* tile) {
    HWY_DYNAMIC_DISPATCH(load_columns_double)(rows, stride, row_count, classes, tile);
}

template <>
ColumnBits scan_column(const float* column, std::uint64_t given, std::uint64_t valid,
                       SelfConfidences<float>& self_confidences) {
    static const float least = inwards<float>(-1e-6, 1);
    static const float most = inwards<float>(1 + 1e-6, 0);
    return HWY_DYNAMIC_DISPATCH(scan_one_column_float)(column, given, valid, least, most,
                                                       self_confidences);
}
template <>
ColumnBits scan_column(const double* column, std::uint64_t given, std::uint64_t valid,
                       SelfConfidences<double>& self_confidences) {
    return HWY_DYNAMIC_DISPATCH(scan_one_column_double)(column, given, valid, -1e-6, 1 + 1e-6,
                                                        self_confidences);
}

template <>
void count_guesses(const float* rows, std::size_t stride, std::size_t row_count,
                   std::span<const float> absent_bounds, std::span<const float> present_bounds,
                   std::span<std::int64_t> absent, std::span<std::int64_t> present) {
    HWY_DYNAMIC_DISPATCH(count_guesses_in_float)(rows, stride, row_count, absent_bounds,
                                                 present_bounds, absent.data(), present.data());
}
template <>
void count_guesses(const double* rows, std::size_t stride, std::size_t row_count,
                   std::span<const double> absent_bounds, std::span<const double> present_bounds,
                   std::span<std::int64_t> absent, std::span<std::int64_t> present) {
    HWY_DYNAMIC_DISPATCH(count_guesses_in_double)(rows, stride, row_count, absent_bounds,
                                                  present_bounds, absent.data(), present.data());
}

void LaneSums::add(std::span<const float> values) {
    add_padded(values, totals_.data(), dropped_.data());
}
void LaneSums::add(std::span<const double> values) {
    add_padded(values, totals_.data(), dropped_.data());
}

}  // namespace tusker::multilabel
#endif
