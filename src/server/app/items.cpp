#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"
#include "server/app/stopwatch.hpp"
#include "server/app/tile.hpp"

namespace tusker::app {
namespace {

constexpr std::size_t kPageMax = 1'000;
constexpr std::size_t kProbabilitiesMax = 100;

void write_warnings(json::Writer& writer, const std::vector<query::Warning>& warnings) {
    writer.key("warnings").array();
    for (const query::Warning& warning : warnings)
        writer.object().member("column", warning.column).member("message", warning.message).end();
    writer.end();
}

/// The row of probabilities that speaks of the item's label: its category prediction's, else that
/// of its only other prediction.
std::vector<std::pair<catalog::LabelCode, double>> probabilities_of(const catalog::RunTable* run,
                                                                    catalog::ItemNo item) {
    if (run == nullptr) return {};
    const auto objects = catalog::objects_of(run->predictions, item);
    const catalog::Object* chosen = objects.size() == 1 ? &objects.front() : nullptr;
    for (const catalog::Object& object : objects)
        if (object.type == catalog::ObjectType::Category) chosen = &object;
    if (chosen == nullptr) return {};
    auto pdf = catalog::class_pdf(run->predictions, chosen->place);
    std::ranges::stable_sort(pdf, std::greater<>(), [](const auto& entry) { return entry.second; });
    if (pdf.size() > kProbabilitiesMax) pdf.resize(kProbabilitiesMax);
    return pdf;
}

Result<void> write_history(json::Writer& writer, const catalog::Version& version,
                           catalog::ItemNo item, const Services& services) {
    struct Step {
        catalog::RowNo row;
        catalog::Change change;
    };
    std::vector<Step> steps;
    for (const catalog::Object& object : catalog::objects_of(version.annotations, item))
        for (catalog::Change& change :
             TUSKER_TRY(services.catalog.history(version.dataset_id, {item, object.row_no})))
            steps.push_back({object.row_no, std::move(change)});
    std::ranges::stable_sort(steps, {}, [](const Step& step) { return step.change.journal_no; });
    writer.key("history").array();
    for (const Step& step : steps) {
        writer.object().member("row", std::to_string(step.row));
        writer.member("at", to_iso(step.change.at)).member("who", step.change.who);
        writer.member("what", step.change.what).member("before", step.change.label_before);
        writer.member("after", step.change.label_after).key("why");
        // What was stored as JSON is given as JSON, so that the app can link to the finding.
        if (const auto why = json::Document::parse(step.change.why))
            writer.raw(step.change.why);
        else
            writer.null();
        writer.end();
    }
    writer.end();
    return {};
}

void write_neighbours(json::Writer& writer, const catalog::Version& version, catalog::ItemNo item) {
    const std::uint64_t rank = version.living->rank(item);
    writer.member("previous", rank > 0 ? version.living->select(rank - 1) : std::nullopt);
    writer.member("next", version.living->select(rank + 1));
}

}  // namespace

Result<catalog::Item> item_of(const Request& request, const catalog::Version& version) {
    const std::string_view text = request.path_param("no");
    catalog::ItemNo number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = read.ec == std::errc() && read.ptr == text.data() + text.size();
    const auto item = is_number ? catalog::find_item(version, number) : std::nullopt;
    if (!item)
        return not_found(
            fmt::format("item = {}: dataset {} has no item of that number", text, version.name));
    return *item;
}

Answer query_items(const Request& request, Services& services) {
    const Stopwatch watch;
    const Body body = TUSKER_TRY(Body::parse(request));
    const Scope scope = TUSKER_TRY(read_scope(TUSKER_TRY(version_of(request, services)), body));
    const auto offset =
        TUSKER_TRY(body.number("offset", {.least = 0, .most = UINT32_MAX, .absent = 0}));
    const auto limit =
        TUSKER_TRY(body.number("limit", {.least = 0, .most = kPageMax, .absent = 100}));
    const bool with_rows = TUSKER_TRY(body.flag("rows", true));
    const bool with_overlays = TUSKER_TRY(body.flag("overlays", true));

    const query::Scope asked = scope.query_scope();
    auto answer = query::ask_planned(scope.q, asked, services.pool);
    if (!answer) return query_error(std::move(answer).error());
    json::Writer writer;
    writer.object().member("total", answer->answer.items.size());
    write_warnings(writer, answer->answer.warnings);
    writer.member("version", scope.version->journal_no).key("rows").array();
    if (with_rows) {
        const auto items = TUSKER_TRY(
            query::page(answer->plan, answer->answer, asked, services.pool, offset, limit));
        const TileWriter tiles = TUSKER_TRY(TileWriter::make(services, scope, with_overlays));
        for (const catalog::ItemNo item : items) tiles.write(writer, item);
    }
    writer.end().member("took_ms", watch.elapsed_ms());
    return http::Response::json(writer.end().take());
}

Answer show_item(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const Scope scope = TUSKER_TRY(
        make_scope(version, "", std::nullopt, std::string(request.query_param("run").value_or("")),
                   std::string(request.query_param("issues").value_or(""))));
    const catalog::Item item = TUSKER_TRY(item_of(request, *version));
    const TileWriter tiles = TUSKER_TRY(TileWriter::make(services, scope));
    const catalog::Finding* const finding = scope.finding();

    json::Writer writer;
    writer.object();
    tiles.write_members(writer, item,
                        finding ? label_issues::issue_of(*finding, item.item_no) : std::nullopt);
    writer.member("url", item.image_url);
    writer.key("metadata").raw(catalog::metadata_json(version->items, item.place));
    writer.member("created_at", to_iso(item.created_at));
    // The probabilities that the label issue was found from, whatever run is shown.
    const catalog::RunTable* const read = finding ? version->find_run(finding->run_id) : nullptr;
    auto pdf = probabilities_of(read, item.item_no);
    if (pdf.empty()) pdf = probabilities_of(scope.run(), item.item_no);
    writer.key("class_pdf").array();
    for (const auto& [code, probability] : pdf)
        writer.object().member("label", version->labels->text(code)).member("p", probability).end();
    writer.end().key("neighbours").null();
    TUSKER_TRY(write_history(writer, *version, item.item_no, services));
    write_neighbours(writer, *version, item.item_no);
    return http::Response::json(writer.end().take());
}

}  // namespace tusker::app
