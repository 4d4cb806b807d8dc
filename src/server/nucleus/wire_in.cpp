#include "server/nucleus/wire_in.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace tusker::nucleus {
namespace {

using catalog::NewItem;
using catalog::NewObject;
using catalog::ObjectType;

Result<std::string_view> metadata_text(json::Value row, std::string_view where,
                                       std::deque<std::string>& texts) {
    const auto metadata = row.find_value("metadata");
    if (!metadata || metadata->size() == 0) {
        if (metadata && metadata->kind() != json::Kind::Object)
            return invalid(fmt::format("{}.metadata: must be an object", where));
        return std::string_view();
    }
    if (metadata->kind() != json::Kind::Object)
        return invalid(fmt::format("{}.metadata: must be an object", where));
    return texts.emplace_back(metadata->text());
}

Result<std::optional<std::uint32_t>> pixels(json::Value item, std::string_view key,
                                            std::string_view where) {
    const auto value = item.find_value(key);
    if (!value) return std::nullopt;
    const auto number = value->as_int();
    if (!number || *number < 1 || *number > std::numeric_limits<std::int32_t>::max())
        return invalid(fmt::format("{}.{} = {}: must be a whole number of pixels, at least 1",
                                   where, key, value->text()));
    return static_cast<std::uint32_t>(*number);
}

Result<NewItem> parse_item(json::Value item, std::size_t index, bool update,
                           std::deque<std::string>& texts) {
    const auto where = fmt::format("items[{}]", index);
    if (item.kind() != json::Kind::Object)
        return invalid(fmt::format("{}: must be an object", where));
    NewItem row;
    const auto reference = text_or_number(item.find_value("reference_id"), texts);
    if (!reference || reference->empty())
        return invalid(
            fmt::format("{}.reference_id: must be a text of at least one character", where));
    row.reference_id = *reference;
    const auto url = item.find_value("image_url");
    if (!url || url->as_string().value_or("").empty())
        return invalid(
            fmt::format("{}.image_url: must be a text of at least one character", where));
    row.image_url = *url->as_string();
    row.width = TUSKER_TRY(pixels(item, "width", where));
    row.height = TUSKER_TRY(pixels(item, "height", where));
    row.metadata = TUSKER_TRY(metadata_text(item, where, texts));
    row.update = update;
    if (const auto own = item.find_value("update")) row.update = own->as_bool().value_or(update);
    return row;
}

Result<double> coordinate(std::optional<json::Value> value, std::string_view where) {
    const auto number = value ? value->as_double() : std::nullopt;
    if (!number || !std::isfinite(*number))
        return invalid(fmt::format("{} = {}: must be a number", where,
                                   value ? value->text() : std::string("absent")));
    return *number;
}

}  // namespace

std::optional<std::string_view> text_or_number(std::optional<json::Value> value,
                                               std::deque<std::string>& texts) {
    if (!value) return std::nullopt;
    if (auto text = value->as_string()) return text;
    if (value->is_integer()) return texts.emplace_back(value->text());
    return std::nullopt;
}

bool is_remote(std::string_view url) {
    for (const std::string_view scheme : {"http://", "https://", "s3://", "gs://"})
        if (url.starts_with(scheme)) return true;
    return false;
}

std::string in_call(std::string message, std::string_view list, std::size_t index) {
    const auto open = message.find('[');
    const auto close = message.find(']');
    if (open == std::string::npos || close == std::string::npos || close < open) return message;
    const auto counted = std::string_view(message).substr(0, open);
    if (counted != "annotations" && counted != "predictions" && counted != "items") return message;
    return fmt::format("{}[{}{}", list, index, std::string_view(message).substr(close));
}

std::string_view reference_of(json::Value object) {
    const auto reference = object.find_value("reference_id");
    return reference ? reference->as_string().value_or("") : std::string_view();
}

void ItemBatch::add(json::Value item, std::size_t index, bool update) {
    auto row = parse_item(item, index, update, texts_);
    if (!row) return refuse(index, reference_of(item), std::move(row.error().message));
    rows.push_back(*row);
    indices.push_back(index);
}

void ItemBatch::refuse(std::size_t index, std::string_view reference_id, std::string message) {
    refused.push_back({index, std::string(reference_id), std::move(message)});
}

void ObjectBatch::add(json::Value object, std::size_t index, Kind kind,
                      std::optional<catalog::ItemNo> item) {
    auto row = parse(object, index, kind, item);
    if (!row) return refuse(object, row.error().message);
    rows.push_back(*row);
    indices.push_back(index);
    sources.push_back(object);
}

void ObjectBatch::refuse(json::Value object, std::string_view message) {
    errors.push_back(object_error(object, message));
}

