// Rows in blocks: however they are split, stored and merged, what is found is the same.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <hwy/highway.h>
#include <hwy/targets.h>

#include "kernels/confident/partial_scan.hpp"
#include "kernels/confident/random_sample.hpp"

namespace tusker::confident {
namespace {

struct Block {
    std::size_t first;
    std::size_t rows;
};

std::vector<Block> random_split(std::size_t rows) {
    std::vector<Block> blocks;
    for (std::size_t first = 0; first < rows;) {
        const auto count =
            *rc::gen::inRange<std::size_t>(1, std::min<std::size_t>(60, rows - first) + 1);
        blocks.push_back({first, count});
        first += count;
    }
    return blocks;
}

bool same(const LabelIssues& a, const LabelIssues& b) {
    const auto same_issue = [](const LabelIssue& x, const LabelIssue& y) {
        return x.index == y.index && x.given == y.given && x.suggested == y.suggested &&
               x.score == y.score;
    };
    const auto same_entry = [](const auto& x, const auto& y) {
        return x.column == y.column && x.value == y.value;
    };
    return std::ranges::equal(a.ranked, b.ranked, same_issue) && a.scores == b.scores &&
           std::ranges::equal(a.joint.entries(), b.joint.entries(), same_entry) &&
           a.labels_per_class == b.labels_per_class && a.warnings == b.warnings;
}

/// Each filter with each ranking in each order.
std::vector<LabelIssueOptions> all_options() {
    std::vector<LabelIssueOptions> all;
    for (const auto& filter : filter_names())
        for (const auto& ranking : ranking_names())
            for (const Order order : {Order::Sound, Order::Cleanlab})
                all.push_back({.filter_by = *find_filter(filter),
                               .rank_by = *find_ranking(ranking),
                               .order = order,
                               .all_scores = true});
    return all;
}

/// Thirds have no exact sum, so that another order of adding would show.
template <class T>
Sample<T> sample_of_thirds(std::size_t n, std::size_t k) {
    auto sample = random_sample<T>(n, k, *rc::gen::arbitrary<std::uint32_t>());
    for (T& p : sample.probs) p = p * T{2} / T{3};
    return sample;
}

/// Scans each block alone and merges two scans at a time, whichever they are.
template <class T>
PartialScan<T> scan_in_blocks(const Sample<T>& sample, const Pool& pool) {
    std::vector<PartialScan<T>> scans;
    for (const auto& [first, rows] : random_split(sample.n)) {
        scans.emplace_back(sample.labels, sample.k);
        const auto scanned = scans.back().scan(first, sample.view().rows_from(first, rows), pool);
        RC_ASSERT(scanned.has_value());
    }
    while (scans.size() > 1) {
        const auto from = *rc::gen::inRange<std::size_t>(0, scans.size());
        PartialScan<T> taken = std::move(scans[from]);
        scans.erase(scans.begin() + static_cast<std::ptrdiff_t>(from));
        const auto into = *rc::gen::inRange<std::size_t>(0, scans.size());
        RC_ASSERT(scans[into].merge(std::move(taken)).has_value());
    }
    return std::move(scans.front());
}

template <class T>
void expect_any_split_finds_the_same() {
    const Pool pool(2);
    const auto k = *rc::gen::inRange<std::size_t>(2, 20);
    const auto sample = sample_of_thirds<T>(*rc::gen::inRange<std::size_t>(2 * k, 250), k);
    const PartialScan<T> merged = scan_in_blocks(sample, pool);
    for (const auto& options : all_options()) {
        const auto whole = find_label_issues(sample.view(), sample.labels, options, pool);
        RC_ASSERT(whole.has_value());
        const auto in_blocks = PartialScan<T>(merged).finish(sample.view(), options, pool);
        RC_ASSERT(in_blocks.has_value());
        RC_ASSERT(same(*whole, *in_blocks));
    }
}

RC_GTEST_PROP(PartialScan, AnySplitMergedInAnyOrderFindsTheSameFloat, ()) {
    expect_any_split_finds_the_same<float>();
}
RC_GTEST_PROP(PartialScan, AnySplitMergedInAnyOrderFindsTheSameDouble, ()) {
    expect_any_split_finds_the_same<double>();
}

TEST(PartialScan, SaysWhichRowsAreMissingOrTwice) {
    const auto sample = random_sample<float>(20, 3, 1);
    const Pool pool(1);
    PartialScan<float> scan(sample.labels, 3);
    ASSERT_TRUE(scan.scan(0, sample.view().rows_from(0, 5), pool));
    ASSERT_TRUE(scan.scan(8, sample.view().rows_from(8, 12), pool));
    EXPECT_EQ(scan.scan(4, sample.view().rows_from(4, 2), pool).error().message,
              "rows 4 to 6 hold one that was scanned before");
    EXPECT_EQ(scan.scan(19, sample.view().rows_from(0, 2), pool).error().message,
              "rows 19 to 21 are scanned, labels has 20 rows");
    EXPECT_EQ(std::move(scan).finish(sample.view(), {}, pool).error().message,
              "row 5 was not scanned");
}

TEST(PartialScan, NamesTheFirstWrongRowOfAllBlocks) {
    auto sample = random_sample<float>(20, 3, 1);
    sample.probs[3 * 17 + 1] = 2;
    sample.probs[3 * 6] = -1;
    const Pool pool(1);
    PartialScan<float> scan(sample.labels, 3);
    for (const std::size_t first : {15U, 5U, 0U, 10U})
        ASSERT_TRUE(scan.scan(first, sample.view().rows_from(first, 5), pool));
    EXPECT_EQ(std::move(scan).finish(sample.view(), {}, pool).error().message,
              "probabilities[6, 0] = -1: must be a number from 0 to 1");
}

// --- Parts ---------------------------------------------------------------------------------------

/// Only for multiples of 2^-11 in [0, 2).
Float16 to_half(double value) {
    if (value == 0) return Float16{0};
    const int exponent = std::ilogb(value);
    const auto fraction = static_cast<std::uint32_t>(std::ldexp(value, 10 - exponent)) & 0x3FFU;
    return Float16{
        static_cast<std::uint16_t>(static_cast<std::uint32_t>(exponent + 15) << 10U | fraction)};
}

/// One sample's rows in parts of random types; the values, sixteenths, are exact in each.
struct Parts {
    std::vector<std::vector<Float16>> halves;
    std::vector<std::vector<float>> floats;
    std::vector<std::vector<double>> doubles;
    std::vector<Probabilities::Part> parts;

