#include "server/app/issue_runs.hpp"

#include <fmt/format.h>

#include <chrono>

#include "base/nearest.hpp"
#include "findings/label_issues/label_issues.hpp"
#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"
#include "server/app/tile.hpp"

namespace tusker::app {
namespace {

constexpr std::size_t kChangesMax = 10'000;

/// The value of a choice by name; an Error lists the names.
template <class Find>
auto choose(std::string_view member, const std::string& name, Find find,
            std::span<const std::string> names)
    -> Result<typename decltype(find(std::string_view()))::value_type> {
    const auto found = find(name);
    if (!found)
        return invalid(fmt::format("{} = {}: must be one of {}{}", member, name,
                                   fmt::join(names, ", "), did_you_mean(name, names)));
    return *found;
}

Result<label_issues::Request> read_method(const Body& body) {
    label_issues::Request method;
    if (const auto task = TUSKER_TRY(body.text("task"))) {
        method.task = label_issues::find_task(*task);
        if (!method.task)
            return invalid(fmt::format("task = {}: must be classification or detection", *task));
    }
    method.run_id = TUSKER_TRY(body.text_or_empty("run"));
    method.taxonomy = TUSKER_TRY(body.text("taxonomy"));
    const auto filter = TUSKER_TRY(body.text("filter_by"));
    if (const auto of_boxes = label_issues::find_box_filter(filter.value_or("")))
        method.box_filter = *of_boxes;
    else if (filter)
        method.filter_by = TUSKER_TRY(
            choose("filter_by", *filter, confident::find_filter, confident::filter_names()));
    const auto ranking = TUSKER_TRY(body.text("rank_by"));
    if (ranking)
        method.rank_by = TUSKER_TRY(
            choose("rank_by", *ranking, confident::find_ranking, confident::ranking_names()));
    const auto compat = TUSKER_TRY(body.text("compat"));
    if (compat && *compat != "cleanlab")
        return invalid(fmt::format("compat = {}: must be null or cleanlab", *compat));
    if (compat) {
        method.order = confident::Order::Cleanlab;
        method.box_filter = label_issues::BoxFilter::ObjectLab;
    }
    return method;
}

/// A member of a finding's stored JSON, as it is; null if it is not there.
void write_stored(json::Writer& writer, const std::optional<json::Document>& stored,
                  std::string_view key) {
    writer.key(key);
    const auto member = stored ? stored->root().find(key) : std::nullopt;
    if (member)
        writer.raw(member->text());
    else
        writer.null();
}

void write_changes(json::Writer& writer, std::string_view change,
                   std::span<const label_issues::IssueRow> issues, const catalog::Version& version,
                   std::size_t& room) {
    for (const label_issues::IssueRow& issue : issues) {
        if (room == 0) return;
        --room;
        const auto item = catalog::find_item(version, issue.annotation.item_no);
        writer.object().member("change", change).member("no", issue.annotation.item_no);
        writer.member("ref", item ? item->reference_id : "");
        writer.member("row", std::to_string(issue.annotation.row_no));
        writer.member("kind",
                      label_issues::name_of(issue.kind.value_or(label_issues::Kind::Label)));
        writer.member("given", label_text(version, issue.given));
        writer.member("suggested", label_text(version, issue.suggested));
        writer.member("score", issue.score).end();
    }
}

Result<const catalog::Finding*> find_run(const catalog::Version& version, std::string_view id) {
    const catalog::Finding* const finding = id.empty() ? nullptr : version.find_label_issues(id);
    if (finding == nullptr)
        return not_found(
            fmt::format("issues = {}: dataset {} has no such label-issue run", id, version.name));
    return finding;
}

}  // namespace

std::optional<json::Document> parse_stored(const std::string& text) {
    auto document = json::Document::parse(text);
    if (!document) return std::nullopt;
    return *std::move(document);
}

void write_run(json::Writer& writer, const catalog::Finding& finding) {
    const auto parameters = parse_stored(finding.parameters);
    const auto summary = parse_stored(finding.summary);
    writer.object().member("id", finding.id).member("run", finding.run_id);
    writer.member("created_at", to_iso(finding.created_at));
    writer.member("version", finding.version);
    writer.member("task", label_issues::task_of(finding));
    for (const std::string_view key : {"filter_by", "rank_by", "compat", "taxonomy"})
        write_stored(writer, parameters, key);
    for (const std::string_view key :
         {"found", "scored", "kinds", "skipped", "warnings", "took_ms"})
        write_stored(writer, summary, key);
    writer.end();
}

void write_change_counts(json::Writer& writer, const label_issues::RunChanges& changes) {
    writer.member("new", changes.fresh.size()).member("still", changes.still.size());
    writer.member("relabelled", changes.relabelled.size()).member("gone", changes.gone.size());
}

Result<const catalog::Finding*> earlier_run(const catalog::Version& version,
                                            const catalog::Finding& finding,
                                            std::string_view asked) {
    if (asked.empty()) return label_issues::find_earlier(version, finding);
    const catalog::Finding* const earlier = TUSKER_TRY(find_run(version, asked));
    if (label_issues::task_of(*earlier) != label_issues::task_of(finding))
        return invalid(fmt::format("since = {}: is a run of {}, not of {}", asked,
                                   label_issues::task_of(*earlier),
                                   label_issues::task_of(finding)));
    return earlier;
}

Answer start_issue_run(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const Body body = TUSKER_TRY(Body::parse(request));
    const label_issues::Request method = TUSKER_TRY(read_method(body));
    // What cannot work is said at once, not by a job that fails.
    if (method.run_id.empty())
        TUSKER_TRY(label_issues::choose_run(*version, label_issues::task_for(*version, method)));
    else if (!version->find_run(method.run_id))
        return not_found(
            fmt::format("run = {}: dataset {} has no such run", method.run_id, version->name));
    const jobs::Job job = TUSKER_TRY(services.jobs.start(
        {.kind = "label_issues",
         .dataset_id = version->dataset_id,
         .who = request.principal().who,
         .unit = "items",
         .total = 2 * version->item_count(),
         // Re-ranking what is kept ready is answered at once.
         .grace = std::chrono::milliseconds(300)},
        [&services, version, method](jobs::Progress& progress) -> Result<jobs::Outcome> {
            catalog::Finding finding =
                TUSKER_TRY(services.live_runs.find(version, method, services.pool, progress));
            json::Writer writer;
            write_run(writer, finding);
            TUSKER_TRY(services.catalog.put_finding(version->dataset_id, std::move(finding)));
            return jobs::Outcome{.result = writer.take()};
        }));
    json::Writer writer;
    write_job(writer, job);
    return http::Response::json(202, writer.take());
}

Answer list_issue_runs(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    json::Writer writer;
    writer.object().key("runs").array();
    for (auto finding = version->findings.rbegin(); finding != version->findings.rend(); ++finding)
        if ((*finding)->kind == "label_issues") write_run(writer, **finding);
    return http::Response::json(writer.end().end().take());
}

Answer compare_issue_runs(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const auto* const later = TUSKER_TRY(find_run(*version, request.path_param("run")));
    const auto* const earlier =
        TUSKER_TRY(earlier_run(*version, *later, request.query_param("since").value_or("")));
    if (earlier == nullptr)
        return not_found(
            fmt::format("issues = {}: there is no earlier run to compare with", later->id));
    const auto decisions = TUSKER_TRY(services.issues.decisions(services.catalog, *version));
    const label_issues::RunChanges changes =
        label_issues::compare_runs(*version, *services.issues.issues(*earlier),
                                   *services.issues.issues(*later), decisions->standing());
    json::Writer writer;
    writer.object().key("run");
    write_run(writer, *later);
    writer.key("since");
    write_run(writer, *earlier);
    write_change_counts(writer, changes);
    writer.key("rows").array();
    std::size_t room = kChangesMax;
    write_changes(writer, "new", changes.fresh, *version, room);
    write_changes(writer, "relabelled", changes.relabelled, *version, room);
    write_changes(writer, "gone", changes.gone, *version, room);
    write_changes(writer, "still", changes.still, *version, room);
    return http::Response::json(writer.end().end().take());
}

}  // namespace tusker::app
