// The ranking of label issues while a person corrects labels: kept, and after each change what a
// run from nothing would find, to the last bit, in milliseconds.
//
// A label that moves from a to b touches two thresholds. Rows whose probability of a or b lies
// between the old and the new one may be confident in another class now; their given classes, a and
// b count the confident joint anew; the joint is calibrated as a whole, which is cheap; only
// classes whose rows or counts changed are pruned again, and only rows that came or went are
// scored.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/probabilities.hpp"

namespace tusker::confident {

/// A row's new label.
struct LabelMove {
    std::size_t row = 0;
    ClassId label = 0;
};

/// Thread safety: none; one thread at a time, `relabel` takes the pool's. Takes all filters and
/// rankings, in Order::Sound. Not adjusted scores: a moved threshold changes each of them.
///
/// Memory: about 60 bytes a row and 24 for each label issue. The memory that `probs` shows (a
/// mapped file) must outlive the ranking: it is read twice to begin with, then the rows of moved
/// labels and a few others.
class LiveRanking {
public:
    /// Input, errors and cancelling as find_label_issues. Also refused: Order::Cleanlab,
    /// adjust_probabilities, all_scores.
    static Result<LiveRanking> start(Probabilities probs, std::vector<ClassId> labels,
                                     LabelIssueOptions options, const Pool& pool,
                                     const std::stop_token& stop = {},
                                     const Progress& progress = {});
    LiveRanking(LiveRanking&&) noexcept;
    LiveRanking& operator=(LiveRanking&&) noexcept;
    ~LiveRanking();

    /// All moves or, in an error, none. Of several moves of one row the last counts. Errors: a row
    /// or a label out of range; afterwards all labels would be equal.
    Result<void> relabel(std::span<const LabelMove> moves, const Pool& pool);

    /// Worst first; as LabelIssues::ranked. Valid until the next relabel.
    std::span<const LabelIssue> ranked() const;
    /// Calibrated confident joint; as LabelIssues::joint. Valid until the next relabel.
    const SparseSquare<std::int64_t>& joint() const;
    /// As they are now. [N]
    std::span<const ClassId> labels() const;
    /// Of the rows' sums.
    std::span<const std::string> warnings() const;

    class State;

private:
    explicit LiveRanking(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;  // float or double
};

}  // namespace tusker::confident
