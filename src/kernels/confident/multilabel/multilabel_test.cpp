// Each class is compared with the binary problem that confident.hpp solves; probabilities are
// multiples of 1/16, so that most keys tie and sums are exact in any order.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "kernels/confident/multilabel/multilabel.hpp"
#include "kernels/confident/multilabel/scores.hpp"

namespace tusker::multilabel {
namespace {

template <class T>
struct Sample {
    std::size_t n = 0;
    std::size_t k = 0;
    std::vector<T> probs;
    LabelBits labels;

    MatrixView<const T> view() const { return {probs, n, k}; }
};

template <class T>
Sample<T> random_sample(std::size_t n, std::size_t k, std::uint64_t seed, std::size_t steps = 16) {
    std::uint64_t state = seed * 2654435761U + 88172645463325252U;
    const auto random = [&](std::size_t below) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return static_cast<std::size_t>(state >> 20) % below;
    };
    Sample<T> sample{n, k, std::vector<T>(n * k), LabelBits(n, k)};
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < k; ++j) {
            // Row 0 has every class and row 1 none, so that no class is of one kind.
            const bool truth = i < 2 ? i == 0 : random(3) == 0;
            const auto sure = static_cast<T>(random(steps + 1)) / static_cast<T>(2 * steps);
            sample.probs[i * k + j] = truth ? 1 - sure : sure;
            if (truth != (i >= 2 && random(6) == 0)) sample.labels.set(i, j);
        }
    }
    return sample;
}

constexpr FilterBy kFilters[] = {
    FilterBy::PruneByNoiseRate,   FilterBy::PruneByClass,      FilterBy::Both,
    FilterBy::ConfidentLearning,  FilterBy::PredictedNeqGiven, FilterBy::LowSelfConfidence,
    FilterBy::LowNormalizedMargin};

/// What confident.hpp flags of class j, as the binary problem written out.
template <class T>
std::set<std::size_t> flagged_as_binary(const Sample<T>& sample, std::size_t j,
                                        const MultilabelOptions& options, const Pool& pool) {
    std::vector<T> probs;
    std::vector<ClassId> labels;
    for (std::size_t i = 0; i < sample.n; ++i) {
        const T p = sample.probs[i * sample.k + j];
        probs.insert(probs.end(), {1 - p, p});
        labels.push_back(sample.labels.has(i, j) ? 1 : 0);
    }
    confident::LabelIssueOptions binary;
    binary.filter_by = options.filter_by;
    binary.order = options.order;
    binary.min_examples_per_class = options.min_examples_per_class;
    binary.frac_noise = options.frac_noise;
    const auto found =
        confident::find_label_issues(MatrixView<const T>(probs, sample.n, 2), labels, binary, pool);
    EXPECT_TRUE(found.has_value()) << found.error().message;
    std::set<std::size_t> rows;
    for (const auto& issue : found->ranked) rows.insert(issue.index);
    return rows;
}

template <class T>
void expect_binary_problems(const Sample<T>& sample, const MultilabelOptions& options) {
    const Pool pool(2);
    const auto flags = flag_classes(sample.view(), sample.labels, options, pool);
    ASSERT_TRUE(flags.has_value()) << flags.error().message;
    for (std::size_t j = 0; j < sample.k; ++j) {
        std::set<std::size_t> rows;
        for (std::size_t i = 0; i < sample.n; ++i)
            if (flags->has(i, j)) rows.insert(i);
        EXPECT_EQ(rows, flagged_as_binary(sample, j, options, pool))
            << "class " << j << ", " << confident::name_of(options.filter_by);
    }
}

RC_GTEST_PROP(Multilabel, EachClassIsItsBinaryProblem, ()) {
    const auto n = *rc::gen::inRange<std::size_t>(2, 120);
    const auto k = *rc::gen::inRange<std::size_t>(1, 70);
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000000);
    for (const FilterBy filter : kFilters) {
        for (const Order order : {Order::Sound, Order::Cleanlab}) {
            MultilabelOptions options;
            options.filter_by = filter;
            options.order = order;
            options.min_examples_per_class = *rc::gen::inRange<std::size_t>(0, 12);
            options.frac_noise = *rc::gen::element(1.0, 0.5, 0.0);
            expect_binary_problems(random_sample<float>(n, k, seed), options);
            expect_binary_problems(random_sample<double>(n, k, seed, 1000003), options);
            RC_ASSERT(!testing::Test::HasFailure());
        }
    }
}

