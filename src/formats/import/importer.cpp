#include "formats/import/importer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"

namespace tusker::formats {
namespace {

// One batch is one journal row and one sync: large enough that the sync does not count, small
// enough that progress is seen and a cancel is felt.
constexpr std::size_t kRowsPerBatch = 50'000;

}  // namespace

Importer::Importer(catalog::Catalog* catalog, const ImportRequest& request, ImportReport& report)
    : catalog_(catalog), request_(request), report_(report) {}
Importer::~Importer() = default;

catalog::Author Importer::author() const {
    json::Writer why;
    why.object().key("import").object();
    why.member("format", format_name(report_.format)).member("file", request_.path.string());
    why.end().end();
    return {.who = request_.who, .why = why.take()};
}

Result<void> Importer::refresh() {
    if (catalog_ == nullptr || request_.dataset_id.empty()) return {};
    version_ = TUSKER_TRY(catalog_->version(request_.dataset_id));
    return {};
}

Importer::Standing Importer::compare_item(const ItemRow& row) {
    if (row.reference_id.empty()) return Standing::Refused;
    const auto item_no = version_ ? catalog::find_item_no(*version_, row.reference_id)
                                  : std::optional<catalog::ItemNo>();
    const auto item = item_no ? catalog::find_item(*version_, *item_no) : std::nullopt;
    if (!item) return Standing::New;
    // Two folders with files of the same names must not become one dataset unseen; a folder that
    // was moved may come again.
    std::error_code error;
    if (!item->has_media && item->image_url != row.image_url &&
        std::filesystem::exists(item->image_url, error)) {
        refuse({request_.path.string(), row.line, row.field, row.reference_id,
                fmt::format("the dataset has this reference id for another picture, {}",
                            item->image_url)});
        return Standing::Refused;
    }
    const bool is_same = catalog::metadata_json(version_->items, item->place) == row.metadata;
    return is_same ? Standing::Same : Standing::Changed;
}

Result<void> Importer::add_items(std::vector<ItemRow> rows, jobs::Progress& progress) {
    TUSKER_TRY(refresh());
    std::vector<Standing> standing;
    std::vector<bool> was_refused;
    const std::span<const ItemRow> all = rows;
    for (std::size_t first = 0; first < all.size(); first += kRowsPerBatch) {
        TUSKER_TRY(progress.check());
        const auto part = all.subspan(first, std::min(kRowsPerBatch, all.size() - first));
        standing.clear();
        for (const ItemRow& row : part) {
            standing.push_back(compare_item(row));
            was_refused.push_back(standing.back() == Standing::Refused);
        }
        TUSKER_TRY(write_items(part, standing));
        progress.advance(part.size());
    }
    TUSKER_TRY(refresh());
    item_numbers_.assign(rows.size(), std::nullopt);
    item_known_.assign(rows.size(), false);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (was_refused[i]) continue;
        if (version_) item_numbers_[i] = catalog::find_item_no(*version_, rows[i].reference_id);
        item_known_[i] = item_numbers_[i] || request_.dry_run;
    }
    return {};
}

Result<void> Importer::write_items(std::span<const ItemRow> rows,
                                   std::span<const Standing> standing) {
    std::vector<catalog::NewItem> items;
    std::vector<const ItemRow*> sources;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const ItemRow& row = rows[i];
        if (standing[i] == Standing::Refused) continue;
        if (standing[i] == Standing::Same) {
            ++report_.items.ignored;
        } else if (request_.dry_run) {
            ++(standing[i] == Standing::New ? report_.items.created : report_.items.updated);
        } else {
            catalog::NewItem item;
            item.reference_id = row.reference_id;
            item.image_url = row.image_url;
            item.width = row.width;
            item.height = row.height;
            item.metadata = row.metadata;
            item.update = standing[i] == Standing::Changed;
            items.push_back(item);
            sources.push_back(&row);
        }
    }
    if (items.empty()) return {};
    const auto written = TUSKER_TRY(catalog_->put_items(request_.dataset_id, items, author()));
    report_.items.created += written.created;
    report_.items.updated += written.updated;
    report_.items.ignored += written.ignored;
    for (const catalog::Refusal& refusal : written.refused) {
        const ItemRow& row = *sources[refusal.index];
        refuse({request_.path.string(), row.line, row.field, row.reference_id, refusal.message});
    }
    return {};
}

Result<void> Importer::use_items(std::span<const std::string> reference_ids) {
    TUSKER_TRY(refresh());
    item_numbers_.assign(reference_ids.size(), std::nullopt);
    item_known_.assign(reference_ids.size(), false);
    for (std::size_t i = 0; i < reference_ids.size() && version_; ++i) {
        item_numbers_[i] = catalog::find_item_no(*version_, reference_ids[i]);
        item_known_[i] = item_numbers_[i].has_value();
    }
    return {};
}

