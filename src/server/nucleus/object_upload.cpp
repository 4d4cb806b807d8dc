#include "server/nucleus/object_upload.hpp"

#include <fmt/format.h>

#include "server/nucleus/job_answers.hpp"

namespace tusker::nucleus {
namespace {

/// {"annotation_upload":{"total","errored","ignored","datasetId","processed"}}
std::string upload_message(const Target& target, const Tally& tally) {
    json::Writer writer;
    writer.object().key(target.run_id.empty() ? "annotation_upload" : "prediction_upload").object();
    writer.member("total", tally.total).member("errored", tally.errors.size());
    writer.member("ignored", tally.ignored).member("datasetId", target.dataset_id);
    writer.member("processed", tally.processed);
    if (!target.run_id.empty()) writer.member("modelRunId", target.run_id);
    return writer.end().end().take();
}

Result<jobs::Outcome> write_lines(catalog::Catalog& catalog, const Lines& lines,
                                  const Target& target, jobs::Progress& progress) {
    // All lines are read before the first is stored: a body cut short stores nothing.
    progress.set_total(TUSKER_TRY(lines.check()));
    Tally tally;
    TUSKER_TRY(lines.for_each_batch(
        kBatchRows, [&](std::span<const json::Value> objects, std::size_t first) -> Result<void> {
            TUSKER_TRY(progress.check());
            const auto told = tally.errors.size();
            TUSKER_TRY(write_objects(catalog, target, objects, first, tally));
            for (auto i = told; i < tally.errors.size(); ++i) progress.add_error(tally.errors[i]);
            progress.advance(objects.size());
            return {};
        }));
    return jobs::Outcome{.result = upload_message(target, tally)};
}

}  // namespace

Result<void> write_batch(catalog::Catalog& catalog, const Target& target, const ObjectBatch& batch,
                         Tally& tally) {
    tally.total += batch.rows.size() + batch.errors.size();
    tally.errors.insert(tally.errors.end(), batch.errors.begin(), batch.errors.end());
    if (batch.rows.empty()) return {};
    const auto report = TUSKER_TRY(
        target.run_id.empty()
            ? catalog.put_annotations(target.dataset_id, batch.rows, target.update, target.author)
            : catalog.put_predictions(target.dataset_id, target.run_id, batch.rows, target.update,
                                      target.author));
    tally.processed += report.created + report.updated;
    tally.ignored += report.ignored;
    for (const auto& refusal : report.refused)
        tally.errors.push_back(
            object_error(batch.sources[refusal.index],
                         in_call(refusal.message, "annotations", batch.indices[refusal.index])));
    return {};
}

Result<void> write_objects(catalog::Catalog& catalog, const Target& target,
                           std::span<const json::Value> objects, std::size_t first, Tally& tally) {
    const auto kind =
        target.run_id.empty() ? ObjectBatch::Kind::Annotation : ObjectBatch::Kind::Prediction;
    ObjectBatch batch;
    std::shared_ptr<const Version> version;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        // Predictions may name their item by its id instead of its reference.
        std::optional<ItemNo> item_no;
        const auto di = objects[i].find_value("item_id");
        if (di && reference_of(objects[i]).empty()) {
            if (!version) version = TUSKER_TRY(catalog.version(target.dataset_id));
            const auto item = item_by_id(*version, di->as_string().value_or(""));
            if (!item) {
                batch.refuse(objects[i], item.error().message);
                continue;
            }
            item_no = item->item_no;
        }
        batch.add(objects[i], first + i, kind, item_no);
    }
    return write_batch(catalog, target, batch, tally);
}

Result<std::vector<json::Value>> objects_of_body(json::Value body) {
    if (const auto masks = body.find_value("segmentations"); masks && masks->size() > 0)
        return fail(ErrorCode::NotImplemented,
                    "segmentations: Tusker stores box, polygon and category");
    std::vector<json::Value> objects;
    const auto list = body.find_value("annotations");
    if (list && list->kind() != json::Kind::Array)
        return invalid("annotations: must be a list of objects");
    if (list) TUSKER_TRY(list->for_each([&](json::Value object) { objects.push_back(object); }));
    return objects;
}

Result<Response> upload_lines(Call& call, const Target& target) {
    const auto body = TUSKER_TRY(call.body());
    const auto path = TUSKER_TRY(
        call.services.uploads.find(target.dataset_id, TUSKER_TRY(text_member(body, "requestId"))));
    const auto start = job_start(
        call, target.run_id.empty() ? "uploadAnnotations" : "uploadPredictions", target.dataset_id);
    return job_of_lines(
        call, start, path,
        [&catalog = call.services.catalog, target](const Lines& lines, jobs::Progress& progress) {
            return write_lines(catalog, lines, target, progress);
        });
}

void write_errors(json::Writer& writer, const std::vector<std::string>& errors) {
    if (errors.empty()) return;
    writer.key("errors");
    write_texts(writer, errors);
}

}  // namespace tusker::nucleus
