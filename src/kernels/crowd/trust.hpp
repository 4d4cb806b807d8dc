// CROWDLAB's two steps: how far each annotator and each model is to be trusted, given a consensus;
// and what they say together about each item.
//
// Source: Goh, Tkachenko, Mueller, "CROWDLAB: Supervised learning to infer consensus labels and
// quality scores for data with multiple annotators", arXiv 2210.06812 (2022); conventions of
// cleanlab.
#pragma once

#include <span>
#include <vector>

#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

/// The probabilities of one model, or of several over the same items.
template <class T>
struct Models {
    std::vector<MatrixView<const T>> probs;  // each [N × K]
    /// cleanlab adds up an ensemble, even of one, in another order than a single model.
    bool ensemble = false;
};

struct Trust {
    double hit = 0;                      // P: how often a label is the consensus
    double miss = 0;                     // (1 - P) / (K - 1), for each other class
    std::vector<double> models;          // weights, >= 0
    std::vector<double> annotators;      // [A] weights, >= 1e-6
    std::vector<Index> without_overlap;  // annotators who share no item with another; they weigh
                                         // as the average of the others
};

/// votes      each item and each annotator has a vote, some item has two; ascending by annotator
/// consensus  [N]; agreement [N] share of each item's votes for it
/// With m_i votes at item i, and means over items with m_i > 1 where marked *: error of always
/// answering the most frequent consensus E = max(1e-6, share* of other consensus labels); agreement
/// g_a of annotator a with the others at his items, weighted by m_i - 1; weight of a
/// max(1e-6, 1 - (1 - g_a) / E); weight of a model max(1e-6, 1 - (share* of items where its argmax
/// is not the consensus) / E) * sqrt(mean m).
template <class Conventions, class T>
Trust weigh(const Votes& votes, const Models<T>& models, std::span<const ClassId> consensus,
            std::span<const double> agreement, const Pool& pool);

/// Weighted mean of what models and annotators say: an annotator says `hit` for his label and
/// `miss` for others. [N × K] row-major.
template <class Conventions, class T>
std::vector<double> posterior_of(const Votes& votes, const Models<T>& models, const Trust& trust,
                                 const Pool& pool);

/// The share of each item's votes for each class. [N × classes] row-major.
template <class Conventions>
std::vector<double> vote_shares(const Votes& votes, std::size_t classes, const Pool& pool);

/// The most probable class of each item; `fallback` where several are exactly equal.
std::vector<ClassId> most_probable(MatrixView<const double> posterior,
                                   std::span<const ClassId> fallback, const Pool& pool);

}  // namespace tusker::crowd
