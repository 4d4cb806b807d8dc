// Rows that a classifier is doubtful about, whatever their label: perhaps of no class at all.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::outliers {

/// A score in [0, 1], low = suspect.
enum class PredictionScore {
    Entropy,          // 1 - entropy of p / ln K
    LeastConfidence,  // max p
    Gen               // generalised entropy of softmax(p): 1 - sum of (q (1 - q))^gamma over the
                      // `largest` largest q, / largest; Liu, Lochman, Zach, CVPR 2023
};

struct PredictionOptions {
    PredictionScore score = PredictionScore::Entropy;
    /// [K] Subtract the classes' confident thresholds first (confident/scores.hpp), or empty.
    std::span<const double> thresholds = {};
    std::size_t largest = 100;
    double gamma = 0.1;
};

/// probs   [N × K], finite; for the entropy K >= 2 and (after adjusting) in [0, 1]
/// result  [N] in W: the type of probs, or double where float probabilities are adjusted by
///         thresholds that are doubles
template <class W, class T>
Result<std::vector<W>> score_predictions(MatrixView<const T> probs,
                                         const PredictionOptions& options, confident::Order order,
                                         const Pool& pool);

/// Rows with a score below threshold · median score, lowest first, then by row: Datalab's rule with
/// threshold 0.13.
std::vector<confident::Row> flag_predictions(std::span<const double> scores, double threshold);

/// entropy, least_confidence, gen; empty for an unknown one.
std::optional<PredictionScore> find_prediction_score(std::string_view name);
std::span<const std::string> prediction_score_names();

}  // namespace tusker::outliers
