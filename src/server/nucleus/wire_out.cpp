#include "server/nucleus/wire_out.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/ids.hpp"
#include "server/nucleus/wire_in.hpp"

namespace tusker::nucleus {
namespace {

using catalog::Item;
using catalog::Object;
using catalog::ObjectType;

constexpr std::array kTypes = {ObjectType::Box, ObjectType::Polygon, ObjectType::Category};

void optional_text(json::Writer& writer, std::string_view key,
                   const std::optional<std::string_view>& text) {
    writer.key(key);
    if (text)
        writer.value(*text);
    else
        writer.null();
}

void geometry(json::Writer& writer, const Object& object) {
    const auto& numbers = object.geometry;
    writer.key("geometry").object();
    if (object.type == ObjectType::Box && numbers.size() == 4) {
        writer.member("x", numbers[0]).member("y", numbers[1]);
        writer.member("width", numbers[2]).member("height", numbers[3]);
    } else if (object.type == ObjectType::Polygon) {
        writer.key("vertices").array();
        for (std::size_t i = 0; i + 1 < numbers.size(); i += 2)
            writer.object().member("x", numbers[i]).member("y", numbers[i + 1]).end();
        writer.end();
    }
    writer.end();
}

}  // namespace

std::string Render::url(const Item& item) const {
    // A path under one of the server's roots is as little use to a client as bytes in a pack.
    return item.has_media || !is_remote(item.image_url) ? picture_url_(version_, item)
                                                        : std::string(item.image_url);
}

void Render::item(json::Writer& writer, const Item& item, bool processed) const {
    const auto id = item_id(version_.dataset_id, item.item_no);
    const auto address = url(item);
    writer.object().member("id", id).member("dataset_item_id", id);
    writer.member("reference_id", item.reference_id).member("ref_id", item.reference_id);
    writer.member("image_url", address).member("original_image_url", address);
    if (processed) writer.member("processed_url", address);
    if (item.width) writer.member("width", *item.width);
    if (item.height) writer.member("height", *item.height);
    writer.key("metadata").raw(catalog::metadata_json(version_.items, item.place));
    writer.end();
}

void Render::object_members(json::Writer& writer, const columns::Table& table, const Object& object,
                            const Item& item) const {
    writer.member("type", catalog::to_text(object.type));
    writer.member("label", version_.labels->text(object.label));
    geometry(writer, object);
    writer.member("reference_id", item.reference_id);
    writer.member("dataset_item_id", item_id(version_.dataset_id, item.item_no));
    // No taxonomy_name means the default one; no name is invented for it.
    if (object.type == ObjectType::Category) {
        if (object.taxonomy_name) writer.member("taxonomy_name", *object.taxonomy_name);
    } else {
        optional_text(writer, "annotation_id", object.annotation_id);
    }
    optional_text(writer, "track_reference_id", object.track_reference_id);
    writer.key("metadata").raw(catalog::metadata_json(table, object.place));
}

void Render::annotation(json::Writer& writer, const Object& object, const Item& item) const {
    writer.object();
    writer.member("id", row_id("ann_", {.item_no = object.item_no, .row_no = object.row_no}));
    object_members(writer, version_.annotations, object, item);
    optional_text(writer, "task_id", object.task_id);
    writer.end();
}

void Render::prediction(json::Writer& writer, const columns::Table& table, const Object& object,
                        const Item& item) const {
    writer.object();
    writer.member("id", row_id("pred_", {.item_no = object.item_no, .row_no = object.row_no}));
    object_members(writer, table, object, item);
    writer.member("dataset_id", version_.dataset_id);
    if (object.confidence) writer.member("confidence", *object.confidence);
    if (const auto pdf = catalog::class_pdf(table, object.place); !pdf.empty()) {
        writer.key("class_pdf").object();
        for (const auto& [label, probability] : pdf)
            writer.member(version_.labels->text(label), probability);
        writer.end();
    }
    writer.end();
}

void Render::object(json::Writer& writer, const columns::Table* predictions, const Object& object,
                    const Item& item) const {
    if (predictions != nullptr)
        prediction(writer, *predictions, object, item);
    else
        annotation(writer, object, item);
}

void Render::by_type(json::Writer& writer, const columns::Table* predictions,
                     std::span<const Item> items) const {
    const auto& table = predictions != nullptr ? *predictions : version_.annotations;
    std::array<json::Writer, kTypes.size()> lists;
    std::array<bool, kTypes.size()> used{};
    for (auto& list : lists) list.array();
    for (const auto& item : items)
        for (const auto& one : catalog::objects_of(table, item.item_no)) {
            const auto type =
                static_cast<std::size_t>(std::ranges::find(kTypes, one.type) - kTypes.begin());
            object(lists[type], predictions, one, item);
            used[type] = true;
        }
    writer.object();
    for (std::size_t type = 0; type < kTypes.size(); ++type)
        if (used[type]) writer.key(catalog::to_text(kTypes[type])).raw(lists[type].end().text());
    writer.end();
}

void Render::annotations_by_type(json::Writer& writer, const Item& item) const {
    by_type(writer, nullptr, {&item, 1});
}

void Render::predictions_by_type(json::Writer& writer, const columns::Table& table,
                                 const Item& item) const {
    by_type(writer, &table, {&item, 1});
}

void Render::all_predictions_by_type(json::Writer& writer, const columns::Table& table) const {
    std::vector<Item> items;
    items.reserve(version_.item_count());
    version_.living->for_each([&](std::uint32_t item_no) {
        if (auto item = catalog::find_item(version_, item_no)) items.push_back(*item);
        return true;
    });
    by_type(writer, &table, items);
}

void Render::row(json::Writer& writer, const Item& one, const columns::Table* predictions,
                 bool processed) const {
    const auto& table = predictions != nullptr ? *predictions : version_.annotations;
    const auto objects = catalog::objects_of(table, one.item_no);
    writer.object().key("item");
    item(writer, one, processed);
    for (const std::string_view type :
         {"polygon", "line", "keypoints", "box", "cuboid", "category", "multicategory"}) {
        writer.key(type).array();
        for (const auto& candidate : objects)
            if (catalog::to_text(candidate.type) == type)
                object(writer, predictions, candidate, one);
        writer.end();
    }
    writer.end();
}

void Render::item_of_slice_info(json::Writer& writer, const Item& item) const {
    writer.object().member("id", item_id(version_.dataset_id, item.item_no));
    writer.member("ref_id", item.reference_id).member("original_image_url", url(item));
    writer.key("metadata").object();
    const auto text = catalog::metadata_json(version_.items, item.place);
    if (const auto metadata = json::Document::parse(text))
        static_cast<void>(
            metadata->root().for_each_member([&](std::string_view key, json::Value value) {
                writer.key(key).raw(value.text());
                const auto camel = to_camel_case(key);
                if (camel != key && !metadata->root().find(camel))
                    writer.key(camel).raw(value.text());
            }));
    writer.end().end();
}

std::vector<std::string> labels_in_use(const catalog::Version& version, const columns::Table& table,
                                       const columns::Bitmap* items) {
    std::vector<bool> seen(version.labels->size(), false);
    for (const auto& part : table.parts()) {
        const auto* column = part.segment->find(catalog::column::kLabel, columns::Type::U32);
        if (column == nullptr) continue;
        const auto codes = column->values<std::uint32_t>();
        const auto item_no = part.segment->item_no();
        for (std::uint32_t row = 0; row < part.segment->rows(); ++row)
            if (!seen[codes[row]] && part.is_alive(row) &&
                (items == nullptr || items->contains(item_no[row])))
                seen[codes[row]] = true;
    }
    std::set<std::string> labels;
    for (std::size_t code = 0; code < seen.size(); ++code)
        if (seen[code]) labels.insert(version.labels->text(static_cast<catalog::LabelCode>(code)));
    return {labels.begin(), labels.end()};
}

}  // namespace tusker::nucleus
