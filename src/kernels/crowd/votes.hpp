// Who said what about which item: a sparse table of N items × A annotators. Most pairs have no
// label, so nothing here or in the kernels over it ever walks N × A cells; only the reader of a
// wide table meets them, once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::crowd {

using confident::ClassId;
/// Items, annotators and votes are numbered in 32 bits; more are refused.
using Index = std::uint32_t;

/// One label given by one annotator.
struct Vote {
    Index annotator = 0;
    ClassId label = 0;
};

/// Where a vote of an annotator stands: Votes::votes()[vote] is about `item`.
struct OwnVote {
    Index item = 0;
    Index vote = 0;
};

/// Flat input: the three spans are of one length, one row a vote, in any order.
struct VoteRows {
    std::span<const Index> items;
    std::span<const Index> annotators;
    std::span<const ClassId> labels;
};

struct CrowdSize {
    std::size_t items = 0;
    std::size_t annotators = 0;
    std::size_t classes = 0;
};

/// Errors name the row whose item, annotator or class is out of range.
Result<void> check_rows(const VoteRows& rows, const CrowdSize& size);

/// Thread safety: immutable.
class Votes {
public:
    enum class Repeats {
        Refused,  // each annotator labels an item once; an item's votes ascend by annotator
        Kept      // an item's votes stand in the order of the rows
    };
    /// Errors name the row whose item, annotator or class is out of range, or which repeats
    /// another.
    static Result<Votes> from_rows(const VoteRows& rows, const CrowdSize& size, Repeats repeats);

    /// begins [items + 1]: item i has votes[begins[i]] .. votes[begins[i + 1] - 1]. The caller
    /// vouches that labels and annotators are in range and ascend by annotator.
    Votes(std::vector<Index> begins, std::vector<Vote> votes, const CrowdSize& size);

    std::size_t items() const { return begins_.size() - 1; }
    std::size_t annotators() const { return annotator_begins_.size() - 1; }
    std::size_t classes() const { return classes_; }
    /// Whether the caller's table held integers: cleanlab counts those otherwise than whole
    /// numbers in floating point (see conventions.hpp).
    bool given_as_integers() const { return given_as_integers_; }
    void set_given_as_integers(bool integers) { given_as_integers_ = integers; }
    /// All votes, item by item.
    std::span<const Vote> votes() const { return votes_; }
    std::span<const Index> begins() const { return begins_; }
    std::size_t count_of(std::size_t item) const { return begins_[item + 1] - begins_[item]; }
    std::span<const Vote> of_item(std::size_t item) const {
        return std::span(votes_).subspan(begins_[item], count_of(item));
    }
    /// Ascending by item.
    std::span<const OwnVote> of_annotator(std::size_t annotator) const {
        return std::span(own_).subspan(
            annotator_begins_[annotator],
            annotator_begins_[annotator + 1] - annotator_begins_[annotator]);
    }
    /// The row of the input from which votes()[vote] came.
    std::size_t row_of(std::size_t vote) const { return rows_.empty() ? vote : rows_[vote]; }

private:
    void index_annotators(std::size_t annotators);

    std::size_t classes_ = 0;
    bool given_as_integers_ = false;
    std::vector<Index> begins_;
    std::vector<Vote> votes_;
    std::vector<Index> rows_;  // empty: votes stand in the order of the input
    std::vector<Index> annotator_begins_;
    std::vector<OwnVote> own_;
};

/// A table with a row an item and a column an annotator, as float64 with NaN for "no label".
struct WideTable {
    enum class Layout { ByRow, ByColumn };
    std::span<const double> cells;  // [rows × columns]
    std::size_t rows = 0;
    std::size_t columns = 0;
    Layout layout = Layout::ByRow;
};

/// What a wide table holds, before anybody judged whether it may.
struct WideVotes {
    std::vector<Index> begins;  // [rows + 1]
    std::vector<Vote> votes;    // labels are valid only if `integral` and `least` >= 0
    bool integral = true;       // every label is a whole finite number
    double least = 0;           // smallest and largest label; 0 without any
    double most = 0;
};

/// Reads every cell once.
WideVotes gather_votes(const WideTable& table, const Pool& pool);

}  // namespace tusker::crowd
