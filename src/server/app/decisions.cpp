#include <fmt/format.h>

#include <charconv>

#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"
#include "server/app/tile.hpp"

namespace tusker::app {
namespace {

// More come in several requests; one is one undo.
constexpr std::size_t kDecisionsMax = 10'000;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string text_of(json::Value object, std::string_view key) {
    const auto member = object.find_value(key);
    return std::string(member ? member->as_string().value_or("") : "");
}

Result<columns::RowKey> read_annotation(json::Value value, const std::string& field) {
    const auto no = value.find_value("no");
    const auto number = no ? no->as_int() : std::nullopt;
    if (!number || *number < 0 || *number > UINT32_MAX)
        return invalid(
            fmt::format("{}.no = {}: must be an item number", field, no ? no->text() : "absent"));
    const auto row = parse_number<catalog::RowNo>(text_of(value, "row"));
    if (!row)
        return invalid(fmt::format("{}.row = {}: must be an annotation's number as text", field,
                                   json::quote(text_of(value, "row"))));
    return columns::RowKey{static_cast<catalog::ItemNo>(*number), *row};
}

/// What a finding said of the row, if it is one that speaks of it.
struct Suggestion {
    const catalog::Finding* finding = nullptr;
    std::optional<label_issues::IssueRow> issue;
};

Suggestion suggestion_for(const catalog::Version& version, const catalog::Decision& decision) {
    Suggestion found{.finding = version.find_label_issues(decision.finding_id), .issue = {}};
    if (found.finding) found.issue = label_issues::issue_at(*found.finding, decision.annotation);
    return found;
}

/// What the decision makes of the label: the suggested one, the one that was chosen, or the same.
Result<std::string> read_label(json::Value value, const catalog::Version& version,
                               const catalog::Decision& decision, const Suggestion& suggestion,
                               const std::string& now, const std::string& field) {
    std::string label = text_of(value, "label");
    switch (decision.verdict) {
        case catalog::Decision::Verdict::Keep:
            return now;
        case catalog::Decision::Verdict::Choose:
            if (label.empty())
                return invalid(fmt::format("{}.label: must be the label chosen", field));
            return label;
        case catalog::Decision::Verdict::Accept:
            break;
    }
    if (!label.empty()) return label;
    if (!suggestion.issue || !suggestion.issue->suggested)
        return invalid(fmt::format("{}: there is no suggestion to accept for row {}; give a label",
                                   field, decision.annotation.row_no));
    return version.labels->text(*suggestion.issue->suggested);
}

/// The predicted box, where accepting takes it over: it was overlooked, or the given one is badly
/// located. Choosing a class for an overlooked box adds it, too.
std::vector<double> read_box(const catalog::Version& version, const catalog::Decision& decision,
                             const Suggestion& suggestion) {
    using Verdict = catalog::Decision::Verdict;
    if (!suggestion.issue || decision.verdict == Verdict::Keep) return {};
    const auto kind = suggestion.issue->kind;
    const bool takes_box =
        kind == label_issues::Kind::Overlooked ||
        (kind == label_issues::Kind::BadlyLocated && decision.verdict == Verdict::Accept);
    const auto predicted =
        takes_box ? label_issues::prediction_of(version, *suggestion.finding, *suggestion.issue)
                  : std::nullopt;
    if (!predicted) return {};
    return {predicted->geometry.begin(), predicted->geometry.end()};
}

struct ReadDecision {
    catalog::Decision decision;
    std::string before;
};

Result<ReadDecision> read_decision(json::Value value, std::size_t index,
                                   const catalog::Version& version) {
    const std::string field = fmt::format("decisions[{}]", index);
    ReadDecision read;
    catalog::Decision& decision = read.decision;
    decision.annotation = TUSKER_TRY(read_annotation(value, field));
    const std::string verdict = text_of(value, "verdict");
    const auto known = find_verdict(verdict);
    if (!known)
        return invalid(fmt::format("{}.verdict = {}: must be accept, keep or choose", field,
                                   json::quote(verdict)));
    decision.verdict = *known;
    decision.finding_id = text_of(value, "issues");
    if (const auto score = value.find_value("score")) decision.score = score->as_double();
    const Suggestion suggestion = suggestion_for(version, decision);
    decision.adds = suggestion.issue && suggestion.issue->is_overlooked();
    const auto object = catalog::find_object(version.annotations, decision.annotation);
    if (!object && !decision.adds)
        return not_found(fmt::format("{}: item {} has no annotation {}", field,
                                     decision.annotation.item_no, decision.annotation.row_no));
    if (object) read.before = version.labels->text(object->label);
    decision.label =
        TUSKER_TRY(read_label(value, version, decision, suggestion, read.before, field));
    decision.geometry = read_box(version, decision, suggestion);
    if (decision.adds && decision.geometry.empty() &&
        decision.verdict != catalog::Decision::Verdict::Keep)
        return not_found(fmt::format("{}: item {} has no predicted box {} any more", field,
                                     decision.annotation.item_no, decision.annotation.row_no));
    return read;
}

catalog::Author author_of(const Request& request) {
    return {.who = request.principal().who, .why = {}};
}

}  // namespace

