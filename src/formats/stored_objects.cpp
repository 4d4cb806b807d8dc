#include "formats/stored_objects.hpp"

#include <algorithm>

namespace tusker::formats {

StoredObjects::StoredObjects(std::shared_ptr<const catalog::Version> version,
                             const columns::Table* table,
                             std::span<const catalog::Correction> corrections)
    : version_(std::move(version)), table_(table) {
    for (const catalog::Correction& correction : corrections)
        if (!correction.undone && correction.given != correction.label)
            former_labels_[correction.annotation.row_no].insert(correction.given);
}

const catalog::Object* StoredObjects::find(catalog::ItemNo item, const RowIdentity& row) {
    if (empty()) return nullptr;
    if (item_ != item) {
        objects_ = catalog::objects_of(*table_, item);
        item_ = item;
    }
    const auto found = std::ranges::find_if(
        objects_, [&](const catalog::Object& object) { return is_same_row(object, row); });
    return found == objects_.end() ? nullptr : &*found;
}

bool StoredObjects::was_corrected_from(const catalog::Object& object,
                                       const std::string& label) const {
    const auto former = former_labels_.find(object.row_no);
    return former != former_labels_.end() && former->second.contains(label);
}

const std::string& StoredObjects::label_of(const catalog::Object& object) const {
    return version_->labels->text(object.label);
}

std::string StoredObjects::metadata_of(const catalog::Object& object) const {
    return catalog::metadata_json(*table_, object.place);
}

bool StoredObjects::is_same_row(const catalog::Object& object, const RowIdentity& row) const {
    if (object.task_id) return false;
    if (row.type == catalog::ObjectType::Category)
        return object.type == row.type && !object.taxonomy_name;
    if (row.annotation_id != nullptr) return object.annotation_id == *row.annotation_id;
    if (object.annotation_id || object.type != row.type) return false;
    return std::ranges::equal(object.geometry, row.geometry) &&
           (label_of(object) == row.label || was_corrected_from(object, row.label));
}

}  // namespace tusker::formats
