// Fast against slow and obvious: the definition with full matrices and stable sorts, on inputs
// where most keys tie. Probabilities are multiples of 1/16, so that sums are exact in any order.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <hwy/highway.h>
#include <hwy/targets.h>

#include "kernels/confident/confident.hpp"
#include "kernels/confident/each_instruction_set.hpp"
#include "kernels/confident/low_margins.hpp"
#include "kernels/confident/random_sample.hpp"
#include "kernels/confident/row_scan.hpp"

namespace tusker::confident {
namespace {

template <class T>
LabelIssues found(const Sample<T>& sample, const LabelIssueOptions& options, const Pool& pool) {
    auto result = find_label_issues(sample.view(), sample.labels, options, pool);
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return *std::move(result);
}

std::vector<std::size_t> indices(const LabelIssues& issues) {
    std::vector<std::size_t> result;
    result.reserve(issues.ranked.size());
    for (const auto& issue : issues.ranked) result.push_back(issue.index);
    return result;
}

// --- The definition ------------------------------------------------------------------------------

template <class T>
class Definition {
public:
    explicit Definition(const Sample<T>& sample) : s_(sample), rows_of_(sample.k) {
        for (std::size_t i = 0; i < s_.n; ++i) rows_of_[s_.labels[i]].push_back(i);
    }

    std::size_t top(std::size_t i) const {
        std::size_t best = 0;
        for (std::size_t j = 1; j < s_.k; ++j)
            if (s_.p(i, j) > s_.p(i, best)) best = j;
        return best;
    }
    bool agrees(std::size_t i) const {
        const std::size_t given = s_.labels[i];
        for (std::size_t j = 0; j < s_.k; ++j) {
            const T raised = s_.p(i, given) + static_cast<T>(1e-6);
            if (j < given ? s_.p(i, j) >= raised : j > given && s_.p(i, j) > raised) return false;
        }
        return true;
    }
    /// The class the row is confident in, or K.
    std::size_t guess(std::size_t i) const {
        std::vector<std::size_t> confident;
        for (std::size_t j = 0; j < s_.k; ++j)
            if (s_.p(i, j) >= bound(j)) confident.push_back(j);
        if (confident.empty()) return s_.k;
        return confident.size() == 1 ? confident[0] : top(i);
    }
    T bound(std::size_t j) const {
        T sum = 0;
        for (const std::size_t i : rows_of_[j]) sum += s_.p(i, j);
        const T mean = sum / static_cast<T>(rows_of_[j].size());
        return std::max(mean, static_cast<T>(2e-6)) - static_cast<T>(1e-6);
    }

