#include "kernels/crowd/active_learning.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tusker::crowd {
namespace {

using ::testing::HasSubstr;

Models<double> model_of(const std::vector<double>& probs, std::size_t classes) {
    return {{MatrixView<const double>(probs, probs.size() / classes, classes)}, false};
}

Votes votes_of(const std::vector<Index>& items, const std::vector<Index>& annotators,
               const std::vector<ClassId>& labels, const CrowdSize& size) {
    return Votes::from_rows({items, annotators, labels}, size, Votes::Repeats::Refused).value();
}

ActiveScores scores_of(const std::optional<Votes>& votes, const Models<double>& labelled,
                       const Models<double>& unlabelled) {
    return active_learning_scores(votes, labelled, unlabelled, confident::Order::Sound, Pool(1))
        .value();
}

TEST(ActiveLearning, WithoutLabelsTheModelAndChanceAreHeardAlike) {
    const std::vector<double> probs = {0.9, 0.1, 0.5, 0.5};
    const auto scores = scores_of(std::nullopt, {}, model_of(probs, 2));
    ASSERT_EQ(scores.unlabelled.size(), 2U);
    EXPECT_NEAR(scores.unlabelled[0], (0.9 + 0.5) / 2, 1e-12);
    EXPECT_NEAR(scores.unlabelled[1], 0.5, 1e-12);
    EXPECT_TRUE(scores.labelled.empty());
}

TEST(ActiveLearning, SingleLabelsWeighAsTheModelAndAsOneMore) {
    const Votes votes = votes_of({0, 1}, {0, 0}, {0, 1}, {2, 1, 2});
    const std::vector<double> probs = {0.8, 0.2, 0.7, 0.3};
    const auto scores = scores_of(votes, model_of(probs, 2), {});
    EXPECT_NEAR(scores.labelled[0], (2 * 0.8 + 0.5) / 3, 1e-12);
    EXPECT_NEAR(scores.labelled[1], (2 * 0.3 + 0.5) / 3, 1e-12);
}

TEST(ActiveLearning, DisputedItemsComeBeforeAgreedOnes) {
    // Item 3 is disputed; 0 to 2 have three equal labels each.
    const Votes votes =
        votes_of({0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3}, {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1},
                 {0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1}, {4, 3, 2});
    const std::vector<double> probs = {0.9, 0.1, 0.2, 0.8, 0.7, 0.3, 0.5, 0.5};
    const auto scores = scores_of(votes, model_of(probs, 2), model_of(probs, 2));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(scores.labelled[3], scores.labelled[i]);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_LE(scores.unlabelled[i], scores.labelled[i] + 1e-9);
}

TEST(ActiveLearning, RefusesByName) {
    const std::vector<double> two = {0.9, 0.1};
    const std::vector<double> three = {0.9, 0.05, 0.05};
    const Votes votes = votes_of({0}, {0}, {0}, {1, 1, 2});
    const auto message = [](const auto& result) { return result.error().message; };
    const Pool pool(1);
    constexpr auto kOrder = confident::Order::Sound;
    EXPECT_THAT(message(active_learning_scores<double>(std::nullopt, {}, {}, kOrder, pool)),
                HasSubstr("neither"));
    EXPECT_THAT(
        message(active_learning_scores(std::optional(votes), {}, model_of(two, 2), kOrder, pool)),
        HasSubstr("together"));
    EXPECT_THAT(message(active_learning_scores(std::optional(votes), model_of(two, 2),
                                               model_of(three, 3), kOrder, pool)),
                HasSubstr("the same number everywhere"));
}

}  // namespace
}  // namespace tusker::crowd
