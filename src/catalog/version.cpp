#include "catalog/version.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "catalog/item_sizes.hpp"
#include "catalog/object_columns.hpp"
#include "catalog/reference_index.hpp"

namespace tusker::catalog {
namespace {

using columns::Column;
using columns::Segment;
using columns::Type;

template <class T>
std::optional<T> number(const Column* column, std::uint32_t row) {
    if (column == nullptr) return std::nullopt;
    const auto index = column->index_of(row);
    if (!index) return std::nullopt;
    return column->values<T>()[*index];
}

std::optional<std::string_view> text(const Column* column, std::uint32_t row) {
    if (column == nullptr) return std::nullopt;
    const auto index = column->index_of(row);
    if (!index) return std::nullopt;
    return column->text(*index);
}

void write_value(json::Writer& out, const Column& column, std::uint32_t index) {
    switch (column.type()) {
        case Type::Bool:
            out.value(column.values<std::uint8_t>()[index] != 0);
            return;
        case Type::I64:
            out.value(column.values<std::int64_t>()[index]);
            return;
        case Type::F64:
            out.value(column.values<double>()[index]);
            return;
        case Type::Text:
            out.value(column.text(index));
            return;
        case Type::Json:
            out.raw(column.text(index));
            return;
        case Type::U8:
        case Type::U32:
        case Type::U64:
        case Type::F32:
        case Type::U32List:
        case Type::F32List:
        case Type::F64List:
            break;  // metadata has none of these
    }
    out.null();
}

template <class T>
void append_pdf(std::vector<std::pair<LabelCode, double>>& out,
                std::span<const std::uint32_t> labels, std::span<const T> values) {
    for (std::size_t i = 0; i < labels.size(); ++i)
        out.emplace_back(labels[i], static_cast<double>(values[i]));
}

}  // namespace

std::string_view to_text(ObjectType type) {
    switch (type) {
        case ObjectType::Box:
            return "box";
        case ObjectType::Polygon:
            return "polygon";
        case ObjectType::Category:
            return "category";
    }
    return "";
}

std::optional<ObjectType> parse_object_type(std::string_view text) {
    for (const auto type : {ObjectType::Box, ObjectType::Polygon, ObjectType::Category})
        if (to_text(type) == text) return type;
    return std::nullopt;
}

std::optional<LabelCode> LabelTable::find(std::string_view text) const {
    const auto at = codes_.find(text);
    if (at == codes_.end()) return std::nullopt;
    return at->second;
}

LabelCode LabelTable::add(std::string_view text) {
    const auto at = codes_.find(text);
    if (at != codes_.end()) return at->second;
    const auto code = static_cast<LabelCode>(texts_.size());
    texts_.emplace_back(text);
    codes_.emplace(texts_.back(), code);
    return code;
}

LabelTable LabelTable::with(std::string_view text) const {
    LabelTable larger = *this;
    larger.add(text);
    return larger;
}

const RunTable* Version::find_run(std::string_view run_id) const {
    const auto at = runs.find(std::string(run_id));
    return at == runs.end() ? nullptr : at->second.get();
}

const Slice* Version::find_slice(std::string_view id_or_name) const {
    for (const auto& slice : slices)
        if (slice.id == id_or_name) return &slice;
    for (const auto& slice : slices)
        if (slice.name == id_or_name) return &slice;
    return nullptr;
}

const Finding* Version::find_label_issues(std::string_view id) const {
    for (auto at = findings.rbegin(); at != findings.rend(); ++at)
        if ((*at)->kind == "label_issues" && (id.empty() || (*at)->id == id)) return at->get();
    return nullptr;
}

std::optional<Item> find_item(const Version& version, ItemNo item_no) {
    const auto place = version.items.find({item_no, 0});
    if (!place) return std::nullopt;
    const auto& segment = *version.items.parts()[place->part].segment;
    const auto row = place->row;
    Item item{};
    item.item_no = item_no;
    item.place = *place;
    item.reference_id = text(segment.find(column::kReferenceId, Type::Text), row).value_or("");
    item.image_url = text(segment.find(column::kImageUrl, Type::Text), row).value_or("");
    item.width = number<std::uint32_t>(segment.find(column::kWidth, Type::U32), row);
    item.height = number<std::uint32_t>(segment.find(column::kHeight, Type::U32), row);
    if ((!item.width || !item.height) && version.sizes) {
        if (const auto size = version.sizes->find(item_no)) {
            item.width = size->first;
            item.height = size->second;
        }
    }
    const auto pack = number<std::uint32_t>(segment.find(column::kMediaPack, Type::U32), row);
    item.has_media = pack.has_value();
    item.media_pack = pack.value_or(0);
    item.media_offset =
        number<std::uint64_t>(segment.find(column::kMediaOffset, Type::U64), row).value_or(0);
    item.media_size =
        number<std::uint64_t>(segment.find(column::kMediaSize, Type::U64), row).value_or(0);
    item.created_at =
        number<std::int64_t>(segment.find(column::kCreatedAt, Type::I64), row).value_or(0);
    return item;
}

std::optional<ItemNo> find_item_no(const Version& version, std::string_view reference_id) {
    return version.references ? version.references->find(version, reference_id) : std::nullopt;
}

ObjectColumns::ObjectColumns(const Segment& of)
    : segment(&of),
      type(of.find(column::kType, Type::U8)),
      label(of.find(column::kLabel, Type::U32)),
      geometry(of.find(column::kGeometry, Type::F64List)),
      annotation_id(of.find(column::kAnnotationId, Type::Text)),
      task_id(of.find(column::kTaskId, Type::Text)),
      track_id(of.find(column::kTrackId, Type::Text)),
      taxonomy(of.find(column::kTaxonomy, Type::Text)),
      confidence(of.find(column::kConfidenceExact, Type::F64)),
      change(of.find(column::kChange, Type::U64)) {}

Object ObjectColumns::read(columns::Place place) const {
    const auto row = place.row;
    Object object{};
    object.item_no = segment->item_no()[row];
    object.row_no = segment->row_no()[row];
    object.type = static_cast<ObjectType>(number<std::uint8_t>(type, row).value_or(1));
    object.label = number<std::uint32_t>(label, row).value_or(0);
    if (geometry != nullptr)
        if (const auto index = geometry->index_of(row))
            object.geometry = geometry->list<double>(*index);
    object.annotation_id = text(annotation_id, row);
    object.task_id = text(task_id, row);
    object.track_reference_id = text(track_id, row);
    object.taxonomy_name = text(taxonomy, row);
    object.confidence = number<double>(confidence, row);
    object.change = number<std::uint64_t>(change, row).value_or(0);
    object.place = place;
    return object;
}

std::vector<Object> objects_of(const columns::Table& table, ItemNo item_no) {
    std::vector<Object> objects;
    std::optional<ObjectColumns> columns;
    for (const auto place : table.rows_of(item_no)) {
        const auto& segment = *table.parts()[place.part].segment;
        if (!columns || columns->segment != &segment) columns.emplace(segment);
        objects.push_back(columns->read(place));
    }
    return objects;
}

std::optional<Object> find_object(const columns::Table& table, columns::RowKey key) {
    const auto place = table.find(key);
    if (!place) return std::nullopt;
    return ObjectColumns(*table.parts()[place->part].segment).read(*place);
}

std::vector<std::pair<LabelCode, double>> class_pdf(const columns::Table& table,
                                                    columns::Place place) {
    std::vector<std::pair<LabelCode, double>> pdf;
    const auto& segment = *table.parts()[place.part].segment;
    const auto* labels = segment.find(column::kClassPdfLabels, Type::U32List);
    if (labels == nullptr) return pdf;
    const auto at = labels->index_of(place.row);
    if (!at) return pdf;
    const auto codes = labels->list<std::uint32_t>(*at);
    for (const auto& values : segment.find_all(column::kClassPdf)) {
        const auto index = values.index_of(place.row);
        if (!index) continue;
        if (values.type() == Type::F32List)
            append_pdf(pdf, codes, values.list<float>(*index));
        else
            append_pdf(pdf, codes, values.list<double>(*index));
    }
    return pdf;
}

std::string metadata_json(const columns::Table& table, columns::Place place) {
    const auto& segment = *table.parts()[place.part].segment;
    const auto all = segment.columns();
    auto at = std::lower_bound(
        all.begin(), all.end(), column::kMetadataPrefix,
        [](const Column& c, std::string_view prefix) { return c.name() < prefix; });
    json::Writer out;
    out.object();
    for (; at != all.end() && at->name().starts_with(column::kMetadataPrefix); ++at) {
        const auto index = at->index_of(place.row);
        if (!index) continue;
        out.key(at->name().substr(column::kMetadataPrefix.size()));
        write_value(out, *at, *index);
    }
    out.end();
    return out.take();
}

}  // namespace tusker::catalog
