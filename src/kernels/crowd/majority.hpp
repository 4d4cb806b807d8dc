// Majority vote: the label that most annotators gave, what decided where several are tied, and
// which ties nothing decides.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

/// A few classes for each of a few items, both ascending.
struct ItemClasses {
    Index item = 0;
    std::vector<ClassId> classes;
};

struct MajorityVote {
    std::vector<ClassId> labels;         // [N]
    std::vector<ItemClasses> tied;       // classes that share the most votes, where several do
    std::vector<ItemClasses> undecided;  // what is left of them if no rule decides; the lowest is
                                         // in `labels`
};

/// Ties are broken by, in turn: the highest probability among the tied classes (if `probs` is
/// given); the class that is rarer over all votes; the class whose annotators agree most, on
/// average, with the items that have no tie (an annotator without such an item counts as the
/// average one). What is left is undecided: cleanlab draws one, Tusker takes the lowest.
///
/// votes  every item has a vote
/// probs  [N × K], no NaN
/// Under Order::Cleanlab an error if the last rule is needed and every item is tied.
///
/// Source: the rules of cleanlab's get_majority_vote_label.
template <class T>
Result<MajorityVote> majority_vote(const Votes& votes, std::optional<MatrixView<const T>> probs,
                                   confident::Order order, const Pool& pool);

/// Share of each item's votes that are for its consensus label. [N]
std::vector<double> agreement_with(const Votes& votes, std::span<const ClassId> consensus,
                                   const Pool& pool);

}  // namespace tusker::crowd
