#include "server/nucleus/item_upload.hpp"

#include <fmt/format.h>

#include "server/nucleus/object_upload.hpp"

namespace tusker::nucleus {
namespace {

/// Which item, its URL in double quotes, and why.
std::string item_error(json::Value item, std::string_view reason) {
    const auto url = item.find_value("image_url");
    return fmt::format("item \"{}\" (\"{}\"): {}", reference_of(item),
                       url ? url->as_string().value_or("") : "", reason);
}

}  // namespace

void ItemTally::write(json::Writer& writer, std::string_view dataset_id) const {
    writer.member("dataset_id", dataset_id).member("new_items", created);
    writer.member("updated_items", updated).member("ignored_items", ignored);
    writer.member("upload_errors", errors.size());
}

Result<void> write_items(catalog::Catalog& catalog, std::string_view dataset_id,
                         const catalog::Author& author, std::span<const json::Value> items,
                         std::size_t first, const ItemBatch& batch, ItemTally& tally) {
    const auto refuse = [&](std::size_t index, std::string_view reason) {
        tally.errors.push_back(item_error(items[index - first], reason));
        tally.refused.push_back(items[index - first]);
    };
    for (const auto& row : batch.refused) refuse(row.index, row.message);
    if (batch.rows.empty()) return {};
    const auto report = TUSKER_TRY(catalog.put_items(dataset_id, batch.rows, author));
    tally.created += report.created;
    tally.updated += report.updated;
    tally.ignored += report.ignored;
    for (const auto& row : report.refused) {
        const auto index = batch.indices[row.index];
        refuse(index, in_call(row.message, "items", index));
    }
    return {};
}

jobs::Outcome outcome_of(std::string_view dataset_id, const ItemTally& tally,
                         jobs::Progress& progress) {
    for (const auto& error : tally.errors) progress.add_error(error);
    jobs::Outcome outcome;
    json::Writer writer;
    writer.object();
    tally.write(writer, dataset_id);
    if (!tally.errors.empty()) {
        const auto total = tally.errors.size() + tally.created + tally.updated + tally.ignored;
        outcome.failure =
            fmt::format("{} of {} items refused: {}", tally.errors.size(), total, tally.errors[0]);
        writer.member("error", outcome.failure);
    }
    outcome.result = writer.end().take();
    return outcome;
}

Response counts_answer(std::string_view dataset_id, const ItemTally& tally) {
    json::Writer writer;
    writer.object();
    tally.write(writer, dataset_id);
    if (!tally.refused.empty()) {
        writer.key("error_payload").array();
        for (const auto& item : tally.refused) writer.raw(item.text());
        writer.end();
        write_errors(writer, tally.errors);
    }
    return Response::json(writer.end().take());
}

Result<std::vector<json::Value>> items_of(json::Value list) {
    if (list.kind() != json::Kind::Array) return invalid("items: must be a list of objects");
    std::vector<json::Value> items;
    TUSKER_TRY(list.for_each([&](json::Value item) { items.push_back(item); }));
    return items;
}

}  // namespace tusker::nucleus
