#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.hpp"
#include "server/app/handlers.hpp"
#include "server/app/issue_runs.hpp"
#include "server/app/scope.hpp"
#include "server/app/stopwatch.hpp"
#include "server/app/tile.hpp"

namespace tusker::app {
namespace {

constexpr std::size_t kPageMax = 1'000;
// The matrix shows every class while it fits a screen; beyond, those that label issues touch.
constexpr std::size_t kMatrixAllMax = 30;

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
    else if (state != "all" && state != "picks")
        return invalid(fmt::format("state = {}: must be all, open, decided or picks", state));
    const std::string order = TUSKER_TRY(body.text("order")).value_or("worst");
    if (order == "pair")
        list.order = label_issues::ListOrder::Pair;
    else if (order != "worst")
        return invalid(fmt::format("order = {}: must be worst or pair", order));
    if (const auto kind = TUSKER_TRY(body.text("kind"))) {
        list.kind = label_issues::find_kind(*kind);
        if (!list.kind)
            return invalid(fmt::format(
                "kind = {}: must be label, overlooked, swapped or badly_located", *kind));
    }
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

void write_kinds(json::Writer& writer, const label_issues::IssueList& list) {
    writer.key("kinds").array();
    for (std::size_t i = 0; i < label_issues::kKinds; ++i)
        if (list.kinds[i] > 0)
            writer.object()
                .member("kind", label_issues::name_of(static_cast<label_issues::Kind>(i)))
                .member("issues", list.kinds[i])
                .end();
    writer.end();
}

/// The list that is asked for: a run's issues, or what became of an earlier run's.
struct Asked {
    const catalog::Finding* finding = nullptr;  // whose rows are listed
    std::vector<label_issues::IssueRow> issues;
    const catalog::Finding* since = nullptr;
    label_issues::RunChanges changes;
};

Result<Asked> read_asked(const Body& body, const Scope& scope, Services& services,
                         const label_issues::Decisions& decisions) {
    Asked asked{.finding = scope.finding(), .issues = {}, .since = {}, .changes = {}};
    const auto issues = services.issues.issues(*asked.finding);
    if (TUSKER_TRY(body.text_or_empty("state")) == "picks") {
        asked.issues = label_issues::picks_of(*services.issues.ranking(*asked.finding), decisions);
        return asked;
    }
    asked.since = TUSKER_TRY(
        earlier_run(*scope.version, *asked.finding, TUSKER_TRY(body.text_or_empty("since"))));
    if (asked.since)
        asked.changes = label_issues::compare_runs(
            *scope.version, *services.issues.issues(*asked.since), *issues, decisions);
    const auto change = TUSKER_TRY(body.text("change"));
    if (!change) {
        asked.issues = *issues;
        return asked;
    }
    if (!asked.since)
        return invalid(
            fmt::format("change = {}: there is no earlier run to compare with", *change));
    if (*change == "new") {
        asked.issues = asked.changes.fresh;
    } else if (*change == "still") {
        asked.issues = asked.changes.still;
    } else if (*change == "relabelled" || *change == "gone") {
        asked.issues = *change == "gone" ? asked.changes.gone : asked.changes.relabelled;
        asked.finding = asked.since;
    } else {
        return invalid(fmt::format("change = {}: must be new, still, relabelled or gone", *change));
    }
    return asked;
}

void write_since(json::Writer& writer, const Asked& asked) {
    writer.key("since");
    if (asked.since == nullptr) {
        writer.null();
        return;
    }
    writer.object().key("run");
    write_run(writer, *asked.since);
    write_change_counts(writer, asked.changes);
    writer.end();
}

}  // namespace

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
    const Asked asked = TUSKER_TRY(read_asked(body, scope, services, decisions->standing()));
    const auto list = label_issues::list_issues(version, *asked.finding, asked.issues,
                                                decisions->standing(), answer->items, list_request);
    TileWriter tiles = TUSKER_TRY(TileWriter::make(services, scope));
    tiles.speak_of(*asked.finding);
    json::Writer writer;
    writer.object().key("run");
    write_run(writer, *finding);
    writer.member("total", list.total).member("open", list.open);
    writer.member("decided", list.decided).key("tiles").array();
    for (const label_issues::IssueRow& issue : list.page) tiles.write(writer, issue);
    writer.end();
    write_matrix(writer, *finding, *version.labels, list.cells);
    write_kinds(writer, list);
    write_since(writer, asked);
    writer.key("verdicts").object().member("accepted", list.verdicts.accepted);
    writer.member("kept", list.verdicts.kept).member("other", list.verdicts.other).end();
    writer.member("stale", label_issues::is_stale(version, *finding, decisions->corrections()));
    writer.member("took_ms", watch.elapsed_ms());
    return http::Response::json(writer.end().take());
}

}  // namespace tusker::app