    std::set<std::size_t> flagged(FilterBy filter,
                                  const SparseSquare<std::int64_t>& calibrated) const {
        std::set<std::size_t> rows;
        for (std::size_t i = 0; i < s_.n; ++i) {
            const bool another = guess(i) != s_.k && guess(i) != s_.labels[i];
            if (filter == FilterBy::ConfidentLearning && another) rows.insert(i);
            if (filter == FilterBy::PredictedNeqGiven && top(i) != s_.labels[i]) rows.insert(i);
        }
        if (filter == FilterBy::PruneByClass) rows = pruned_by_class(calibrated);
        if (filter == FilterBy::PruneByNoiseRate) rows = pruned_by_noise_rate(calibrated);
        if (filter == FilterBy::Both)
            for (const std::size_t i : pruned_by_class(calibrated))
                if (pruned_by_noise_rate(calibrated).contains(i)) rows.insert(i);
        std::erase_if(rows, [&](std::size_t i) { return agrees(i); });
        if (filter == FilterBy::LowSelfConfidence) {
            std::vector<std::size_t> all(s_.n);
            std::iota(all.begin(), all.end(), std::size_t{0});
            std::ranges::stable_sort(all, {}, [&](std::size_t i) { return s_.p(i, s_.labels[i]); });
            all.resize(flagged(FilterBy::ConfidentLearning, calibrated).size());
            rows.insert(all.begin(), all.end());
        }
        return rows;
    }

private:
    std::set<std::size_t> pruned_by_class(const SparseSquare<std::int64_t>& calibrated) const {
        std::set<std::size_t> rows;
        for (std::size_t k = 0; k < s_.k; ++k) {
            auto own = rows_of_[k];
            if (own.size() < 2) continue;
            std::ranges::stable_sort(own, {}, [&](std::size_t i) { return s_.p(i, k); });
            const auto left = std::max<std::int64_t>(calibrated.at(k, static_cast<ClassId>(k)), 1);
            own.resize(own.size() - static_cast<std::size_t>(left));
            rows.insert(own.begin(), own.end());
        }
        return rows;
    }
    std::set<std::size_t> pruned_by_noise_rate(const SparseSquare<std::int64_t>& calibrated) const {
        std::set<std::size_t> rows;
        for (std::size_t k = 0; k < s_.k; ++k) {
            if (rows_of_[k].size() < 2) continue;
            for (const auto& [j, count] : calibrated.row(k)) {
                if (j == k) continue;
                auto own = rows_of_[k];
                std::ranges::stable_sort(
                    own, {}, [&, j = j](std::size_t i) { return s_.p(i, k) - s_.p(i, j); });
                own.resize(static_cast<std::size_t>(count));
                rows.insert(own.begin(), own.end());
            }
        }
        return rows;
    }

