#include "kernels/confident/entropy.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "kernels/confident/each_instruction_set.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/row_arithmetic.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
std::vector<Bits<T>> bits_of(const std::vector<T>& values) {
    std::vector<Bits<T>> bits;
    bits.reserve(values.size());
    for (const T value : values) bits.push_back(std::bit_cast<Bits<T>>(value));
    return bits;
}

/// Numbers of [0, 1] of every size, both ends, and what lies beside them.
template <class T>
std::vector<T> probabilities_of_every_size() {
    using Limits = std::numeric_limits<T>;
    std::vector<T> p = {0,
                        1,
                        std::nextafter(T{1}, T{0}),
                        Limits::min(),
                        Limits::denorm_min(),
                        std::nextafter(Limits::min(), T{0})};
    std::mt19937_64 random(3);
    for (int exponent = Limits::min_exponent - Limits::digits; exponent <= 0; ++exponent)
        for (int i = 0; i < 200; ++i) {
            const double m = 0.5 + static_cast<double>(random() >> 12) * 0x1p-53;
            p.push_back(static_cast<T>(std::ldexp(m, exponent)));
            p.push_back(T{1} - static_cast<T>(std::ldexp(m, exponent)));
        }
    for (int i = 0; i < 200000; ++i)
        p.push_back(static_cast<T>(static_cast<double>(random() >> 11) * 0x1p-53));
    return p;
}

template <class Order, class T>
std::vector<T> terms_of(const std::vector<T>& p) {
    std::vector<T> terms(p.size());
    Order::p_log_p(std::span<const T>(p), terms);
    return terms;
}

template <class T>
void expect_scipys_terms() {
    const auto p = probabilities_of_every_size<T>();
    std::vector<T> expected;
    for (const T x : p) {
        const auto wide = static_cast<double>(x);
        expected.push_back(x == 0 ? T{0} : static_cast<T>(wide * std::log(wide)));
    }
    on_each_instruction_set(
        [&] { EXPECT_EQ(bits_of(terms_of<NumpyOrder>(p)), bits_of(expected)); });
}
TEST(Entropy, CleanlabsFloatTermsAreTheLibrarysToTheBit) { expect_scipys_terms<float>(); }
TEST(Entropy, CleanlabsDoubleTermsAreTheLibrarysToTheBit) { expect_scipys_terms<double>(); }

template <class T>
void expect_sound_terms_near_the_truth() {
    const auto p = probabilities_of_every_size<T>();
    const auto terms = terms_of<SoundOrder>(p);
    for (std::size_t i = 0; i < p.size(); ++i) {
        const auto x = static_cast<long double>(p[i]);
        if (p[i] < std::numeric_limits<T>::min()) {  // 0, or with another logarithm
            EXPECT_LE(terms[i], 0);
            EXPECT_GE(terms[i], static_cast<T>(-1e-35));
            continue;
        }
        const long double truth = x * std::log(x);
        const auto size = static_cast<T>(std::abs(truth));
        const T unit = std::nextafter(size, T{2}) - size;
        ASSERT_LE(std::abs(static_cast<long double>(terms[i]) - truth), 4 * unit) << p[i];
    }
    const auto expected = bits_of(terms);
    on_each_instruction_set([&] { EXPECT_EQ(bits_of(terms_of<SoundOrder>(p)), expected); });
}
TEST(Entropy, SoundFloatTermsAreWithinFourUnitsOnEveryTarget) {
    expect_sound_terms_near_the_truth<float>();
}
TEST(Entropy, SoundDoubleTermsAreWithinFourUnitsOnEveryTarget) {
    expect_sound_terms_near_the_truth<double>();
}

template <class Order, class T>
void expect_logs_one_by_one() {
    constexpr int kValues = 3001;
    std::vector<T> values;
    values.reserve(kValues);
    for (int i = 0; i < kValues; ++i) values.push_back(T{1} + static_cast<T>(i * i) / T{700});
    std::vector<T> expected;
    expected.reserve(values.size());
    for (const T x : values) expected.push_back(Order::log(x));
    on_each_instruction_set([&] {
        auto logs = values;
        Order::log_each(logs);
        EXPECT_EQ(bits_of(logs), bits_of(expected));
    });
}
TEST(Entropy, ManyLogarithmsAreThoseOfEach) {
    expect_logs_one_by_one<SoundOrder, float>();
    expect_logs_one_by_one<SoundOrder, double>();
    expect_logs_one_by_one<NumpyOrder, float>();
    expect_logs_one_by_one<NumpyOrder, double>();
}

template <class T>
void expect_only_zero_to_one_is_sure() {
    on_each_instruction_set([] {
        for (const std::size_t n : {1U, 15U, 16U, 40U})
            for (std::size_t at = 0; at < n; ++at) {
                std::vector<T> p(n, T{0.5});
                const auto sure = [&](T x) {
                    p[at] = x;
                    return surely_in_zero_one(std::span<const T>(p));
                };
                EXPECT_TRUE(sure(0));
                EXPECT_TRUE(sure(1));
                EXPECT_FALSE(sure(std::nextafter(T{1}, T{2})));
                EXPECT_FALSE(sure(-std::numeric_limits<T>::denorm_min()));
                EXPECT_FALSE(sure(std::numeric_limits<T>::quiet_NaN()));
                EXPECT_FALSE(sure(std::numeric_limits<T>::infinity()));
            }
    });
}
TEST(Entropy, OneValueOutsideZeroToOneIsSeenWhereverItStands) {
    expect_only_zero_to_one_is_sure<float>();
    expect_only_zero_to_one_is_sure<double>();
}

