// The vector part reads a row once and keeps its two largest values, its least and its sum. Where
// those leave a question (which class? a tie?) the row is looked at again, while it is in the
// first-level cache. Narrow rows are read several at a time.
#include "kernels/confident/row_scan.hpp"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/confident/row_scan.cpp"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

#ifndef TUSKER_ROW_SUMMARY
#define TUSKER_ROW_SUMMARY
namespace tusker::confident {

template <class T>
struct RowSummary {
    T largest;
    T second;  // equal to `largest` if that occurs twice
    T least;
    T sum;  // in an order that depends on the instruction set
};

/// How far from 1 that sum may be without a closer look. Its error is far below a tenth of the
/// tolerance; NaN and infinity are further, too.
inline constexpr double kSumSieve = 0.9 * kRowSumTolerance;

inline constexpr double kAgreement = 1e-6;

}  // namespace tusker::confident
#endif

HWY_BEFORE_NAMESPACE();
namespace tusker::confident::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void keep_two_largest(T x, T& largest, T& second) {
    second = std::max(second, std::min(largest, x));
    largest = std::max(largest, x);
}

template <class T>
RowSummary<T> summarize(const T* p, std::size_t k) {
    const hn::CappedTag<T, 16> d;
    const std::size_t lanes = hn::Lanes(d);
    const T lowest = std::numeric_limits<T>::lowest();
    RowSummary<T> row{lowest, lowest, std::numeric_limits<T>::max(), T{0}};
    std::size_t i = 0;
    if (k >= lanes) {
        auto largest = hn::Set(d, lowest);
        auto second = largest;
        auto least = hn::Set(d, row.least);
        auto sum = hn::Zero(d);
        for (; i + lanes <= k; i += lanes) {
            const auto x = hn::LoadU(d, p + i);
            second = hn::Max(second, hn::Min(largest, x));
            largest = hn::Max(largest, x);
            least = hn::Min(least, x);
            sum = hn::Add(sum, x);
        }
        if (i < k) {
            // The last vector of the row, without the lanes that were seen already.
            const auto seen = hn::FirstN(d, lanes - (k - i));
            const auto x = hn::LoadU(d, p + (k - lanes));
            const auto larger = hn::IfThenElse(seen, hn::Set(d, lowest), x);
            second = hn::Max(second, hn::Min(largest, larger));
            largest = hn::Max(largest, larger);
            least = hn::Min(least, x);
            sum = hn::Add(sum, hn::IfThenZeroElse(seen, x));
            i = k;
        }
        // The runner-up of the lane that holds the maximum competes with the other lanes' maxima.
        const auto maximum = hn::MaxOfLanes(d, largest);
        const auto holds_it = hn::Eq(largest, maximum);
        row.largest = hn::GetLane(maximum);
        row.second =
            hn::CountTrue(d, holds_it) > 1
                ? row.largest
                : hn::GetLane(hn::MaxOfLanes(d, hn::IfThenElse(holds_it, second, largest)));
        row.least = hn::GetLane(hn::MinOfLanes(d, least));
        row.sum = hn::GetLane(hn::SumOfLanes(d, sum));
    }
    for (; i < k; ++i) {
        keep_two_largest(p[i], row.largest, row.second);
        row.least = std::min(row.least, p[i]);
        row.sum += p[i];
    }
    return row;
}

/// The first class in [0, k) with exactly this probability, or k.
template <class T>
ClassId first_equal(const T* p, T value, std::size_t k) {
    const hn::CappedTag<T, 16> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto wanted = hn::Set(d, value);
    std::size_t i = 0;
    for (; i + lanes <= k; i += lanes) {
        const auto found = hn::FindFirstTrue(d, hn::Eq(hn::LoadU(d, p + i), wanted));
        if (found >= 0) return static_cast<ClassId>(i + static_cast<std::size_t>(found));
    }
    while (i < k && p[i] != value) ++i;
    return static_cast<ClassId>(i);
}

