// The votes as Dawid-Skene walks them: by item, and by what an annotator said.
#pragma once

#include <span>
#include <vector>

#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

/// An annotator's label that occurs: a row of his error matrix.
struct AnnotatorLabel {
    Index annotator = 0;
    ClassId label = 0;
};

/// Within a group, votes stand in the order of the rows.
struct VoteGroups {
    std::vector<AnnotatorLabel> given;    // by first occurrence
    std::vector<Index> item_begins;       // [N + 1]
    std::vector<Index> given_of;          // per vote, item by item: a position in `given`
    std::vector<Index> given_begins;      // [given + 1]
    std::vector<Index> item_of;           // per vote, grouped by `given`
    std::vector<Index> annotator_begins;  // [A + 1]
    std::vector<Index> of_annotator;      // positions in `given`, annotator by annotator, ascending

    std::span<const Index> given_of_item(std::size_t item) const {
        return slice(given_of, item_begins, item);
    }
    std::span<const Index> items_of_given(std::size_t g) const {
        return slice(item_of, given_begins, g);
    }
    std::span<const Index> given_of_annotator(std::size_t annotator) const {
        return slice(of_annotator, annotator_begins, annotator);
    }
    /// Items by their number of votes: who walks them so, walks loops of equal length.
    std::vector<Index> items_by_count() const;

private:
    static std::span<const Index> slice(std::span<const Index> values,
                                        std::span<const Index> begins, std::size_t i) {
        return values.subspan(begins[i], begins[i + 1] - begins[i]);
    }
};

/// rows  as check_rows takes them
/// Cost: linear in rows, items and annotators.
VoteGroups group_votes(const VoteRows& rows, const CrowdSize& size);

}  // namespace tusker::crowd
