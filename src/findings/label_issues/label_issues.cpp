#include "findings/label_issues/label_issues.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "findings/label_issues/box_issues.hpp"
#include "findings/label_issues/wrong_labels.hpp"

namespace tusker::label_issues {
namespace {

bool has_probabilities(const catalog::RunTable& run) {
    for (const columns::Part& part : run.predictions.parts())
        if (!part.segment->find_all(catalog::column::kClassPdf).empty()) return true;
    return false;
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
    TUSKER_TRY(check_comparable(examples, version, *run));
    progress.say("finding label issues");
    const confident::LabelIssues issues =
        TUSKER_TRY(scan(examples, request, pool, progress.stop()));
    progress.advance(version.item_count());
    return finding_of(examples, request, *run,
                      {.version = version.journal_no,
                       .ranked = issues.ranked,
                       .scores = issues.scores,
                       .warnings = issues.warnings,
                       .took_ms = now_ms() - started});
}

}  // namespace

std::optional<Task> find_task(std::string_view name) {
    if (name == "classification") return Task::Classification;
    if (name == "detection") return Task::Detection;
    return std::nullopt;
}

std::optional<BoxFilter> find_box_filter(std::string_view name) {
    for (const BoxFilter filter : {BoxFilter::ClassThresholds, BoxFilter::ObjectLab})
        if (name_of(filter) == name) return filter;
    return std::nullopt;
}

std::string_view name_of(BoxFilter filter) {
    switch (filter) {
        case BoxFilter::ClassThresholds:
            return "class_thresholds";
        case BoxFilter::ObjectLab:
            return "objectlab";
    }
    return "";
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
