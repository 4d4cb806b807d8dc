#include "kernels/confident/multilabel/row_scores.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numbers>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/confident/multilabel/row_scores.cpp"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

#ifndef TUSKER_KERNELS_CONFIDENT_MULTILABEL_ROW_SCORES
#define TUSKER_KERNELS_CONFIDENT_MULTILABEL_ROW_SCORES
namespace tusker::multilabel {

/// Rows that are sorted side by side, and the most scores for which that pays.
inline constexpr std::size_t kSideBySide = 8;
inline constexpr std::size_t kFewScores = 24;
/// The most scores that are sorted by counting, for each, those below it.
inline constexpr std::size_t kCounted = 64;

/// How a row's lowest scores are looked for; one object goes along all rows.
struct LowestScores {
    double alpha = 0;
    /// So many of the lowest fade what stands before them, in nearly all rows.
    std::size_t enough = 0;
    /// A guess, learnt from the rows before: about `enough` scores are below it.
    double limit = std::numeric_limits<double>::infinity();
};

}  // namespace tusker::multilabel
#endif

HWY_BEFORE_NAMESPACE();
namespace tusker::multilabel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// --- Scores of classes --------------------------------------------------------------------------

template <class D>
HWY_INLINE hn::Mask<D> mask_of(D d, std::uint64_t bits) {
    std::array<std::uint8_t, 8> bytes{};
    std::memcpy(bytes.data(), &bits, sizeof(bits));
    return hn::LoadMaskBits(d, bytes.data());
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> score_vector(D d, hn::Vec<D> p, hn::Mask<D> given, bool margin) {
    const auto one = hn::Set(d, T{1});
    const auto absent = hn::Sub(one, p);
    const auto self = hn::IfThenElse(given, p, absent);
    if (!margin) return self;
    const auto other = hn::IfThenElse(given, absent, p);
    return hn::Mul(hn::Add(hn::Sub(self, other), one), hn::Set(d, T{0.5}));
}

HWY_INLINE void store_wide(hn::ScalableTag<double> d, hn::Vec<hn::ScalableTag<double>> scores,
                           double* out) {
    hn::StoreU(scores, d, out);
}
template <class D>
HWY_INLINE void store_wide(D /*narrow*/, hn::Vec<D> scores, double* out) {
    const hn::Rebind<double, D> d;
    hn::StoreU(hn::PromoteTo(d, scores), d, out);
}

/// As many scores in T as there are doubles in a vector.
template <class T>
using Narrow = hn::Rebind<T, hn::ScalableTag<double>>;

template <class T>
void score_vectors(const ScoredClasses<T>& wanted, bool margin, double* out, std::size_t stride) {
    const Narrow<T> d;
    const hn::CappedTag<T, 1> single;
    const std::size_t lanes = hn::Lanes(d);
    for (std::size_t i = 0; i < wanted.rows.size(); ++i) {
        const T* p = wanted.probs.row(wanted.rows[i]).data() + wanted.first_class;
        std::uint64_t word = wanted.words[wanted.rows[i]];
        double* row = out + i * stride;
        std::size_t j = 0;
        for (; j + lanes <= wanted.classes; j += lanes, word >>= lanes)
            store_wide(d, score_vector(d, hn::LoadU(d, p + j), mask_of(d, word), margin), row + j);
        for (; j < wanted.classes; ++j, word >>= 1)
            row[j] = static_cast<double>(hn::GetLane(
                score_vector(single, hn::Set(single, p[j]), mask_of(single, word & 1), margin)));
    }
}
void score_vectors_float(const ScoredClasses<float>& wanted, bool margin, double* out,
                         std::size_t stride) {
    score_vectors(wanted, margin, out, stride);
}
void score_vectors_double(const ScoredClasses<double>& wanted, bool margin, double* out,
                          std::size_t stride) {
    score_vectors(wanted, margin, out, stride);
}

// --- Averages of few scores
// -----------------------------------------------------------------------

/// Of kSideBySide rows: each column of the tile is a row, sorted by comparing neighbours.
HWY_INLINE void average_side_by_side(double* tile, std::size_t classes, double alpha, double* out) {
    const hn::CappedTag<double, kSideBySide> d;
    const auto weight = hn::Set(d, alpha);
    const auto rest = hn::Set(d, 1 - alpha);
    for (std::size_t lane = 0; lane < kSideBySide; lane += hn::Lanes(d)) {
        const auto at = [&](std::size_t k) { return tile + k * kSideBySide + lane; };
        // After step k the first k + 1 scores descend.
        for (std::size_t k = 1; k < classes; ++k) {
            auto low = hn::LoadU(d, at(k));
            for (std::size_t j = 0; j < k; ++j) {
                const auto other = hn::LoadU(d, at(j));
                hn::StoreU(hn::Max(other, low), d, at(j));
                low = hn::Min(other, low);
            }
            hn::StoreU(low, d, at(k));
        }
        auto average = hn::LoadU(d, at(0));
        for (std::size_t k = 1; k < classes; ++k)
            average = hn::Add(hn::Mul(weight, hn::LoadU(d, at(k))), hn::Mul(rest, average));
        hn::StoreU(average, d, out + lane);
    }
}

// --- Averages of many scores
// ----------------------------------------------------------------------

/// Copies the scores that are at most `limit` to `out`, which has room for a vector more, and finds
/// the largest. Returns how many; empty if one is NaN.
HWY_INLINE std::optional<std::size_t> keep_low(std::span<const double> scores, double limit,
                                               double* out, double& largest) {
    const hn::ScalableTag<double> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto most = hn::Set(d, limit);
    std::size_t kept = 0;
    std::size_t k = 0;
    auto high = hn::Set(d, scores.front());
    auto numbers = hn::Eq(high, high);
    for (; k + lanes <= scores.size(); k += lanes) {
        const auto score = hn::LoadU(d, &scores[k]);
        numbers = hn::And(numbers, hn::Eq(score, score));
        high = hn::Max(high, score);
        const auto low = hn::Le(score, most);
        hn::StoreU(hn::Compress(score, low), d, out + kept);
        kept += hn::CountTrue(d, low);
    }
    bool all_numbers = hn::AllTrue(d, numbers);
    largest = hn::GetLane(hn::MaxOfLanes(d, high));
    for (; k < scores.size(); ++k) {
        all_numbers = all_numbers && scores[k] == scores[k];
        largest = std::max(largest, scores[k]);
        if (scores[k] <= limit) out[kept++] = scores[k];
    }
    if (!all_numbers) return std::nullopt;
    return kept;
}

/// sorted = values, descending; at most kCounted, none of them NaN. The place of a value is the
/// number of larger ones; after it stand those that are equal.
HWY_INLINE void sort_by_counting(std::span<const double> values, double* sorted) {
    const hn::ScalableTag<double> d;
    const hn::RebindToSigned<decltype(d)> integers;
    const std::size_t lanes = hn::Lanes(d);
    std::array<double, kCounted + 64> padded;
    std::array<std::int64_t, kCounted + 64> above;
    std::copy(values.begin(), values.end(), padded.begin());
    std::fill_n(padded.begin() + static_cast<std::ptrdiff_t>(values.size()), lanes, 0.0);
    for (std::size_t at = 0; at < values.size(); at += lanes) {
        const auto own = hn::LoadU(d, &padded[at]);
        auto count = hn::Zero(integers);
        for (const double value : values) {
            const auto larger = hn::Gt(hn::Set(d, value), own);
            count = hn::Sub(count, hn::BitCast(integers, hn::VecFromMask(d, larger)));
        }
        hn::StoreU(count, integers, &above[at]);
    }
    constexpr double kEmpty = std::numeric_limits<double>::quiet_NaN();
    std::fill_n(sorted, values.size(), kEmpty);
    for (std::size_t j = 0; j < values.size(); ++j)
        sorted[static_cast<std::size_t>(above[j])] = values[j];
    for (std::size_t j = 1; j < values.size(); ++j)
        sorted[j] = sorted[j] == sorted[j] ? sorted[j] : sorted[j - 1];
}

HWY_INLINE double average_all(std::span<double> scores, double alpha) {
    std::sort(scores.begin(), scores.end(), std::greater{});
    double average = scores[0];
    for (const double score : scores.subspan(1)) average = alpha * score + (1 - alpha) * average;
    return average;
}

/// scratch  [classes + a vector]
double average_one(std::span<const double> scores, LowestScores& lowest, double* scratch) {
    const double alpha = lowest.alpha;
    const auto all = [&] {
        std::copy(scores.begin(), scores.end(), scratch);
        return average_all({scratch, scores.size()}, alpha);
    };
    const bool few = scores.size() <= kCounted;
    if (!few && lowest.enough > kCounted) return all();
    double largest = 0;
    constexpr double kAll = std::numeric_limits<double>::infinity();
    auto kept = keep_low(scores, few ? kAll : lowest.limit, scratch, largest);
    if (!kept) return all();
    if (!few && (*kept < lowest.enough || *kept > kCounted)) {
        if (*kept < lowest.enough) {
            std::copy(scores.begin(), scores.end(), scratch);
            kept = scores.size();
        }
        // Between the fewest and the most that will do.
        const std::size_t wanted = (lowest.enough + kCounted) / 2;
        std::nth_element(scratch, scratch + wanted - 1, scratch + *kept);
        lowest.limit = scratch[wanted - 1];
        kept = wanted;
    }
    std::array<double, kCounted> sorted{};
    sort_by_counting({scratch, *kept}, sorted.data());
    if (*kept == scores.size()) {
        double average = sorted[0];
        for (std::size_t k = 1; k < *kept; ++k) average = alpha * sorted[k] + (1 - alpha) * average;
        return average;
    }
    // Rounding keeps order, so the average lies between the two; they are the same but for the
    // rarest rows. An average of the others is none of theirs by much more than its rounding.
    double below = sorted[0] - 1e-6 * (1 + std::abs(sorted[0]));
    double above = largest + 1e-6 * (1 + std::abs(largest));
    for (std::size_t k = 0; k < *kept; ++k) {
        below = alpha * sorted[k] + (1 - alpha) * below;
        above = alpha * sorted[k] + (1 - alpha) * above;
    }
    return below == above ? below : all();
}

void average_rows(std::span<const double> scores, std::size_t classes, LowestScores lowest,
                  std::span<double> out) {
    std::size_t i = 0;
    if (classes <= kFewScores) {
        const auto is_nan = [](double x) { return x != x; };
        std::array<double, kFewScores * kSideBySide> tile;
        for (; i + kSideBySide <= out.size(); i += kSideBySide) {
            const auto block = scores.subspan(i * classes, kSideBySide * classes);
            if (std::any_of(block.begin(), block.end(), is_nan)) break;
            for (std::size_t r = 0; r < kSideBySide; ++r)
                for (std::size_t k = 0; k < classes; ++k)
                    tile[k * kSideBySide + r] = block[r * classes + k];
            average_side_by_side(tile.data(), classes, lowest.alpha, &out[i]);
        }
    }
    std::vector<double> scratch(classes + hn::Lanes(hn::ScalableTag<double>()));
    for (; i < out.size(); ++i)
        out[i] = average_one(scores.subspan(i * classes, classes), lowest, scratch.data());
}

// --- Checks -------------------------------------------------------------------------------------

template <class T>
HWY_INLINE std::size_t count_values_inside(std::span<const T> values, double least, double most) {
    const hn::Rebind<double, hn::Rebind<T, hn::ScalableTag<double>>> d;
    const Narrow<T> narrow;
    const auto low = hn::Set(d, least);
    const auto high = hn::Set(d, most);
    const auto widened = [&](const T* p) {
        if constexpr (sizeof(T) == sizeof(double))
            return hn::LoadU(d, p);
        else
            return hn::PromoteTo(d, hn::LoadU(narrow, p));
    };
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= values.size(); i += hn::Lanes(d)) {
        const auto x = widened(&values[i]);
        if (!hn::AllTrue(d, hn::And(hn::Ge(x, low), hn::Le(x, high)))) break;
    }
    for (; i < values.size(); ++i) {
        const auto x = static_cast<double>(values[i]);
        if (!(x >= least && x <= most)) break;
    }
    return i;
}
std::size_t count_values_inside_float(std::span<const float> values, double least, double most) {
    return count_values_inside(values, least, most);
}
std::size_t count_values_inside_double(std::span<const double> values, double least, double most) {
    return count_values_inside(values, least, most);
}

}  // namespace tusker::multilabel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#if HWY_ONCE
namespace tusker::multilabel {
HWY_EXPORT(score_vectors_float);
HWY_EXPORT(score_vectors_double);
HWY_EXPORT(average_rows);
HWY_EXPORT(count_values_inside_float);
HWY_EXPORT(count_values_inside_double);

template <>
void score_given(const ScoredClasses<float>& wanted, bool margin, double* out, std::size_t stride) {
    HWY_DYNAMIC_DISPATCH(score_vectors_float)(wanted, margin, out, stride);
}
template <>
void score_given(const ScoredClasses<double>& wanted, bool margin, double* out,
                 std::size_t stride) {
    HWY_DYNAMIC_DISPATCH(score_vectors_double)(wanted, margin, out, stride);
}

void moving_averages(std::span<const double> scores, std::size_t classes, double alpha,
                     std::span<double> out) {
    LowestScores lowest{.alpha = alpha};
    // (1 - alpha)^enough is so small that nothing of what was before is left, with some to spare.
    constexpr double kFaded = 64 * std::numbers::ln2;
    const double steps = alpha < 1 ? kFaded / -std::log1p(-alpha) : 1;
    lowest.enough =
        steps < static_cast<double>(classes) ? static_cast<std::size_t>(steps) + 1 : classes;
    HWY_DYNAMIC_DISPATCH(average_rows)(scores, classes, lowest, out);
}

template <>
std::optional<std::size_t> find_outside(std::span<const float> values, double least, double most) {
    const std::size_t inside = HWY_DYNAMIC_DISPATCH(count_values_inside_float)(values, least, most);
    return inside == values.size() ? std::nullopt : std::optional(inside);
}
template <>
std::optional<std::size_t> find_outside(std::span<const double> values, double least, double most) {
    const std::size_t inside =
        HWY_DYNAMIC_DISPATCH(count_values_inside_double)(values, least, most);
    return inside == values.size() ? std::nullopt : std::optional(inside);
}
}  // namespace tusker::multilabel
#endif
