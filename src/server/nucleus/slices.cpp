#include <algorithm>

#include <fmt/format.h>

#include "base/ids.hpp"
#include "server/nucleus/handlers.hpp"
#include "server/nucleus/item_pages.hpp"

namespace tusker::nucleus {
namespace {

/// The slice of {slc}, its dataset now, and its living items.
struct SliceInVersion {
    VersionPtr version;
    const catalog::Slice* slice;
    columns::Bitmap items;
};

Result<SliceInVersion> slice_of_call(const Call& call) {
    const auto id = call.param("slc");
    const auto dataset = TUSKER_TRY(call.services.catalog.dataset_of_slice(id));
    SliceInVersion found{TUSKER_TRY(call.version(dataset)), nullptr, {}};
    found.slice = found.version->find_slice(id);
    if (found.slice == nullptr)
        return not_found(fmt::format("slice \"{}\": there is no such slice", id));
    found.items = TUSKER_TRY(items_of_slice(call, *found.version, *found.slice));
    return found;
}

void slice_members(json::Writer& writer, const Version& version, const catalog::Slice& slice) {
    writer.member("name", slice.name).member("dataset_id", version.dataset_id);
    // The client strips the Z and wants three or six digits of the second.
    writer.member("created_at", to_iso(slice.created_at));
    writer.member("type", "dataset_item").member("pending_job_count", 0);
}

void write_slice(json::Writer& writer, const Version& version, const catalog::Slice& slice) {
    writer.object().member("id", slice.id);
    slice_members(writer, version, slice);
    writer.end();
}

struct ItemsNamed {
    columns::Bitmap items;
    std::vector<std::string> references;
};

/// Items by reference_ids or dataset_item_ids; the first that is unknown is named.
Result<ItemsNamed> items_named(json::Value body, const Version& version) {
    ItemsNamed named;
    const auto add = [&](const catalog::Item& item) {
        named.items.add(item.item_no);
        named.references.emplace_back(item.reference_id);
    };
    for (const auto& reference : TUSKER_TRY(text_list(body, "reference_ids")))
        add(TUSKER_TRY(item_by_reference(version, reference)));
    for (const auto& id : TUSKER_TRY(text_list(body, "dataset_item_ids")))
        add(TUSKER_TRY(item_by_id(version, id)));
    for (const std::string_view key : {"scene_ids", "object_ids"})
        if (const auto list = body.find_value(key); list && list->size() > 0)
            return fail(ErrorCode::NotImplemented,
                        fmt::format("{}: Tusker has slices of items only", key));
    return named;
}

const columns::Table kNone;

/// The predictions of {model} in the slice's dataset; an empty table if it has none.
Result<const columns::Table*> predictions_of_model(const Call& call, const Version& version) {
    const auto* run = TUSKER_TRY(run_of_model(call, version));
    return run != nullptr ? &run->predictions : &kNone;
}

}  // namespace

Result<Response> dataset_slices(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto name = request.query_param("name").value_or("");
    // Python 3.11 and later print the enumerator: SliceType.DATASET_ITEM.
    auto type = std::string(request.query_param("type").value_or(""));
    if (const auto dot = type.rfind('.'); dot != std::string::npos) type = type.substr(dot + 1);
    std::ranges::transform(type, type.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    json::Writer writer;
    writer.array();
    for (const auto& slice : version->slices)
        if ((name.empty() || slice.name == name) && (type.empty() || type == "dataset_item"))
            write_slice(writer, *version, slice);
    return Response::json(writer.end().take());
}

Result<Response> list_slices(const Request& request, Services& services) {
    const Call call(request, services);
    json::Writer writer;
    writer.array();
    for (const auto& dataset : services.catalog.datasets()) {
        const auto version = call.version(dataset.id);
        if (!version) continue;  // deleted since it was listed
        for (const auto& slice : (*version)->slices) write_slice(writer, **version, slice);
    }
    return Response::json(writer.end().take());
}

Result<Response> create_slice(const Request& request, Services& services) {
    Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto body = TUSKER_TRY(call.body());
    const auto name = TUSKER_TRY(text_member(body, "name"));
    const auto named = TUSKER_TRY(items_named(body, *version));
    const auto id = TUSKER_TRY(
        services.catalog.create_slice(version->dataset_id, name, "", named.items, call.author()));
    json::Writer writer;
    return Response::json(writer.object().member("slice_id", id).end().take());
}

Result<Response> slice_info(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(slice_of_call(call));
    const auto render = call.render(*in.version);
    json::Writer writer;
    writer.object().member("slice_id", in.slice->id);
    slice_members(writer, *in.version, *in.slice);
    writer.key("description").null().key("tags").array().end().key("dataset_items").array();
    in.items.for_each([&](std::uint32_t item_no) {
        if (const auto item = catalog::find_item(*in.version, item_no))
            render.item_of_slice_info(writer, *item);
        return true;
    });
    return Response::json(writer.end().end().take());
}

Result<Response> slice_items(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(slice_of_call(call));
    const auto render = call.render(*in.version);
    json::Writer items;
    json::Writer dataset_items;
    items.array();
    dataset_items.array();
    in.items.for_each([&](std::uint32_t item_no) {
        if (const auto item = catalog::find_item(*in.version, item_no)) {
            render.item(items, *item);
            render.item_of_slice_info(dataset_items, *item);
        }
        return true;
    });
    json::Writer writer;
    writer.object().member("slice_id", in.slice->id);
    slice_members(writer, *in.version, *in.slice);
    // dataset_items is what clients of 2021 read.
    writer.key("items").raw(items.end().text());
    writer.key("dataset_items").raw(dataset_items.end().text());
    return Response::json(writer.end().take());
}

Result<Response> slice_items_page(const Request& request, Services& services) {
    Call call(request, services);
    const auto page = TUSKER_TRY(Page::read(TUSKER_TRY(call.body())));
    const auto in = TUSKER_TRY(slice_of_call(call));
    return Response::json(
        items_page(call.render(*in.version), page_of(*in.version, in.items, page)));
}

Result<Response> delete_slice(const Request& request, Services& services) {
    TUSKER_TRY(services.catalog.delete_slice(request.path_param("slc")));
    return Response::json("{}");
}

Result<Response> append_to_slice(const Request& request, Services& services) {
    Call call(request, services);
    const auto in = TUSKER_TRY(slice_of_call(call));
    const auto named = TUSKER_TRY(items_named(TUSKER_TRY(call.body()), *in.version));
    const auto added = TUSKER_TRY(services.catalog.append_to_slice(in.slice->id, named.items));
    json::Writer writer;
    writer.object().member("slice_id", in.slice->id).key("new_items").array();
    added.for_each([&](std::uint32_t item_no) {
        if (const auto item = catalog::find_item(*in.version, item_no))
            writer.value(item->reference_id);
        return true;
    });
    return Response::json(writer.end().end().take());
}

Result<Response> export_slice(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(slice_of_call(call));
    return Response::json(exported_rows(call.render(*in.version), in.items, nullptr));
}

Result<Response> export_slice_page(const Request& request, Services& services) {
    Call call(request, services);
    const auto body = TUSKER_TRY(call.body());
    const auto page = TUSKER_TRY(Page::read(body));
    const auto chip = body.find_value("chip");
    const auto in = TUSKER_TRY(slice_of_call(call));
    return Response::json(exported_page(call.render(*in.version),
                                        page_of(*in.version, in.items, page), nullptr,
                                        chip && chip->as_bool().value_or(false)));
}

Result<Response> export_slice_predictions(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(slice_of_call(call));
    const auto* predictions = TUSKER_TRY(predictions_of_model(call, *in.version));
    return Response::json(exported_rows(call.render(*in.version), in.items, predictions));
}

Result<Response> export_slice_predictions_page(const Request& request, Services& services) {
    Call call(request, services);
    const auto page = TUSKER_TRY(Page::read(TUSKER_TRY(call.body())));
    const auto in = TUSKER_TRY(slice_of_call(call));
    const auto* predictions = TUSKER_TRY(predictions_of_model(call, *in.version));
    return Response::json(exported_page(call.render(*in.version),
                                        page_of(*in.version, in.items, page), predictions, false));
}

Result<Response> export_slice_raw_items(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(slice_of_call(call));
    const auto render = call.render(*in.version);
    json::Writer writer;
    writer.object().key("raw_dataset_items").array();
    in.items.for_each([&](std::uint32_t item_no) {
        const auto item = catalog::find_item(*in.version, item_no);
        if (!item) return true;
        writer.object().member("id", item_id(in.version->dataset_id, item_no));
        writer.member("ref_id", item->reference_id).key("metadata");
        writer.raw(catalog::metadata_json(in.version->items, item->place));
        writer.member("original_url", render.url(*item)).member("scale_url", render.url(*item));
        writer.end();
        return true;
    });
    return Response::json(writer.end().end().take());
}

Result<Response> slice_class_labels(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(slice_of_call(call));
    json::Writer writer;
    writer.object().key("data");
    write_texts(writer, labels_in_use(*in.version, in.version->annotations, &in.items));
    return Response::json(writer.end().take());
}

}  // namespace tusker::nucleus
