// Pictures of items: kept when they come with an append, and handed out by addresses that carry
// their own right.
#include <algorithm>

#include <fmt/format.h>

#include "base/ids.hpp"
#include "kernels/image/image.hpp"
#include "server/nucleus/handlers.hpp"
#include "server/nucleus/item_upload.hpp"
#include "server/nucleus/job_answers.hpp"

namespace tusker::nucleus {
namespace {

struct AppendForm {
    std::optional<json::Document> document;
    std::vector<json::Value> items;
    std::vector<std::string_view> pictures;  // one for each item, in the same order
};

Result<AppendForm> read_form(const std::vector<http::Part>& parts) {
    AppendForm form;
    for (const auto& part : parts) {
        if (part.name == "image") form.pictures.push_back(part.bytes);
        if (part.name != "items") continue;
        form.document = TUSKER_TRY(json::Document::parse(part.bytes));
        form.items = TUSKER_TRY(items_of(form.document->root()));
    }
    if (!form.document) return invalid("multipart: a part \"items\" must hold the list of items");
    if (form.items.size() != form.pictures.size())
        return invalid(fmt::format("multipart: {} items but {} parts \"image\": must be as many",
                                   form.items.size(), form.pictures.size()));
    return form;
}

/// Rows of the items whose pictures are pictures. Those of items that are new are kept; what is
/// there already keeps its own.
Result<ItemBatch> keep_pictures(Call& call, const Version& version, const AppendForm& form) {
    ItemBatch batch;
    std::vector<std::string_view> files;
    std::vector<std::size_t> rows_with_files;
    for (std::size_t i = 0; i < form.items.size(); ++i) {
        const auto header = image::read_header(form.pictures[i]);
        if (!header) {
            batch.refuse(i, reference_of(form.items[i]), header.error().message);
            continue;
        }
        const auto before = batch.rows.size();
        batch.add(form.items[i], i, false);
        if (batch.rows.size() == before) continue;
        auto& row = batch.rows.back();
        row.width = header->width;
        row.height = header->height;
        if (catalog::find_item_no(version, row.reference_id)) continue;
        files.push_back(form.pictures[i]);
        rows_with_files.push_back(before);
    }
    const auto kept = TUSKER_TRY(call.services.media.keep(files));
    for (std::size_t i = 0; i < kept.size(); ++i) {
        auto& row = batch.rows[rows_with_files[i]];
        row.has_media = true;
        row.media_pack = kept[i].pack;
        row.media_offset = kept[i].offset;
        row.media_size = kept[i].size;
    }
    return batch;
}

Result<ItemTally> append_form(Call& call, const AppendForm& form) {
    const auto version = TUSKER_TRY(call.version());
    const auto batch = TUSKER_TRY(keep_pictures(call, *version, form));
    ItemTally tally;
    TUSKER_TRY(write_items(call.services.catalog, version->dataset_id, call.author(), form.items, 0,
                           batch, tally));
    return tally;
}

Result<catalog::Item> item_anywhere(const Services& services, std::string_view di) {
    const auto address = parse_item_id(di);
    for (const auto& dataset : services.catalog.datasets())
        if (address && address->is_in(dataset.id))
            return item_by_id(*TUSKER_TRY(services.catalog.version(dataset.id)), di);
    return not_found(fmt::format("dataset item \"{}\": there is no such item", di));
}

}  // namespace

Result<Response> append_pictures(Call& call) {
    const auto parts = TUSKER_TRY(call.request.multipart());
    const auto form = TUSKER_TRY(read_form(parts));
    if (!call.is_async())
        return counts_answer(call.param("ds"), TUSKER_TRY(append_form(call, form)));
    // The pictures have been read already, so the job is done when it is answered.
    const auto job = TUSKER_TRY(
        call.services.jobs.run_here(job_start(call, "uploadDatasetItems", call.param("ds")),
                                    [&](jobs::Progress& progress) -> Result<jobs::Outcome> {
                                        progress.set_total(form.items.size());
                                        const auto tally = TUSKER_TRY(append_form(call, form));
                                        progress.advance(form.items.size());
                                        return outcome_of(call.param("ds"), tally, progress);
                                    }));
    return job_answer(job);
}

Result<Response> picture(const Request& request, Services& services) {
    TUSKER_TRY(services.access.verify(request.path(), request.query_param("expires").value_or(""),
                                      request.query_param("signature").value_or("")));
    const auto item = TUSKER_TRY(item_anywhere(services, request.path_param("di")));
    const auto source =
        item.has_media
            ? media::Source(media::MediaRef{
                  .pack = item.media_pack, .offset = item.media_offset, .size = item.media_size})
            : media::Source(std::string(item.image_url));
    const auto slice = TUSKER_TRY(services.media.open(source));
    const auto start = TUSKER_TRY(slice.file->read_at(
        slice.offset, static_cast<std::size_t>(std::min<std::uint64_t>(slice.size, 64 << 10))));
    const auto header = image::read_header(start);
    return Response::from_file(
        header ? std::string(header->media_type) : "application/octet-stream",
        {.file = slice.file, .offset = slice.offset, .size = slice.size});
}

}  // namespace tusker::nucleus