Result<NewObject> ObjectBatch::parse(json::Value object, std::size_t index, Kind kind,
                                     std::optional<catalog::ItemNo> item) {
    const auto where = fmt::format("annotations[{}]", index);
    if (object.kind() != json::Kind::Object)
        return invalid(fmt::format("{}: must be an object", where));
    const auto type_text = [&]() -> std::string_view {
        const auto type = object.find_value("type");
        if (type) return type->as_string().value_or("");
        return object.find("mask_url") ? "mask" : "";
    }();
    const auto type = catalog::parse_object_type(type_text);
    if (!type)
        return invalid(fmt::format("{}.type = \"{}\": Tusker stores box, polygon and category",
                                   where, type_text));
    NewObject row;
    row.type = *type;
    row.item_no = item;
    const auto reference = text_or_number(object.find_value("reference_id"), texts_);
    if (!item && (!reference || reference->empty()))
        return invalid(fmt::format("{}.reference_id: must name an item", where));
    row.reference_id = reference.value_or("");
    const auto label = object.find_value("label");
    if (!label || !label->as_string() || label->as_string()->empty())
        return invalid(fmt::format("{}.label: must be a text of at least one character", where));
    row.label = *label->as_string();
    if (*type == ObjectType::Category) {
        row.taxonomy_name = text_or_number(object.find_value("taxonomy_name"), texts_);
    } else {
        row.annotation_id = text_or_number(object.find_value("annotation_id"), texts_);
        TUSKER_TRY(parse_geometry(object, where, row));
    }
    row.track_reference_id = text_or_number(object.find_value("track_reference_id"), texts_);
    row.metadata = TUSKER_TRY(metadata_text(object, where, texts_));
    if (kind == Kind::Annotation) {
        row.task_id = text_or_number(object.find_value("task_id"), texts_);
        return row;
    }
    if (const auto confidence = object.find_value("confidence"))
        row.confidence = TUSKER_TRY(coordinate(confidence, where + ".confidence"));
    TUSKER_TRY(parse_class_pdf(object, where, row));
    return row;
}

Result<void> ObjectBatch::parse_geometry(json::Value object, std::string_view where,
                                         NewObject& row) {
    const auto geometry = object.find_value("geometry");
    if (!geometry || geometry->kind() != json::Kind::Object)
        return invalid(fmt::format("{}.geometry: must be an object", where));
    auto& numbers = numbers_.emplace_back();
    if (row.type == ObjectType::Box) {
        for (const std::string_view key : {"x", "y", "width", "height"})
            numbers.push_back(TUSKER_TRY(
                coordinate(geometry->find(key), fmt::format("{}.geometry.{}", where, key))));
    } else {
        const auto vertices = geometry->find("vertices");
        if (!vertices || vertices->kind() != json::Kind::Array)
            return invalid(fmt::format("{}.geometry.vertices: must be a list", where));
        TUSKER_TRY(vertices->for_each([&](json::Value vertex) -> Result<void> {
            const auto place = fmt::format("{}.geometry.vertices[{}]", where, numbers.size() / 2);
            numbers.push_back(TUSKER_TRY(coordinate(vertex.find("x"), place + ".x")));
            numbers.push_back(TUSKER_TRY(coordinate(vertex.find("y"), place + ".y")));
            return {};
        }));
    }
    row.geometry = numbers;
    return {};
}

Result<void> ObjectBatch::parse_class_pdf(json::Value object, std::string_view where,
                                          NewObject& row) {
    const auto pdf = object.find_value("class_pdf");
    if (!pdf) return {};
    if (pdf->kind() != json::Kind::Object)
        return invalid(
            fmt::format("{}.class_pdf: must be an object of label and probability", where));
    auto& labels = names_.emplace_back();
    auto& probabilities = numbers_.emplace_back();
    TUSKER_TRY(pdf->for_each_member([&](std::string_view label, json::Value value) -> Result<void> {
        labels.push_back(label);
        probabilities.push_back(
            TUSKER_TRY(coordinate(value, fmt::format("{}.class_pdf.{}", where, label))));
        return {};
    }));
    row.class_pdf_labels = labels;
    row.class_pdf = probabilities;
    return {};
}

std::string to_camel_case(std::string_view snake_case) {
    std::string camel;
    bool upper = false;
    for (const char c : snake_case) {
        if (c == '_' && !camel.empty()) {
            upper = true;
            continue;
        }
        const bool lower_letter = c >= 'a' && c <= 'z';
        camel += upper && lower_letter ? static_cast<char>(c - 'a' + 'A') : c;
        upper = false;
    }
    return camel;
}

std::string with_camel_case_keys(json::Value object) {
    json::Writer writer;
    writer.object();
    static_cast<void>(object.for_each_member([&](std::string_view key, json::Value value) {
        writer.key(to_camel_case(key)).raw(value.text());
    }));
    return writer.end().take();
}

std::string object_error(json::Value object, std::string_view message) {
    json::Writer writer;
    writer.object();
    writer.key("annotation").raw(with_camel_case_keys(object));
    writer.member("error", message);
    return writer.end().take();
}

}  // namespace tusker::nucleus
