#include <deque>

#include <fmt/format.h>

#include "server/nucleus/handlers.hpp"
#include "server/nucleus/object_upload.hpp"

namespace tusker::nucleus {
namespace {

/// Rows of one run as rows to be written elsewhere. They view the Version and the texts here.
struct Copies {
    std::vector<catalog::NewObject> rows;
    std::deque<std::string> metadata;
    std::deque<std::vector<std::string_view>> labels;
    std::deque<std::vector<double>> probabilities;

    void add(const Version& version, const columns::Table& table, const catalog::Object& object) {
        catalog::NewObject row;
        row.item_no = object.item_no;
        row.type = object.type;
        row.label = version.labels->text(object.label);
        row.geometry = object.geometry;
        row.annotation_id = object.annotation_id;
        row.track_reference_id = object.track_reference_id;
        row.taxonomy_name = object.taxonomy_name;
        row.metadata = metadata.emplace_back(catalog::metadata_json(table, object.place));
        row.confidence = object.confidence;
        auto& names = labels.emplace_back();
        auto& values = probabilities.emplace_back();
        for (const auto& [label, probability] : catalog::class_pdf(table, object.place)) {
            names.push_back(version.labels->text(label));
            values.push_back(probability);
        }
        row.class_pdf_labels = names;
        row.class_pdf = values;
        rows.push_back(row);
    }
};

}  // namespace

Result<Response> copy_predictions_from_run(const Request& request, Services& services) {
    Call call(request, services);
    const auto model = TUSKER_TRY(services.catalog.model(call.param("model")));
    const auto run_id = TUSKER_TRY(text_member(TUSKER_TRY(call.body()), "model_run_id"));
    const auto run = TUSKER_TRY(services.catalog.run(run_id));
    if (run.model_id != model.id)
        return invalid(fmt::format("model_run_id = \"{}\": is a run of model {}, not of {}", run_id,
                                   run.model_id, model.id));
    const auto version = TUSKER_TRY(call.version(run.dataset_id));
    const auto target = TUSKER_TRY(services.catalog.implicit_run(model.id, run.dataset_id, true));
    std::uint64_t copied = 0;
    Copies copies;
    const auto flush = [&]() -> Result<void> {
        const auto report = TUSKER_TRY(services.catalog.put_predictions(
            run.dataset_id, target, copies.rows, false, call.author()));
        copied += report.created;
        copies = {};
        return {};
    };
    if (const auto* table = version->find_run(run.id))
        for (auto rank = std::uint64_t{0}; rank < version->item_count(); ++rank) {
            for (const auto& object :
                 catalog::objects_of(table->predictions, *version->living->select(rank)))
                copies.add(*version, table->predictions, object);
            if (copies.rows.size() >= kBatchRows) TUSKER_TRY(flush());
        }
    TUSKER_TRY(flush());
    json::Writer writer;
    writer.object().member("model_id", model.id).key("model_run_ids").array().value(run.id).end();
    writer.member("predictions_copied", copied).member("predictions_skipped_unsupported", 0);
    return Response::json(writer.end().take());
}

}  // namespace tusker::nucleus
