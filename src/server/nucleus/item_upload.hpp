// Items on their way into the catalog.
#pragma once

#include "server/nucleus/call.hpp"
#include "server/nucleus/wire_in.hpp"

namespace tusker::nucleus {

/// What became of the items of a call.
struct ItemTally {
    std::uint64_t created = 0;
    std::uint64_t updated = 0;
    std::uint64_t ignored = 0;
    std::vector<std::string> errors;
    std::vector<json::Value> refused;  // as they were sent

    /// Members "dataset_id" and the four counts.
    void write(json::Writer& writer, std::string_view dataset_id) const;
};

/// Writes the rows of `batch`, made of `items` whose first is number `first` of the call.
Result<void> write_items(catalog::Catalog& catalog, std::string_view dataset_id,
                         const catalog::Author& author, std::span<const json::Value> items,
                         std::size_t first, const ItemBatch& batch, ItemTally& tally);

/// Counts, and the sentence that makes the job a failed one if an item was refused: the client
/// shows it to its user, who sees counts nowhere else.
jobs::Outcome outcome_of(std::string_view dataset_id, const ItemTally& tally,
                         jobs::Progress& progress);
/// The answer of a call that is no job.
Response counts_answer(std::string_view dataset_id, const ItemTally& tally);

Result<std::vector<json::Value>> items_of(json::Value list);

/// append with pictures beside the items.
Result<Response> append_pictures(Call& call);

}  // namespace tusker::nucleus
