// After any sequence of moves the kept ranking is what a run from nothing finds.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "kernels/confident/live_ranking.hpp"
#include "kernels/confident/random_sample.hpp"

namespace tusker::confident {
namespace {

bool same_issues(std::span<const LabelIssue> a, std::span<const LabelIssue> b) {
    return std::ranges::equal(a, b, [](const LabelIssue& x, const LabelIssue& y) {
        return x.index == y.index && x.given == y.given && x.suggested == y.suggested &&
               x.score == y.score;
    });
}

bool same_joint(const SparseSquare<std::int64_t>& a, const SparseSquare<std::int64_t>& b) {
    return std::ranges::equal(a.entries(), b.entries(), [](const auto& x, const auto& y) {
        return x.column == y.column && x.value == y.value;
    });
}

template <class T>
void expect_run_from_nothing(const LiveRanking& live, const Sample<T>& sample,
                             const LabelIssueOptions& options, const Pool& pool) {
    const std::vector<ClassId> labels(live.labels().begin(), live.labels().end());
    const auto fresh = find_label_issues(sample.view(), labels, options, pool);
    RC_ASSERT(fresh.has_value());
    RC_ASSERT(same_joint(live.joint(), fresh->joint));
    RC_ASSERT(same_issues(live.ranked(), fresh->ranked));
    RC_ASSERT(std::ranges::equal(live.warnings(), fresh->warnings));
}

std::vector<LabelMove> random_moves(std::size_t rows, std::size_t classes) {
    // Mostly one, sometimes so many that rows are sorted anew.
    const auto count = *rc::gen::element<std::size_t>(1, 1, 1, 2, 5, 40);
    std::vector<LabelMove> moves;
    for (std::size_t i = 0; i < count; ++i)
        moves.push_back({*rc::gen::inRange<std::size_t>(0, rows),
                         static_cast<ClassId>(*rc::gen::inRange<std::size_t>(0, classes))});
    return moves;
}

/// Thirds: sums are not exact. `spread` 0 gives every row the same probabilities, so that no class
/// can keep which rows are near.
template <class T>
Sample<T> sample_with_spread(std::size_t n, std::size_t k, bool spread) {
    auto sample = random_sample<T>(n, k, *rc::gen::arbitrary<std::uint32_t>());
    for (T& p : sample.probs) p = spread ? p * T{2} / T{3} : T{1} / static_cast<T>(k);
    return sample;
}

template <class T>
void expect_every_move_is_followed() {
    const Pool pool(2);
    const auto k = *rc::gen::inRange<std::size_t>(2, 25);
    const auto n = *rc::gen::inRange<std::size_t>(k, 250);
    const bool spread = *rc::gen::inRange(0, 8) != 0;
    const auto sample = sample_with_spread<T>(n, k, spread);
    LabelIssueOptions options;
    options.filter_by = *find_filter(*rc::gen::elementOf(
        std::vector<std::string>(filter_names().begin(), filter_names().end())));
    options.rank_by = *find_ranking(*rc::gen::elementOf(
        std::vector<std::string>(ranking_names().begin(), ranking_names().end())));
    options.min_examples_per_class = *rc::gen::element<std::size_t>(1, 1, 5);
    options.frac_noise = *rc::gen::element(1.0, 1.0, 0.5);
    auto live = LiveRanking::start(sample.view(), sample.labels, options, pool);
    RC_ASSERT(live.has_value());
    expect_run_from_nothing(*live, sample, options, pool);
    const int changes = *rc::gen::inRange(1, 12);
    for (int i = 0; i < changes; ++i) {
        const bool moved = live->relabel(random_moves(n, k), pool).has_value();
        if (moved) expect_run_from_nothing(*live, sample, options, pool);
    }
}

RC_GTEST_PROP(LiveRanking, IsWhatARunFromNothingFindsFloat, ()) {
    expect_every_move_is_followed<float>();
}
RC_GTEST_PROP(LiveRanking, IsWhatARunFromNothingFindsDouble, ()) {
    expect_every_move_is_followed<double>();
}

// All rows of a class leave it one by one and come back: thresholds jump to 2, where no row reaches
// them, and for float32 all bounds are taken from float64 meanwhile.
TEST(LiveRanking, FollowsAClassThatEmptiesAndFillsAgain) {
    const Pool pool(1);
    const auto sample = random_sample<float>(60, 4, 3);
    auto live = LiveRanking::start(sample.view(), sample.labels, {}, pool);
    ASSERT_TRUE(live.has_value());
    for (std::size_t row = 0; row < sample.n; ++row) {
        if (sample.labels[row] != 2) continue;
        ASSERT_TRUE(live->relabel(std::vector{LabelMove{row, 1}}, pool));
        expect_run_from_nothing(*live, sample, {}, pool);
    }
    for (std::size_t row = 0; row < sample.n; ++row) {
        if (sample.labels[row] != 2) continue;
        ASSERT_TRUE(live->relabel(std::vector{LabelMove{row, 2}}, pool));
        expect_run_from_nothing(*live, sample, {}, pool);
    }
    const auto first = find_label_issues(sample.view(), sample.labels, {}, pool);
    EXPECT_TRUE(same_issues(live->ranked(), first->ranked));
}

TEST(LiveRanking, AcceptedSuggestionsLeaveTheList) {
    const Pool pool(1);
    const auto sample = random_sample<float>(200, 5, 9);
    auto live = LiveRanking::start(sample.view(), sample.labels, {}, pool);
    ASSERT_TRUE(live.has_value());
    const LabelIssue worst = live->ranked().front();
    ASSERT_TRUE(live->relabel(std::vector{LabelMove{worst.index, worst.suggested}}, pool));
    for (const auto& issue : live->ranked()) EXPECT_NE(issue.index, worst.index);
}

TEST(LiveRanking, SaysWhatItRefusesAndChangesNothing) {
    const Pool pool(1);
    const std::vector<float> probs = {.9F, .1F, .2F, .8F, .6F, .4F};
    const MatrixView<const float> view(probs, 3, 2);
    auto live = LiveRanking::start(view, {0, 1, 1}, {}, pool);
    ASSERT_TRUE(live.has_value());
    const auto refusal = [&](std::vector<LabelMove> moves) {
        return live->relabel(moves, pool).error().message;
    };
    EXPECT_EQ(refusal({{1, 0}, {3, 0}}), "row = 3: must be below 3, the number of rows");
    EXPECT_EQ(refusal({{1, 2}}),
              "labels[1] = 2: must be below 2, the number of columns of the probabilities");
    EXPECT_EQ(refusal({{0, 1}}),
              "labels: every one of the 3 would be 1: there must be at least two different labels");
    EXPECT_TRUE(std::ranges::equal(live->labels(), std::vector<ClassId>{0, 1, 1}));
    const auto fresh = find_label_issues(view, std::vector<ClassId>{0, 1, 1}, {}, pool);
    EXPECT_TRUE(same_issues(live->ranked(), fresh->ranked));
    EXPECT_EQ(LiveRanking::start(view, {0, 1, 1}, {.order = Order::Cleanlab}, pool).error().message,
              "order = cleanlab: a live ranking is kept in the sound order only");
}

}  // namespace
}  // namespace tusker::confident
