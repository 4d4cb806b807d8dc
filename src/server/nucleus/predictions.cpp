#include <set>

#include <fmt/format.h>

#include "server/nucleus/handlers.hpp"

namespace tusker::nucleus {
namespace {

using catalog::RunTable;

/// A run's dataset as a Version, and its predictions there; null if it has none yet.
struct RunInVersion {
    VersionPtr version;
    const RunTable* run;
};
Result<RunInVersion> run_of_call(const Call& call) {
    const auto run = TUSKER_TRY(call.services.catalog.run(call.param("run")));
    RunInVersion found{TUSKER_TRY(call.version(run.dataset_id)), nullptr};
    found.run = found.version->find_run(run.id);
    return found;
}

Response predictions_of_item(const Render& render, const RunTable* run, const catalog::Item& item) {
    json::Writer writer;
    writer.object().key("annotations");
    if (run != nullptr)
        render.predictions_by_type(writer, run->predictions, item);
    else
        writer.object().end();
    return Response::json(writer.end().take());
}

/// BYTYPE without a wrapper.
Response all_predictions(const Render& render, const RunTable* run) {
    json::Writer writer;
    if (run != nullptr)
        render.all_predictions_by_type(writer, run->predictions);
    else
        writer.object().end();
    return Response::json(writer.take());
}

Result<Response> prediction_loc(const Call& call, const Version& version, const RunTable* run) {
    std::optional<catalog::Object> found;
    const auto item = TUSKER_TRY(split_reference(
        version, call.param("path"),
        [&](const catalog::Item& candidate, std::string_view annotation_id) {
            if (run == nullptr) return false;
            for (const auto& object : catalog::objects_of(run->predictions, candidate.item_no))
                if (object.annotation_id == annotation_id) found = object;
            return found.has_value();
        },
        "item and prediction"));
    json::Writer writer;
    call.render(version).prediction(writer, run->predictions, *found, item);
    return Response::json(writer.take());
}

/// Everything that was given to the model itself, over all datasets.
Result<std::vector<RunInVersion>> run_free_tables(const Call& call) {
    const auto model = TUSKER_TRY(call.services.catalog.model(call.param("model")));
    std::vector<RunInVersion> tables;
    for (const auto& run : call.services.catalog.run_free_runs(model.id)) {
        auto version = TUSKER_TRY(call.version(run.dataset_id));
        const auto* table = version->find_run(run.id);
        if (table != nullptr) tables.push_back({std::move(version), table});
    }
    return tables;
}

/// Items that have a prediction, in upload order.
columns::Bitmap items_with_rows(const RunInVersion& in) {
    columns::Bitmap items;
    for (const auto& part : in.run->predictions.parts())
        for (std::uint32_t row = 0; row < part.segment->rows(); ++row)
            if (part.is_alive(row)) items.add(part.segment->item_no()[row]);
    items &= *in.version->living;
    return items;
}

void write_flat(const Call& call, json::Writer& writer, const RunInVersion& in,
                const catalog::Item& item) {
    const auto render = call.render(*in.version);
    for (const auto& object : catalog::objects_of(in.run->predictions, item.item_no))
        render.prediction(writer, in.run->predictions, object, item);
}

}  // namespace

Result<const catalog::RunTable*> run_of_model(const Call& call, const Version& version) {
    const auto model = TUSKER_TRY(call.services.catalog.model(call.param("model")));
    const RunTable* only = nullptr;
    std::size_t count = 0;
    for (const auto& [id, run] : version.runs)
        if (run->model_id == model.id && !run->run_free) {
            only = run.get();
            ++count;
        }
    if (count < 2) return only;
    return version.find_run(
        TUSKER_TRY(call.services.catalog.implicit_run(model.id, version.dataset_id)));
}

Result<Response> export_predictions(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    return all_predictions(call.render(*version), TUSKER_TRY(run_of_model(call, *version)));
}

Result<Response> model_predictions_iloc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto item = TUSKER_TRY(item_by_index(*version, call.param("index")));
    return predictions_of_item(call.render(*version), TUSKER_TRY(run_of_model(call, *version)),
                               item);
}

Result<Response> model_predictions_refloc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto item = TUSKER_TRY(item_by_reference(*version, call.param("ref")));
    return predictions_of_item(call.render(*version), TUSKER_TRY(run_of_model(call, *version)),
                               item);
}

Result<Response> model_prediction_loc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    return prediction_loc(call, *version, TUSKER_TRY(run_of_model(call, *version)));
}

Result<Response> run_predictions_refloc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(run_of_call(call));
    const auto item = TUSKER_TRY(item_by_reference(*in.version, call.param("ref")));
    return predictions_of_item(call.render(*in.version), in.run, item);
}

Result<Response> run_predictions_iloc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(run_of_call(call));
    const auto item = TUSKER_TRY(item_by_index(*in.version, call.param("index")));
    return predictions_of_item(call.render(*in.version), in.run, item);
}

Result<Response> run_predictions_loc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(run_of_call(call));
    const auto item = TUSKER_TRY(item_by_id(*in.version, call.param("di")));
    return predictions_of_item(call.render(*in.version), in.run, item);
}

Result<Response> run_prediction_loc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(run_of_call(call));
    return prediction_loc(call, *in.version, in.run);
}

Result<Response> run_predictions(const Request& request, Services& services) {
    const Call call(request, services);
    const auto in = TUSKER_TRY(run_of_call(call));
    return all_predictions(call.render(*in.version), in.run);
}

Result<Response> run_free_loc(const Request& request, Services& services) {
    const Call call(request, services);
    json::Writer writer;
    writer.object().key("predictions").array();
    for (const auto& in : TUSKER_TRY(run_free_tables(call)))
        if (const auto item = item_by_id(*in.version, call.param("di")))
            write_flat(call, writer, in, *item);
    return Response::json(writer.end().end().take());
}

Result<Response> run_free_refloc(const Request& request, Services& services) {
    const Call call(request, services);
    json::Writer writer;
    writer.object().key("predictions").array();
    for (const auto& in : TUSKER_TRY(run_free_tables(call)))
        if (const auto item = item_by_reference(*in.version, call.param("ref")))
            write_flat(call, writer, in, *item);
    return Response::json(writer.end().end().take());
}

Result<Response> run_free_iloc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto rank_text = std::string(call.param("index"));
    auto rank = std::strtoull(rank_text.c_str(), nullptr, 10);
    json::Writer writer;
    writer.object().key("predictions").array();
    // The index counts items that have such predictions, dataset after dataset.
    for (const auto& in : TUSKER_TRY(run_free_tables(call))) {
        const auto items = items_with_rows(in);
        if (rank < items.size()) {
            if (const auto item = catalog::find_item(*in.version, *items.select(rank)))
                write_flat(call, writer, in, *item);
            return Response::json(writer.end().end().take());
        }
        rank -= items.size();
    }
    return not_found(fmt::format("index {}: model {} has no so many items with predictions",
                                 rank_text, call.param("model")));
}

}  // namespace tusker::nucleus
