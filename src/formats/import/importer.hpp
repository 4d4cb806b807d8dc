// What all formats share on the way into a dataset: rows are compared with what is stored, counted,
// and only new and changed ones written, in batches.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/import/import.hpp"
#include "formats/stored_objects.hpp"

namespace tusker::formats {

/// An item on its way in; `line` is where its owner finds it.
struct ItemRow {
    std::string reference_id;
    std::string image_url;
    std::optional<std::uint32_t> width = {};
    std::optional<std::uint32_t> height = {};
    std::string metadata = "{}";
    std::string field = {};  // "images[3]"
    std::uint64_t line = 0;
};

/// An annotation or prediction on its way in, of the item with that index among those added.
struct ObjectRow {
    std::size_t item = 0;
    catalog::ObjectType type = catalog::ObjectType::Box;
    std::string label;
    std::vector<double> geometry = {};
    std::optional<std::string> annotation_id = {};
    std::optional<double> confidence = {};
    std::string metadata = "{}";
    std::string field = {};
    std::uint64_t offset = 0;  // in the file; the line is counted only if it is refused
};

/// Not thread safe; one for each import.
class Importer {
public:
    Importer(catalog::Catalog* catalog, const ImportRequest& request, ImportReport& report);
    ~Importer();

    /// Items first, all of them. A row without reference id was refused before and only keeps its
    /// index.
    Result<void> add_items(std::vector<ItemRow> rows, jobs::Progress& progress);
    /// Items that are there already, for predictions: the index of each is its place in the list.
    Result<void> use_items(std::span<const std::string> reference_ids);
    /// False if the item of that index is not in the dataset.
    bool has_item(std::size_t index) const;

    Result<void> add_annotations(std::vector<ObjectRow> rows);
    /// `run_id` may be empty in a dry run.
    Result<void> add_predictions(std::string_view run_id, std::vector<ObjectRow> rows);

    void refuse(RefusedRow row);
    /// The line of an object's offset, for refusals.
    void set_line_finder(std::function<std::uint64_t(std::uint64_t)> line_of);
    /// Classes in the report's order.
    void finish();

    const catalog::Version* version() const { return version_.get(); }

private:
    enum class Standing { New, Same, Changed, Refused };

    Standing compare_item(const ItemRow& row);
    static Standing compare_object(StoredObjects& stored, catalog::ItemNo item, ObjectRow& row);
    Result<void> write_items(std::span<const ItemRow> rows, std::span<const Standing> standing);
    Result<void> add_objects(std::optional<std::string_view> run_id, std::vector<ObjectRow> rows);
    Result<void> write_objects(std::optional<std::string_view> run_id,
                               std::span<const ObjectRow> rows, RowCounts& counts);
    Result<void> refresh();
    catalog::Author author() const;

    catalog::Catalog* catalog_;
    const ImportRequest& request_;
    ImportReport& report_;
    std::shared_ptr<const catalog::Version> version_;           // null in a dry run without dataset
    std::vector<std::optional<catalog::ItemNo>> item_numbers_;  // by index
    std::vector<bool> item_known_;                              // accepted, stored or not (dry run)
    std::unordered_map<std::string, std::uint64_t> classes_;
    std::function<std::uint64_t(std::uint64_t)> line_of_;
    std::unique_ptr<StoredObjects> stored_annotations_;
    std::unique_ptr<StoredObjects> stored_predictions_;
};

}  // namespace tusker::formats
