// A good model beside a guessing one.
#include "kernels/confident/ensemble.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <vector>

#include "kernels/confident/estimates.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

const std::vector<ClassId> kLabels = {0, 1, 0, 1};
const std::vector<double> kGood = {0.9, 0.1, 0.2, 0.8, 0.7, 0.3, 0.6, 0.4};
const std::vector<double> kGuess = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
const std::array kModels = {Opinion<double>{MatrixView<const double>(kGood, 4, 2), Layout::Rows},
                            Opinion<double>{MatrixView<const double>(kGuess, 4, 2), Layout::Rows}};

TEST(Accuracy, IsTheShareOfRowsThatAgree) {
    const auto of = [](std::size_t model) {
        const auto facts =
            read_rows(kModels[model].probs, kLabels, ValueRule::NearZeroOne, Pool(1));
        return accuracy(*facts, kLabels);
    };
    EXPECT_DOUBLE_EQ(of(0), 0.75);
    EXPECT_DOUBLE_EQ(of(1), 0.5) << "ties go to the first class";
}

TEST(SearchWeights, PreferTheBetterModel) {
    const std::vector<double> temperatures = {1e-4, 1, 200};
    const auto weights =
        search_weights<SoundOrder, double>(kModels, kLabels, temperatures, Pool(1));
    ASSERT_TRUE(weights.has_value());
    EXPECT_GT((*weights)[0], 0.99);
    EXPECT_NEAR((*weights)[0] + (*weights)[1], 1, 1e-12);
    const auto flat =
        search_weights<NumpyOrder, double>(kModels, kLabels, std::vector<double>{0.0}, Pool(1));
    EXPECT_EQ(*flat, (std::vector<double>{0.5, 0.5}));
}

TEST(WeightedScores, AddModelAfterModel) {
    const std::vector<float> first = {0.5F, 1.0F};
    const std::vector<float> second = {0.25F, 0.0F};
    const std::array<std::span<const float>, 2> scores = {first, second};
    EXPECT_EQ(weighted_scores<float>(scores, std::vector<double>{0.75, 0.25}, Pool(1)),
              (std::vector<double>{0.4375, 0.75}));
    EXPECT_EQ(mean_scores<float>(scores, Pool(1)), (std::vector<float>{0.375F, 0.5F}));
}

}  // namespace
}  // namespace tusker::confident
