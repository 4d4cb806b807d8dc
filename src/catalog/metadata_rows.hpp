// Inside the room only: metadata on its way into typed columns. Each text is parsed once, before it
// is known whether its row is accepted and what it is merged with.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.hpp"
#include "catalog/version.hpp"

namespace tusker::catalog {

class MetadataRows {
public:
    using Ref = std::size_t;
    static constexpr Ref kNone = 0;  // {}

    /// A JSON object text; empty = {}. If a key is doubled, the last value stays.
    Result<Ref> add(std::string_view json);
    /// The values of a stored row, less those whose keys `patch` has, and those of `patch`.
    Ref merge(const columns::Segment& segment, std::uint32_t row, Ref patch);
    /// The values of `older`, less those whose keys `newer` has, and those of `newer`.
    Ref merge(Ref older, Ref newer);
    /// Sets the values in the builder's current row.
    void write(columns::SegmentBuilder& builder, Ref ref);

private:
    using KeyNo = std::uint32_t;
    struct Value {
        KeyNo key = 0;
        columns::Type type = columns::Type::Bool;
        std::uint64_t bits = 0;  // of a bool, integer or double; place of a text
        std::uint64_t size = 0;  // of a text
    };
    struct Row {
        std::size_t first = 0;
        std::size_t last = 0;
    };
    KeyNo key_no(std::string_view key);
    Value read(KeyNo key, const json::Value& value);
    Value stored(KeyNo key, const columns::Column& column, std::uint32_t index);
    Value text_value(KeyNo key, columns::Type type, std::string_view text);
    void append(Ref ref);
    void keep_last_of_each(std::size_t first);
    Ref close(std::size_t first);

    json::Parser parser_;
    std::map<std::string, KeyNo, std::less<>> keys_;
    std::vector<std::string> names_;  // of columns, by KeyNo
    std::vector<Value> values_;
    std::vector<Row> rows_ = {{0, 0}};
    std::string texts_;
    std::unordered_map<std::uint64_t, columns::SegmentBuilder::ColumnRef> refs_;
    const columns::SegmentBuilder* refs_of_ = nullptr;
};

/// Sets all values of a stored row in the builder's current row, less columns for which `skips`.
template <class Skips>
void copy_row(columns::SegmentBuilder& builder, const columns::Segment& segment, std::uint32_t row,
              const Skips& skips);
void copy_value(columns::SegmentBuilder& builder, const columns::Column& column,
                std::uint32_t index);

template <class Skips>
void copy_row(columns::SegmentBuilder& builder, const columns::Segment& segment, std::uint32_t row,
              const Skips& skips) {
    for (const auto& column : segment.columns()) {
        if (skips(column.name())) continue;
        if (const auto index = column.index_of(row)) copy_value(builder, column, *index);
    }
}

}  // namespace tusker::catalog
