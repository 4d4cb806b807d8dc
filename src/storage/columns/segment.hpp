// Segment: the one structure for rows, in memory and in the journal (and later in files of its
// own). Immutable; rows sorted by (item_no, row_no); named, typed columns that are dense (a value
// for each row) or sparse (ascending row positions and a value for each). A key whose values have
// several types in one segment is several columns of one name and different types, each sparse, so
// that every value comes back as it was given. Knows no dataset and no meaning of a column's name.
// The bytes of a segment are its own storage: spans below point into them (64-byte aligned).
// Format: docs/formats/segment.md. Start reading at Segment, then SegmentBuilder, then Table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tusker::columns {

enum class Type : std::uint8_t {
    Bool = 1,  // u8, 0 or 1
    U8,
    U32,
    U64,
    I64,
    F32,
    F64,
    Text,
    Json,  // JSON text of an array, an object, null, or a number beyond i64 and double
    U32List,
    F32List,
    F64List,
};

/// One column of a segment; a cheap view, valid as long as the segment.
class Column {
public:
    std::string_view name() const { return name_; }
    Type type() const { return type_; }
    /// Number of values: the segment's rows if dense, else positions().size().
    std::uint32_t size() const { return size_; }
    bool is_dense() const { return dense_; }
    /// Rows that have a value, ascending; empty if dense.
    std::span<const std::uint32_t> positions() const { return positions_; }
    /// Index among the values of the row's value; empty if the row has none. O(1) if dense, else
    /// O(log n).
    std::optional<std::uint32_t> index_of(std::uint32_t row) const;

    /// Bool and U8: u8. U32, U64, I64, F32, F64: themselves.
    template <class T>
    std::span<const T> values() const {
        return {reinterpret_cast<const T*>(values_), size_};
    }
    /// Text and Json, by index among the values.
    std::string_view text(std::uint32_t index) const;
    /// Text only: few distinct values are kept once, sorted by bytes; else each stands alone.
    bool has_dictionary() const { return dictionary_size_ > 0; }
    std::uint32_t dictionary_size() const { return dictionary_size_; }
    std::string_view dictionary_entry(std::uint32_t code) const;
    /// Code of each value; only if has_dictionary().
    std::span<const std::uint32_t> codes() const { return values<std::uint32_t>(); }
    /// Code of `text` by binary search; empty if no value has it.
    std::optional<std::uint32_t> find_code(std::string_view text) const;
    /// Lists, by index among the values; T = u32, float, double after the type.
    template <class T>
    std::span<const T> list(std::uint32_t index) const {
        return {reinterpret_cast<const T*>(bytes_) + offsets_[index],
                static_cast<std::size_t>(offsets_[index + 1] - offsets_[index])};
    }

private:
    friend class SegmentReader;
    std::string_view name_;
    Type type_ = Type::U8;
    bool dense_ = true;
    std::uint32_t size_ = 0;
    std::uint32_t dictionary_size_ = 0;
    std::span<const std::uint32_t> positions_;
    const std::byte* values_ = nullptr;       // fixed-width values, or dictionary codes
    const std::uint64_t* offsets_ = nullptr;  // texts and lists: size + 1 (dictionary: entries + 1)
    const std::byte* bytes_ = nullptr;        // text bytes or list elements
};

class Segment {
public:
    /// Checks the checksum, the format version and every offset before anything is read.
    /// Error: names what is wrong ("segment: checksum of column 'label' differs").
    static Result<std::shared_ptr<const Segment>> parse(std::string_view bytes);

    std::uint32_t rows() const { return rows_; }
    std::span<const std::uint32_t> item_no() const { return item_no_; }
    std::span<const std::uint64_t> row_no() const { return row_no_; }
    /// Sorted by name, then type.
    std::span<const Column> columns() const { return columns_; }
    /// Null if the segment has none.
    const Column* find(std::string_view name, Type type) const;
    /// All columns of one name (one for each type its values have here).
    std::span<const Column> find_all(std::string_view name) const;
    /// Rows of items in [first, last) as [begin, end); binary search.
    std::pair<std::uint32_t, std::uint32_t> rows_of(std::uint32_t first_item,
                                                    std::uint32_t last_item) const;
    /// The segment in its stored form.
    std::string_view bytes() const { return bytes_; }

private:
    friend class SegmentReader;
    Segment() = default;
    std::shared_ptr<const char[]> storage_;
    std::string_view bytes_;
    std::uint32_t rows_ = 0;
    std::span<const std::uint32_t> item_no_;
    std::span<const std::uint64_t> row_no_;
    std::vector<Column> columns_;
};

/// Collects rows in any order and makes a segment of them. A bug (value of another type than its
/// column) fails a check; sizes are limited to 2^32 - 1 rows.
class SegmentBuilder {
public:
    using ColumnRef = std::size_t;

    SegmentBuilder();
    ~SegmentBuilder();
    SegmentBuilder(SegmentBuilder&&) noexcept;

    /// The column of that name and type; made at first use.
    ColumnRef column(std::string_view name, Type type);
    /// Begins a row; the values set afterwards belong to it.
    void add_row(std::uint32_t item_no, std::uint64_t row_no);
    void set_bool(ColumnRef column, bool value);
    void set_u8(ColumnRef column, std::uint8_t value);
    void set_u32(ColumnRef column, std::uint32_t value);
    void set_u64(ColumnRef column, std::uint64_t value);
    void set_i64(ColumnRef column, std::int64_t value);
    void set_f32(ColumnRef column, float value);
    void set_f64(ColumnRef column, double value);
    void set_text(ColumnRef column, std::string_view value);  // Text and Json
    void set_list(ColumnRef column, std::span<const std::uint32_t> values);
    void set_list(ColumnRef column, std::span<const float> values);
    void set_list(ColumnRef column, std::span<const double> values);
    std::uint32_t rows() const;

    /// Sorts by (item_no, row_no), encodes, and leaves the builder empty.
    std::shared_ptr<const Segment> finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tusker::columns
