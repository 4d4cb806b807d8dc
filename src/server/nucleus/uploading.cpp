#include <map>

#include <fmt/format.h>

#include "base/ids.hpp"
#include "server/nucleus/handlers.hpp"
#include "server/nucleus/object_upload.hpp"

namespace tusker::nucleus {
namespace {

// Long enough for half a gigabyte over a slow line.
constexpr TimeMs kUploadUrlMs = TimeMs{6} * 60 * 60 * 1000;

Result<bool> update_of(json::Value body) {
    const auto update = body.find_value("update");
    if (!update) return false;
    const auto flag = update->as_bool();
    if (!flag) return invalid(fmt::format("update = {}: must be true or false", update->text()));
    return *flag;
}

bool is_multipart(const Request& request) {
    return request.header("Content-Type").value_or("").starts_with("multipart/");
}

std::unexpected<Error> no_masks() {
    return fail(ErrorCode::NotImplemented,
                "segmentations: Tusker stores box, polygon and category");
}

Response predictions_answer(const Target& target, const Tally& tally) {
    json::Writer writer;
    writer.object().member("dataset_id", target.dataset_id);
    writer.member("model_run_id", target.run_id);
    writer.member("predictions_processed", tally.processed);
    writer.member("predictions_ignored", tally.ignored);
    write_errors(writer, tally.errors);
    return Response::json(writer.end().take());
}

Result<Response> predict(Call& call, std::string_view dataset_id, std::string_view run_id) {
    const auto body = TUSKER_TRY(call.body());
    const Target target{.dataset_id = std::string(dataset_id),
                        .run_id = std::string(run_id),
                        .update = TUSKER_TRY(update_of(body)),
                        .author = call.author()};
    if (call.is_async()) return upload_lines(call, target);
    Tally tally;
    TUSKER_TRY(
        write_objects(call.services.catalog, target, TUSKER_TRY(objects_of_body(body)), 0, tally));
    return predictions_answer(target, tally);
}

/// Which dataset's which item an object speaks of that names no dataset by its route.
class ItemFinder {
public:
    explicit ItemFinder(const Call& call) : call_(call) {}

    struct Found {
        std::string dataset_id;
        ItemNo item_no;
    };
    /// By item_id, by dataset_id and reference_id, or by a reference_id that only one item has.
    Result<Found> find(json::Value object) {
        if (const auto di = object.find_value("item_id"))
            return by_item_id(di->as_string().value_or(""));
        const auto reference = reference_of(object);
        if (const auto dataset = object.find_value("dataset_id")) {
            const auto version = TUSKER_TRY(version_of(dataset->as_string().value_or("")));
            return by_reference(*version, reference);
        }
        return by_reference_alone(reference);
    }

private:
    Result<Found> by_item_id(std::string_view di) {
        const auto address = parse_item_id(di);
        for (const auto& dataset : call_.services.catalog.datasets())
            if (address && address->is_in(dataset.id)) {
                const auto version = TUSKER_TRY(version_of(dataset.id));
                return Found{dataset.id, TUSKER_TRY(item_by_id(*version, di)).item_no};
            }
        return not_found(fmt::format("Item with id {} doesn't exist", di));
    }

    static Result<Found> by_reference(const Version& version, std::string_view reference) {
        if (const auto item_no = catalog::find_item_no(version, reference))
            return Found{version.dataset_id, *item_no};
        return not_found(fmt::format("Item with id {} doesn't exist", reference));
    }

    Result<Found> by_reference_alone(std::string_view reference) {
        std::optional<Found> found;
        for (const auto& dataset : call_.services.catalog.datasets()) {
            const auto version = version_of(dataset.id);
            if (!version) continue;  // deleted since it was listed
            const auto here = by_reference(**version, reference);
            if (!here) continue;
            if (found)
                return fail(ErrorCode::Conflict,
                            fmt::format("Item with id {} is in datasets {} and {}: give dataset_id"
                                        " or the item's id",
                                        reference, found->dataset_id, here->dataset_id));
            found = *here;
        }
        if (found) return *std::move(found);
        return not_found(fmt::format("Item with id {} doesn't exist", reference));
    }

    Result<VersionPtr> version_of(std::string_view dataset_id) {
        const auto known = versions_.find(dataset_id);
        if (known != versions_.end()) return known->second;
        auto version = TUSKER_TRY(call_.version(dataset_id));
        versions_.emplace(dataset_id, version);
        return version;
    }

