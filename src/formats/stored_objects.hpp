// Finding the stored annotation that a row of somebody's file speaks of.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.hpp"

namespace tusker::formats {

/// What identifies a row of a file. The keys are those of DESIGN § 2: one category an item; an
/// annotation id; without an id, what it shows.
struct RowIdentity {
    catalog::ObjectType type = catalog::ObjectType::Box;
    std::span<const double> geometry;
    const std::string* annotation_id = nullptr;  // null: it has none
    const std::string& label;
};

/// Objects of one table at one moment, and what labels people took away from them. Borrows the
/// table of `version`. Not thread safe: it keeps the objects of the last item.
class StoredObjects {
public:
    StoredObjects(std::shared_ptr<const catalog::Version> version, const columns::Table* table,
                  std::span<const catalog::Correction> corrections);

    bool empty() const { return table_ == nullptr || table_->living_rows() == 0; }
    /// Null if there is none; valid until the next call.
    const catalog::Object* find(catalog::ItemNo item, const RowIdentity& row);
    /// True if a person changed the object's label from `label` to another.
    bool was_corrected_from(const catalog::Object& object, const std::string& label) const;
    const std::string& label_of(const catalog::Object& object) const;
    std::string metadata_of(const catalog::Object& object) const;

private:
    bool is_same_row(const catalog::Object& object, const RowIdentity& row) const;

    std::shared_ptr<const catalog::Version> version_;
    const columns::Table* table_;
    std::unordered_map<catalog::RowNo, std::set<std::string>> former_labels_;
    std::optional<catalog::ItemNo> item_;
    std::vector<catalog::Object> objects_;  // of item_
};

}  // namespace tusker::formats
