// Label issues as people work through them: a finding's ranked rows joined with what was decided
// since, and compared with an earlier run's. Nothing is stored here: decisions are in the catalog's
// journal, the ranking in the finding.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.hpp"
#include "findings/label_issues/issue_rows.hpp"

namespace tusker::label_issues {

/// The newest decision that stands about each row that a finding named. Borrows `corrections`
/// (newest first).
class Decisions {
public:
    explicit Decisions(std::span<const catalog::Correction> corrections);
    /// Null if nobody decided, or it was undone.
    const catalog::Correction* find(catalog::RowNo row) const;

private:
    std::unordered_map<catalog::RowNo, const catalog::Correction*> newest_;
};

enum class State { All, Open, Decided };
enum class ListOrder {
    Worst,  // by rank
    Pair    // pairs of given and suggested with most issues first, by rank within
};

struct ListRequest {
    std::optional<catalog::LabelCode> given = {};
    std::optional<catalog::LabelCode> suggested = {};
    std::optional<Kind> kind = {};
    State state = State::All;
    ListOrder order = ListOrder::Worst;
    std::uint64_t offset = 0;
    std::size_t limit = 100;
};

struct Cell {
    catalog::LabelCode given;
    catalog::LabelCode suggested;
    std::uint64_t count;
};

struct Verdicts {
    std::uint64_t accepted = 0;
    std::uint64_t kept = 0;
    std::uint64_t other = 0;
};

struct IssueList {
    std::uint64_t total = 0;    // in the list: kind, pair and state
    std::uint64_t open = 0;     // of kind and pair, whatever state
    std::uint64_t decided = 0;  // the same
    std::vector<IssueRow> page;
    std::vector<Cell> cells;  // of the scope, kind and state, whatever pair; by given, suggested
    std::array<std::uint64_t, kKinds> kinds = {};  // of the scope and state, whatever kind and pair
    Verdicts verdicts;                             // of kind and pair
};

/// `issues` of `finding`, as found_issues() gives them; those whose annotation or prediction is
/// gone or whose item is not in `scope` do not count.
IssueList list_issues(const catalog::Version& version, const catalog::Finding& finding,
                      std::span<const IssueRow> issues, const Decisions& decisions,
                      const columns::Bitmap& scope, const ListRequest& request);

/// True if an annotation was written or a decision made or undone since the finding read its
/// Version.
bool is_stale(const catalog::Version& version, const catalog::Finding& finding,
              std::span<const catalog::Correction> corrections);

/// "classification", "detection"
std::string task_of(const catalog::Finding& finding);
/// The newest run of the same task before that one; null if there is none.
const catalog::Finding* find_earlier(const catalog::Version& version,
                                     const catalog::Finding& finding);

/// What became of the issues of an earlier run in a later one, row by row.
struct RunChanges {
    std::vector<IssueRow> fresh;       // of the later run: the earlier did not find them
    std::vector<IssueRow> still;       // of the later run
    std::vector<IssueRow> relabelled;  // of the earlier run: gone, and their label or box changed
    std::vector<IssueRow> gone;        // of the earlier run: gone though nobody changed them
};
RunChanges compare_runs(const catalog::Version& version, std::span<const IssueRow> earlier,
                        std::span<const IssueRow> later, const Decisions& decisions);

}  // namespace tusker::label_issues
