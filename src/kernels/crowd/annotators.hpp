// What is to be said about each annotator, given consensus, posterior and trust.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/pool.hpp"
#include "kernels/crowd/trust.hpp"
#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

struct AnnotatorQuality {
    /// NaN for an annotator who shares no item with another.
    double quality = 0;
    double agreement = 0;     // share of all his labels that are the consensus
    ClassId worst_class = 0;  // of the classes he gave
    std::size_t labelled = 0;
};

/// What the quality of annotators is made of under CROWDLAB.
struct QualityParts {
    std::span<const double> vote_scores;  // one a vote, in [0, 1]
    double model_weight = 0;              // the mean, if there are several models
    std::span<const double> weights;      // [A]
    /// The mean score of an annotator's labels is taken over a column of N cells that is zero
    /// elsewhere. Decides last bits under Cleanlab only.
    bool mean_over_column = true;
};

/// quality = v * (mean score of his labels) + (1 - v) * (share of his labels equal to the
/// consensus, at items with several votes), v = w_M / (w_M + sum of w_a * mean votes of an item /
/// A); without `parts` only that share. Worst class: the one of his labels that agrees least with
/// the consensus; of equals the one he gave more often, then the one whose items have higher
/// consensus quality on average, then the lowest.
template <class Conventions>
std::vector<AnnotatorQuality> judge_annotators(const Votes& votes,
                                               std::span<const ClassId> consensus,
                                               std::span<const double> consensus_quality,
                                               const std::optional<QualityParts>& parts,
                                               const Pool& pool);

}  // namespace tusker::crowd