template <class T>
void check_values(std::span<const T> p, std::size_t row, RowChecks& checks) {
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
        const auto value = static_cast<double>(p[i]);
        const RowChecks::Value here{row, static_cast<ClassId>(i), value};
        if (!(value >= -1e-6 && value <= 1 + 1e-6)) {
            if (!checks.refused) checks.refused = here;
            return;
        }
        if (!(value >= 0 && value <= 1) && !checks.not_in_01) checks.not_in_01 = here;
        sum += value;
    }
    if (std::abs(sum - 1) > kRowSumTolerance) {
        if (checks.sums_off++ == 0) checks.first_sum_off = RowChecks::Value{row, 0, sum};
    }
}

template <class T>
void check_row(const RowSummary<T>& summary, std::span<const T> p, std::size_t row,
               RowChecks& checks) {
    const bool sum_clear = std::abs(static_cast<double>(summary.sum) - 1.0) <= kSumSieve;
    if (sum_clear && summary.least >= 0 && summary.largest <= 1) return;
    check_values(p, row, checks);
}

/// The given class is the first of the largest once 1e-6 is added to it.
template <class T>
bool agrees(std::span<const T> p, ClassId given, T self, T other) {
    const T raised = self + static_cast<T>(kAgreement);
    return raised > other || (raised == other && first_equal(p.data(), other, given) == given);
}

template <class T>
void write_facts(const RowSummary<T>& summary, std::span<const T> p, ClassId given, std::size_t row,
                 RowFacts<T>& facts) {
    const std::size_t k = p.size();
    const T self = p[given];
    const bool given_is_largest = self == summary.largest;
    const T other = given_is_largest ? summary.second : summary.largest;
    const ClassId top =
        given_is_largest && other < self ? given : first_equal(p.data(), summary.largest, k);
    facts.self[row] = self;
    facts.other[row] = other;
    facts.second[row] = summary.second;
    facts.top[row] = top;
    facts.agrees[row] = agrees(p, given, self, other);
}

template <class T>
RowChecks scan(MatrixView<const T> block, std::size_t first, std::span<const ClassId> labels,
               RowFacts<T>& facts) {
    RowChecks checks;
    for (std::size_t i = 0; i < block.rows(); ++i) {
        const auto p = block.row(i);
        const auto summary = summarize(p.data(), p.size());
        check_row(summary, p, first + i, checks);
        if (checks.refused) return checks;
        write_facts(summary, p, labels[first + i], first + i, facts);
    }
    return checks;
}

/// Rows at a time, and the most classes they may have, where a vector would hold little of one row.
/// Measured with sixteen lanes.
inline constexpr std::size_t kSideBySide = 64;
inline constexpr std::size_t kNarrow = 32;

/// kSideBySide rows turned over, so that a vector holds one class of several rows.
struct NarrowRows {
    HWY_ALIGN float p[kNarrow][kSideBySide];
    HWY_ALIGN float self[kSideBySide];

    NarrowRows(MatrixView<const float> rows, std::span<const ClassId> labels) {
        const std::size_t k = rows.columns();
        const float* from = rows.values().data();
        for (std::size_t r = 0; r < kSideBySide; ++r, from += k) {
            for (std::size_t j = 0; j < k; ++j) p[j][r] = from[j];
            self[r] = from[labels[r]];
        }
    }
};