bool Importer::has_item(std::size_t index) const {
    return index < item_known_.size() && item_known_[index];
}

Result<void> Importer::add_annotations(std::vector<ObjectRow> rows) {
    if (!stored_annotations_) {
        std::vector<catalog::Correction> corrections;
        if (version_) corrections = TUSKER_TRY(catalog_->corrections(request_.dataset_id));
        stored_annotations_ = std::make_unique<StoredObjects>(
            version_, version_ ? &version_->annotations : nullptr, corrections);
    }
    return add_objects(std::nullopt, std::move(rows));
}

Result<void> Importer::add_predictions(std::string_view run_id, std::vector<ObjectRow> rows) {
    if (!stored_predictions_) {
        TUSKER_TRY(refresh());
        const catalog::RunTable* const run = version_ ? version_->find_run(run_id) : nullptr;
        stored_predictions_ = std::make_unique<StoredObjects>(
            version_, run ? &run->predictions : nullptr, std::span<const catalog::Correction>());
    }
    return add_objects(run_id, std::move(rows));
}

// What a person corrected since stays corrected: the file's label is what it was before.
Importer::Standing Importer::compare_object(StoredObjects& stored, catalog::ItemNo item,
                                            ObjectRow& row) {
    const catalog::Object* const object = stored.find(
        item,
        {row.type, row.geometry, row.annotation_id ? &*row.annotation_id : nullptr, row.label});
    if (object == nullptr) return Standing::New;
    if (stored.was_corrected_from(*object, row.label)) row.label = stored.label_of(*object);
    const bool is_same = stored.label_of(*object) == row.label && object->type == row.type &&
                         std::ranges::equal(object->geometry, row.geometry) &&
                         object->confidence == row.confidence &&
                         stored.metadata_of(*object) == row.metadata;
    return is_same ? Standing::Same : Standing::Changed;
}

Result<void> Importer::add_objects(std::optional<std::string_view> run_id,
                                   std::vector<ObjectRow> rows) {
    StoredObjects& stored = run_id ? *stored_predictions_ : *stored_annotations_;
    RowCounts& counts = run_id ? report_.predictions : report_.annotations;
    std::vector<ObjectRow> wanted;
    wanted.reserve(rows.size());
    for (ObjectRow& row : rows) {
        ++classes_[row.label];
        const auto item = item_numbers_[row.item];
        const Standing standing = item ? compare_object(stored, *item, row) : Standing::New;
        if (standing == Standing::Same)
            ++counts.ignored;
        else if (request_.dry_run)
            ++(standing == Standing::New ? counts.created : counts.updated);
        else
            wanted.push_back(std::move(row));
    }
    const std::span<const ObjectRow> all = wanted;
    for (std::size_t first = 0; first < all.size(); first += kRowsPerBatch)
        TUSKER_TRY(write_objects(
            run_id, all.subspan(first, std::min(kRowsPerBatch, all.size() - first)), counts));
    return {};
}

Result<void> Importer::write_objects(std::optional<std::string_view> run_id,
                                     std::span<const ObjectRow> rows, RowCounts& counts) {
    std::vector<catalog::NewObject> objects;
    objects.reserve(rows.size());
    for (const ObjectRow& row : rows) {
        catalog::NewObject object;
        object.item_no = item_numbers_[row.item];
        object.type = row.type;
        object.label = row.label;
        object.geometry = row.geometry;
        if (row.annotation_id) object.annotation_id = *row.annotation_id;
        object.metadata = row.metadata;
        object.confidence = row.confidence;
        objects.push_back(object);
    }
    constexpr bool kUpdate = true;
    const auto written = TUSKER_TRY(
        run_id ? catalog_->put_predictions(request_.dataset_id, *run_id, objects, kUpdate, author())
               : catalog_->put_annotations(request_.dataset_id, objects, kUpdate, author()));
    counts.created += written.created;
    counts.updated += written.updated;
    counts.ignored += written.ignored;
    for (const catalog::Refusal& refusal : written.refused) {
        const ObjectRow& row = rows[refusal.index];
        refuse({request_.path.string(), line_of_ ? line_of_(row.offset) : 0, row.field, row.label,
                refusal.message});
    }
    return {};
}

void Importer::refuse(RefusedRow row) {
    ++report_.refused_total;
    if (report_.refused.size() < kRefusedListed) report_.refused.push_back(std::move(row));
}

void Importer::set_line_finder(std::function<std::uint64_t(std::uint64_t)> line_of) {
    line_of_ = std::move(line_of);
}

void Importer::finish() {
    report_.classes.assign(classes_.begin(), classes_.end());
    std::ranges::sort(report_.classes, [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
}

}  // namespace tusker::formats
