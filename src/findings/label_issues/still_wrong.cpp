#include "findings/label_issues/still_wrong.hpp"

#include <algorithm>
#include <cmath>

namespace tusker::label_issues {
namespace {

constexpr std::size_t kRestPicks = 20;        // offered at a time
constexpr std::size_t kRestPicksMax = 2'000;  // kept in order
constexpr std::size_t kFoundPicks = 10;
// A stratum is as wide as a twelfth of the list, within limits: narrow enough that its ranks are
// alike, wide enough that a page of decisions fills one.
constexpr std::size_t kStrata = 12;
constexpr std::size_t kStratumMin = 20;
constexpr std::size_t kStratumMax = 200;
constexpr std::uint64_t kAuditedMin = 5;
constexpr std::uint64_t kNextLabels = 100;
constexpr std::size_t kCurvePoints = 40;

/// SplitMix64: the same draw on every machine and in every run.
std::uint64_t draw_of(catalog::RowNo row) {
    constexpr std::uint64_t kSeed = 0x7461'736b'6572'2131;
    std::uint64_t z = row + kSeed + 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
}

std::uint64_t draw_of(const IssueRow& issue) { return draw_of(issue.annotation.row_no); }

bool was_wrong(const catalog::Correction& correction) {
    if (correction.verdict == catalog::Decision::Verdict::Keep) return false;
    return correction.effect != catalog::Effect::Relabelled || correction.given != correction.label;
}

/// How many picks of the rest are offered: the last lot is the first that is not wholly decided.
template <class IsDecided>
std::size_t rest_picks(const Ranking& ranking, IsDecided is_decided) {
    const auto& rest = ranking.rest_in_random_order;
    std::size_t offered = std::min(kRestPicks, rest.size());
    while (
        offered < rest.size() &&
        std::all_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(offered), is_decided))
        offered = std::min(offered + kRestPicks, rest.size());
    return offered;
}

/// What people decided, by stratum: those of what was found, then the rest.
class Audit {
public:
    Audit(const catalog::Version& version, const catalog::Finding& finding, const Ranking& ranking)
        : version_(version),
          finding_(finding),
          ranking_(ranking),
          width_(
              std::clamp((ranking.found.size() + kStrata - 1) / kStrata, kStratumMin, kStratumMax)),
          strata_((ranking.found.size() + width_ - 1) / width_),
          is_decided_(ranking.found.size(), false) {
        for (std::size_t rank = 0; rank < ranking.found.size(); ++rank)
            ++strata_[rank / width_].undecided;
        rest_.undecided = ranking.rest;
    }

    /// One label's first and only standing decision, `picks` of the rest being offered by then.
    void add(const catalog::Correction& decision, std::size_t picks) {
        const auto rank = ranking_.rank_of.find(decision.issue_row);
        const bool is_found = rank != ranking_.rank_of.end();
        const columns::RowKey key{decision.annotation.item_no, decision.issue_row};
        const bool is_rest = !is_found && issue_at(finding_, key).has_value();
        if (is_found || is_rest) ++decided_;
        if (is_found) {
            --strata_[rank->second / width_].undecided;
            is_decided_[rank->second] = true;
        }
        if (is_rest) --rest_.undecided;
        const auto then = found_then(decision);
        // A label that was found and put right says nothing about those that nobody suspects.
        if (!then) {
            if (is_pick(decision, picks)) count(rest_, decision);
            return;
        }
        const auto at = decision.finding_id == finding_.id ? std::optional<std::size_t>(*then->rank)
                                                           : rank_now(*then);
        if (!at) return;
        heard_.push_back({*at, was_wrong(decision)});
        count(strata_[*at / width_], decision);
    }