    const Sample<T>& s_;
    std::vector<std::vector<std::size_t>> rows_of_;
};

/// A joint whose diagonal is never empty, so that the prune counts are the joint itself.
bool every_class_keeps_one(const SparseSquare<std::int64_t>& joint) {
    for (ClassId k = 0; k < joint.size(); ++k)
        if (joint.at(k, k) < 1) return false;
    return true;
}

template <class T>
void expect_definition(const Sample<T>& sample, FilterBy filter, const Pool& pool) {
    const auto issues = found(sample, {.filter_by = filter}, pool);
    if (!every_class_keeps_one(issues.joint)) return;
    const auto rows = Definition<T>(sample).flagged(filter, issues.joint);
    const auto ranked = indices(issues);
    RC_ASSERT(std::set<std::size_t>(ranked.begin(), ranked.end()) == rows);
    RC_ASSERT(ranked.size() == rows.size());
    for (std::size_t i = 1; i < ranked.size(); ++i) {
        const auto& a = issues.ranked[i - 1];
        const auto& b = issues.ranked[i];
        RC_ASSERT(a.score < b.score || (a.score == b.score && a.index < b.index));
    }
    for (const auto& issue : issues.ranked) {
        RC_ASSERT(issue.suggested == Definition<T>(sample).top(issue.index));
        RC_ASSERT(issue.score == static_cast<double>(sample.p(issue.index, issue.given)));
    }
}

RC_GTEST_PROP(FindLabelIssues, AgreesWithTheDefinition, ()) {
    const Pool pool(2);
    const auto k = *rc::gen::inRange<std::size_t>(2, 40);
    const auto n = *rc::gen::inRange<std::size_t>(2 * k, 300);
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    for (const FilterBy filter :
         {FilterBy::PruneByNoiseRate, FilterBy::PruneByClass, FilterBy::Both,
          FilterBy::ConfidentLearning, FilterBy::PredictedNeqGiven, FilterBy::LowSelfConfidence}) {
        expect_definition(random_sample<float>(n, k, seed), filter, pool);
        expect_definition(random_sample<double>(n, k, seed), filter, pool);
    }
}

RC_GTEST_PROP(FindLabelIssues, JointCountsTheRowsOfEachClass, ()) {
    const Pool pool(2);
    const auto k = *rc::gen::inRange<std::size_t>(2, 60);
    const auto sample = random_sample<float>(400, k, *rc::gen::arbitrary<std::uint32_t>());
    const auto issues = found(sample, {}, pool);
    for (std::size_t given = 0; given < k; ++given) {
        std::int64_t sum = 0;
        for (const auto& entry : issues.joint.row(given)) sum += entry.value;
        RC_ASSERT(sum == static_cast<std::int64_t>(issues.labels_per_class[given]));
    }
}

// --- Splits, threads, instruction sets -----------------------------------------------------------

template <class T>
bool same(const RowFacts<T>& a, const RowFacts<T>& b) {
    return a.self == b.self && a.other == b.other && a.second == b.second && a.top == b.top &&
           a.agrees == b.agrees;
}

template <class T>
void expect_any_split_gives_the_same_facts() {
    const auto k = *rc::gen::inRange<std::size_t>(2, 70);
    auto sample = random_sample<T>(150, k, *rc::gen::arbitrary<std::uint32_t>());
    for (const std::size_t row : {std::size_t{17}, std::size_t{90}})  // sum to one half
        for (std::size_t j = 0; j < k; ++j) sample.probs[row * k + j] /= T{2};
    RowFacts<T> whole(sample.n);
    const auto checks = scan_rows<T>(sample.view(), 0, sample.labels, whole);

    RowFacts<T> merged(sample.n);
    std::vector<std::pair<std::size_t, std::size_t>> blocks;
    for (std::size_t first = 0; first < sample.n;) {
        const auto count = *rc::gen::inRange<std::size_t>(1, sample.n - first + 1);
        blocks.emplace_back(first, count);
        first += count;
    }
    if (*rc::gen::arbitrary<bool>()) std::ranges::reverse(blocks);
    RowChecks merged_checks;
    for (const auto& [first, count] : blocks)
        merged_checks.merge(
            scan_rows<T>(sample.view().rows_from(first, count), first, sample.labels, merged));
    RC_ASSERT(same(whole, merged));
    RC_ASSERT(merged_checks.sums_off == checks.sums_off);
    RC_ASSERT(merged_checks.first_sum_off.has_value() == checks.first_sum_off.has_value());
    if (checks.first_sum_off)
        RC_ASSERT(merged_checks.first_sum_off->row == checks.first_sum_off->row);
}

RC_GTEST_PROP(ScanRows, AnySplitInAnyOrderGivesTheSameFloat, ()) {
    expect_any_split_gives_the_same_facts<float>();
}
RC_GTEST_PROP(ScanRows, AnySplitInAnyOrderGivesTheSameDouble, ()) {
    expect_any_split_gives_the_same_facts<double>();
}

template <class T>
void expect_all_targets_agree(const Sample<T>& sample) {
    std::vector<RowFacts<T>> facts;
    std::vector<std::size_t> sums_off;
    for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
        const ForcedTarget forced(targets & -targets);
        facts.emplace_back(sample.n);
        sums_off.push_back(scan_rows<T>(sample.view(), 0, sample.labels, facts.back()).sums_off);
    }
    ASSERT_GE(facts.size(), 2U) << "one instruction set alone shows nothing";
    for (std::size_t i = 1; i < facts.size(); ++i) {
        EXPECT_TRUE(same(facts[0], facts[i])) << "K = " << sample.k;
        EXPECT_EQ(sums_off[0], sums_off[i]) << "K = " << sample.k;
    }
}

template <class T>
void expect_all_targets_agree(std::size_t k) {
    auto sample = random_sample<T>(200, k, k);
    expect_all_targets_agree(sample);  // some blocks of rows have ties, some none
    // Thirds have no exact sum, so that its order would show.
    for (T& p : sample.probs) p = p * T{2} / T{3};
    expect_all_targets_agree(sample);
}

TEST(ScanRows, EveryInstructionSetGivesTheSameBits) {
    for (std::size_t k = 2; k < 70; ++k) {
        expect_all_targets_agree<float>(k);
        expect_all_targets_agree<double>(k);
    }
}

template <class T>
void expect_low_margins_of_definition(std::size_t k) {
    const auto sample = random_sample<T>(50, k, k);
    const auto limits = random_sample<T>(50, k, k + 1000);
    for (std::size_t i = 0; i < sample.n; ++i) {
        const auto p = sample.view().row(i);
        const T self = p[sample.labels[i]];
        std::vector<T> limit;
        for (const T x : limits.view().row(i)) limit.push_back(x - T{0.1F});
        limit[i % k] = self - p[i % k];  // equal is low
        std::vector<ClassId> expected;
        for (ClassId other = 0; other < k; ++other)
            if (self - p[other] <= limit[other]) expected.push_back(other);
        for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
            const ForcedTarget forced(targets & -targets);
            std::vector<ClassId> found(k);
            found.resize(find_low_margins<T>(p, self, limit, found));
            EXPECT_EQ(found, expected) << "K = " << k;
        }
    }
}