MultilabelIssues found(const Sample<double>& sample, const MultilabelOptions& options,
                       std::size_t threads = 1) {
    const Pool pool(threads);
    auto result = find_label_issues(sample.view(), sample.labels, options, pool);
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return *std::move(result);
}

std::vector<std::size_t> indices(const MultilabelIssues& issues) {
    std::vector<std::size_t> rows;
    rows.reserve(issues.ranked.size());
    for (const auto& issue : issues.ranked) rows.push_back(issue.index);
    return rows;
}

/// Ten rows of two classes, sure of themselves; row 3 lacks class 0 and row 7 has class 1 wrongly.
Sample<double> two_mistakes() {
    Sample<double> sample{10, 2, {}, LabelBits(10, 2)};
    for (std::size_t i = 0; i < sample.n; ++i) {
        const bool first = i % 2 == 1;
        sample.probs.insert(sample.probs.end(), {first ? 0.9 : 0.1, first ? 0.2 : 0.8});
        if (first && i != 3) sample.labels.set(i, 0);
        if (!first || i == 7) sample.labels.set(i, 1);
    }
    return sample;
}

TEST(Multilabel, SaysWhichClassIsWronglyGivenAndWhichIsMissing) {
    const auto issues = found(two_mistakes(), {});
    ASSERT_EQ(indices(issues), (std::vector<std::size_t>{3, 7}));  // 0.1 is worse than 0.2
    EXPECT_EQ(issues.ranked[0].wrongly_missing, std::vector<ClassId>{0});
    EXPECT_TRUE(issues.ranked[0].wrongly_given.empty());
    EXPECT_EQ(issues.ranked[1].wrongly_given, std::vector<ClassId>{1});
    EXPECT_TRUE(issues.ranked[1].wrongly_missing.empty());
    EXPECT_EQ(issues.classes[0].wrongly_missing, 1U);
    EXPECT_EQ(issues.classes[1].wrongly_given, 1U);
    EXPECT_EQ(issues.classes[1].given, 6U);
}

TEST(Multilabel, RanksTheLowFiltersByScore) {
    MultilabelOptions options;
    options.filter_by = FilterBy::LowSelfConfidence;
    const auto issues = found(random_sample<double>(300, 5, 7, 1000003), options);
    ASSERT_GT(issues.ranked.size(), 20U);
    EXPECT_TRUE(std::ranges::is_sorted(issues.ranked, {}, &MultilabelIssue::score));
    // cleanlab flags the same rows and permutes them.
    options.order = Order::Cleanlab;
    const auto permuted = found(random_sample<double>(300, 5, 7, 1000003), options);
    EXPECT_FALSE(std::ranges::is_sorted(permuted.ranked, {}, &MultilabelIssue::score));
    auto sound_rows = indices(issues);
    auto their_rows = indices(permuted);
    std::ranges::sort(sound_rows);
    std::ranges::sort(their_rows);
    EXPECT_EQ(sound_rows, their_rows);
}

TEST(Multilabel, NumberOfThreadsChangesNothing) {
    const auto sample = random_sample<double>(500, 200, 3, 1000003);
    const auto one = found(sample, {}, 1);
    const auto four = found(sample, {}, 4);
    EXPECT_EQ(indices(one), indices(four));
    for (std::size_t i = 0; i < one.ranked.size(); ++i)
        EXPECT_EQ(one.ranked[i].score, four.ranked[i].score);
}

TEST(Multilabel, ClassThatNoRowHasIsNeverAnIssueByConfidence) {
    auto sample = two_mistakes();
    sample.labels = LabelBits(10, 2);
    for (std::size_t i = 1; i < 10; i += 2) sample.labels.set(i, 0);
    MultilabelOptions options;
    options.filter_by = FilterBy::ConfidentLearning;
    EXPECT_TRUE(found(sample, options).ranked.empty());
    options.filter_by = FilterBy::PredictedNeqGiven;
    EXPECT_EQ(found(sample, options).ranked.size(), 5U);
}

TEST(Multilabel, RefusesInCleanlabsOrderAClassThatEveryRowHas) {
    auto sample = two_mistakes();
    for (std::size_t i = 0; i < 10; ++i) sample.labels.set(i, 1);
    const Pool pool(1);
    MultilabelOptions options;
    EXPECT_TRUE(find_label_issues(sample.view(), sample.labels, options, pool).has_value());
    options.order = Order::Cleanlab;
    const auto refused = find_label_issues(sample.view(), sample.labels, options, pool);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message, "labels: all 10 rows have class 1: some rows must lack it");
}

