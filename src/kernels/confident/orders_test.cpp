// NumPy's order against values that NumPy 1.24.4 gave; the whole of it is compared with cleanlab in
// tests/confident.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/confident/lowest.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

using Positions = std::vector<std::uint32_t>;

template <class Order>
Positions argsort(const std::vector<double>& keys) {
    return Order::argsort(std::span<const double>(keys));
}

std::vector<double> keys_with_many_ties(std::size_t n) {
    std::vector<double> keys(n);
    for (std::size_t i = 0; i < n; ++i) keys[i] = static_cast<double>((i * i * 31 + i) % 97 % 6);
    return keys;
}

TEST(NumpyOrder, PlacesEqualKeysWhereNumpyDoes) {
    const Positions numpy = {0,  15, 33, 10, 26, 39, 36, 42, 56, 57, 25, 38, 45, 55, 31,
                             30, 58, 27, 40, 29, 19, 6,  13, 1,  24, 53, 52, 47, 48, 12,
                             37, 4,  59, 49, 51, 21, 32, 41, 46, 54, 3,  5,  20, 28, 22,
                             11, 14, 17, 8,  2,  23, 18, 43, 50, 34, 35, 9,  44, 16, 7};
    EXPECT_EQ(argsort<NumpyOrder>(keys_with_many_ties(60)), numpy);
}

// Musser's sequence makes the median of three the worst pivot; NumPy then turns to heapsort.
TEST(NumpyOrder, GoesOverToHeapsortWhereNumpyDoes) {
    const std::size_t n = 5000;
    const std::size_t half = n / 2;
    std::vector<double> keys(n);
    for (std::size_t i = 1; i <= half; ++i) {
        if (i % 2 == 1) {
            keys[i - 1] = static_cast<double>(i);
            keys[i] = static_cast<double>(half + i);
        }
        keys[half + i - 1] = static_cast<double>(2 * i);
    }
    for (double& key : keys) key = std::floor(key / 3);
    const auto order = argsort<NumpyOrder>(keys);
    std::uint64_t fingerprint = 0;
    for (std::size_t i = 0; i < n; ++i) fingerprint += order[i] * i;
    EXPECT_EQ(fingerprint, 35147965158U);
    EXPECT_TRUE(std::ranges::is_sorted(order, {}, [&](std::uint32_t i) { return keys[i]; }));
}

template <class T>
std::vector<T> reciprocals(std::size_t n) {
    std::vector<T> values(n);
    for (std::size_t i = 0; i < n; ++i)
        values[i] = static_cast<T>(1.0 / static_cast<double>(i % 23 + 1));
    return values;
}

TEST(NumpyOrder, AddsAsNumpyDoes) {
    const auto narrow = reciprocals<float>(20000);
    EXPECT_EQ(NumpyOrder::sum(std::span<const float>(narrow)), 0x1.9608fp+11F);
    EXPECT_EQ(NumpyOrder::sum(std::span<const float>(narrow).first(1000)), 0x1.473056p+7F);
    const auto wide = reciprocals<double>(20000);
    EXPECT_EQ(NumpyOrder::sum(std::span<const double>(wide)), 0x1.9608f14f932eep+11);
}

TEST(NumpyOrder, AddsSparseArraysAsIfTheyWereFull) {
    const std::vector<PlacedValue> values = {{5, .1},    {130, .2},   {131, .3},
                                             {8192, .7}, {9000, .11}, {19999, 1.0 / 3}};
    EXPECT_EQ(NumpyOrder::sum(std::span<const PlacedValue>(values), 20000), 0x1.be4b17e4b17e4p+0);
}

RC_GTEST_PROP(NumpyOrder, SparseSumEqualsFullSum, ()) {
    const auto n = *rc::gen::inRange<std::size_t>(1, 20000);
    const auto seeds =
        *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, n));
    std::vector<double> full(n);
    for (const auto place : seeds) full[place] = 1.0 / static_cast<double>(place + 3);
    std::vector<PlacedValue> sparse;
    for (std::size_t i = 0; i < n; ++i)
        if (full[i] != 0) sparse.push_back({i, full[i]});
    RC_ASSERT(NumpyOrder::sum(std::span<const PlacedValue>(sparse), n) ==
              NumpyOrder::sum(std::span<const double>(full)));
}

TEST(NumpyOrder, TakesFloatLogarithmsAsNumpyDoes) {
    EXPECT_EQ(NumpyOrder::log(1.0F), 0.0F);
    EXPECT_EQ(NumpyOrder::log(1.5F), 0x1.9f323ep-2F);
    EXPECT_EQ(NumpyOrder::log(2.75F), 0x1.02f848p+0F);
    EXPECT_EQ(NumpyOrder::log(1e-3F), -0x1.ba18aap+2F);
    EXPECT_EQ(NumpyOrder::log(1000.25F), 0x1.ba1cc2p+2F);
}

TEST(SoundOrder, PlacesEqualKeysByPosition) {
    const auto keys = keys_with_many_ties(200);
    Positions expected(keys.size());
    std::iota(expected.begin(), expected.end(), 0U);
    std::ranges::stable_sort(expected, {}, [&](std::uint32_t i) { return keys[i]; });
    EXPECT_EQ(argsort<SoundOrder>(keys), expected);
}

