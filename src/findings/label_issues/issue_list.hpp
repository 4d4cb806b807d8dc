// Label issues as people work through them: a finding's ranked rows joined with what was decided
// since. Nothing is stored here: decisions are in the catalog's journal, the ranking in the
// finding.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.hpp"

namespace tusker::label_issues {

/// A scored label; rank only where the filter found an issue (0 = worst).
struct IssueRow {
    columns::RowKey annotation;
    catalog::LabelCode given = 0;
    catalog::LabelCode suggested = 0;
    double score = 0;
    std::optional<std::uint32_t> rank;
};

/// Issues that the filter found, worst first.
std::vector<IssueRow> found_issues(const catalog::Finding& finding);
/// The scored label of an item; empty if it was skipped.
std::optional<IssueRow> issue_of(const catalog::Finding& finding, catalog::ItemNo item);

/// The newest decision that stands about each label. Borrows `corrections` (newest first).
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
    std::uint64_t total = 0;    // in the list: pair and state
    std::uint64_t open = 0;     // of the pair, whatever state
    std::uint64_t decided = 0;  // the same
    std::vector<IssueRow> page;
    std::vector<Cell> cells;  // of the scope and state, whatever pair; by given, then suggested
    Verdicts verdicts;        // of the pair
};

/// `issues` as found_issues() gives them; those whose annotation is gone or whose item is not in
/// `scope` do not count.
IssueList list_issues(const catalog::Version& version, std::span<const IssueRow> issues,
                      const Decisions& decisions, const columns::Bitmap& scope,
                      const ListRequest& request);

/// True if an annotation was written or a decision made or undone since the finding read its
/// Version.
bool is_stale(const catalog::Version& version, const catalog::Finding& finding,
              std::span<const catalog::Correction> corrections);

}  // namespace tusker::label_issues
