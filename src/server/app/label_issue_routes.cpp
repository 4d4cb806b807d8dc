#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.hpp"
#include "findings/label_issues/label_issues.hpp"
#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"
#include "server/app/stopwatch.hpp"
#include "server/app/tile.hpp"

namespace tusker::app {
namespace {

constexpr std::size_t kPageMax = 1'000;
// The matrix shows every class while it fits a screen; beyond, those that label issues touch.
constexpr std::size_t kMatrixAllMax = 30;

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
    method.run_id = TUSKER_TRY(body.text_or_empty("run"));
    method.taxonomy = TUSKER_TRY(body.text("taxonomy"));
    const auto filter = TUSKER_TRY(body.text("filter_by"));
    if (filter)
        method.filter_by = TUSKER_TRY(
            choose("filter_by", *filter, confident::find_filter, confident::filter_names()));
    const auto ranking = TUSKER_TRY(body.text("rank_by"));
    if (ranking)
        method.rank_by = TUSKER_TRY(
            choose("rank_by", *ranking, confident::find_ranking, confident::ranking_names()));
    const auto compat = TUSKER_TRY(body.text("compat"));
    if (compat && *compat != "cleanlab")
        return invalid(fmt::format("compat = {}: must be null or cleanlab", *compat));
    if (compat) method.order = confident::Order::Cleanlab;
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
    for (const std::string_view key : {"filter_by", "rank_by", "compat", "taxonomy"})
        write_stored(writer, parameters, key);
    for (const std::string_view key : {"found", "scored", "skipped", "warnings", "took_ms"})
        write_stored(writer, summary, key);
    writer.end();
}

/// Empty if the label is not the dataset's: nothing has it then.
Result<std::optional<catalog::LabelCode>> read_label(const catalog::LabelTable& labels,
                                                     json::Value pair, std::string_view key) {
    const auto member = pair.find_value(key);
    if (!member) return std::nullopt;
    const auto text = member->as_string();
    const auto code = text ? labels.find(*text) : std::nullopt;
    if (!code)
        return invalid(fmt::format("pair.{} = {}: must be a label of the dataset{}", key,
                                   member->text(),
                                   did_you_mean(text.value_or(""), labels.texts())));
    return *code;
}

Result<label_issues::ListRequest> read_list(const Body& body, const catalog::LabelTable& labels) {
    label_issues::ListRequest list;
    if (const auto pair = body.root().find_value("pair")) {
        list.given = TUSKER_TRY(read_label(labels, *pair, "given"));
        list.suggested = TUSKER_TRY(read_label(labels, *pair, "suggested"));
    }
    const std::string state = TUSKER_TRY(body.text("state")).value_or("all");
    if (state == "open")
        list.state = label_issues::State::Open;
    else if (state == "decided")
        list.state = label_issues::State::Decided;
    else if (state != "all")
        return invalid(fmt::format("state = {}: must be all, open or decided", state));
    const std::string order = TUSKER_TRY(body.text("order")).value_or("worst");
    if (order == "pair")
        list.order = label_issues::ListOrder::Pair;
    else if (order != "worst")
        return invalid(fmt::format("order = {}: must be worst or pair", order));
    list.offset = TUSKER_TRY(body.number("offset", {.least = 0, .most = UINT32_MAX, .absent = 0}));
    list.limit = TUSKER_TRY(body.number("limit", {.least = 0, .most = kPageMax, .absent = 100}));
    return list;
}

/// Classes in the finding's order.
std::vector<std::string> matrix_labels(const catalog::Finding& finding,
                                       const catalog::LabelTable& labels,
                                       const std::vector<label_issues::Cell>& cells) {
    std::vector<bool> touched(labels.size(), false);
    for (const label_issues::Cell& cell : cells)
        touched[cell.given] = touched[cell.suggested] = true;
    std::vector<std::string> all;
    std::vector<std::string> some;
    const auto summary = parse_stored(finding.summary);
    const auto classes = summary ? summary->root().find("classes") : std::nullopt;
    if (!classes) return all;
    (void)classes->for_each([&](json::Value value) {
        const auto name = value.as_string();
        if (!name) return;
        all.emplace_back(*name);
        const auto code = labels.find(*name);
        if (code && touched[*code]) some.emplace_back(*name);
    });
    return all.size() <= kMatrixAllMax ? all : some;
}

void write_matrix(json::Writer& writer, const catalog::Finding& finding,
                  const catalog::LabelTable& labels, const std::vector<label_issues::Cell>& cells) {
    writer.key("matrix").object().key("labels").array();
    for (const std::string& label : matrix_labels(finding, labels, cells)) writer.value(label);
    writer.end().key("cells").array();
    for (const label_issues::Cell& cell : cells)
        writer.object()
            .member("given", labels.text(cell.given))
            .member("suggested", labels.text(cell.suggested))
            .member("count", cell.count)
            .end();
    writer.end().end();
}

}  // namespace

Answer start_issue_run(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const Body body = TUSKER_TRY(Body::parse(request));
    const label_issues::Request method = TUSKER_TRY(read_method(body));
    // What cannot work is said at once, not by a job that fails.
    if (method.run_id.empty())
        TUSKER_TRY(label_issues::choose_run(*version));
    else if (!version->find_run(method.run_id))
        return not_found(
            fmt::format("run = {}: dataset {} has no such run", method.run_id, version->name));
    const jobs::Job job = TUSKER_TRY(services.jobs.start(
        {.kind = "label_issues",
         .dataset_id = version->dataset_id,
         .who = request.principal().who,
         .unit = "items",
         .total = 2 * version->item_count()},
        [&services, version, method](jobs::Progress& progress) -> Result<jobs::Outcome> {
            catalog::Finding finding = TUSKER_TRY(
                label_issues::find_label_issues(*version, method, services.pool, progress));
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

Answer list_label_issues(const Request& request, Services& services) {
    const Stopwatch watch;
    const Body body = TUSKER_TRY(Body::parse(request));
    const Scope scope = TUSKER_TRY(read_scope(TUSKER_TRY(version_of(request, services)), body));
    const catalog::Version& version = *scope.version;
    const catalog::Finding* const finding = scope.finding();
    if (finding == nullptr)
        return not_found(fmt::format("dataset {} has no label-issue run yet", version.name));
    const auto list_request = TUSKER_TRY(read_list(body, *version.labels));
    auto answer = query::ask(scope.q, scope.query_scope(), services.pool);
    if (!answer) return query_error(std::move(answer).error());

    const auto decisions = TUSKER_TRY(services.issues.decisions(services.catalog, version));
    const auto list = label_issues::list_issues(version, *services.issues.issues(*finding),
                                                decisions->standing(), answer->items, list_request);
    const TileWriter tiles = TUSKER_TRY(TileWriter::make(services, scope));
    json::Writer writer;
    writer.object().key("run");
    write_run(writer, *finding);
    writer.member("total", list.total).member("open", list.open);
    writer.member("decided", list.decided).key("tiles").array();
    for (const label_issues::IssueRow& issue : list.page) tiles.write(writer, issue);
    writer.end();
    write_matrix(writer, *finding, *version.labels, list.cells);
    writer.key("verdicts").object().member("accepted", list.verdicts.accepted);
    writer.member("kept", list.verdicts.kept).member("other", list.verdicts.other).end();
    writer.member("stale", label_issues::is_stale(version, *finding, decisions->corrections()));
    writer.member("took_ms", watch.elapsed_ms());
    return http::Response::json(writer.end().take());
}

}  // namespace tusker::app
