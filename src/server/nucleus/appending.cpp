// POST dataset/{ds}/append: four forms of one thing. Items come as JSON, as lines that were
// uploaded before, or as JSON with their pictures beside (multipart); the answer is counts or,
// with ?async=1, a job.
#include <fmt/format.h>

#include "server/nucleus/handlers.hpp"
#include "server/nucleus/item_upload.hpp"
#include "server/nucleus/job_answers.hpp"
#include "server/nucleus/object_upload.hpp"

namespace tusker::nucleus {
namespace {

void add_remote(ItemBatch& batch, json::Value item, std::size_t index, bool update) {
    const auto url = item.find_value("image_url");
    const auto text = url ? url->as_string().value_or("") : std::string_view();
    if (!text.empty() && !is_remote(text))
        return batch.refuse(index, reference_of(item),
                            fmt::format("items[{}].image_url: must begin with http, https, s3 or"
                                        " gs, or come with its picture",
                                        index));
    batch.add(item, index, update);
}

Result<jobs::Outcome> append_lines(catalog::Catalog& catalog, std::string_view dataset_id,
                                   const catalog::Author& author, bool update, const Lines& lines,
                                   jobs::Progress& progress) {
    progress.set_total(TUSKER_TRY(lines.check()));
    ItemTally tally;
    TUSKER_TRY(lines.for_each_batch(
        kBatchRows, [&](std::span<const json::Value> items, std::size_t first) -> Result<void> {
            TUSKER_TRY(progress.check());
            ItemBatch batch;
            for (std::size_t i = 0; i < items.size(); ++i)
                add_remote(batch, items[i], first + i, update);
            TUSKER_TRY(write_items(catalog, dataset_id, author, items, first, batch, tally));
            tally.refused.clear();  // their texts end with the batch
            progress.advance(items.size());
            return {};
        }));
    return outcome_of(dataset_id, tally, progress);
}

Result<Response> append_uploaded(Call& call) {
    const auto body = TUSKER_TRY(call.body());
    const auto path = TUSKER_TRY(
        call.services.uploads.find(call.param("ds"), TUSKER_TRY(text_member(body, "requestId"))));
    const auto update = body.find_value("update");
    return job_of_lines(
        call, job_start(call, "uploadDatasetItems", call.param("ds")), path,
        [&catalog = call.services.catalog, dataset_id = std::string(call.param("ds")),
         author = call.author(), update = update && update->as_bool().value_or(false)](
            const Lines& lines, jobs::Progress& progress) {
            return append_lines(catalog, dataset_id, author, update, lines, progress);
        });
}

Result<Response> append_json(Call& call) {
    const auto body = TUSKER_TRY(call.body());
    const auto list = body.find_value("items");
    if (!list) return invalid("items: must be a list of objects");
    const auto items = TUSKER_TRY(items_of(*list));
    const auto update = body.find_value("update");
    ItemBatch batch;
    for (std::size_t i = 0; i < items.size(); ++i)
        add_remote(batch, items[i], i, update && update->as_bool().value_or(false));
    ItemTally tally;
    TUSKER_TRY(write_items(call.services.catalog, call.param("ds"), call.author(), items, 0, batch,
                           tally));
    return counts_answer(call.param("ds"), tally);
}

}  // namespace

Result<Response> append_items(const Request& request, Services& services) {
    Call call(request, services);
    TUSKER_TRY(call.version());
    if (TUSKER_TRY(services.settings.find(call.param("ds"))).is_scene)
        return invalid(fmt::format("dataset {} was made for scenes: it takes no items of its own",
                                   call.param("ds")));
    if (request.header("Content-Type").value_or("").starts_with("multipart/"))
        return append_pictures(call);
    return call.is_async() ? append_uploaded(call) : append_json(call);
}

}  // namespace tusker::nucleus