/// The facts of rows [first, first + kSideBySide). True if no row needs a look at its values.
bool write_narrow_facts(MatrixView<const float> block, std::size_t first,
                        std::span<const ClassId> labels, RowFacts<float>& facts) {
    const hn::CappedTag<float, 16> d;
    const hn::RebindToSigned<decltype(d)> di;
    const hn::RebindToUnsigned<decltype(d)> du;
    const hn::Rebind<std::uint8_t, decltype(d)> d8;
    const NarrowRows rows(block, labels.subspan(first, kSideBySide));
    const auto classes = static_cast<std::int32_t>(block.columns());
    bool all_clear = true;
    for (std::size_t r = 0; r < kSideBySide; r += hn::Lanes(d)) {
        auto largest = hn::Load(d, &rows.p[0][r]);
        auto second = hn::Set(d, std::numeric_limits<float>::lowest());
        auto least = largest;
        auto sum = largest;
        auto top = hn::Zero(di);
        for (std::int32_t j = 1; j < classes; ++j) {
            const auto x = hn::Load(d, &rows.p[j][r]);
            top = hn::IfThenElse(hn::RebindMask(di, hn::Gt(x, largest)), hn::Set(di, j), top);
            second = hn::Max(second, hn::Min(largest, x));
            largest = hn::Max(largest, x);
            least = hn::Min(least, x);
            sum = hn::Add(sum, x);
        }
        const auto self = hn::Load(d, &rows.self[r]);
        const auto other = hn::IfThenElse(hn::Eq(self, largest), second, largest);
        const auto raised = hn::Add(self, hn::Set(d, static_cast<float>(kAgreement)));
        const auto agrees =
            hn::IfThenElseZero(hn::RebindMask(di, hn::Gt(raised, other)), hn::Set(di, 1));
        const std::size_t row = first + r;
        hn::StoreU(self, d, &facts.self[row]);
        hn::StoreU(other, d, &facts.other[row]);
        hn::StoreU(second, d, &facts.second[row]);
        hn::StoreU(hn::BitCast(du, top), du, &facts.top[row]);
        hn::StoreU(hn::DemoteTo(d8, agrees), d8, &facts.agrees[row]);
        const auto off = hn::Abs(hn::Sub(sum, hn::Set(d, 1.0F)));
        const auto clear = hn::And(
            hn::And(hn::Le(off, hn::Set(d, static_cast<float>(kSumSieve))), hn::Ne(raised, other)),
            hn::And(hn::Ge(least, hn::Zero(d)), hn::Le(largest, hn::Set(d, 1.0F))));
        all_clear &= hn::AllTrue(d, clear);
    }
    return all_clear;
}

RowChecks scan_narrow(MatrixView<const float> block, std::size_t first,
                      std::span<const ClassId> labels, RowFacts<float>& facts) {
    RowChecks checks;
    std::size_t i = 0;
    for (; i + kSideBySide <= block.rows(); i += kSideBySide) {
        const auto rows = block.rows_from(i, kSideBySide);
        if (write_narrow_facts(rows, first + i, labels, facts)) continue;
        checks.merge(scan(rows, first + i, labels, facts));
        if (checks.refused) return checks;
    }
    checks.merge(scan(block.rows_from(i, block.rows() - i), first + i, labels, facts));
    return checks;
}

RowChecks scan_float(MatrixView<const float> block, std::size_t first,
                     std::span<const ClassId> labels, RowFacts<float>& facts) {
    return block.columns() <= kNarrow ? scan_narrow(block, first, labels, facts)
                                      : scan(block, first, labels, facts);
}
RowChecks scan_double(MatrixView<const double> block, std::size_t first,
                      std::span<const ClassId> labels, RowFacts<double>& facts) {
    return scan(block, first, labels, facts);
}

}  // namespace tusker::confident::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tusker::confident {

HWY_EXPORT(scan_float);
HWY_EXPORT(scan_double);

template <>
RowChecks scan_rows(MatrixView<const float> block, std::size_t first,
                    std::span<const ClassId> labels, RowFacts<float>& facts) {
    return HWY_DYNAMIC_DISPATCH(scan_float)(block, first, labels, facts);
}
template <>
RowChecks scan_rows(MatrixView<const double> block, std::size_t first,
                    std::span<const ClassId> labels, RowFacts<double>& facts) {
    return HWY_DYNAMIC_DISPATCH(scan_double)(block, first, labels, facts);
}

namespace {

using Value = std::optional<RowChecks::Value>;

void keep_earlier(Value& mine, const Value& other) {
    if (other && (!mine || other->row < mine->row)) mine = other;
}

}  // namespace

void RowChecks::merge(const RowChecks& other) {
    keep_earlier(refused, other.refused);
    keep_earlier(not_in_01, other.not_in_01);
    keep_earlier(first_sum_off, other.first_sum_off);
    sums_off += other.sums_off;
}

void RowChecks::move_by(std::size_t rows) {
    for (auto* value : {&refused, &not_in_01, &first_sum_off})
        if (*value) (*value)->row += rows;
}

}  // namespace tusker::confident
#endif
