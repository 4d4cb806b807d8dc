#include <algorithm>

#include <fmt/format.h>

#include "server/nucleus/handlers.hpp"

namespace tusker::nucleus {
namespace {

/// Absent and null are false.
Result<bool> flag(json::Value body, std::string_view key) {
    const auto member = body.find_value(key);
    if (!member) return false;
    const auto value = member->as_bool();
    if (!value) return invalid(fmt::format("{} = {}: must be true or false", key, member->text()));
    return *value;
}

Response tags_answer(const std::vector<std::string>& tags) {
    json::Writer writer;
    writer.object().key("tags");
    write_texts(writer, tags);
    return Response::json(writer.end().take());
}

void raw_or_null(json::Writer& writer, std::string_view key, const std::string& text) {
    writer.key(key);
    if (text.empty())
        writer.null();
    else
        writer.raw(text);
}

Response label_list(const std::vector<std::string>& labels) {
    json::Writer writer;
    writer.object().key("data");
    write_texts(writer, labels);
    return Response::json(writer.end().take());
}

}  // namespace

Result<Response> list_dataset_details(const Request&, Services& services) {
    json::Writer writer;
    writer.array();
    for (const auto& dataset : services.catalog.datasets()) {
        writer.object().member("id", dataset.id).member("name", dataset.name);
        writer.member("is_public", false).end();
    }
    return Response::json(writer.end().take());
}

Result<Response> list_dataset_ids(const Request&, Services& services) {
    json::Writer writer;
    writer.array();
    for (const auto& dataset : services.catalog.datasets()) writer.value(dataset.id);
    return Response::json(writer.end().take());
}

Result<Response> create_dataset(const Request& request, Services& services) {
    Call call(request, services);
    const auto body = TUSKER_TRY(call.body());
    const auto name = TUSKER_TRY(text_member(body, "name"));
    const DatasetSetting setting{
        .use_privacy_mode = TUSKER_TRY(flag(body, "use_privacy_mode")),
        .is_scene = TUSKER_TRY(flag(body, "is_scene")),
        .annotation_metadata_schema = TUSKER_TRY(object_member(body, "annotation_metadata_schema")),
        .item_metadata_schema = TUSKER_TRY(object_member(body, "item_metadata_schema"))};
    const auto id = TUSKER_TRY(services.catalog.create_dataset(name, call.author()));
    TUSKER_TRY(services.settings.put(id, setting));
    return Response::json(json::Writer().object().member("dataset_id", id).end().take());
}

Result<Response> delete_dataset(const Request& request, Services& services) {
    const Call call(request, services);
    TUSKER_TRY(services.catalog.delete_dataset(call.param("ds")));
    TUSKER_TRY(services.settings.erase(call.param("ds")));
    return Response::json(R"({"message":"Beginning dataset deletion..."})");
}

Result<Response> dataset_name(const Request& request, Services& services) {
    const auto dataset = TUSKER_TRY(services.catalog.dataset(request.path_param("ds")));
    return Response::json(json::Writer().object().member("name", dataset.name).end().take());
}

Result<Response> dataset_is_scene(const Request& request, Services& services) {
    const auto dataset = TUSKER_TRY(services.catalog.dataset(request.path_param("ds")));
    const auto setting = TUSKER_TRY(services.settings.find(dataset.id));
    json::Writer writer;
    return Response::json(writer.object().member("is_scene", setting.is_scene).end().take());
}

Result<Response> dataset_privacy_mode(const Request& request, Services& services) {
    const auto dataset = TUSKER_TRY(services.catalog.dataset(request.path_param("ds")));
    const auto setting = TUSKER_TRY(services.settings.find(dataset.id));
    json::Writer writer;
    writer.object().member("use_privacy_mode", setting.use_privacy_mode);
    return Response::json(writer.end().take());
}

Result<Response> dataset_size(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(Call(request, services).version());
    json::Writer writer;
    return Response::json(writer.object().member("count", version->item_count()).end().take());
}

Result<Response> dataset_info(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(Call(request, services).version());
    const auto dataset = TUSKER_TRY(services.catalog.dataset(version->dataset_id));
    const auto setting = TUSKER_TRY(services.settings.find(version->dataset_id));
    json::Writer writer;
    writer.object().member("dataset_id", dataset.id).member("name", dataset.name);
    writer.member("length", version->item_count()).key("model_run_ids").array();
    for (const auto& [id, run] : version->runs)
        if (!run->run_free) writer.value(id);
    writer.end().key("slice_ids").array();
    for (const auto& slice : version->slices) writer.value(slice.id);
    writer.end();
    raw_or_null(writer, "annotation_metadata_schema", setting.annotation_metadata_schema);
    raw_or_null(writer, "item_metadata_schema", setting.item_metadata_schema);
    writer.key("tags");
    write_texts(writer, dataset.tags);
    return Response::json(writer.end().take());
}

Result<Response> dataset_tags(const Request& request, Services& services) {
    return tags_answer(TUSKER_TRY(services.catalog.dataset(request.path_param("ds"))).tags);
}

Result<Response> add_dataset_tags(const Request& request, Services& services) {
    Call call(request, services);
    auto tags = TUSKER_TRY(services.catalog.dataset(call.param("ds"))).tags;
    for (auto& tag : TUSKER_TRY(text_list(TUSKER_TRY(call.body()), "tags")))
        if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(std::move(tag));
    TUSKER_TRY(services.catalog.set_dataset_tags(call.param("ds"), tags));
    return tags_answer(tags);
}

Result<Response> remove_dataset_tags(const Request& request, Services& services) {
    Call call(request, services);
    auto tags = TUSKER_TRY(services.catalog.dataset(call.param("ds"))).tags;
    for (const auto& tag : TUSKER_TRY(text_list(TUSKER_TRY(call.body()), "tags")))
        std::erase(tags, tag);
    TUSKER_TRY(services.catalog.set_dataset_tags(call.param("ds"), tags));
    return tags_answer(tags);
}

Result<Response> dataset_class_labels(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(Call(request, services).version());
    return label_list(labels_in_use(*version, version->annotations, nullptr));
}

Result<Response> dataset_label_schema(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(Call(request, services).version());
    std::vector<std::string> predicted;
    for (const auto& [id, run] : version->runs)
        for (auto& label : labels_in_use(*version, run->predictions, nullptr))
            predicted.push_back(std::move(label));
    std::ranges::sort(predicted);
    predicted.erase(std::ranges::unique(predicted).begin(), predicted.end());
    json::Writer writer;
    writer.object().key("gt_labels");
    write_texts(writer, labels_in_use(*version, version->annotations, nullptr));
    writer.key("prediction_labels");
    write_texts(writer, predicted);
    return Response::json(writer.end().take());
}

}  // namespace tusker::nucleus
