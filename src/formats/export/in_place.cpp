#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "formats/coco/patch.hpp"
#include "formats/export/export.hpp"
#include "formats/stored_objects.hpp"

namespace tusker::formats {
namespace {

catalog::ObjectType type_of(coco::Shape shape) {
    switch (shape) {
        case coco::Shape::Box:
            return catalog::ObjectType::Box;
        case coco::Shape::Polygon:
            return catalog::ObjectType::Polygon;
        case coco::Shape::Category:
            return catalog::ObjectType::Category;
    }
    return catalog::ObjectType::Box;
}

/// Annotations of the file whose label in the dataset is another, in file order.
Result<std::vector<coco::Relabel>> find_relabels(const coco::Reader& reader, StoredObjects& stored,
                                                 const catalog::Version& version,
                                                 const Pool& pool) {
    std::vector<std::optional<catalog::ItemNo>> items;
    for (const coco::Image& image : reader.images())
        items.push_back(catalog::find_item_no(version, image.file_name));
    if (std::ranges::none_of(items, [](const auto& item) { return item.has_value(); }))
        return invalid(fmt::format("none of the file's {} images is in the dataset {}",
                                   items.size(), version.name));
    std::vector<coco::Relabel> relabels;
    TUSKER_TRY(
        reader.read_annotations(pool, [&](const coco::Block& block, std::size_t) -> Result<void> {
            for (const coco::Annotation& annotation : block.annotations) {
                if (!items[annotation.image]) continue;
                const std::string& label = reader.categories()[annotation.category].name;
                const catalog::Object* const object =
                    stored.find(*items[annotation.image],
                                {type_of(annotation.shape), annotation.geometry,
                                 annotation.id.empty() ? nullptr : &annotation.id, label});
                if (object != nullptr && stored.label_of(*object) != label)
                    relabels.push_back({annotation.where, stored.label_of(*object)});
            }
            return {};
        }));
    return relabels;
}

Result<coco::Patch> make_patch(const catalog::Catalog& catalog, std::string_view dataset_id,
                               std::string_view text, const Pool& pool) {
    const coco::Reader reader = TUSKER_TRY(coco::Reader::open(text));
    if (reader.is_results()) return invalid("must be COCO labels, not results");
    const auto version = TUSKER_TRY(catalog.version(dataset_id));
    const auto corrections = TUSKER_TRY(catalog.corrections(dataset_id));
    StoredObjects stored(version, &version->annotations, corrections);
    const auto relabels = TUSKER_TRY(find_relabels(reader, stored, *version, pool));
    return coco::patch(text, reader, relabels);
}

}  // namespace

Result<std::vector<FileChange>> export_in_place(const catalog::Catalog& catalog,
                                                std::string_view dataset_id,
                                                const std::filesystem::path& file, bool dry_run,
                                                const Pool& pool) {
    // A link stays one: what it points to is replaced.
    std::error_code error;
    const std::filesystem::path target = std::filesystem::canonical(file, error);
    if (error)
        return not_found(
            fmt::format("file = {}: there is no such file ({})", file.string(), error.message()));
    const MappedFile mapped = TUSKER_TRY(MappedFile::open(target));
    const std::string_view text(reinterpret_cast<const char*>(mapped.bytes().data()),
                                mapped.bytes().size());
    auto patch = make_patch(catalog, dataset_id, text, pool);
    if (!patch)
        return fail(patch.error().code,
                    fmt::format("file = {}: {}", file.string(), patch.error().message));
    if (!dry_run && !patch->changed.empty()) {
        struct stat status{};
        const bool has_status = ::stat(target.c_str(), &status) == 0;
        TUSKER_TRY(replace_file(target, patch->text,
                                has_status ? static_cast<int>(status.st_mode & 07777U) : 0644));
    }
    std::vector<FileChange> changes;
    for (coco::ChangedRow& row : patch->changed)
        changes.push_back({row.line, std::move(row.before), std::move(row.after)});
    return changes;
}

}  // namespace tusker::formats
