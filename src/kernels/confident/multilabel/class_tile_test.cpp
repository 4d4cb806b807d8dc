#include "kernels/confident/multilabel/class_tile.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernels/confident/each_instruction_set.hpp"
#include "kernels/confident/multilabel/binary_problem.hpp"

namespace tusker::multilabel {
namespace {

/// Probabilities of which many lie where comparisons turn.
template <class T>
std::vector<T> arbitrary_probs(std::size_t count) {
    std::vector<T> probs(count);
    for (T& p : probs) {
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                p = static_cast<T>(*rc::gen::inRange(0, 9)) / T{8};
                break;
            case 1:
                p = T{0.5} + static_cast<T>(*rc::gen::inRange(-30, 30)) * static_cast<T>(5e-8);
                break;
            default:
                p = static_cast<T>(*rc::gen::inRange(0, 1'000'000)) / T{1'000'000};
        }
    }
    return probs;
}

std::uint64_t valid_rows(std::size_t rows) { return ~std::uint64_t{0} >> (kTileRows - rows); }

template <class T>
void expect_columns_as_defined() {
    const auto rows = *rc::gen::inRange<std::size_t>(1, 65);
    const auto stride = *rc::gen::inRange<std::size_t>(1, 40);
    const auto classes = *rc::gen::inRange<std::size_t>(1, stride + 1);
    const auto probs = arbitrary_probs<T>(rows * stride);
    const std::uint64_t given = *rc::gen::arbitrary<std::uint64_t>() & valid_rows(rows);
    confident::on_each_instruction_set([&] {
        std::vector<T> tile(classes * kTileRows);
        load_tile(probs.data() + stride - classes, stride, rows, classes, tile.data());
        for (std::size_t j = 0; j < classes; ++j) {
            SelfConfidences<T> own;
            const auto found =
                scan_column(tile.data() + j * kTileRows, given, valid_rows(rows), own);
            std::size_t absent = 0;
            std::size_t present = 0;
            RC_ASSERT(found.outside == 0U);
            for (std::size_t i = 0; i < rows; ++i) {
                const T p = probs[i * stride + stride - classes + j];
                const bool has = (given >> i & 1) != 0;
                RC_ASSERT((has ? own.of_present[present++] : own.of_absent[absent++]) ==
                          probability(p, has));
                RC_ASSERT((found.disagreeing >> i & 1) == (agrees(p, has) ? 0U : 1U));
            }
            RC_ASSERT(found.disagreeing <= valid_rows(rows));
        }
    });
}
RC_GTEST_PROP(ClassTile, ColumnsAreAsDefinedInFloat, ()) { expect_columns_as_defined<float>(); }
RC_GTEST_PROP(ClassTile, ColumnsAreAsDefinedInDouble, ()) { expect_columns_as_defined<double>(); }

template <class T>
void expect_guesses_as_defined() {
    const auto rows = *rc::gen::inRange<std::size_t>(1, 70);
    const auto stride = *rc::gen::inRange<std::size_t>(1, 40);
    const auto classes = *rc::gen::inRange<std::size_t>(1, stride + 1);
    const auto probs = arbitrary_probs<T>(rows * stride);
    const auto absent_bounds = arbitrary_probs<T>(classes);
    const auto present_bounds = arbitrary_probs<T>(classes);
    std::vector<std::int64_t> expected_absent(classes);
    std::vector<std::int64_t> expected_present(classes);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < classes; ++j)
            if (const auto guessed =
                    guess<T>(probs[i * stride + j], {absent_bounds[j], present_bounds[j]}))
                ++(*guessed ? expected_present : expected_absent)[j];
    confident::on_each_instruction_set([&] {
        std::vector<std::int64_t> absent(classes);
        std::vector<std::int64_t> present(classes);
        count_guesses<T>(probs.data(), stride, rows, absent_bounds, present_bounds, absent,
                         present);
        RC_ASSERT(absent == expected_absent);
        RC_ASSERT(present == expected_present);
    });
}
RC_GTEST_PROP(ClassTile, GuessesAreAsDefinedInFloat, ()) { expect_guesses_as_defined<float>(); }
RC_GTEST_PROP(ClassTile, GuessesAreAsDefinedInDouble, ()) { expect_guesses_as_defined<double>(); }

template <class T>
void expect_outside_is_seen() {
    std::vector<T> column(kTileRows, T{0.5});
    column[3] = std::numeric_limits<T>::quiet_NaN();
    column[9] = static_cast<T>(-2e-6);
    column[10] = static_cast<T>(-0.9e-6);
    column[17] = static_cast<T>(1 + 2e-6);
    column[40] = static_cast<T>(1 + 0.9e-6);
    column[63] = std::numeric_limits<T>::infinity();
    const std::uint64_t expected = 1ULL << 3 | 1ULL << 9 | 1ULL << 17 | 1ULL << 63;
    confident::on_each_instruction_set([&] {
        SelfConfidences<T> own;
        EXPECT_EQ(scan_column(column.data(), 0, ~std::uint64_t{0}, own).outside, expected);
        EXPECT_EQ(scan_column(column.data(), 0, valid_rows(63), own).outside,
                  expected & valid_rows(63));
    });
}
TEST(ClassTile, ValuesThatAreNoProbabilitiesAreSeen) {
    expect_outside_is_seen<float>();
    expect_outside_is_seen<double>();
}

RC_GTEST_PROP(ClassTile, BitsAreTransposed, ()) {
    const auto words = *rc::gen::container<std::vector<std::uint64_t>>(
        *rc::gen::inRange<std::size_t>(0, 65), rc::gen::arbitrary<std::uint64_t>());
    const auto masks = transpose_bits(words);
    for (std::size_t i = 0; i < 64; ++i)
        for (std::size_t j = 0; j < 64; ++j)
            RC_ASSERT((masks[j] >> i & 1) == (i < words.size() ? words[i] >> j & 1 : 0));
}

TEST(LaneSums, LoseNothingOnAnyInstructionSet) {
    std::vector<double> values;
    for (int i = 0; i < 1000; ++i) {
        values.push_back(1e16);
        values.push_back(1.0 / (i + 1));
        values.push_back(-1e16);
    }
    double expected = 0;
    for (int i = 999; i >= 0; --i) expected += 1.0 / (i + 1);
    std::vector<double> found;
    confident::on_each_instruction_set([&] {
        LaneSums sums;
        sums.add(std::span<const double>(values).first(1234));
        sums.add(std::span<const double>(values).subspan(1234));
        found.push_back(sums.value());
    });
    for (const double sum : found) EXPECT_EQ(sum, found.front());
    EXPECT_NEAR(found.front(), expected, 1e-12);
}

}  // namespace
}  // namespace tusker::multilabel
