// How many labels are still wrong: what people decided about a run's rows, by the rank the run gave
// them, handed to kernels/audit. The rows that the run found are strata of neighbouring ranks, in
// which every decision speaks for the undecided. The rest is one stratum, in which only picks drawn
// at random speak: what a person comes upon there and puts right was found because it was wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "findings/label_issues/issue_list.hpp"
#include "kernels/audit/remaining.hpp"

namespace tusker::label_issues {

/// A run's rows in the order in which they are audited. The picks are the same for the same rows,
/// whatever else the run found.
struct Ranking {
    std::vector<IssueRow> found;  // worst first
    std::size_t rest = 0;         // rows that were scored and not found
    /// Of the rest, in an order drawn once for all; not all of them where they are many.
    std::vector<IssueRow> rest_in_random_order;
    /// Indices into `found`, spread at random over it.
    std::vector<std::uint32_t> found_picks;
    std::unordered_map<catalog::RowNo, std::uint32_t> rank_of;        // of what was found
    std::unordered_map<catalog::RowNo, std::uint32_t> place_in_rest;  // of rest_in_random_order

    std::size_t labels() const { return found.size() + rest; }
};
Ranking rank_rows(const catalog::Finding& finding);

struct StillWrong {
    std::uint64_t labels = 0;            // that the run scored
    std::uint64_t decided = 0;           // of these, by people
    std::uint64_t audited = 0;           // decisions that the estimate rests on
    std::uint64_t picks = 0;             // offered so far, of what was found and of the rest
    std::uint64_t picks_open = 0;        // of these, nobody has decided
    std::optional<audit::Count> all;     // empty until picks of the rest are decided
    std::optional<audit::Count> listed;  // among what the run found; empty before decisions
    /// Wrong ones among the next undecided of the list.
    std::optional<audit::Count> next;
    std::uint64_t next_labels = 0;
    /// Looking on is hardly worth it once less than this share of the labels is wrong.
    double target_share = kTargetShare;
    bool is_reached = false;
    std::optional<std::uint64_t>
        more;  // labels of the list until then; empty: the list cannot do it

    struct Point {
        std::uint64_t decided;
        audit::Count wrong;
    };
    std::vector<Point> curve;  // `all` as it was while people decided, oldest first

    static constexpr double kTargetShare = 0.01;
};

/// `corrections` newest first. Decisions made on an earlier run count in the stratum where their
/// score lies now, if the run found them then.
StillWrong estimate_still_wrong(const catalog::Version& version, const catalog::Finding& finding,
                                const Ranking& ranking,
                                std::span<const catalog::Correction> corrections);

/// Rows to audit, in their order: of the rest, then of what was found. The rest is offered twenty
/// at a time; when all of them are decided, twenty more.
std::vector<IssueRow> picks_of(const Ranking& ranking, const Decisions& decisions);

}  // namespace tusker::label_issues
