// Annotations and predictions on their way into the catalog, from a JSON body or from lines that
// were uploaded before.
#pragma once

#include "server/nucleus/call.hpp"
#include "server/nucleus/wire_in.hpp"

namespace tusker::nucleus {

/// One request of the client holds at most so many; lines are written in batches of it.
inline constexpr std::size_t kBatchRows = 5'000;

/// What became of the objects of a call.
struct Tally {
    std::uint64_t total = 0;
    std::uint64_t processed = 0;
    std::uint64_t ignored = 0;
    std::vector<std::string> errors;
};

/// Where objects go. Copies texts, so that a job may hold one.
struct Target {
    std::string dataset_id;
    std::string run_id;  // empty: annotations
    bool update = false;
    catalog::Author author;
};

/// Writes the objects in one call of the catalog; `first` is the number of the first in the body.
Result<void> write_objects(catalog::Catalog& catalog, const Target& target,
                           std::span<const json::Value> objects, std::size_t first, Tally& tally);
Result<void> write_batch(catalog::Catalog& catalog, const Target& target, const ObjectBatch& batch,
                         Tally& tally);

/// The objects of a JSON body: "annotations", also for predictions. NotImplemented for masks.
Result<std::vector<json::Value>> objects_of_body(json::Value body);

/// Annotations or predictions whose lines were uploaded under the body's requestId, as a job.
/// Finished when it is answered, if it is small.
Result<Response> upload_lines(Call& call, const Target& target);

/// Adds "errors" if there are any.
void write_errors(json::Writer& writer, const std::vector<std::string>& errors);

}  // namespace tusker::nucleus