TEST(FindLowMargins, EveryInstructionSetFindsThoseOfTheDefinition) {
    for (std::size_t k = 2; k < 70; ++k) {
        expect_low_margins_of_definition<float>(k);
        expect_low_margins_of_definition<double>(k);
    }
}

/// What a row says, from its definition.
void expect_facts(const Sample<float>& sample, const RowFacts<float>& facts, std::size_t i) {
    const auto p = sample.view().row(i);
    const ClassId given = sample.labels[i];
    std::vector<float> others(p.begin(), p.end());
    others.erase(others.begin() + given);
    std::vector<float> raised(p.begin(), p.end());
    raised[given] += 1e-6F;
    std::vector<float> sorted(p.begin(), p.end());
    std::ranges::sort(sorted, std::greater{});
    EXPECT_EQ(facts.self[i], p[given]);
    EXPECT_EQ(facts.other[i], std::ranges::max(others));
    EXPECT_EQ(facts.second[i], sorted[1]);
    EXPECT_EQ(facts.top[i], std::ranges::max_element(p) - p.begin());
    EXPECT_EQ(facts.agrees[i] != 0, std::ranges::max_element(raised) - raised.begin() == given);
}

// Narrow rows are read many at a time; a tie that 1e-6 makes, a wrong sum or the last rows of a
// block send them the other way.
TEST(ScanRows, NarrowRowsSayWhatTheyWouldAlone) {
    for (std::size_t k = 2; k < 40; ++k) {
        auto sample = random_sample<float>(450, k, k);
        for (const std::size_t row : {std::size_t{70}, std::size_t{200}}) {
            float* p = &sample.probs[row * k];
            std::fill(p, p + k, 0.0F);
            sample.labels[row] = 1;
            p[1] = 0.5F;
            p[0] = row == 70 ? p[1] + 1e-6F : 0.75F;
        }
        RowFacts<float> facts(sample.n);
        const auto checks = scan_rows<float>(sample.view(), 0, sample.labels, facts);
        EXPECT_EQ(checks.sums_off, 1U);
        for (std::size_t i = 0; i < sample.n; ++i) expect_facts(sample, facts, i);
    }
}

TEST(FindLabelIssues, NumberOfThreadsChangesNothing) {
    const auto sample = random_sample<float>(3000, 300, 7);
    const auto alone = found(sample, {.all_scores = true}, Pool(1));
    const auto together = found(sample, {.all_scores = true}, Pool(4));
    EXPECT_GT(alone.ranked.size(), 100U);
    EXPECT_EQ(indices(alone), indices(together));
    EXPECT_EQ(alone.scores, together.scores);
}

// --- Rules
// -----------------------------------------------------------------------------------------

std::string refusal(const std::vector<float>& probs, std::size_t k, std::vector<ClassId> labels,
                    const LabelIssueOptions& options = {}) {
    const auto result = find_label_issues(MatrixView<const float>(probs, probs.size() / k, k),
                                          labels, options, Pool(1));
    return result ? "accepted" : result.error().message;
}

