#include "findings/label_issues/issue_list.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "base/json.hpp"

namespace tusker::label_issues {
namespace {

namespace column = catalog::column;

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

/// Where only one of both is known there is no confusion to count.
std::optional<Pair> pair_of(const IssueRow& issue) {
    if (!issue.given || !issue.suggested || issue.kind == Kind::BadlyLocated) return std::nullopt;
    return Pair(*issue.given, *issue.suggested);
}

bool is_asked(const IssueRow& issue, const ListRequest& request) {
    return (!request.given || issue.given == request.given) &&
           (!request.suggested || issue.suggested == request.suggested);
}

void sort_by_pair(std::vector<const IssueRow*>& listed,
                  const std::map<Pair, std::uint64_t>& cells) {
    const auto count_of = [&](const std::optional<Pair>& pair) {
        return pair ? cells.at(*pair) : 0;
    };
    std::ranges::stable_sort(listed, [&](const IssueRow* a, const IssueRow* b) {
        const auto pair_a = pair_of(*a);
        const auto pair_b = pair_of(*b);
        const auto count_a = count_of(pair_a);
        const auto count_b = count_of(pair_b);
        return count_a != count_b ? count_a > count_b : pair_a < pair_b;
    });
}

}  // namespace

Decisions::Decisions(std::span<const catalog::Correction> corrections) {
    for (const catalog::Correction& correction : corrections)
        if (!correction.undone) newest_.try_emplace(correction.issue_row, &correction);
}

const catalog::Correction* Decisions::find(catalog::RowNo row) const {
    const auto found = newest_.find(row);
    return found == newest_.end() ? nullptr : found->second;
}

IssueList list_issues(const catalog::Version& version, const catalog::Finding& finding,
                      std::span<const IssueRow> issues, const Decisions& decisions,
                      const columns::Bitmap& scope, const ListRequest& request) {
    IssueList list;
    std::map<Pair, std::uint64_t> cells;
    std::vector<const IssueRow*> listed;
    for (const IssueRow& issue : issues) {
        if (!scope.contains(issue.annotation.item_no)) continue;
        if (!subject_of(version, finding, issue)) continue;
        const catalog::Correction* const decision = decisions.find(issue.annotation.row_no);
        const bool in_state = request.state == State::All ||
                              (request.state == State::Decided) == (decision != nullptr);
        if (in_state && issue.kind) ++list.kinds[static_cast<std::size_t>(*issue.kind)];
        if (request.kind && issue.kind != request.kind) continue;
        const auto pair = pair_of(issue);
        if (in_state && pair) ++cells[*pair];
        if (!is_asked(issue, request)) continue;
        if (decision != nullptr) {
            ++list.decided;
            count_verdict(list.verdicts, decision->verdict);
        } else {
            ++list.open;
        }
        if (in_state) listed.push_back(&issue);
    }
    if (request.order == ListOrder::Pair) sort_by_pair(listed, cells);
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

std::string task_of(const catalog::Finding& finding) {
    const auto parameters = json::Document::parse(finding.parameters);
    const auto task = parameters ? parameters->root().find_value("task") : std::nullopt;
    return std::string(task ? task->as_string().value_or("") : "classification");
}

const catalog::Finding* find_earlier(const catalog::Version& version,
                                     const catalog::Finding& finding) {
    const std::string task = task_of(finding);
    const catalog::Finding* earlier = nullptr;
    for (const auto& other : version.findings) {
        if (other->id == finding.id) return earlier;
        if (other->kind == finding.kind && task_of(*other) == task) earlier = other.get();
    }
    return earlier;
}

RunChanges compare_runs(const catalog::Version& version, std::span<const IssueRow> earlier,
                        std::span<const IssueRow> later, const Decisions& decisions) {
    const auto rows_of = [](std::span<const IssueRow> issues) {
        std::unordered_set<catalog::RowNo> rows;
        for (const IssueRow& issue : issues) rows.insert(issue.annotation.row_no);
        return rows;
    };
    const auto before = rows_of(earlier);
    const auto after = rows_of(later);
    RunChanges changes;
    for (const IssueRow& issue : later)
        (before.contains(issue.annotation.row_no) ? changes.still : changes.fresh).push_back(issue);
    for (const IssueRow& issue : earlier) {
        if (after.contains(issue.annotation.row_no)) continue;
        const auto* const decision = decisions.find(issue.annotation.row_no);
        const auto object = catalog::find_object(version.annotations, issue.annotation);
        const bool is_changed =
            (decision != nullptr && decision->verdict != catalog::Decision::Verdict::Keep) ||
            (object && object->label != issue.given);
        (is_changed ? changes.relabelled : changes.gone).push_back(issue);
    }
    return changes;
}

}  // namespace tusker::label_issues
