#include "kernels/confident/multilabel/row_scores.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernels/confident/each_instruction_set.hpp"
#include "kernels/confident/multilabel/binary_problem.hpp"
#include "kernels/confident/scores.hpp"

namespace tusker::multilabel {
namespace {

double plain_average(std::vector<double> scores, double alpha) {
    std::ranges::sort(scores, std::greater{});
    double average = scores[0];
    for (std::size_t k = 1; k < scores.size(); ++k)
        average = alpha * scores[k] + (1 - alpha) * average;
    return average;
}

/// `steps`: scores are multiples of 1 / steps, so that many are equal.
std::vector<double> arbitrary_scores(std::size_t count, int steps) {
    std::vector<double> scores(count);
    for (double& score : scores) score = *rc::gen::inRange(0, steps + 1) / double(steps);
    return scores;
}

RC_GTEST_PROP(MovingAverages, AreThoseOfSortedScoresToTheBit, ()) {
    const auto classes = *rc::gen::element<std::size_t>(1, 2, 7, 24, 25, 31, 63, 64, 65, 100, 300);
    const auto rows = *rc::gen::inRange<std::size_t>(1, 20);
    const double alpha = *rc::gen::element(0.8, 1.0, 0.0, 0.5, 0.3, 0.05, 2.0 / 101);
    const auto scores =
        arbitrary_scores(rows * classes, *rc::gen::element(1, 8, 1'000'000'007, 1000));
    confident::on_each_instruction_set([&] {
        std::vector<double> averages(rows);
        moving_averages(scores, classes, alpha, averages);
        for (std::size_t i = 0; i < rows; ++i) {
            const auto row = std::span(scores).subspan(i * classes, classes);
            RC_ASSERT(averages[i] == plain_average({row.begin(), row.end()}, alpha));
        }
    });
}

TEST(MovingAverages, RowsDoNotTouchEachOther) {
    constexpr std::size_t kRows = 40;
    constexpr std::size_t kClasses = 90;
    std::vector<double> scores(kRows * kClasses, 0.5);
    for (std::size_t k = 0; k < kClasses; ++k) {
        scores[7 * kClasses + k] = 1e-9 * static_cast<double>(k);
        scores[8 * kClasses + k] = 1e9 + static_cast<double>(k);
        scores[9 * kClasses + k] = k == 3 ? std::numeric_limits<double>::quiet_NaN() : 0.25;
    }
    std::vector<double> averages(kRows);
    moving_averages(scores, kClasses, 0.8, averages);
    for (std::size_t i = 0; i < kRows; ++i) {
        if (i == 9) continue;
        const auto row = std::span(scores).subspan(i * kClasses, kClasses);
        EXPECT_EQ(averages[i], plain_average({row.begin(), row.end()}, 0.8)) << i;
    }
}

template <class T>
void expect_scores_as_defined() {
    const auto classes = *rc::gen::inRange<std::size_t>(1, 65);
    const std::size_t columns = classes + 5;
    std::vector<T> values(30 * columns);
    for (T& p : values)
        p = static_cast<T>(*rc::gen::inRange(0, 1'000'000)) / static_cast<T>(1'000'000);
    std::vector<std::uint64_t> words;
    words.reserve(30);
    for (std::size_t i = 0; i < 30; ++i) words.push_back(*rc::gen::arbitrary<std::uint64_t>());
    const MatrixView<const T> probs(values, 30, columns);
    const std::vector<confident::Row> rows = {3, 29, 0, 7};
    const bool margin = *rc::gen::arbitrary<bool>();
    confident::on_each_instruction_set([&] {
        std::vector<double> scores(rows.size() * columns, -1.0);
        score_given<T>({probs, 5, classes, words, rows}, margin, scores.data(), columns);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            for (std::size_t j = 0; j < columns; ++j) {
                if (j >= classes) {
                    RC_ASSERT(scores[i * columns + j] == -1.0);
                    continue;
                }
                const T p = probs.row(rows[i])[5 + j];
                const bool given = (words[rows[i]] >> j & 1) != 0;
                const T self = probability(p, given);
                const T expected =
                    margin ? confident::normalized_margin(self, probability(p, !given)) : self;
                RC_ASSERT(scores[i * columns + j] == static_cast<double>(expected));
            }
        }
    });
}
RC_GTEST_PROP(ScoreGiven, IsAsDefinedInFloat, ()) { expect_scores_as_defined<float>(); }
RC_GTEST_PROP(ScoreGiven, IsAsDefinedInDouble, ()) { expect_scores_as_defined<double>(); }

TEST(FindOutside, NamesTheFirst) {
    std::vector<float> values(50, 0.5F);
    values[1] = -0.9e-6F;
    confident::on_each_instruction_set([&] {
        EXPECT_FALSE(find_outside<float>(values, -1e-6, 1 + 1e-6));
        EXPECT_EQ(find_outside<float>(values, 0, 1), 1U);
        for (const float bad : {std::numeric_limits<float>::quiet_NaN(), 1.1F, -2e-6F}) {
            for (const std::size_t at : {2U, 17U, 49U}) {
                auto wrong = values;
                wrong[at] = bad;
                EXPECT_EQ(find_outside<float>(wrong, -1e-6, 1 + 1e-6), at);
                const std::vector<double> wide(wrong.begin(), wrong.end());
                EXPECT_EQ(find_outside<double>(wide, -1e-6, 1 + 1e-6), at);
            }
        }
    });
}

}  // namespace
}  // namespace tusker::multilabel