TEST(Multilabel, NamesTheFirstValueThatIsNoProbability) {
    auto sample = random_sample<double>(50, 130, 1);
    sample.probs[20 * 130 + 7] = 1.5;
    sample.probs[20 * 130 + 129] = std::numeric_limits<double>::quiet_NaN();
    const Pool pool(2);
    const auto refused = find_label_issues(sample.view(), sample.labels, {}, pool);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message,
              "probabilities[20, 7] = 1.5: Values in pred_probs must be between 0 and 1.");
}

TEST(Multilabel, RefusesClassesThatAreNotThere) {
    const std::vector<std::vector<ClassId>> lists = {{0}, {}, {1, 3}};
    const auto refused = LabelBits::from_lists(lists, 3);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message,
              "labels[2][1] = 3: must be below 3, the number of columns of the probabilities");
    const std::vector<std::uint8_t> cells = {0, 1, 2, 0};
    const auto cell = LabelBits::from_matrix(MatrixView<const std::uint8_t>(cells, 2, 2));
    ASSERT_FALSE(cell.has_value());
    EXPECT_EQ(cell.error().message, "labels[1, 0] = 2: must be 0 or 1");
}

TEST(Multilabel, StopsWhenAsked) {
    const Pool pool(1);
    std::stop_source source;
    source.request_stop();
    const auto sample = random_sample<double>(50, 3, 1);
    const auto stopped =
        find_label_issues(sample.view(), sample.labels, {}, pool, source.get_token());
    ASSERT_FALSE(stopped.has_value());
    EXPECT_EQ(stopped.error().code, ErrorCode::Cancelled);
}

TEST(Multilabel, ProgressEndsAtItsTotal) {
    const Pool pool(2);
    const auto sample = random_sample<double>(5000, 100, 1);
    std::size_t last = 0;
    std::size_t total = 0;
    const auto result = find_label_issues(sample.view(), sample.labels, {}, pool, {},
                                          [&](std::size_t done, std::size_t all) {
                                              EXPECT_GT(done, last);
                                              last = done;
                                              total = all;
                                          });
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(last, total);
}

TEST(MultilabelScores, LowestClassesWeighMostInTheAverage) {
    const std::vector<double> scores = {0.6, 0.3, 0.7, 0.1, 0.9};
    const Pool pool(1);
    const MatrixView<const double> row(scores, 1, 5);
    EXPECT_NEAR(aggregate(row, {}, Order::Sound, pool)->front(), 0.15312, 1e-6);
    Aggregation shorter;
    shorter.alpha.reset();  // 2 / 6
    EXPECT_NEAR(aggregate(row, shorter, Order::Sound, pool)->front(), 0.4358, 1e-4);
    Aggregation soft;
    soft.by = Aggregation::By::Softmin;
    EXPECT_NEAR(aggregate(row, soft, Order::Sound, pool)->front(), 0.1281, 1e-4);
    shorter.alpha = 1.5;
    EXPECT_EQ(aggregate(row, shorter, Order::Sound, pool).error().message,
              "alpha must be in the interval [0, 1], got 1.5");
}

TEST(MultilabelScores, BothOrdersAgreeUpToLastBits) {
    const auto sample = random_sample<double>(400, 30, 11, 1000003);
    const Pool pool(1);
    for (const auto by : {Aggregation::By::MovingAverage, Aggregation::By::Softmin}) {
        for (const bool adjust : {false, true}) {
            Scoring scoring;
            scoring.rank_by = RankBy::NormalizedMargin;
            scoring.adjust_probabilities = adjust;
            scoring.aggregation.by = by;
            const auto sound =
                score_rows(sample.view(), sample.labels, scoring, Order::Sound, pool);
            const auto theirs =
                score_rows(sample.view(), sample.labels, scoring, Order::Cleanlab, pool);
            for (std::size_t i = 0; i < sample.n; ++i)
                EXPECT_NEAR((*sound)[i], (*theirs)[i], 1e-13);
        }
    }
}

TEST(BinaryProblem, KeepsRowSumsWhenItRounds) {
    const Joint joint = {{{7, 2}, {1, 3}}};
    const auto calibrated = calibrate(joint, {25, 11});
    EXPECT_EQ(calibrated[0][0] + calibrated[0][1], 25);
    EXPECT_EQ(calibrated[1][0] + calibrated[1][1], 11);
    EXPECT_EQ(calibrated[0][1], 6);  // 2 / 9 of 25 is 5.6
    EXPECT_EQ(calibrated[1][0], 3);  // 1 / 4 of 11 is 2.75
}

}  // namespace
}  // namespace tusker::multilabel
