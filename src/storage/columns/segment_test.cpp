#include "storage/columns/segment.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <map>
#include <variant>

#include "base/checksum.hpp"
#include "storage/columns/layout.hpp"

namespace tusker::columns {
namespace {

using Value =
    std::variant<bool, std::uint8_t, std::uint32_t, std::uint64_t, std::int64_t, float, double,
                 std::string, std::vector<std::uint32_t>, std::vector<float>, std::vector<double>>;
using Row = std::map<std::pair<std::string, Type>, Value>;
using Rows = std::map<std::pair<std::uint32_t, std::uint64_t>, Row>;

Value any_value(Type type) {
    switch (type) {
        case Type::Bool:
            return *rc::gen::arbitrary<bool>();
        case Type::U8:
            return *rc::gen::arbitrary<std::uint8_t>();
        case Type::U32:
            return *rc::gen::arbitrary<std::uint32_t>();
        case Type::U64:
            return *rc::gen::arbitrary<std::uint64_t>();
        case Type::I64:
            return *rc::gen::arbitrary<std::int64_t>();
        case Type::F32:
            return *rc::gen::arbitrary<float>();
        case Type::F64:
            return *rc::gen::arbitrary<double>();
        case Type::Text:  // few texts, so that dictionaries occur
            return *rc::gen::element<std::string>("", "a", "b", "night", std::string("\0x", 2));
        case Type::Json:
            return *rc::gen::arbitrary<std::string>();
        case Type::U32List:
            return *rc::gen::arbitrary<std::vector<std::uint32_t>>();
        case Type::F32List:
            return *rc::gen::arbitrary<std::vector<float>>();
        case Type::F64List:
            return *rc::gen::arbitrary<std::vector<double>>();
    }
    return false;
}

void set(SegmentBuilder& builder, const std::pair<std::string, Type>& key, const Value& value) {
    const auto column = builder.column(key.first, key.second);
    std::visit(
        [&](const auto& v) {
            using T = std::decay_t<decltype(v)>;
            if constexpr (std::is_same_v<T, bool>)
                builder.set_bool(column, v);
            else if constexpr (std::is_same_v<T, std::uint8_t>)
                builder.set_u8(column, v);
            else if constexpr (std::is_same_v<T, std::uint32_t>)
                builder.set_u32(column, v);
            else if constexpr (std::is_same_v<T, std::uint64_t>)
                builder.set_u64(column, v);
            else if constexpr (std::is_same_v<T, std::int64_t>)
                builder.set_i64(column, v);
            else if constexpr (std::is_same_v<T, float>)
                builder.set_f32(column, v);
            else if constexpr (std::is_same_v<T, double>)
                builder.set_f64(column, v);
            else if constexpr (std::is_same_v<T, std::string>)
                builder.set_text(column, v);
            else
                builder.set_list(column, std::span<const typename T::value_type>(v));
        },
        value);
}

template <class T>
Value list_of(const Column& column, std::uint32_t index) {
    const auto list = column.list<T>(index);
    return std::vector<T>(list.begin(), list.end());
}

Value value_of(const Column& column, std::uint32_t index) {
    switch (column.type()) {
        case Type::Bool:
            return column.values<std::uint8_t>()[index] != 0;
        case Type::U8:
            return column.values<std::uint8_t>()[index];
        case Type::U32:
            return column.values<std::uint32_t>()[index];
        case Type::U64:
            return column.values<std::uint64_t>()[index];
        case Type::I64:
            return column.values<std::int64_t>()[index];
        case Type::F32:
            return column.values<float>()[index];
        case Type::F64:
            return column.values<double>()[index];
        case Type::Text:
        case Type::Json:
            return std::string(column.text(index));
        case Type::U32List:
            return list_of<std::uint32_t>(column, index);
        case Type::F32List:
            return list_of<float>(column, index);
        case Type::F64List:
            return list_of<double>(column, index);
    }
    return false;
}

/// Reads everything that a segment says, so that a bad offset would be met.
Rows read_all(const Segment& segment) {
    Rows rows;
    for (std::uint32_t row = 0; row < segment.rows(); ++row) {
        auto& read = rows[{segment.item_no()[row], segment.row_no()[row]}];
        for (const auto& column : segment.columns())
            if (const auto index = column.index_of(row))
                read.emplace(std::pair(std::string(column.name()), column.type()),
                             value_of(column, *index));
    }
    return rows;
}

Rows any_rows() {
    Rows rows;
    const auto count = *rc::gen::inRange(0, 40);
    for (int i = 0; i < count; ++i) {
        auto& row = rows[{*rc::gen::inRange(0U, 9U), *rc::gen::inRange<std::uint64_t>(0, 1'000)}];
        for (int type = 1; type <= static_cast<int>(Type::F64List); ++type) {
            if (type == static_cast<int>(Type::Text) || *rc::gen::inRange(0, 3) == 0)
                row.insert_or_assign(
                    {*rc::gen::element<std::string>("k", "metadata.x"), static_cast<Type>(type)},
                    any_value(static_cast<Type>(type)));
        }
    }
    return rows;
}

std::shared_ptr<const Segment> build(const Rows& rows, bool reversed) {
    SegmentBuilder builder;
    std::vector<Rows::const_iterator> order;
    for (auto it = rows.begin(); it != rows.end(); ++it) order.push_back(it);
    if (reversed) std::reverse(order.begin(), order.end());
    for (const auto& it : order) {
        builder.add_row(it->first.first, it->first.second);
        for (const auto& [key, value] : it->second) set(builder, key, value);
    }
    return builder.finish();
}

RC_GTEST_PROP(Segment, EveryValueComesBackInRowOrder, (bool reversed)) {
    const auto rows = any_rows();
    const auto segment = build(rows, reversed);
    RC_ASSERT(read_all(*segment) == rows);
    const auto parsed = Segment::parse(segment->bytes());
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(read_all(**parsed) == rows);
    RC_ASSERT((*parsed)->bytes() == segment->bytes());
    for (std::uint32_t item = 0; item < 9; ++item) {
        const auto [first, last] = segment->rows_of(item, item + 1);
        for (std::uint32_t row = 0; row < segment->rows(); ++row)
            RC_ASSERT((segment->item_no()[row] == item) == (row >= first && row < last));
    }
}

RC_GTEST_PROP(Segment, AFlippedByteIsRefusedOrHarmless, ()) {
    const auto rows = any_rows();
    auto bytes = std::string(build(rows, false)->bytes());
    auto& byte = bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())];
    byte = static_cast<char>(byte ^ *rc::gen::inRange(1, 256));
    const auto parsed = Segment::parse(bytes);
    if (parsed) RC_ASSERT(read_all(**parsed) == rows);  // between blocks nothing is said
    const auto cut = *rc::gen::inRange<std::size_t>(0, bytes.size());
    RC_ASSERT(!Segment::parse(std::string_view(bytes).substr(0, cut)).has_value());
}

// Whoever can write checksums could still lie about offsets, sizes and types: read or refuse, never
// crash (the sanitizers watch).
RC_GTEST_PROP(Segment, ADirectoryThatLiesCannotCrash, ()) {
    auto bytes = std::string(build(any_rows(), false)->bytes());
    layout::Footer footer;
    const auto footer_at = bytes.size() - sizeof footer;
    std::memcpy(&footer, bytes.data() + footer_at, sizeof footer);
    const auto lies = *rc::gen::inRange(1, 4);
    for (int i = 0; i < lies; ++i)
        bytes[footer.directory_offset + *rc::gen::inRange<std::size_t>(0, footer.directory_size)] =
            static_cast<char>(*rc::gen::element(0, 1, 2, 3, 8, 64, 127, 255));
    footer.directory_checksum =
        checksum(std::string_view(bytes).substr(footer.directory_offset, footer.directory_size));
    std::memcpy(bytes.data() + footer_at, &footer, sizeof footer);
    if (const auto parsed = Segment::parse(bytes)) read_all(**parsed);
}

TEST(Segment, BlocksAreAligned) {
    SegmentBuilder builder;
    for (std::uint32_t i = 0; i < 100; ++i) {
        builder.add_row(i, i);
        builder.set_f32(builder.column("x", Type::F32), 0.5F);
        builder.set_u8(builder.column("type", Type::U8), 1);
        if (i % 2 == 0) builder.set_f64(builder.column("sparse", Type::F64), i);
    }
    const auto segment = builder.finish();
    EXPECT_EQ(builder.rows(), 0U);
    for (const auto& column : segment->columns())
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(column.values<char>().data()) % 64, 0U);
    EXPECT_TRUE(segment->find("x", Type::F32)->is_dense());
    EXPECT_FALSE(segment->find("sparse", Type::F64)->is_dense());
    EXPECT_EQ(segment->find("x", Type::F64), nullptr);
    EXPECT_EQ(segment->find_all("type").size(), 1U);
}

TEST(Segment, RepeatedTextsAreKeptOnceAndFoundByCode) {
    SegmentBuilder builder;
    for (std::uint32_t i = 0; i < 100; ++i) {
        builder.add_row(i, 0);
        builder.set_text(builder.column("weather", Type::Text), i % 2 == 0 ? "rainy" : "clear");
        builder.set_text(builder.column("name", Type::Text), std::to_string(i));
    }
    const auto segment = builder.finish();
    const auto* weather = segment->find("weather", Type::Text);
    ASSERT_TRUE(weather->has_dictionary());
    EXPECT_EQ(weather->dictionary_size(), 2U);
    EXPECT_EQ(weather->dictionary_entry(0), "clear");
    EXPECT_EQ(weather->find_code("rainy"), 1U);
    EXPECT_FALSE(weather->find_code("foggy").has_value());
    EXPECT_EQ(weather->text(4), "rainy");
    EXPECT_FALSE(segment->find("name", Type::Text)->has_dictionary());
}

TEST(Segment, AnotherFormatIsRefusedByNumber) {
    auto bytes = std::string(SegmentBuilder().finish()->bytes());
    layout::Footer footer;
    const auto footer_at = bytes.size() - sizeof footer;
    std::memcpy(&footer, bytes.data() + footer_at, sizeof footer);
    bytes[footer.directory_offset] = 9;
    footer.directory_checksum =
        checksum(std::string_view(bytes).substr(footer.directory_offset, footer.directory_size));
    std::memcpy(bytes.data() + footer_at, &footer, sizeof footer);
    const auto parsed = Segment::parse(bytes);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message, "segment: format 9, this Tusker reads 1");
}

}  // namespace
}  // namespace tusker::columns
