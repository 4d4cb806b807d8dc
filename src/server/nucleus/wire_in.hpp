// Items, annotations and predictions as the client sends them -> rows for the catalog. Each object
// is accepted or refused by name; nothing here looks at what is stored.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "catalog/catalog.hpp"

namespace tusker::nucleus {

/// A row that will not be stored, and why.
struct RefusedRow {
    std::size_t index;  // in the call
    std::string reference_id;
    std::string message;
};

/// Rows of one call. They view texts of the JSON documents, which must outlive the batch, and texts
/// of the batch itself; so it cannot be copied.
class ItemBatch {
public:
    ItemBatch() = default;
    ItemBatch(ItemBatch&&) noexcept = default;

    /// `update` counts where the item does not say for itself.
    void add(json::Value item, std::size_t index, bool update);
    void refuse(std::size_t index, std::string_view reference_id, std::string message);

    std::vector<catalog::NewItem> rows;
    std::vector<std::size_t> indices;  // of each row in the call
    std::vector<RefusedRow> refused;

private:
    std::deque<std::string> texts_;
};

class ObjectBatch {
public:
    ObjectBatch() = default;
    ObjectBatch(ObjectBatch&&) noexcept = default;

    enum class Kind { Annotation, Prediction };
    /// `item`: the item the object belongs to, if that is known already; else its reference_id
    /// says it.
    void add(json::Value object, std::size_t index, Kind kind,
             std::optional<catalog::ItemNo> item = std::nullopt);
    void refuse(json::Value object, std::string_view message);

    std::vector<catalog::NewObject> rows;
    std::vector<std::size_t> indices;  // of each row in the call
    std::vector<json::Value> sources;  // of each row, to show it in an error
    /// {"annotation":{…camelCase keys…},"error":"…"} of each refused object.
    std::vector<std::string> errors;

private:
    Result<catalog::NewObject> parse(json::Value object, std::size_t index, Kind kind,
                                     std::optional<catalog::ItemNo> item);
    Result<void> parse_geometry(json::Value object, std::string_view where,
                                catalog::NewObject& row);
    Result<void> parse_class_pdf(json::Value object, std::string_view where,
                                 catalog::NewObject& row);

    std::deque<std::string> texts_;
    std::deque<std::vector<double>> numbers_;
    std::deque<std::vector<std::string_view>> names_;
};

/// The text form of an error about one object, as the client's documentation shows it.
std::string object_error(json::Value object, std::string_view message);

/// Names of keys one level deep from snake_case to camelCase; values as they are.
std::string with_camel_case_keys(json::Value object);
std::string to_camel_case(std::string_view snake_case);

/// A text, or a whole number as its digits: ids of other systems are often numbers.
std::optional<std::string_view> text_or_number(std::optional<json::Value> value,
                                               std::deque<std::string>& texts);

/// True if others than the sender can reach a picture there.
bool is_remote(std::string_view url);

/// The catalog counts the rows that it was given: "annotations[0].geometry…" -> the place that the
/// row had in the call. Other messages stay as they are.
std::string in_call(std::string message, std::string_view list, std::size_t index);

/// The object's reference_id, or nothing.
std::string_view reference_of(json::Value object);

}  // namespace tusker::nucleus
