// ActiveLab: which item should be labelled next, by a new annotator or once more? Low = next.
//
// Source: Goh, Mueller, "ActiveLab: Active Learning with Re-Labeling by Multiple Annotators", arXiv
// 2301.11856 (2023); conventions of cleanlab.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/crowd/trust.hpp"
#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

/// How much is to be heard in an active learning score, besides the consensus.
struct Attention {
    std::vector<double> models;      // weights, at least one
    std::vector<double> annotators;  // [A] weights; empty if nothing is labelled yet
    double mean_annotator = 1;       // what one more label would weigh
};

/// (quality * (sum of the weights of the item's annotators + of the models) + w / K) / (that sum +
/// w), w being the mean weight of an annotator. [N]
/// quality  [N] of the consensus labels
std::vector<double> score_labelled(const Votes& votes, std::span<const double> quality,
                                   const Attention& attention, std::size_t classes,
                                   confident::Order order, const Pool& pool);

/// The same for items without a label, whose quality is the models' weighted mean probability of
/// `labels`. [M]
/// tempered  [M × K] each, rows sum to 1
template <class T>
std::vector<double> score_unlabelled(const Models<T>& tempered, std::span<const ClassId> labels,
                                     const Attention& attention, confident::Order order);

struct ActiveScores {
    std::vector<double> labelled;    // [N]
    std::vector<double> unlabelled;  // [M]
};

/// The whole way: calibrate, find the consensus, score. Where every item has a single label, every
/// weight is 1, nothing is calibrated, and quality is the mean probability of the label.
///
/// votes             of the labelled items (Repeats::Refused), if there are any
/// labelled          models over those, unlabelled models over the rest; either may be empty, both
///                   not; the same models in the same order
template <class T>
Result<ActiveScores> active_learning_scores(const std::optional<Votes>& votes,
                                            const Models<T>& labelled, const Models<T>& unlabelled,
                                            confident::Order order, const Pool& pool);

}  // namespace tusker::crowd
