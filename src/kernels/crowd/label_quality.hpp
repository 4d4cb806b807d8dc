// How much a label is to be trusted, given the posterior of its item: of the consensus, and of
// every single vote. Scores are in [0, 1]; low = suspect.
#pragma once

#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

struct LabelScore {
    confident::RankBy rank_by = confident::RankBy::SelfConfidence;
    /// First subtract each class's mean self-confidence and normalise the rows again; not with the
    /// two entropies. For votes the means are taken over one annotator's labels.
    bool adjust_probs = false;
};

/// One score an item. posterior [N × K], labels [N].
/// An error where a posterior probability is not in [-1e-6, 1 + 1e-6], or not in [0, 1] for the
/// entropies: such input was no probability.
template <class Conventions>
Result<std::vector<double>> score_labels(MatrixView<const double> posterior,
                                         std::span<const ClassId> labels, const LabelScore& score,
                                         const Pool& pool);

/// One score a vote, in the order of votes.votes().
template <class Conventions>
Result<std::vector<double>> score_votes(const Votes& votes, MatrixView<const double> posterior,
                                        const LabelScore& score, const Pool& pool);

}  // namespace tusker::crowd
