#include "catalog/metadata_rows.hpp"

#include <algorithm>
#include <bit>

namespace tusker::catalog {

using columns::Type;

Result<MetadataRows::Ref> MetadataRows::add(std::string_view json) {
    if (json.empty() || json == "{}") return kNone;
    const auto object = parser_.parse(json);
    if (!object) return std::unexpected(object.error());
    if (object->kind() != json::Kind::Object) return invalid("must be a JSON object");
    const std::size_t first = values_.size();
    const auto read_all = object->for_each_member([&](std::string_view key, json::Value value) {
        values_.push_back(read(key_no(key), value));
    });
    TUSKER_CHECK(read_all.has_value());
    keep_last_of_each(first);
    return close(first);
}

MetadataRows::Ref MetadataRows::merge(const columns::Segment& segment, std::uint32_t row,
                                      Ref patch) {
    const std::size_t first = values_.size();
    for (const auto& column : segment.columns()) {
        if (!column.name().starts_with(column::kMetadataPrefix)) continue;
        const auto key = key_no(column.name().substr(column::kMetadataPrefix.size()));
        if (const auto index = column.index_of(row)) values_.push_back(stored(key, column, *index));
    }
    append(patch);
    keep_last_of_each(first);
    return close(first);
}

MetadataRows::Ref MetadataRows::merge(Ref older, Ref newer) {
    const std::size_t first = values_.size();
    append(older);
    append(newer);
    keep_last_of_each(first);
    return close(first);
}

void MetadataRows::write(columns::SegmentBuilder& builder, Ref ref) {
    if (refs_of_ != &builder) {
        refs_.clear();
        refs_of_ = &builder;
    }
    for (std::size_t i = rows_[ref].first; i < rows_[ref].last; ++i) {
        const Value& value = values_[i];
        const auto key = std::uint64_t{value.key} << 8U | static_cast<std::uint64_t>(value.type);
        auto at = refs_.find(key);
        if (at == refs_.end())
            at = refs_.emplace(key, builder.column(names_[value.key], value.type)).first;
        switch (value.type) {
            case Type::Bool:
                builder.set_bool(at->second, value.bits != 0);
                break;
            case Type::I64:
                builder.set_i64(at->second, static_cast<std::int64_t>(value.bits));
                break;
            case Type::F64:
                builder.set_f64(at->second, std::bit_cast<double>(value.bits));
                break;
            default:
                builder.set_text(at->second,
                                 std::string_view(texts_).substr(value.bits, value.size));
        }
    }
}

MetadataRows::KeyNo MetadataRows::key_no(std::string_view key) {
    const auto at = keys_.find(key);
    if (at != keys_.end()) return at->second;
    const auto number = static_cast<KeyNo>(names_.size());
    names_.push_back(std::string(column::kMetadataPrefix).append(key));
    keys_.emplace(std::string(key), number);
    return number;
}

MetadataRows::Value MetadataRows::read(KeyNo key, const json::Value& value) {
    switch (value.kind()) {
        case json::Kind::Bool:
            return {key, Type::Bool, *value.as_bool() ? 1U : 0U, 0};
        case json::Kind::Number:
            if (value.is_integer()) {
                if (const auto number = value.as_int())
                    return {key, Type::I64, static_cast<std::uint64_t>(*number), 0};
                return text_value(key, Type::Json, value.text());  // beyond i64: kept exactly
            }
            return {key, Type::F64, std::bit_cast<std::uint64_t>(*value.as_double()), 0};
        case json::Kind::String:
            return text_value(key, Type::Text, *value.as_string());
        case json::Kind::Null:
        case json::Kind::Array:
        case json::Kind::Object:
            break;
    }
    return text_value(key, Type::Json, value.text());
}

MetadataRows::Value MetadataRows::stored(KeyNo key, const columns::Column& column,
                                         std::uint32_t index) {
    switch (column.type()) {
        case Type::Bool:
            return {key, Type::Bool, column.values<std::uint8_t>()[index], 0};
        case Type::I64:
        case Type::F64:
            return {key, column.type(), column.values<std::uint64_t>()[index], 0};
        default:
            return text_value(key, column.type(), column.text(index));
    }
}

MetadataRows::Value MetadataRows::text_value(KeyNo key, Type type, std::string_view text) {
    const std::uint64_t at = texts_.size();
    texts_ += text;
    return {key, type, at, text.size()};
}

void MetadataRows::append(Ref ref) {
    const Row row = rows_[ref];
    for (std::size_t i = row.first; i < row.last; ++i) {
        const Value value = values_[i];  // push_back may move the values
        values_.push_back(value);
    }
}

void MetadataRows::keep_last_of_each(std::size_t first) {
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(first);
    std::stable_sort(begin, values_.end(),
                     [](const Value& a, const Value& b) { return a.key < b.key; });
    auto out = begin;
    for (auto at = begin; at != values_.end(); ++at)
        if (at + 1 == values_.end() || (at + 1)->key != at->key) *out++ = *at;
    values_.erase(out, values_.end());
}

MetadataRows::Ref MetadataRows::close(std::size_t first) {
    rows_.push_back({first, values_.size()});
    return rows_.size() - 1;
}

void copy_value(columns::SegmentBuilder& builder, const columns::Column& from,
                std::uint32_t index) {
    const auto to = builder.column(from.name(), from.type());
    switch (from.type()) {
        case Type::Bool:
            return builder.set_bool(to, from.values<std::uint8_t>()[index] != 0);
        case Type::U8:
            return builder.set_u8(to, from.values<std::uint8_t>()[index]);
        case Type::U32:
            return builder.set_u32(to, from.values<std::uint32_t>()[index]);
        case Type::U64:
            return builder.set_u64(to, from.values<std::uint64_t>()[index]);
        case Type::I64:
            return builder.set_i64(to, from.values<std::int64_t>()[index]);
        case Type::F32:
            return builder.set_f32(to, from.values<float>()[index]);
        case Type::F64:
            return builder.set_f64(to, from.values<double>()[index]);
        case Type::Text:
        case Type::Json:
            return builder.set_text(to, from.text(index));
        case Type::U32List:
            return builder.set_list(to, from.list<std::uint32_t>(index));
        case Type::F32List:
            return builder.set_list(to, from.list<float>(index));
        case Type::F64List:
            return builder.set_list(to, from.list<double>(index));
    }
}

}  // namespace tusker::catalog
