#include "findings/label_issues/issue_list.hpp"

#include <algorithm>
#include <map>

namespace tusker::label_issues {
namespace {

namespace column = catalog::column;

/// The columns of a finding's segment.
class IssueColumns {
public:
    explicit IssueColumns(const columns::Segment& segment)
        : segment_(segment),
          score_(segment.find(column::kIssueScore, columns::Type::F64)),
          given_(segment.find(column::kIssueGiven, columns::Type::U32)),
          suggested_(segment.find(column::kIssueSuggested, columns::Type::U32)),
          rank_(segment.find(column::kIssueRank, columns::Type::U32)) {}

    bool is_whole() const { return score_ && given_ && suggested_; }
    IssueRow row(std::uint32_t row) const {
        IssueRow issue{.annotation = {segment_.item_no()[row], segment_.row_no()[row]},
                       .given = given_->values<std::uint32_t>()[row],
                       .suggested = suggested_->values<std::uint32_t>()[row],
                       .score = score_->values<double>()[row],
                       .rank = {}};
        if (const auto index = rank_ ? rank_->index_of(row) : std::nullopt)
            issue.rank = rank_->values<std::uint32_t>()[*index];
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
    const columns::Segment& segment_;
    const columns::Column* score_;
    const columns::Column* given_;
    const columns::Column* suggested_;
    const columns::Column* rank_;
};

void count_verdict(Verdicts& verdicts, catalog::Decision::Verdict verdict) {
    switch (verdict) {
        case catalog::Decision::Verdict::Accept:
            ++verdicts.accepted;
            return;
        case catalog::Decision::Verdict::Keep:
            ++verdicts.kept;
            return;
        case catalog::Decision::Verdict::Choose:
            ++verdicts.other;
            return;
    }
}

using Pair = std::pair<catalog::LabelCode, catalog::LabelCode>;

Pair pair_of(const IssueRow& issue) { return {issue.given, issue.suggested}; }

}  // namespace

std::vector<IssueRow> found_issues(const catalog::Finding& finding) {
    std::vector<IssueRow> issues;
    if (!finding.rows) return issues;
    const IssueColumns columns(*finding.rows);
    if (!columns.is_whole()) return issues;
    for (const std::uint32_t row : columns.ranked_rows()) issues.push_back(columns.row(row));
    std::ranges::sort(issues, {}, [](const IssueRow& issue) { return *issue.rank; });
    return issues;
}

std::optional<IssueRow> issue_of(const catalog::Finding& finding, catalog::ItemNo item) {
    if (!finding.rows) return std::nullopt;
    const IssueColumns columns(*finding.rows);
    const auto [first, last] = finding.rows->rows_of(item, item + 1);
    if (first == last || !columns.is_whole()) return std::nullopt;
    return columns.row(first);
}

Decisions::Decisions(std::span<const catalog::Correction> corrections) {
    for (const catalog::Correction& correction : corrections)
        if (!correction.undone) newest_.try_emplace(correction.annotation.row_no, &correction);
}

const catalog::Correction* Decisions::find(catalog::RowNo row) const {
    const auto found = newest_.find(row);
    return found == newest_.end() ? nullptr : found->second;
}

IssueList list_issues(const catalog::Version& version, std::span<const IssueRow> issues,
                      const Decisions& decisions, const columns::Bitmap& scope,
                      const ListRequest& request) {
    IssueList list;
    std::map<Pair, std::uint64_t> cells;
    std::vector<const IssueRow*> listed;
    for (const IssueRow& issue : issues) {
        if (!scope.contains(issue.annotation.item_no)) continue;
        if (!version.annotations.find(issue.annotation)) continue;
        const catalog::Correction* const decision = decisions.find(issue.annotation.row_no);
        const bool in_state = request.state == State::All ||
                              (request.state == State::Decided) == (decision != nullptr);
        if (in_state) ++cells[pair_of(issue)];
        if ((request.given && issue.given != *request.given) ||
            (request.suggested && issue.suggested != *request.suggested))
            continue;
        if (decision != nullptr) {
            ++list.decided;
            count_verdict(list.verdicts, decision->verdict);
        } else {
            ++list.open;
        }
        if (in_state) listed.push_back(&issue);
    }
    if (request.order == ListOrder::Pair)
        std::ranges::stable_sort(listed, [&](const IssueRow* a, const IssueRow* b) {
            const auto count_a = cells[pair_of(*a)];
            const auto count_b = cells[pair_of(*b)];
            return count_a != count_b ? count_a > count_b : pair_of(*a) < pair_of(*b);
        });
    list.total = listed.size();
    for (std::uint64_t i = request.offset; i < listed.size() && list.page.size() < request.limit;
         ++i)
        list.page.push_back(*listed[i]);
    for (const auto& [pair, count] : cells) list.cells.push_back({pair.first, pair.second, count});
    return list;
}

bool is_stale(const catalog::Version& version, const catalog::Finding& finding,
              std::span<const catalog::Correction> corrections) {
    if (version.journal_no <= finding.version) return false;
    for (const catalog::Correction& correction : corrections)
        if (correction.id > finding.version ||
            (correction.undone && correction.undone_at >= finding.created_at))
            return true;
    for (const columns::Part& part : version.annotations.parts()) {
        const auto* const change = part.segment->find(column::kChange, columns::Type::U64);
        if (change == nullptr) continue;
        for (const std::uint64_t number : change->values<std::uint64_t>())
            if (number > finding.version) return true;
    }
    return false;
}

}  // namespace tusker::label_issues