Answer decide(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const Body body = TUSKER_TRY(Body::parse(request));
    const auto list = body.root().find_value("decisions");
    if (!list || list->kind() != json::Kind::Array || list->size() == 0)
        return invalid("decisions: must be a list of one decision at least");
    if (list->size() > kDecisionsMax)
        return invalid(
            fmt::format("decisions has {}: at most {} at once", list->size(), kDecisionsMax));
    std::vector<catalog::Decision> decisions;
    json::Writer decided;
    decided.array();
    TUSKER_TRY(list->for_each([&](json::Value value) -> Result<void> {
        ReadDecision read = TUSKER_TRY(read_decision(value, decisions.size(), *version));
        decided.object().member("no", read.decision.annotation.item_no);
        decided.member("row", std::to_string(read.decision.annotation.row_no));
        decided.member("before", read.before).member("after", read.decision.label).end();
        decisions.push_back(std::move(read.decision));
        return {};
    }));
    const auto id =
        TUSKER_TRY(services.catalog.decide(version->dataset_id, decisions, author_of(request)));
    json::Writer writer;
    writer.object().member("id", std::to_string(id));
    writer.key("decided").raw(decided.end().text());
    writer.member("saved_at", to_iso(now_ms()));
    return http::Response::json(writer.end().take());
}

Answer undo_decision(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const std::string_view text = request.path_param("id");
    const auto id = parse_number<std::uint64_t>(text);
    const auto before = TUSKER_TRY(services.issues.decisions(services.catalog, *version));
    json::Writer undone;
    undone.array();
    std::size_t count = 0;
    for (const catalog::Correction& correction : before->corrections()) {
        if (!id || correction.id != *id) continue;
        ++count;
        undone.object().member("no", correction.annotation.item_no);
        undone.member("row", std::to_string(correction.issue_row));
        undone.member("label", correction.given).end();
    }
    if (count == 0)
        return not_found(
            fmt::format("decision = {}: dataset {} has none of that id", text, version->name));
    TUSKER_TRY(services.catalog.undo(version->dataset_id, *id, author_of(request)));
    json::Writer writer;
    writer.object().key("undone").raw(undone.end().text());
    writer.member("saved_at", to_iso(now_ms()));
    return http::Response::json(writer.end().take());
}

Answer list_decisions(const Request& request, Services& services) {
    constexpr std::size_t kLimitMax = 10'000;
    const auto version = TUSKER_TRY(version_of(request, services));
    const auto asked = request.query_param("limit");
    const auto limit = asked ? parse_number<std::size_t>(*asked) : 100;
    if (!limit || *limit > kLimitMax)
        return invalid(
            fmt::format("limit = {}: must be a whole number up to {}", *asked, kLimitMax));
    const auto decisions = TUSKER_TRY(services.issues.decisions(services.catalog, *version));
    json::Writer writer;
    writer.object().key("decisions").array();
    std::size_t written = 0;
    for (const catalog::Correction& correction : decisions->corrections()) {
        if (written++ == *limit) break;
        const auto item = catalog::find_item(*version, correction.annotation.item_no);
        writer.object().member("id", std::to_string(correction.id));
        writer.member("at", to_iso(correction.at)).member("who", correction.who);
        writer.member("verdict", verdict_name(correction.verdict));
        writer.member("no", correction.annotation.item_no);
        writer.member("row", std::to_string(correction.annotation.row_no));
        writer.member("ref", item ? item->reference_id : "");
        writer.member("given", correction.given).member("label", correction.label);
        writer.member("score", correction.score).member("undone", correction.undone).end();
    }
    return http::Response::json(writer.end().end().take());
}

}  // namespace tusker::app
