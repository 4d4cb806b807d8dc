// Finds wrong labels by confident learning: given labels and a model's out-of-sample probabilities,
// which rows are probably mislabelled, worst first.
//
// Not here: files, JSON, datasets. The rows may be memory-mapped files (probabilities): read once
// in order, and a few of them again. Beside the input it takes O(K² + N) bytes; how many, a test
// reads in docs/label-errors.md. Invariant: neither threads nor instruction set nor the split of
// the rows changes a result. The way: row_scan (what a row says) -> scanned_rows (what is kept) ->
// partial_scan (blocks, merged and finished) -> joint (what all rows say) -> filters, noise_rate
// (which rows) -> scores (in which order).
//
// Source: Northcutt, Jiang, Chuang, "Confident Learning", JAIR 70 (2021); conventions of cleanlab.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/confident/probabilities.hpp"
#include "kernels/confident/sparse_square.hpp"

namespace tusker::confident {

using ClassId = std::uint32_t;
/// Rows are numbered in 32 bits; more are refused.
using Row = std::uint32_t;

/// Which rows are label issues.
enum class FilterBy {
    PruneByNoiseRate,    // per pair of classes, as many as the joint says, by largest margin
    PruneByClass,        // per given class, as many as the joint says, by least self-confidence
    Both,                // flagged by the two above
    ConfidentLearning,   // confidently another class
    PredictedNeqGiven,   // the most probable class is another
    LowSelfConfidence,   // as many as are confidently another class, by least self-confidence
    LowNormalizedMargin  // the same, by least margin
};

/// Score of a label in [0, 1]; low means suspect.
enum class RankBy {
    SelfConfidence,             // p[given]
    NormalizedMargin,           // (p[given] - max p[other] + 1) / 2
    ConfidenceWeightedEntropy,  // as cleanlab defines it: certain and right rows rank as the worst
    WeightedEntropy             // the same without that defect: such rows score 1
};

/// Such rankings take logarithms: probabilities must lie in [0, 1] exactly, and adjusted ones have
/// no such score.
constexpr bool is_entropy(RankBy rank_by) {
    return rank_by == RankBy::ConfidenceWeightedEntropy || rank_by == RankBy::WeightedEntropy;
}

/// Who decides where scores are equal, and the last bit of sums.
enum class Order {
    Sound,    // by score, then by row; compensated sums: the same everywhere
    Cleanlab  // as cleanlab 2.9.0 on NumPy 1.24.4 without AVX-512, bit for bit
};

/// Where a K × K matrix of the caller lies in memory: cleanlab adds in that order, and last bits
/// follow.
enum class Layout { Rows, Columns };

/// A joint of the caller's: row = given, column = suggested; entries finite and >= 0.
struct GivenJoint {
    SparseSquare<double> counts;
    Layout layout = Layout::Rows;
};

struct LabelIssueOptions {
    FilterBy filter_by = FilterBy::PruneByNoiseRate;
    RankBy rank_by = RankBy::SelfConfidence;
    Order order = Order::Sound;
    /// The prune filters leave at least so many examples in each class.
    std::size_t min_examples_per_class = 1;
    /// The prune filters flag this share of what the joint says, in [0, 1].
    double frac_noise = 1.0;
    /// The prune filters take their counts from this one (as it is, not calibrated) instead of the
    /// joint they would estimate. [K × K]
    std::optional<GivenJoint> joint = std::nullopt;
    /// The prune filters flag so many of each given class, spread as the joint says; [K], or empty:
    /// as many as the joint says.
    std::vector<double> num_to_remove_per_class = {};
    /// How the caller's probabilities lay: cleanlab's order adds rows so for entropies and adjusted
    /// scores.
    Layout layout = Layout::Rows;
    /// Rank by scores of adjusted probabilities (see scores.hpp); not for the entropies.
    bool adjust_probabilities = false;
    /// Refuse rows whose probabilities do not sum to 1 within kRowSumTolerance; else warn.
    bool strict = false;
    /// Fill LabelIssues::scores. Costs another pass only for the two entropies.
    bool all_scores = false;
};

inline constexpr double kRowSumTolerance = 1e-3;

struct LabelIssue {
    std::size_t index = 0;
    ClassId given = 0;
    ClassId suggested = 0;  // the most probable class; the given one only under the Low filters
    double score = 0;       // exact: a float score is that float
};

struct LabelIssues {
    std::vector<LabelIssue> ranked;  // worst first
    std::vector<double> scores;      // one per row if asked for, else empty
    std::size_t rows = 0;
    std::vector<std::size_t> labels_per_class;  // [K]
    /// Calibrated confident joint: how many rows given `row` are estimated to be `column`. Row sums
    /// are labels_per_class.
    SparseSquare<std::int64_t> joint;
    std::vector<std::string> warnings;
};

/// Called from one of the pool's threads at a time; `done` never falls and ends at `total`.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

/// probs   [N × K] one matrix or several parts, K >= 2, each value in [-1e-6, 1 + 1e-6], no NaN
/// labels  [N], each < K, not all equal (all 0 is allowed but for Low filters in Order::Cleanlab)
/// Errors name the argument, the row, the value and the rule. Cancelled if `stop` is requested.
Result<LabelIssues> find_label_issues(const Probabilities& probs, std::span<const ClassId> labels,
                                      const LabelIssueOptions& options, const Pool& pool,
                                      const std::stop_token& stop = {},
                                      const Progress& progress = {});

/// cleanlab's names: prune_by_noise_rate, …; empty for an unknown one.
std::optional<FilterBy> find_filter(std::string_view name);
std::optional<RankBy> find_ranking(std::string_view name);
std::string_view name_of(FilterBy filter);
std::string_view name_of(RankBy ranking);
/// All names, the default first.
std::span<const std::string> filter_names();
std::span<const std::string> ranking_names();

}  // namespace tusker::confident