RC_GTEST_PROP(NumpyOrder, LowestAreTheFirstOfArgsort, ()) {
    const int distinct = *rc::gen::element(1, 3, 50, 1'000'000);
    std::vector<double> keys(*rc::gen::inRange<std::size_t>(1, 3000));
    for (double& key : keys) key = *rc::gen::inRange(0, distinct);
    if (*rc::gen::arbitrary<bool>()) std::ranges::sort(keys);
    const auto m = *rc::gen::inRange<std::size_t>(0, keys.size() + 1);
    auto expected = argsort<NumpyOrder>(keys);
    expected.resize(m);
    auto found = NumpyOrder::lowest(std::span<const double>(keys), m);
    std::ranges::sort(expected);
    std::ranges::sort(found);
    RC_ASSERT(found == expected);
}

TEST(SoundOrder, LosesNothingWhenLargeValuesCancel) {
    const std::vector<double> values = {1.0, 1e100, 1.0, -1e100};
    EXPECT_EQ(SoundOrder::sum(std::span<const double>(values)), 2.0);
}

RC_GTEST_PROP(SoundOrder, LogarithmIsThatOfTheLibraryWithinAFewUnits, ()) {
    const auto mantissa = *rc::gen::inRange<std::int64_t>(1, std::int64_t{1} << 53);
    const auto exponent = *rc::gen::inRange(-900, 900);
    const double x = std::ldexp(static_cast<double>(mantissa), exponent);
    const double expected = std::log(x);
    RC_ASSERT(std::abs(SoundOrder::log(x) - expected) <= 1e-15 * std::max(1.0, std::abs(expected)));
}

TEST(NumpyOrder, TakesFloatExponentialsAsNumpy) {
    const std::vector<float> x = {-80.5F, -10.25F, -3.3F, -1.0F, -0.3466F,
                                  -1e-4F, 0.0F,    0.7F,  5.5F,  80.0F};
    const std::vector<float> numpy = {0x1.d1a2080000000p-117F, 0x1.2899a80000000p-15F,
                                      0x1.2e259e0000000p-5F,   0x1.78b5620000000p-2F,
                                      0x1.6a07740000000p-1F,   0x1.fff2e40000000p-1F,
                                      0x1.0000000000000p+0F,   0x1.01c2a60000000p+1F,
                                      0x1.e962440000000p+7F,   0x1.55779c0000000p+115F};
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(NumpyOrder::exp(x[i]), numpy[i]) << x[i];
}

RC_GTEST_PROP(SoundOrder, ExponentialIsThatOfTheLibraryWithinAFewUnits, ()) {
    const double x = *rc::gen::inRange(-700000000, 700000001) / 1e6;
    const double expected = std::exp(x);
    RC_ASSERT(std::abs(SoundOrder::exp(x) - expected) <= 1e-15 * expected);
}

template <class Order>
void expect_sum_one_by_one_is_sum_of_all(const std::vector<double>& values) {
    typename Order::template Sum<double> sum;
    for (const double value : values) sum.add(value);
    EXPECT_EQ(sum.value(), Order::sum(std::span<const double>(values)));
}

TEST(Orders, SumOneByOneIsTheSumOfAll) {
    for (const std::size_t n : {0U, 7U, 8192U, 8193U, 20000U}) {
        expect_sum_one_by_one_is_sum_of_all<SoundOrder>(reciprocals<double>(n));
        expect_sum_one_by_one_is_sum_of_all<NumpyOrder>(reciprocals<double>(n));
    }
}

TEST(SoundOrder, ExponentialEndsInZeroAndInfinity) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    EXPECT_EQ(SoundOrder::exp(-kInfinity), 0);
    EXPECT_EQ(SoundOrder::exp(-800.0), 0);
    EXPECT_EQ(SoundOrder::exp(800.0), kInfinity);
    EXPECT_EQ(SoundOrder::exp(0.0), 1);
}

template <class Order>
void expect_lowest_is_front_of_argsort(const std::vector<double>& keys, std::size_t m) {
    auto found = lowest<Order>(std::span<const double>(keys), m);
    auto expected = argsort<Order>(keys);
    expected.resize(std::min(m, keys.size()));
    std::ranges::sort(found);
    std::ranges::sort(expected);
    ASSERT_EQ(found, expected);
}

RC_GTEST_PROP(Lowest, IsTheFrontOfTheWholeOrder, ()) {
    const auto keys = *rc::gen::container<std::vector<double>>(
        rc::gen::map(rc::gen::inRange(0, 20), [](int x) { return x / 8.0; }));
    const auto m = *rc::gen::inRange<std::size_t>(0, keys.size() + 2);
    expect_lowest_is_front_of_argsort<SoundOrder>(keys, m);
    expect_lowest_is_front_of_argsort<NumpyOrder>(keys, m);
}

TEST(Lowest, OfManyKeysIsTheFrontOfTheWholeOrder) {
    std::vector<double> keys(100'000);
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = static_cast<double>(i * i % 99'991);
    std::vector<double> sampled_badly = keys;  // the sample meets every 24th key
    for (std::size_t i = 0; i < keys.size(); i += 24) sampled_badly[i] = -1;
    for (const std::size_t m : {1U, 50U, 5'000U, 30'000U, 60'000U, 100'000U}) {
        expect_lowest_is_front_of_argsort<SoundOrder>(keys, m);
        expect_lowest_is_front_of_argsort<NumpyOrder>(keys, m);
        expect_lowest_is_front_of_argsort<SoundOrder>(sampled_badly, m);
        expect_lowest_is_front_of_argsort<NumpyOrder>(sampled_badly, m);
    }
}

}  // namespace
}  // namespace tusker::confident
