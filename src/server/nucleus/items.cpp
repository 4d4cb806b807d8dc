#include <deque>

#include <fmt/format.h>

#include "server/nucleus/handlers.hpp"
#include "server/nucleus/item_pages.hpp"
#include "server/nucleus/job_answers.hpp"
#include "server/nucleus/wire_in.hpp"

namespace tusker::nucleus {
namespace {

Response item_and_annotations(const Render& render, const catalog::Item& item) {
    json::Writer writer;
    writer.object().key("item");
    render.item(writer, item);
    writer.key("annotations");
    render.annotations_by_type(writer, item);
    return Response::json(writer.end().take());
}

struct MetadataPatches {
    std::deque<std::string> texts;
    std::vector<catalog::Catalog::MetadataPatch> rows;
    std::vector<std::string> errors;
};

Result<MetadataPatches> parse_patches(json::Value body) {
    MetadataPatches patches;
    const auto list = body.find_value("metadata");
    if (!list || list->kind() != json::Kind::Array)
        return invalid("metadata: must be a list of {reference_id, metadata}");
    std::size_t index = 0;
    TUSKER_TRY(list->for_each([&](json::Value entry) {
        const auto where = fmt::format("metadata[{}]", index++);
        const auto reference = text_or_number(entry.find_value("reference_id"), patches.texts);
        const auto metadata = entry.find_value("metadata");
        if (!reference)
            patches.errors.push_back(where + ".reference_id: must be a text");
        else if (!metadata || metadata->kind() != json::Kind::Object)
            patches.errors.push_back(
                fmt::format("{}.metadata of \"{}\": must be an object", where, *reference));
        else
            patches.rows.push_back({*reference, patches.texts.emplace_back(metadata->text())});
    }));
    return patches;
}

/// {"dataset_id","updated","errors"?}; the errors are left in `errors`.
Result<std::string> merge_metadata(const Call& call, MetadataPatches& patches) {
    const auto report = TUSKER_TRY(
        call.services.catalog.merge_item_metadata(call.param("ds"), patches.rows, call.author()));
    for (const auto& refusal : report.refused) patches.errors.push_back(refusal.message);
    json::Writer writer;
    writer.object().member("dataset_id", call.param("ds"));
    writer.member("updated", report.created + report.updated);
    if (!patches.errors.empty()) {
        writer.key("errors");
        write_texts(writer, patches.errors);
    }
    return writer.end().take();
}

}  // namespace

Result<Response> list_items(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto render = call.render(*version);
    json::Writer writer;
    writer.object().key("dataset_items").array();
    version->living->for_each([&](std::uint32_t item_no) {
        if (const auto item = catalog::find_item(*version, item_no)) render.item(writer, *item);
        return true;
    });
    return Response::json(writer.end().end().take());
}

Result<Response> items_page(const Request& request, Services& services) {
    Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto page = TUSKER_TRY(Page::read(TUSKER_TRY(call.body())));
    return Response::json(
        items_page(call.render(*version), page_of(*version, *version->living, page)));
}

Result<Response> query_items_page(const Request& request, Services& services) {
    Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto body = TUSKER_TRY(call.body());
    const auto page = TUSKER_TRY(Page::read(body));
    const auto query = body.find_value("query");
    const auto text = query ? query->as_string() : std::optional<std::string_view>("");
    if (!text) return invalid("query: must be a text");
    const auto found = TUSKER_TRY(page_of_query(call, *version, *text, page));
    return Response::json(items_page(call.render(*version), found));
}

Result<Response> item_by_refloc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto item = TUSKER_TRY(item_by_reference(*version, call.param("ref")));
    return item_and_annotations(call.render(*version), item);
}

Result<Response> item_by_iloc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto item = TUSKER_TRY(item_by_index(*version, call.param("index")));
    return item_and_annotations(call.render(*version), item);
}

Result<Response> item_by_loc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto item = TUSKER_TRY(item_by_id(*version, call.param("di")));
    return item_and_annotations(call.render(*version), item);
}

Result<Response> delete_item(const Request& request, Services& services) {
    const Call call(request, services);
    const std::vector<std::string> references = {std::string(call.param("ref"))};
    TUSKER_TRY(services.catalog.delete_items(call.param("ds"), references, call.author()));
    json::Writer writer;
    writer.object().member("dataset_id", call.param("ds"));
    return Response::json(writer.member("reference_id", references[0]).end().take());
}

Result<Response> update_metadata(const Request& request, Services& services) {
    Call call(request, services);
    const auto body = TUSKER_TRY(call.body());
    const auto level = body.find_value("level");
    if (level && level->as_string() == "scene")
        return fail(ErrorCode::NotImplemented, "level = \"scene\": Tusker stores no scenes");
    TUSKER_TRY(call.version());
    auto patches = TUSKER_TRY(parse_patches(body));
    if (!call.is_async()) return Response::json(TUSKER_TRY(merge_metadata(call, patches)));
    const auto job =
        TUSKER_TRY(services.jobs.run_here(job_start(call, "metadataUpdate", call.param("ds")),
                                          [&](jobs::Progress& progress) -> Result<jobs::Outcome> {
                                              progress.set_total(patches.rows.size());
                                              auto answer =
                                                  TUSKER_TRY(merge_metadata(call, patches));
                                              for (const auto& error : patches.errors)
                                                  progress.add_error(error);
                                              progress.advance(patches.rows.size());
                                              return jobs::Outcome{.result = std::move(answer)};
                                          }));
    return job_answer(job);
}

}  // namespace tusker::nucleus