    Parts(const Sample<double>& sample, int types) {
        for (const auto& [first, rows] : random_split(sample.n)) {
            const auto values = sample.view().rows_from(first, rows).values();
            const int type = *rc::gen::inRange(0, types);
            if (type == 0) {
                halves.emplace_back();
                for (const double p : values) halves.back().push_back(to_half(p));
                parts.emplace_back(MatrixView<const Float16>(halves.back(), rows, sample.k));
            } else if (type == 1) {
                floats.emplace_back(values.begin(), values.end());
                parts.emplace_back(MatrixView<const float>(floats.back(), rows, sample.k));
            } else {
                doubles.emplace_back(values.begin(), values.end());
                parts.emplace_back(MatrixView<const double>(doubles.back(), rows, sample.k));
            }
        }
    }
};

RC_GTEST_PROP(Probabilities, PartsOfAnyTypeAreOneMatrix, ()) {
    const Pool pool(2);
    const auto k = *rc::gen::inRange<std::size_t>(2, 40);
    const auto n = *rc::gen::inRange<std::size_t>(2 * k, 200);
    const auto sample = random_sample<double>(n, k, *rc::gen::arbitrary<std::uint32_t>());
    const std::vector<float> narrow(sample.probs.begin(), sample.probs.end());
    const int types = *rc::gen::inRange(1, 4);
    const Parts parts(sample, types);
    const auto probs = Probabilities::of(parts.parts);
    RC_ASSERT(probs.has_value());
    RC_ASSERT(probs->rows() == n);
    RC_ASSERT(probs->in_double() == !parts.doubles.empty());
    for (const auto& options : all_options()) {
        const auto whole = probs->in_double()
                               ? find_label_issues(sample.view(), sample.labels, options, pool)
                               : find_label_issues(MatrixView<const float>(narrow, n, k),
                                                   sample.labels, options, pool);
        const auto in_parts = find_label_issues(*probs, sample.labels, options, pool);
        RC_ASSERT(whole.has_value() && in_parts.has_value());
        RC_ASSERT(same(*whole, *in_parts));
    }
}

TEST(Probabilities, PartsOfDifferentWidthsAreRefused) {
    const std::vector<float> values(12);
    const std::vector<Probabilities::Part> parts = {MatrixView<const float>(values, 4, 3),
                                                    MatrixView<const float>(values, 6, 2)};
    EXPECT_EQ(
        Probabilities::of(parts).error().message,
        "probabilities: part 1 has 2 columns, part 0 has 3: parts of one matrix have as many");
    EXPECT_FALSE(Probabilities::of({}).has_value());
}

TEST(Probabilities, EmptyPartsCountNothing) {
    const std::vector<float> values = {.5F, .5F, .25F, .75F};
    const std::vector<Probabilities::Part> parts = {
        MatrixView<const float>({}, 0, 2),
        MatrixView<const float>(std::span(values).first(2), 1, 2),
        MatrixView<const float>({}, 0, 2),
        MatrixView<const float>(std::span(values).last(2), 1, 2)};
    const auto probs = Probabilities::of(parts);
    ASSERT_TRUE(probs.has_value());
    EXPECT_EQ(probs->rows(), 2U);
    EXPECT_EQ(probs->at<float>(1, 1), .75F);
}

// --- float16 -------------------------------------------------------------------------------------

TEST(Float16, WidensToTheNumberItIs) {
    const auto widened = [](std::uint16_t bits) { return widen(Float16{bits}); };
    EXPECT_EQ(widened(0x3C00), 1.0F);
    EXPECT_EQ(widened(0xC500), -5.0F);
    EXPECT_EQ(widened(0x3555), 0x1.554p-2F);  // about a third
    EXPECT_EQ(widened(0x0001), 0x1p-24F);     // the least subnormal
    EXPECT_EQ(widened(0x03FF), 0x1.ff8p-15F);
    EXPECT_EQ(widened(0x0400), 0x1p-14F);
    EXPECT_EQ(widened(0x7BFF), 65504.0F);
    EXPECT_TRUE(std::signbit(widened(0x8000)));
    EXPECT_EQ(widened(0xFC00), -std::numeric_limits<float>::infinity());
    EXPECT_TRUE(std::isnan(widened(0x7C01)));
}

TEST(Float16, EveryInstructionSetWidensAllOfThemAlike) {
    std::vector<Float16> all;
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits)
        all.push_back(Float16{static_cast<std::uint16_t>(bits)});
    std::vector<float> wide(all.size());
    for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
        hwy::SetSupportedTargetsForTest(targets & -targets);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        widen(all, wide);
        for (std::size_t i = 0; i < all.size(); ++i)
            ASSERT_EQ(std::bit_cast<std::uint32_t>(wide[i]),
                      std::bit_cast<std::uint32_t>(widen(all[i])));
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace
}  // namespace tusker::confident
