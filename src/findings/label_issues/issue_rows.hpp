// The rows of a label-issue finding: what a run said of each label or box that it scored.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "catalog/version.hpp"

namespace tusker::label_issues {

enum class Kind {
    Label,        // the label of an item
    Overlooked,   // a predicted box where none was given
    Swapped,      // a box with another class
    BadlyLocated  // a box of the right class in the wrong place
};
inline constexpr std::size_t kKinds = 4;
/// label, overlooked, swapped, badly_located
std::string_view name_of(Kind kind);
std::optional<Kind> find_kind(std::string_view name);

/// A scored label or box; kind and rank only where it is an issue (0 = worst).
struct IssueRow {
    /// Of the given label or box; where overlooked, of the predicted box.
    columns::RowKey annotation;
    std::optional<Kind> kind = {};
    std::optional<catalog::LabelCode> given = {};      // empty where overlooked
    std::optional<catalog::LabelCode> suggested = {};  // empty where nothing says which is right
    double score = 0;
    std::optional<std::uint32_t> rank = {};
    std::optional<catalog::RowNo> prediction = {};  // the predicted box that says so

    bool is_overlooked() const { return kind == Kind::Overlooked; }
};

/// Issues that the run found, worst first.
std::vector<IssueRow> found_issues(const catalog::Finding& finding);
/// All that it scored: what it found, worst first, then the others by score, then by row.
std::vector<IssueRow> ranked_rows(const catalog::Finding& finding);
/// The item's worst row; empty if it was skipped.
std::optional<IssueRow> issue_of(const catalog::Finding& finding, catalog::ItemNo item);
/// The row of that annotation or predicted box.
std::optional<IssueRow> issue_at(const catalog::Finding& finding, columns::RowKey key);

/// What the row is about: the annotation, or the prediction that nothing was given for. Empty if it
/// was deleted since.
std::optional<catalog::Object> subject_of(const catalog::Version& version,
                                          const catalog::Finding& finding, const IssueRow& issue);
/// The predicted box that speaks of it; empty if there is none, or it was deleted.
std::optional<catalog::Object> prediction_of(const catalog::Version& version,
                                             const catalog::Finding& finding,
                                             const IssueRow& issue);

/// Collects rows and makes the segment of a finding.
class IssueRowsBuilder {
public:
    IssueRowsBuilder();
    void add(const IssueRow& issue);
    std::shared_ptr<const columns::Segment> finish() { return builder_.finish(); }

private:
    using Ref = columns::SegmentBuilder::ColumnRef;
    columns::SegmentBuilder builder_;
    Ref score_;
    Ref given_;
    Ref suggested_;
    Ref is_;
    Ref kind_;
    Ref rank_;
    Ref prediction_;
};

}  // namespace tusker::label_issues