TEST(FindLabelIssues, SaysWhatItRefuses) {
    const float nan = std::nanf("");
    EXPECT_EQ(refusal({.5F, .5F, .5F, .5F}, 2, {0}),
              "labels has 1 rows, probabilities have 2: there must be one label for each row");
    EXPECT_EQ(refusal({.5F, .5F, .5F, .5F}, 2, {0, 2}),
              "labels[1] = 2: must be below 2, the number of columns of the probabilities");
    EXPECT_EQ(refusal({.5F, .5F, .5F, nan}, 2, {0, 1}),
              "probabilities[1, 1] = nan: must be a number from 0 to 1");
    EXPECT_EQ(refusal({.5F, .5F, -.5F, 1.5F}, 2, {0, 1}),
              "probabilities[1, 0] = -0.5: must be a number from 0 to 1");
    EXPECT_EQ(refusal({1, 1}, 1, {0, 0}),
              "probabilities have 1 columns: there must be at least 2 classes");
    EXPECT_EQ(refusal({.5F, .5F, .5F, .5F}, 2, {1, 1}),
              "labels: every one of the 2 is 1: there must be at least two different labels");
    EXPECT_EQ(refusal({}, 2, {}), "probabilities have 0 rows: there must be at least one");
    EXPECT_EQ(refusal({.5F, .6F, .5F, .5F}, 2, {0, 1}, {.strict = true}),
              "probabilities[0] sum to 1.1: rows should sum to 1 within 0.001 (1 row does not)");
}

TEST(FindLabelIssues, WarnsOfRowsThatDoNotSumToOne) {
    auto sample = random_sample<double>(50, 4, 1);
    sample.probs[40] += 0.25;
    sample.probs[80] += 0.25;
    const auto issues = found(sample, {}, Pool(1));
    ASSERT_EQ(issues.warnings.size(), 1U);
    EXPECT_EQ(issues.warnings[0],
              "probabilities[10] sum to 1.25: rows should sum to 1 within 0.001 (2 rows do not)");
}

TEST(FindLabelIssues, CanBeCancelled) {
    const auto sample = random_sample<float>(50, 4, 1);
    std::stop_source source;  // NOLINT(misc-const-correctness): it is stopped in the next line
    source.request_stop();
    const auto result =
        find_label_issues(sample.view(), sample.labels, {}, Pool(1), source.get_token());
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::Cancelled);
}

TEST(FindLabelIssues, ReportsProgressUpToTheEnd) {
    const auto sample = random_sample<float>(4000, 300, 1);
    std::vector<std::size_t> seen;
    ASSERT_TRUE(find_label_issues(sample.view(), sample.labels, {}, Pool(2), {},
                                  [&](std::size_t done, std::size_t total) {
                                      EXPECT_EQ(total, 4000U);
                                      seen.push_back(done);
                                  }));
    EXPECT_GT(seen.size(), 2U);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
    EXPECT_EQ(seen.back(), 4000U);
}

// Under cleanlab's name the score of a certain and right row falls to 0; under ours it is 1.
TEST(WeightedEntropy, TrustsCertainAndRightRows) {
    const std::vector<float> probs = {1, 0, 0, 1, .25F, .75F, .75F, .25F};
    const std::vector<ClassId> labels = {0, 1, 0, 1};
    const MatrixView<const float> view(probs, 4, 2);
    const auto scores = [&](RankBy ranking) {
        return find_label_issues(view, labels, {.rank_by = ranking, .all_scores = true}, Pool(1))
            ->scores;
    };
    EXPECT_EQ(scores(RankBy::ConfidenceWeightedEntropy)[0], 0.0);
    EXPECT_EQ(scores(RankBy::WeightedEntropy)[0], 1.0);
    EXPECT_EQ(scores(RankBy::WeightedEntropy)[2], scores(RankBy::ConfidenceWeightedEntropy)[2]);
    EXPECT_LT(scores(RankBy::WeightedEntropy)[2], 1.0);
}

}  // namespace
}  // namespace tusker::confident
