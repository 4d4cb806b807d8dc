#include "findings/label_issues/issue_rows.hpp"

#include <algorithm>
#include <array>

namespace tusker::label_issues {
namespace {

namespace column = catalog::column;
using columns::Type;

constexpr std::array<std::string_view, kKinds> kNames = {"label", "overlooked", "swapped",
                                                         "badly_located"};

/// The columns of a finding's segment.
class IssueColumns {
public:
    explicit IssueColumns(const columns::Segment& segment)
        : segment_(segment),
          score_(segment.find(column::kIssueScore, Type::F64)),
          given_(segment.find(column::kIssueGiven, Type::U32)),
          suggested_(segment.find(column::kIssueSuggested, Type::U32)),
          kind_(segment.find(column::kIssueKind, Type::Text)),
          rank_(segment.find(column::kIssueRank, Type::U32)),
          prediction_(segment.find(column::kIssuePrediction, Type::U64)) {}

    bool is_whole() const { return score_ != nullptr; }

    IssueRow row(std::uint32_t row) const {
        IssueRow issue{.annotation = {segment_.item_no()[row], segment_.row_no()[row]}};
        issue.score = value<double>(score_, row).value_or(0);
        issue.given = value<std::uint32_t>(given_, row);
        issue.suggested = value<std::uint32_t>(suggested_, row);
        issue.rank = value<std::uint32_t>(rank_, row);
        issue.prediction = value<std::uint64_t>(prediction_, row);
        const auto kind = kind_ ? kind_->index_of(row) : std::nullopt;
        if (kind)
            issue.kind = find_kind(kind_->text(*kind));
        else if (issue.rank)
            issue.kind = Kind::Label;  // of runs older than kinds
        return issue;
    }
    /// Rows with a rank.
    std::vector<std::uint32_t> ranked_rows() const {
        std::vector<std::uint32_t> rows;
        if (rank_ == nullptr) return rows;
        if (!rank_->is_dense()) return {rank_->positions().begin(), rank_->positions().end()};
        for (std::uint32_t row = 0; row < segment_.rows(); ++row) rows.push_back(row);
        return rows;
    }

private:
    template <class T>
    static std::optional<T> value(const columns::Column* column, std::uint32_t row) {
        const auto index = column ? column->index_of(row) : std::nullopt;
        if (!index) return std::nullopt;
        return column->values<T>()[*index];
    }

    const columns::Segment& segment_;
    const columns::Column* score_;
    const columns::Column* given_;
    const columns::Column* suggested_;
    const columns::Column* kind_;
    const columns::Column* rank_;
    const columns::Column* prediction_;
};

}  // namespace

std::string_view name_of(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<Kind> find_kind(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i] == name) return static_cast<Kind>(i);
    return std::nullopt;
}

std::vector<IssueRow> found_issues(const catalog::Finding& finding) {
    std::vector<IssueRow> issues;
    if (!finding.rows) return issues;
    const IssueColumns columns(*finding.rows);
    if (!columns.is_whole()) return issues;
    for (const std::uint32_t row : columns.ranked_rows()) issues.push_back(columns.row(row));
    std::ranges::sort(issues, {}, [](const IssueRow& issue) { return *issue.rank; });
    return issues;
}

std::vector<IssueRow> ranked_rows(const catalog::Finding& finding) {
    std::vector<IssueRow> rows;
    if (!finding.rows) return rows;
    const IssueColumns columns(*finding.rows);
    if (!columns.is_whole()) return rows;
    rows.reserve(finding.rows->rows());
    for (std::uint32_t row = 0; row < finding.rows->rows(); ++row) rows.push_back(columns.row(row));
    std::ranges::sort(rows, [](const IssueRow& a, const IssueRow& b) {
        return std::tuple(a.rank.value_or(UINT32_MAX), a.score, a.annotation.row_no) <
               std::tuple(b.rank.value_or(UINT32_MAX), b.score, b.annotation.row_no);
    });
    return rows;
}

std::optional<IssueRow> issue_of(const catalog::Finding& finding, catalog::ItemNo item) {
    const auto& rows = finding.worst ? finding.worst : finding.rows;
    if (!rows) return std::nullopt;
    const IssueColumns columns(*rows);
    const auto [first, last] = rows->rows_of(item, item + 1);
    if (first == last || !columns.is_whole()) return std::nullopt;
    return columns.row(first);
}

std::optional<IssueRow> issue_at(const catalog::Finding& finding, columns::RowKey key) {
    if (!finding.rows) return std::nullopt;
    const IssueColumns columns(*finding.rows);
    if (!columns.is_whole()) return std::nullopt;
    const auto [first, last] = finding.rows->rows_of(key.item_no, key.item_no + 1);
    for (std::uint32_t row = first; row < last; ++row)
        if (finding.rows->row_no()[row] == key.row_no) return columns.row(row);
    return std::nullopt;
}

std::optional<catalog::Object> subject_of(const catalog::Version& version,
                                          const catalog::Finding& finding, const IssueRow& issue) {
    if (issue.is_overlooked()) return prediction_of(version, finding, issue);
    return catalog::find_object(version.annotations, issue.annotation);
}

std::optional<catalog::Object> prediction_of(const catalog::Version& version,
                                             const catalog::Finding& finding,
                                             const IssueRow& issue) {
    const catalog::RunTable* const run = version.find_run(finding.run_id);
    if (run == nullptr || !issue.prediction) return std::nullopt;
    return catalog::find_object(run->predictions, {issue.annotation.item_no, *issue.prediction});
}

IssueRowsBuilder::IssueRowsBuilder()
    : score_(builder_.column(column::kIssueScore, Type::F64)),
      given_(builder_.column(column::kIssueGiven, Type::U32)),
      suggested_(builder_.column(column::kIssueSuggested, Type::U32)),
      is_(builder_.column(column::kIssueIs, Type::Bool)),
      kind_(builder_.column(column::kIssueKind, Type::Text)),
      rank_(builder_.column(column::kIssueRank, Type::U32)),
      prediction_(builder_.column(column::kIssuePrediction, Type::U64)) {}

void IssueRowsBuilder::add(const IssueRow& issue) {
    builder_.add_row(issue.annotation.item_no, issue.annotation.row_no);
    builder_.set_f64(score_, issue.score);
    if (issue.given) builder_.set_u32(given_, *issue.given);
    if (issue.suggested) builder_.set_u32(suggested_, *issue.suggested);
    builder_.set_bool(is_, issue.rank.has_value());
    if (issue.kind) builder_.set_text(kind_, name_of(*issue.kind));
    if (issue.rank) builder_.set_u32(rank_, *issue.rank);
    if (issue.prediction) builder_.set_u64(prediction_, *issue.prediction);
}

}  // namespace tusker::label_issues