TEST(Entropy, OfEqualProbabilitiesIsOneAndOfCertaintyIsZero) {
    const std::vector<double> rows = {0.25, 0.25, 0.25, 0.25, 0, 1, 0, 0};
    std::vector<double> scratch(4);
    std::vector<double> entropies(2);
    normalized_entropies<SoundOrder, double>({rows, 2, 4}, scratch, entropies);
    EXPECT_NEAR(entropies[0], 1, 1e-15);
    EXPECT_EQ(entropies[1], 0);
}

// --- Rows ---------------------------------------------------------------------------------------

template <class T>
std::vector<T> thirds(std::size_t n) {  // no exact sums, so that their order would show
    std::vector<T> values(n);
    for (std::size_t i = 0; i < n; ++i)
        values[i] = static_cast<T>(static_cast<double>((i * i * 31 + i) % 97) / 291);
    return values;
}

constexpr std::size_t kRows = 3;

template <class T>
void expect_rows_alike_on_every_target(std::size_t columns) {
    const auto values = thirds<T>(kRows * columns);
    const MatrixView<const T> rows(values, kRows, columns);
    const auto less = thirds<T>(columns);
    const auto results = [&] {
        std::vector<T> all(3 * kRows);
        const auto out = std::span(all);
        NumpyOrder::sum_rows(rows, out.first(kRows));
        SoundOrder::sum_rows(rows, out.subspan(kRows, kRows));
        largest_of_rows(rows, out.last(kRows));
        std::vector<T> adjusted(values.size());
        shift_rows(rows, less, T{0.7F}, adjusted);
        all.insert(all.end(), adjusted.begin(), adjusted.end());
        divide_rows(MatrixView<T>(adjusted, kRows, columns), std::span(all).subspan(0, kRows));
        all.insert(all.end(), adjusted.begin(), adjusted.end());
        raise_to(std::span<const T>(values), T{0.1F}, adjusted);
        all.insert(all.end(), adjusted.begin(), adjusted.end());
        return bits_of(all);
    };
    const auto expected = results();
    on_each_instruction_set([&] { EXPECT_EQ(results(), expected) << columns << " columns"; });
}
TEST(RowArithmetic, IsTheSameOnEveryTarget) {
    for (const std::size_t columns : {2U, 7U, 8U, 16U, 31U, 100U, 129U, 1000U, 9000U}) {
        expect_rows_alike_on_every_target<float>(columns);
        expect_rows_alike_on_every_target<double>(columns);
    }
}

TEST(RowArithmetic, DoesWhatItSays) {
    const std::vector<float> values = {1, 5, 2, 4, 0, 8};
    const MatrixView<const float> rows(values, 2, 3);
    std::vector<float> two(2);
    largest_of_rows(rows, two);
    EXPECT_EQ(two, (std::vector<float>{5, 8}));
    std::vector<double> shifted(6);
    shift_rows(rows, std::vector<double>{1, 2, 3}, 10, shifted);
    EXPECT_EQ(shifted, (std::vector<double>{10, 13, 9, 13, 8, 15}));
    divide_rows(MatrixView<double>(shifted, 2, 3), std::vector<double>{2, 4});
    EXPECT_EQ(shifted, (std::vector<double>{5, 6.5, 4.5, 3.25, 2, 3.75}));
    std::vector<float> raised(6);
    raise_to(std::span<const float>(values), 3, raised);
    EXPECT_EQ(raised, (std::vector<float>{3, 5, 3, 4, 3, 8}));
}

template <class T>
void expect_sound_sums_lose_nothing(std::size_t columns) {
    const auto values = thirds<T>(columns);
    long double truth = 0;
    for (const T value : values) truth += static_cast<long double>(value);
    std::vector<T> sum(1);
    SoundOrder::sum_rows(MatrixView<const T>(values, 1, columns), sum);
    EXPECT_EQ(sum[0], static_cast<T>(truth)) << columns << " columns";
}
TEST(RowArithmetic, SoundSumsAreRoundedOnce) {
    for (const std::size_t columns : {2U, 15U, 16U, 50U, 1000U, 20000U}) {
        expect_sound_sums_lose_nothing<float>(columns);
        expect_sound_sums_lose_nothing<double>(columns);
    }
}

TEST(RowArithmetic, SeesOneValueThatIsNotFinite) {
    on_each_instruction_set([] {
        for (std::size_t at = 0; at < 40; ++at) {
            std::vector<float> values(40, 3e38F);
            EXPECT_TRUE(all_finite(std::span<const float>(values)));
            values[at] = std::numeric_limits<float>::infinity();
            EXPECT_FALSE(all_finite(std::span<const float>(values)));
            values[at] = std::numeric_limits<float>::quiet_NaN();
            EXPECT_FALSE(all_finite(std::span<const float>(values)));
        }
    });
}

}  // namespace
}  // namespace tusker::confident