    /// The next undecided of the list, with those around them that were audited: nearer than their
    /// whole stratum. Nothing if few of them are.
    std::optional<audit::Stratum> next(std::uint64_t labels) const {
        constexpr std::size_t kAround = 100;
        audit::Stratum stratum;
        std::size_t first = 0;
        std::size_t last = 0;
        for (std::size_t rank = 0; rank < is_decided_.size() && stratum.undecided < labels;
             ++rank) {
            if (is_decided_[rank]) continue;
            if (stratum.undecided == 0) first = rank;
            last = rank;
            ++stratum.undecided;
        }
        for (const Heard& heard : heard_) {
            if (heard.rank + kAround < first || heard.rank > last) continue;
            ++stratum.audited;
            stratum.errors += heard.wrong ? 1 : 0;
        }
        if (stratum.audited < kAuditedMin) return std::nullopt;
        return stratum;
    }

    /// Strata of what was found, joined where few were audited.
    std::vector<audit::Stratum> listed() const { return audit::join_thin(strata_, kAuditedMin); }
    std::vector<audit::Stratum> all() const {
        auto strata = listed();
        strata.push_back(rest_);
        return strata;
    }
    std::uint64_t decided() const { return decided_; }

private:
    struct Heard {
        std::size_t rank;
        bool wrong;
    };

    static void count(audit::Stratum& stratum, const catalog::Correction& decision) {
        ++stratum.audited;
        stratum.errors += was_wrong(decision) ? 1 : 0;
    }
    /// What the run that made somebody look said of the label, if it found it.
    std::optional<IssueRow> found_then(const catalog::Correction& decision) const {
        const auto* const then =
            decision.finding_id.empty() ? nullptr : version_.find_label_issues(decision.finding_id);
        auto issue = then ? issue_at(*then, {decision.annotation.item_no, decision.issue_row})
                          : std::nullopt;
        return issue && issue->rank ? issue : std::nullopt;
    }
    /// Where it would rank now; empty if nothing is found any more.
    std::optional<std::size_t> rank_now(const IssueRow& then) const {
        if (ranking_.found.empty()) return std::nullopt;
        const auto at = std::ranges::lower_bound(ranking_.found, then.score, {}, &IssueRow::score);
        return std::min(static_cast<std::size_t>(at - ranking_.found.begin()),
                        ranking_.found.size() - 1);
    }
    bool is_pick(const catalog::Correction& decision, std::size_t picks) const {
        const auto place = ranking_.place_in_rest.find(decision.issue_row);
        return place != ranking_.place_in_rest.end() && place->second < picks;
    }

    const catalog::Version& version_;
    const catalog::Finding& finding_;
    const Ranking& ranking_;
    std::size_t width_;
    std::vector<audit::Stratum> strata_;
    audit::Stratum rest_;
    std::vector<bool> is_decided_;  // by rank
    std::vector<Heard> heard_;
    std::uint64_t decided_ = 0;
};

std::uint64_t undecided_of(std::span<const audit::Stratum> strata) {
    std::uint64_t undecided = 0;
    for (const audit::Stratum& stratum : strata) undecided += stratum.undecided;
    return undecided;
}

/// Standing decisions, oldest first.
std::vector<const catalog::Correction*> standing(std::span<const catalog::Correction> corrections,
                                                 const Decisions& newest) {
    std::vector<const catalog::Correction*> all;
    for (const catalog::Correction& correction : corrections)
        if (newest.find(correction.issue_row) == &correction) all.push_back(&correction);
    std::ranges::reverse(all);
    return all;
}

void say_when_to_stop(StillWrong& wrong, const Audit& audit) {
    const auto listed = audit.listed();
    const std::uint64_t open = undecided_of(listed);
    wrong.next_labels = std::min(kNextLabels, open);
    if (wrong.next_labels > 0) {
        const auto near = audit.next(wrong.next_labels);
        wrong.next =
            near ? audit::estimate_remaining(std::span(&*near, 1))
                 : audit::estimate_remaining(audit::first_undecided(listed, wrong.next_labels));
    }
    if (!wrong.all) return;
    const double target = wrong.target_share * static_cast<double>(wrong.labels);
    wrong.is_reached = wrong.all->expected <= target;
    const auto more = audit::decisions_until(audit.all(), target);
    if (more && *more <= open) wrong.more = more;
}

}  // namespace

