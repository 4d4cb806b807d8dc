#include "findings/label_issues/label_issues.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/nearest.hpp"
#include "findings/label_issues/box_issues.hpp"
#include "findings/label_issues/examples.hpp"
#include "findings/label_issues/issue_rows.hpp"

namespace tusker::label_issues {
namespace {

bool has_probabilities(const catalog::RunTable& run) {
    for (const columns::Part& part : run.predictions.parts())
        if (!part.segment->find_all(catalog::column::kClassPdf).empty()) return true;
    return false;
}

Result<confident::LabelIssues> scan(const Examples& examples, const Request& request,
                                    const Pool& pool, jobs::Progress& progress) {
    std::vector<confident::ClassId> labels;
    labels.reserve(examples.rows.size());
    for (const Example& row : examples.rows) labels.push_back(row.given);
    confident::LabelIssueOptions options;
    options.filter_by = request.filter_by;
    options.rank_by = request.rank_by;
    options.order = request.order;
    options.all_scores = true;
    const std::size_t n = examples.rows.size();
    const std::size_t k = examples.classes.size();
    return examples.is_float
               ? confident::find_label_issues(MatrixView<const float>(examples.floats, n, k),
                                              labels, options, pool, progress.stop())
               : confident::find_label_issues(MatrixView<const double>(examples.doubles, n, k),
                                              labels, options, pool, progress.stop());
}

/// One row for each example; kinds and ranks only where the filter found an issue.
std::shared_ptr<const columns::Segment> to_segment(const Examples& examples,
                                                   const confident::LabelIssues& issues) {
    std::vector<IssueRow> rows;
    rows.reserve(examples.rows.size());
    for (std::size_t i = 0; i < examples.rows.size(); ++i) {
        const Example& example = examples.rows[i];
        rows.push_back({.annotation = example.annotation,
                        .given = examples.codes[example.given],
                        .suggested = examples.codes[example.suggested],
                        .score = issues.scores[i]});
    }
    for (std::size_t rank = 0; rank < issues.ranked.size(); ++rank) {
        IssueRow& row = rows[issues.ranked[rank].index];
        row.kind = Kind::Label;
        row.rank = static_cast<std::uint32_t>(rank);
        row.suggested = examples.codes[issues.ranked[rank].suggested];
    }
    IssueRowsBuilder builder;
    for (const IssueRow& row : rows) builder.add(row);
    return builder.finish();
}

std::string parameters(const Request& request, const catalog::RunTable& run) {
    json::Writer writer;
    writer.object().member("task", "classification").member("run", run.run_id);
    writer.member("filter_by", confident::name_of(request.filter_by));
    writer.member("rank_by", confident::name_of(request.rank_by)).key("compat");
    if (request.order == confident::Order::Cleanlab)
        writer.value("cleanlab");
    else
        writer.null();
    writer.key("taxonomy");
    if (request.taxonomy)
        writer.value(*request.taxonomy);
    else
        writer.null();
    return writer.end().take();
}

std::string summary(const Examples& examples, const confident::LabelIssues& issues,
                    TimeMs took_ms) {
    json::Writer writer;
    writer.object().member("found", issues.ranked.size());
    writer.member("scored", examples.rows.size());
    writer.key("skipped").object();
    writer.member("no_label", examples.skipped.no_label);
    writer.member("several_labels", examples.skipped.several_labels);
    writer.member("no_prediction", examples.skipped.no_prediction).end();
    writer.key("classes").array();
    for (const std::string& name : examples.classes) writer.value(name);
    writer.end().key("warnings").array();
    for (const std::string& warning : issues.warnings) writer.value(warning);
    return writer.end().member("took_ms", took_ms).end().take();
}

Result<std::string> choose_run_of_probabilities(const catalog::Version& version) {
    const catalog::RunTable* best = nullptr;
    for (const auto& [id, run] : version.runs)
        if (has_probabilities(*run) &&
            (best == nullptr || run->predictions.living_rows() > best->predictions.living_rows()))
            best = run.get();
    if (best == nullptr)
        return not_found(
            fmt::format("dataset {} has no predictions with class probabilities: upload them "
                        "(class_pdf) or `tusker import probabilities`",
                        version.name));
    return best->run_id;
}

Result<catalog::Finding> find_wrong_labels(const catalog::Version& version, const Request& request,
                                           const Pool& pool, jobs::Progress& progress) {
    const TimeMs started = now_ms();
    const std::string run_id =
        request.run_id.empty() ? TUSKER_TRY(choose_run_of_probabilities(version)) : request.run_id;
    const catalog::RunTable* const run = version.find_run(run_id);
    if (run == nullptr)
        return not_found(fmt::format("run = {}: dataset {} has no such run", run_id, version.name));
    // Gathering and scanning each pass over all items.
    progress.set_total(2 * version.item_count());
    progress.say("gathering probabilities");
    const Examples examples =
        TUSKER_TRY(gather_examples(version, *run, request.taxonomy, progress));
    if (examples.rows.empty())
        return invalid(fmt::format(
            "nothing to compare: of {} items {} have no label, {} several, {} no class "
            "probabilities in run {}",
            version.item_count(), examples.skipped.no_label, examples.skipped.several_labels,
            examples.skipped.no_prediction, run->name));
    progress.say("finding label issues");
    const confident::LabelIssues issues = TUSKER_TRY(scan(examples, request, pool, progress));
    progress.advance(version.item_count());
    catalog::Finding finding;
    finding.id = make_id("iss_");
    finding.kind = "label_issues";
    finding.run_id = run_id;
    finding.parameters = parameters(request, *run);
    finding.version = version.journal_no;
    finding.created_at = now_ms();
    finding.summary = summary(examples, issues, finding.created_at - started);
    finding.rows = to_segment(examples, issues);
    finding.worst = finding.rows;
    return finding;
}

}  // namespace

std::optional<Task> find_task(std::string_view name) {
    if (name == "classification") return Task::Classification;
    if (name == "detection") return Task::Detection;
    return std::nullopt;
}

Task task_for(const catalog::Version& version, const Request& request) {
    if (request.task) return *request.task;
    return has_several_boxes(version) ? Task::Detection : Task::Classification;
}

Result<std::string> choose_run(const catalog::Version& version, Task task) {
    switch (task) {
        case Task::Classification:
            return choose_run_of_probabilities(version);
        case Task::Detection:
            return choose_run_of_boxes(version);
    }
    return invalid("task: must be classification or detection");
}

Result<catalog::Finding> find_label_issues(const catalog::Version& version, const Request& request,
                                           const Pool& pool, jobs::Progress& progress) {
    switch (task_for(version, request)) {
        case Task::Classification:
            return find_wrong_labels(version, request, pool, progress);
        case Task::Detection:
            return find_box_issues(version, request, pool, progress);
    }
    return invalid("task: must be classification or detection");
}

}  // namespace tusker::label_issues