    const Call& call_;
    std::map<std::string, VersionPtr, std::less<>> versions_;
};

/// Objects by dataset, with their items found.
struct Spread {
    std::map<std::string, ObjectBatch> by_dataset;
    Tally tally;  // of those whose item was not found
};

Result<Spread> spread_over_datasets(const Call& call, json::Value body,
                                    std::string_view only_dataset) {
    Spread spread;
    ItemFinder finder(call);
    std::size_t index = 0;
    for (const auto object : TUSKER_TRY(objects_of_body(body))) {
        auto found = finder.find(object);
        if (found && !only_dataset.empty() && found->dataset_id != only_dataset)
            found = invalid(fmt::format("the item is in dataset {}, the run in {}",
                                        found->dataset_id, only_dataset));
        if (found) {
            spread.by_dataset[found->dataset_id].add(object, index, ObjectBatch::Kind::Prediction,
                                                     found->item_no);
        } else {
            ++spread.tally.total;
            spread.tally.errors.push_back(object_error(object, found.error().message));
        }
        ++index;
    }
    return spread;
}

}  // namespace

Result<Response> signed_url(const Request& request, Services& services) {
    const Call call(request, services);
    TUSKER_TRY(services.catalog.dataset(call.param("ds")));
    TUSKER_TRY(Uploads::check_request_id(call.param("request")));
    const auto path =
        fmt::format("/v1/nucleus/upload/{}/{}", call.param("ds"), call.param("request"));
    const auto right = services.access.sign(path, now_ms() + kUploadUrlMs);
    json::Writer writer;
    writer.object().member("signed_url", fmt::format("{}{}?{}", call.origin(), path, right));
    return Response::json(writer.end().take());
}

Result<Response> put_upload(const Request& request, Services& services) {
    TUSKER_TRY(services.access.verify(request.path(), request.query_param("expires").value_or(""),
                                      request.query_param("signature").value_or("")));
    TUSKER_TRY(services.uploads.put(request.path_param("ds"), request.path_param("request"),
                                    request.body()));
    return Response::json("{}");
}

Result<Response> annotate(const Request& request, Services& services) {
    Call call(request, services);
    if (is_multipart(request)) return no_masks();
    TUSKER_TRY(call.version());
    const auto body = TUSKER_TRY(call.body());
    const Target target{.dataset_id = std::string(call.param("ds")),
                        .run_id = {},
                        .update = TUSKER_TRY(update_of(body)),
                        .author = call.author()};
    if (call.is_async()) return upload_lines(call, target);
    Tally tally;
    TUSKER_TRY(
        write_objects(services.catalog, target, TUSKER_TRY(objects_of_body(body)), 0, tally));
    json::Writer writer;
    writer.object().member("dataset_id", target.dataset_id);
    writer.member("annotations_processed", tally.processed);
    writer.member("annotations_ignored", tally.ignored);
    write_errors(writer, tally.errors);
    return Response::json(writer.end().take());
}

Result<Response> upload_predictions(const Request& request, Services& services) {
    Call call(request, services);
    if (is_multipart(request)) return no_masks();
    TUSKER_TRY(services.catalog.dataset(call.param("ds")));
    const auto model = TUSKER_TRY(services.catalog.model(call.param("model")));
    const auto run = TUSKER_TRY(services.catalog.implicit_run(model.id, call.param("ds")));
    return predict(call, call.param("ds"), run);
}

Result<Response> predict_in_run(const Request& request, Services& services) {
    Call call(request, services);
    if (is_multipart(request)) return no_masks();
    const auto run = TUSKER_TRY(services.catalog.run(call.param("run")));
    return predict(call, run.dataset_id, run.id);
}

Result<Response> upload_predictions_for_run(const Request& request, Services& services) {
    Call call(request, services);
    if (is_multipart(request)) return no_masks();
    const auto run = TUSKER_TRY(services.catalog.run(call.param("run")));
    if (run.dataset_id != call.param("ds"))
        return fail(ErrorCode::NotImplemented,
                    fmt::format("run {} is of dataset {}: Tusker's runs are of one dataset", run.id,
                                run.dataset_id));
    return predict(call, run.dataset_id, run.id);
}

Result<Response> upload_run_free_predictions(const Request& request, Services& services) {
    Call call(request, services);
    if (is_multipart(request)) return no_masks();
    const auto model = TUSKER_TRY(services.catalog.model(call.param("model")));
    const auto body = TUSKER_TRY(call.body());
    const bool update = TUSKER_TRY(update_of(body));
    auto [by_dataset, tally] = TUSKER_TRY(spread_over_datasets(call, body, {}));
    for (const auto& [dataset_id, batch] : by_dataset)
        TUSKER_TRY(write_batch(
            services.catalog,
            {.dataset_id = dataset_id,
             .run_id = TUSKER_TRY(services.catalog.implicit_run(model.id, dataset_id, true)),
             .update = update,
             .author = call.author()},
            batch, tally));
    json::Writer writer;
    writer.object().member("model_id", model.id);
    writer.member("predictions_processed", tally.processed);
    writer.member("predictions_ignored", tally.ignored);
    write_errors(writer, tally.errors);
    return Response::json(writer.end().take());
}

Result<Response> add_predictions_to_run(const Request& request, Services& services) {
    Call call(request, services);
    if (is_multipart(request)) return no_masks();
    const auto run = TUSKER_TRY(services.catalog.run(call.param("run")));
    const auto body = TUSKER_TRY(call.body());
    const Target target{.dataset_id = run.dataset_id,
                        .run_id = run.id,
                        .update = TUSKER_TRY(update_of(body)),
                        .author = call.author()};
    auto [by_dataset, tally] = TUSKER_TRY(spread_over_datasets(call, body, run.dataset_id));
    for (const auto& [dataset_id, batch] : by_dataset)
        TUSKER_TRY(write_batch(services.catalog, target, batch, tally));
    return predictions_answer(target, tally);
}

}  // namespace tusker::nucleus