Ranking rank_rows(const catalog::Finding& finding) {
    Ranking ranking;
    for (IssueRow& row : ranked_rows(finding)) {
        if (row.rank) {
            ranking.rank_of.emplace(row.annotation.row_no,
                                    static_cast<std::uint32_t>(ranking.found.size()));
            ranking.found.push_back(row);
        } else {
            ++ranking.rest;
            ranking.rest_in_random_order.push_back(row);
        }
    }
    auto& rest = ranking.rest_in_random_order;
    const auto by_draw = [](const IssueRow& a, const IssueRow& b) {
        return draw_of(a) < draw_of(b);
    };
    const std::size_t kept = std::min(kRestPicksMax, rest.size());
    std::ranges::partial_sort(rest, rest.begin() + static_cast<std::ptrdiff_t>(kept), by_draw);
    rest.resize(kept);
    rest.shrink_to_fit();
    for (std::uint32_t i = 0; i < rest.size(); ++i)
        ranking.place_in_rest.emplace(rest[i].annotation.row_no, i);
    for (std::uint32_t i = 0; i < ranking.found.size(); ++i) ranking.found_picks.push_back(i);
    std::ranges::sort(ranking.found_picks, {},
                      [&](std::uint32_t i) { return draw_of(ranking.found[i]); });
    if (ranking.found_picks.size() > kFoundPicks) ranking.found_picks.resize(kFoundPicks);
    return ranking;
}

std::vector<IssueRow> picks_of(const Ranking& ranking, const Decisions& decisions) {
    const auto is_decided = [&](const IssueRow& row) {
        return decisions.find(row.annotation.row_no) != nullptr;
    };
    const std::size_t offered = rest_picks(ranking, is_decided);
    std::vector<IssueRow> picks(
        ranking.rest_in_random_order.begin(),
        ranking.rest_in_random_order.begin() + static_cast<std::ptrdiff_t>(offered));
    for (const std::uint32_t i : ranking.found_picks) picks.push_back(ranking.found[i]);
    return picks;
}

StillWrong estimate_still_wrong(const catalog::Version& version, const catalog::Finding& finding,
                                const Ranking& ranking,
                                std::span<const catalog::Correction> corrections) {
    const Decisions newest(corrections);
    const auto is_decided = [&](const IssueRow& row) {
        return newest.find(row.annotation.row_no) != nullptr;
    };
    const std::size_t offered = rest_picks(ranking, is_decided);
    const auto decided = standing(corrections, newest);
    Audit audit(version, finding, ranking);
    StillWrong wrong;
    wrong.labels = ranking.labels();
    const std::size_t step = std::max<std::size_t>(1, decided.size() / kCurvePoints);
    for (std::size_t i = 0; i < decided.size(); ++i) {
        audit.add(*decided[i], offered);
        if ((i + 1) % step != 0 && i + 1 != decided.size()) continue;
        if (const auto count = audit::estimate_remaining(audit.all()))
            wrong.curve.push_back({audit.decided(), *count});
    }
    wrong.decided = audit.decided();
    for (const audit::Stratum& stratum : audit.all()) wrong.audited += stratum.audited;
    wrong.all = audit::estimate_remaining(audit.all());
    if (!ranking.found.empty()) wrong.listed = audit::estimate_remaining(audit.listed());
    const auto picks = picks_of(ranking, newest);
    wrong.picks = picks.size();
    wrong.picks_open = static_cast<std::uint64_t>(
        std::ranges::count_if(picks, [&](const IssueRow& row) { return !is_decided(row); }));
    say_when_to_stop(wrong, audit);
    return wrong;
}

}  // namespace tusker::label_issues
