// Inside the room only: how a segment's bytes are laid (docs/formats/segment.md) and the columns on
// their way into them.
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "storage/columns/segment.hpp"

namespace tusker::columns::layout {

inline constexpr std::array<char, 8> kMagic = {'t', 'u', 's', 'k', 's', 'e', 'g', '\n'};
inline constexpr std::uint32_t kFormat = 1;
inline constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector register

/// Where a block of a column's bytes stands.
struct Block {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t checksum = 0;
};

/// The directory begins with this; one ColumnEntry and its name for each column follow.
struct DirectoryHead {
    std::uint32_t format = kFormat;
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    std::uint32_t reserved = 0;
    Block item_no;
    Block row_no;
};

inline constexpr std::uint8_t kDense = 1;
inline constexpr std::uint8_t kDictionary = 2;

struct ColumnEntry {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint16_t reserved = 0;
    std::uint32_t name_size = 0;
    std::uint32_t values = 0;
    std::uint32_t dictionary_entries = 0;
    Block positions;  // of a sparse column
    Block values_block;
    Block offsets;
    Block bytes;
};

/// The last bytes of a segment.
struct Footer {
    std::uint64_t directory_offset = 0;
    std::uint64_t directory_size = 0;
    std::uint64_t directory_checksum = 0;
    std::array<char, 8> magic = kMagic;
};

/// Bytes of one value, or of one element of a list; 1 for texts.
constexpr std::size_t width_of(Type type) {
    switch (type) {
        case Type::Bool:
        case Type::U8:
        case Type::Text:
        case Type::Json:
            return 1;
        case Type::U32:
        case Type::F32:
        case Type::U32List:
        case Type::F32List:
            return 4;
        case Type::U64:
        case Type::I64:
        case Type::F64:
        case Type::F64List:
            return 8;
    }
    return 0;
}
constexpr bool is_text(Type type) { return type == Type::Text || type == Type::Json; }
constexpr bool is_list(Type type) {
    return type == Type::U32List || type == Type::F32List || type == Type::F64List;
}

/// A column that is being collected.
struct PendingColumn {
    std::string name;
    Type type = Type::U8;
    std::uint32_t count = 0;
    bool dense_so_far = true;         // value i belongs to row i
    std::vector<std::uint32_t> rows;  // row of each value, once dense_so_far is false
    std::vector<char> bytes;          // values, texts or elements of lists
    std::vector<std::uint64_t> ends;  // texts and lists: where each value ends in `bytes`

    /// A value for `row`, which comes after all rows that have one.
    void append(std::uint32_t row, const void* value, std::size_t size);
    std::string_view value(std::uint32_t index) const;
    void make_sparse();
};

/// Rows and columns in row order become bytes. Columns without values vanish.
std::shared_ptr<const char[]> encode(const std::vector<std::uint32_t>& item_no,
                                     const std::vector<std::uint64_t>& row_no,
                                     std::vector<PendingColumn>& columns, std::size_t& size);
std::shared_ptr<char[]> allocate(std::size_t size);

}  // namespace tusker::columns::layout

namespace tusker::columns {

/// Makes Segments of bytes; the only way from bytes to spans.
class SegmentReader {
public:
    /// `verify`: bytes from outside, of which nothing is believed. Those just encoded are trusted.
    static Result<std::shared_ptr<const Segment>> read(std::shared_ptr<const char[]> storage,
                                                       std::size_t size, bool verify);

private:
    struct Blocks;
    static Result<Column> read_column(const Blocks& blocks, const layout::ColumnEntry& entry,
                                      std::string_view name, std::uint32_t rows);
    static Result<void> read_directory(Segment& segment, const Blocks& blocks,
                                       std::string_view directory);
};

}  // namespace tusker::columns
