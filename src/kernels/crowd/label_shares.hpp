// How the votes of one item are spread over the classes.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

struct LabelShare {
    ClassId label = 0;
    double share = 0;
};

/// The shares of the classes that the item's votes name, ascending by class. Under Cleanlab
/// `label` is a class's rank among them unless the labels were given as integers (see
/// conventions.hpp). `shares` is written in full.
template <class Conventions>
void share_labels(const Votes& votes, std::size_t item, std::vector<LabelShare>& shares) {
    shares.clear();
    for (const Vote& vote : votes.of_item(item)) {
        const auto at = std::ranges::lower_bound(shares, vote.label, {}, &LabelShare::label);
        if (at != shares.end() && at->label == vote.label)
            at->share += 1;
        else
            shares.insert(at, {vote.label, 1});
    }
    for (std::size_t rank = 0; rank < shares.size(); ++rank) {
        shares[rank].share /= static_cast<double>(votes.count_of(item));
        if (Conventions::kAsCleanlab && !votes.given_as_integers())
            shares[rank].label = static_cast<ClassId>(rank);
    }
}

}  // namespace tusker::crowd
