// The vector part reads a row once and keeps its two largest values, its least and its sum. Where
// those leave a question (which class? a tie?) the row is looked at again, while it is in the
// first-level cache.
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
void check_row(const RowSummary<T>& summary, std::span<const T> p, std::size_t row,
               RowChecks& checks) {
    // The sieve's error is far below a tenth of the tolerance; NaN and infinity fail it too.
    const bool sum_clear =
        std::abs(static_cast<double>(summary.sum) - 1.0) <= 0.9 * kRowSumTolerance;
    if (sum_clear && summary.least >= 0 && summary.largest <= 1) return;
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
void write_facts(const RowSummary<T>& summary, std::span<const T> p, ClassId given, std::size_t row,
                 RowFacts<T>& facts) {
    const std::size_t k = p.size();
    const T self = p[given];
    const bool given_is_largest = self == summary.largest;
    const T other = given_is_largest ? summary.second : summary.largest;
    const ClassId top =
        given_is_largest && other < self ? given : first_equal(p.data(), summary.largest, k);
    const T raised = self + static_cast<T>(1e-6);
    const bool agrees =
        raised > other || (raised == other && first_equal(p.data(), other, given) == given);
    facts.self[row] = self;
    facts.other[row] = other;
    facts.second[row] = summary.second;
    facts.top[row] = top;
    facts.agrees[row] = agrees ? 1 : 0;
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

RowChecks scan_float(MatrixView<const float> block, std::size_t first,
                     std::span<const ClassId> labels, RowFacts<float>& facts) {
    return scan(block, first, labels, facts);
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
