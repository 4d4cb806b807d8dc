// What a caller may decide himself: the joint, how many rows of a class go, adjusted scores.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "kernels/confident/confident.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

/// Twelve rows of three classes; rows 3, 7 and 11 are given the class after their own.
struct Sample {
    std::vector<double> probs;
    std::vector<ClassId> labels;

    Sample() {
        for (std::size_t i = 0; i < 12; ++i) {
            const auto truth = static_cast<ClassId>(i / 4);
            const double sure = 0.6 + 0.02 * static_cast<double>(i);
            for (ClassId k = 0; k < 3; ++k) probs.push_back(k == truth ? sure : (1 - sure) / 2);
            labels.push_back(i % 4 == 3 ? (truth + 1) % 3 : truth);
        }
    }
    std::vector<LabelIssue> ranked(const LabelIssueOptions& options) const {
        auto found =
            find_label_issues(MatrixView<const double>(probs, 12, 3), labels, options, Pool(1));
        EXPECT_TRUE(found.has_value()) << found.error().message;
        return found->ranked;
    }
};

std::vector<std::size_t> rows_of(const std::vector<LabelIssue>& issues) {
    std::vector<std::size_t> rows;
    for (const auto& issue : issues) rows.push_back(issue.index);
    std::ranges::sort(rows);
    return rows;
}

GivenJoint joint_of(const std::vector<std::vector<double>>& counts) {
    std::vector<std::vector<SparseEntry<double>>> rows(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i)
        for (std::size_t j = 0; j < counts.size(); ++j)
            rows[i].push_back({static_cast<std::uint32_t>(j), counts[i][j]});
    return {SparseSquare<double>(rows), Layout::Rows};
}

TEST(GivenJoint, DecidesHowManyRowsOfAPairAreFlagged) {
    const Sample sample;
    EXPECT_EQ(rows_of(sample.ranked({})), (std::vector<std::size_t>{3, 7, 11}));
    LabelIssueOptions options;
    options.joint = joint_of({{3, 0, 1}, {0, 4, 0}, {0, 0, 4}});
    EXPECT_EQ(rows_of(sample.ranked(options)), (std::vector<std::size_t>{11}));
}

TEST(GivenJoint, OfAnotherSizeIsRefused) {
    const Sample sample;
    LabelIssueOptions options;
    options.joint = joint_of({{3, 1}, {0, 4}});
    const auto found = find_label_issues(MatrixView<const double>(sample.probs, 12, 3),
                                         sample.labels, options, Pool(1));
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().message, "joint has 2 rows: must be 3 × 3, as there are classes");
}

TEST(NumToRemove, PruneByClassConsidersSoManyOfEachClass) {
    const Sample sample;
    for (const double removed : {0.0, 1.0}) {
        LabelIssueOptions options;
        options.filter_by = FilterBy::PruneByClass;
        options.num_to_remove_per_class = {removed, 1, 1};
        std::map<ClassId, int> flagged;
        for (const auto& issue : sample.ranked(options)) ++flagged[issue.given];
        EXPECT_EQ(flagged[0], static_cast<int>(removed));
        EXPECT_EQ(flagged[1], 1);
        EXPECT_EQ(flagged[2], 1);
    }
}

TEST(AdjustedScores, RaiseClassesThatTheModelIsLessSureOf) {
    const std::vector<double> p = {0.5, 0.3, 0.2};
    const std::vector<double> thresholds = {0.9, 0.5, 0.4};
    // (0.5, 0.7, 0.7) / 1.9
    AdjustedScorer<SoundOrder, double, double> self(thresholds, RankBy::SelfConfidence);
    EXPECT_NEAR(self.score(p, 0), 0.5 / 1.9, 1e-15);
    AdjustedScorer<SoundOrder, double, double> margin(thresholds, RankBy::NormalizedMargin);
    EXPECT_NEAR(margin.score(p, 0), (0.5 / 1.9 - 0.7 / 1.9 + 1) / 2, 1e-15);
    EXPECT_NEAR(margin.score(p, 1), 0.5, 1e-15);
}

TEST(AdjustedScores, AreRefusedForEntropies) {
    const Sample sample;
    LabelIssueOptions options;
    options.rank_by = RankBy::ConfidenceWeightedEntropy;
    options.adjust_probabilities = true;
    const auto found = find_label_issues(MatrixView<const double>(sample.probs, 12, 3),
                                         sample.labels, options, Pool(1));
    ASSERT_FALSE(found.has_value());
    EXPECT_NE(found.error().message.find("confidence_weighted_entropy"), std::string::npos);
}

}  // namespace
}  // namespace tusker::confident
