#include <algorithm>

#include <fmt/format.h>

#include "server/nucleus/handlers.hpp"

namespace tusker::nucleus {
namespace {

void write_model(json::Writer& writer, const catalog::Model& model) {
    writer.object().member("id", model.id).member("name", model.name);
    writer.member("ref_id", model.reference_id).key("metadata");
    writer.raw(model.metadata.empty() ? std::string_view("{}") : std::string_view(model.metadata));
    writer.key("tags");
    write_texts(writer, model.tags);
    writer.key("trained_slice_ids");
    write_texts(writer, model.trained_slice_ids);
    writer.end();
}

Response run_created(std::string_view run_id) {
    return Response::json(json::Writer().object().member("model_run_id", run_id).end().take());
}

Response list_answer(std::string_view key, const std::vector<std::string>& texts) {
    json::Writer writer;
    writer.object().key(key);
    write_texts(writer, texts);
    return Response::json(writer.end().take());
}

}  // namespace

Result<Response> list_models(const Request&, Services& services) {
    json::Writer writer;
    writer.object().key("models").array();
    for (const auto& model : services.catalog.models()) write_model(writer, model);
    return Response::json(writer.end().end().take());
}

Result<Response> create_model(const Request& request, Services& services) {
    Call call(request, services);
    const auto body = TUSKER_TRY(call.body());
    if (body.find_value("bundle_name"))
        return fail(ErrorCode::NotImplemented,
                    "bundle_name: Tusker runs no models; leave it out and upload predictions");
    const catalog::Model model{
        .id = {},
        .name = TUSKER_TRY(text_member(body, "name")),
        .reference_id = TUSKER_TRY(text_member(body, "reference_id")),
        .metadata = TUSKER_TRY(object_member(body, "metadata")),
        .tags = TUSKER_TRY(text_list(body, "tags")),
        .trained_slice_ids = TUSKER_TRY(text_list(body, "trained_slice_ids"))};
    const auto id = services.catalog.create_model(model);
    // Models are found by their reference_id, so a second one is bad input to this client.
    if (!id && id.error().code == ErrorCode::Conflict) return invalid(id.error().message);
    return Response::json(json::Writer().object().member("model_id", TUSKER_TRY(id)).end().take());
}

Result<Response> get_model(const Request& request, Services& services) {
    auto id = std::string(request.path_param("model"));
    if (id.starts_with("run_")) id = TUSKER_TRY(services.catalog.run(id)).model_id;
    json::Writer writer;
    write_model(writer, TUSKER_TRY(services.catalog.model(id)));
    return Response::json(writer.take());
}

Result<Response> delete_model(const Request& request, Services& services) {
    TUSKER_TRY(services.catalog.delete_model(request.path_param("model")));
    return Response::json(R"({"msg":"Model deletion running in an async job"})");
}

Result<Response> add_model_tags(const Request& request, Services& services) {
    Call call(request, services);
    auto tags = TUSKER_TRY(services.catalog.model(call.param("model"))).tags;
    for (auto& tag : TUSKER_TRY(text_list(TUSKER_TRY(call.body()), "tags")))
        if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(std::move(tag));
    TUSKER_TRY(services.catalog.set_model_tags(call.param("model"), tags));
    return list_answer("tags", tags);
}

Result<Response> remove_model_tags(const Request& request, Services& services) {
    Call call(request, services);
    auto tags = TUSKER_TRY(services.catalog.model(call.param("model"))).tags;
    std::size_t removed = 0;
    for (const auto& tag : TUSKER_TRY(text_list(TUSKER_TRY(call.body()), "tags")))
        removed += std::erase(tags, tag);
    // The client's own tests compare this sentence.
    if (removed == 0)
        return invalid("Deleted 0 tags from model. The specified tag(s) were not found.");
    TUSKER_TRY(services.catalog.set_model_tags(call.param("model"), tags));
    return list_answer("tags", tags);
}

Result<Response> add_trained_slices(const Request& request, Services& services) {
    Call call(request, services);
    auto slices = TUSKER_TRY(services.catalog.model(call.param("model"))).trained_slice_ids;
    for (auto& slice : TUSKER_TRY(text_list(TUSKER_TRY(call.body()), "trained_slice_ids"))) {
        TUSKER_TRY(services.catalog.dataset_of_slice(slice));
        if (std::ranges::find(slices, slice) == slices.end()) slices.push_back(std::move(slice));
    }
    TUSKER_TRY(services.catalog.set_model_trained_slices(call.param("model"), slices));
    return list_answer("trained_slice_ids", slices);
}

Result<Response> remove_trained_slices(const Request& request, Services& services) {
    Call call(request, services);
    auto slices = TUSKER_TRY(services.catalog.model(call.param("model"))).trained_slice_ids;
    for (const auto& slice : TUSKER_TRY(text_list(TUSKER_TRY(call.body()), "trained_slice_ids")))
        std::erase(slices, slice);
    TUSKER_TRY(services.catalog.set_model_trained_slices(call.param("model"), slices));
    return list_answer("trained_slice_ids", slices);
}

Result<Response> dataset_model_runs(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(Call(request, services).version());
    json::Writer writer;
    writer.array();
    for (const auto& [id, run] : version->runs)
        if (!run->run_free) writer.value(id);
    return Response::json(writer.end().take());
}

Result<Response> create_model_run(const Request& request, Services& services) {
    Call call(request, services);
    const auto body = TUSKER_TRY(call.body());
    const auto name = TUSKER_TRY(text_member(body, "name"));
    const auto model = [&]() -> Result<catalog::Model> {
        if (const auto id = body.find_value("model_id"))
            return services.catalog.model(id->as_string().value_or(""));
        return services.catalog.model_by_reference(TUSKER_TRY(text_member(body, "reference_id")));
    }();
    const auto run = TUSKER_TRY(services.catalog.create_run(
        TUSKER_TRY(model).id, call.param("ds"), name, TUSKER_TRY(object_member(body, "metadata"))));
    return run_created(run);
}

Result<Response> model_runs(const Request& request, Services& services) {
    const auto model = TUSKER_TRY(services.catalog.model(request.path_param("model")));
    json::Writer writer;
    writer.array();
    for (const auto& run : services.catalog.runs())
        if (run.model_id == model.id) writer.value(run.id);
    return Response::json(writer.end().take());
}

Result<Response> commit_model_run(const Request& request, Services& services) {
    // Predictions are seen as soon as they are stored: there is nothing left to commit.
    return run_created(TUSKER_TRY(services.catalog.run(request.path_param("run"))).id);
}

Result<Response> model_run_info(const Request& request, Services& services) {
    const auto run = TUSKER_TRY(services.catalog.run(request.path_param("run")));
    json::Writer writer;
    writer.object().member("model_run_id", run.id).member("model_id", run.model_id);
    writer.member("dataset_id", run.dataset_id).member("name", run.name);
    writer.member("status", "committed").key("metadata");
    writer.raw(run.metadata.empty() ? std::string_view("{}") : std::string_view(run.metadata));
    return Response::json(writer.end().take());
}

Result<Response> delete_model_run(const Request& request, Services& services) {
    TUSKER_TRY(services.catalog.delete_run(request.path_param("run")));
    return Response::json("{}");
}

}  // namespace tusker::nucleus
