#include "storage/columns/segment.hpp"

#include <algorithm>
#include <tuple>

#include "base/checksum.hpp"
#include "storage/columns/layout.hpp"

namespace tusker::columns {
namespace {

using layout::Block;

std::unexpected<Error> corrupt(std::string what) {
    return fail(ErrorCode::Internal, "segment: " + std::move(what));
}

/// Reads the directory, whose bytes need not be aligned.
class Cursor {
public:
    explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
    template <class T>
    bool read(T& out) {
        if (bytes_.size() < sizeof out) return false;
        std::memcpy(static_cast<void*>(&out), bytes_.data(), sizeof out);
        bytes_.remove_prefix(sizeof out);
        return true;
    }
    bool read_text(std::size_t size, std::string_view& out) {
        if (bytes_.size() < size) return false;
        out = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return true;
    }
    bool is_done() const { return bytes_.empty(); }

private:
    std::string_view bytes_;
};

bool ascends(std::span<const std::uint32_t> positions, std::uint32_t rows) {
    for (std::size_t i = 1; i < positions.size(); ++i)
        if (positions[i - 1] >= positions[i]) return false;
    return positions.empty() || positions.back() < rows;
}

/// Offsets begin at 0, never fall, and end at `end`.
bool covers(std::span<const std::uint64_t> offsets, std::uint64_t end) {
    if (offsets.empty() || offsets.front() != 0 || offsets.back() != end) return false;
    return std::is_sorted(offsets.begin(), offsets.end());
}

bool is_known(std::uint8_t type) {
    return type >= static_cast<std::uint8_t>(Type::Bool) &&
           type <= static_cast<std::uint8_t>(Type::F64List);
}

}  // namespace

std::optional<std::uint32_t> Column::index_of(std::uint32_t row) const {
    if (dense_) return row;
    const auto at = std::lower_bound(positions_.begin(), positions_.end(), row);
    if (at == positions_.end() || *at != row) return std::nullopt;
    return static_cast<std::uint32_t>(at - positions_.begin());
}

std::string_view Column::text(std::uint32_t index) const {
    return dictionary_entry(has_dictionary() ? codes()[index] : index);
}

std::string_view Column::dictionary_entry(std::uint32_t code) const {
    return {reinterpret_cast<const char*>(bytes_) + offsets_[code],
            static_cast<std::size_t>(offsets_[code + 1] - offsets_[code])};
}

std::optional<std::uint32_t> Column::find_code(std::string_view text) const {
    std::uint32_t first = 0;
    std::uint32_t last = dictionary_size_;
    while (first < last) {
        const std::uint32_t middle = first + (last - first) / 2;
        if (dictionary_entry(middle) < text)
            first = middle + 1;
        else
            last = middle;
    }
    if (first == dictionary_size_ || dictionary_entry(first) != text) return std::nullopt;
    return first;
}

/// The blocks' part of a segment: everything before the directory.
struct SegmentReader::Blocks {
    std::string_view bytes;
    bool verify;

    template <class T>
    Result<std::span<const T>> read(const Block& block, std::uint64_t count,
                                    std::string_view name) const {
        if (block.size != count * sizeof(T) || (count != 0 && block.size / count != sizeof(T)))
            return corrupt("a block of column '" + std::string(name) + "' has a wrong size");
        if (count == 0) return std::span<const T>();
        if (block.offset % layout::kAlignment != 0 || block.offset > bytes.size() ||
            block.size > bytes.size() - block.offset)
            return corrupt("a block of column '" + std::string(name) + "' lies outside");
        if (verify && checksum(bytes.substr(block.offset, block.size)) != block.checksum)
            return corrupt("checksum of column '" + std::string(name) + "' differs");
        return std::span<const T>(reinterpret_cast<const T*>(bytes.data() + block.offset), count);
    }

    struct Variable {
        std::span<const std::uint64_t> offsets;
        std::span<const char> bytes;
    };
    /// Offsets and bytes of `count` texts or lists.
    Result<Variable> read_variable(const layout::ColumnEntry& entry, std::uint64_t count,
                                   std::size_t width, std::string_view name) const {
        Variable variable;
        variable.offsets = TUSKER_TRY(read<std::uint64_t>(entry.offsets, count + 1, name));
        variable.bytes = TUSKER_TRY(read<char>(entry.bytes, entry.bytes.size, name));
        if (verify &&
            (entry.bytes.size % width != 0 || !covers(variable.offsets, entry.bytes.size / width)))
            return corrupt("offsets of column '" + std::string(name) + "' do not fit its bytes");
        return variable;
    }
};

Result<Column> SegmentReader::read_column(const Blocks& blocks, const layout::ColumnEntry& entry,
                                          std::string_view name, std::uint32_t rows) {
    if (!is_known(entry.type)) return corrupt("column '" + std::string(name) + "' has no type");
    Column column;
    column.name_ = name;
    column.type_ = static_cast<Type>(entry.type);
    column.dense_ = (entry.flags & layout::kDense) != 0;
    column.size_ = entry.values;
    if (column.dense_ ? entry.values != rows : entry.values > rows)
        return corrupt("column '" + std::string(name) + "' has a wrong number of values");
    if (!column.dense_) {
        column.positions_ =
            TUSKER_TRY(blocks.read<std::uint32_t>(entry.positions, entry.values, name));
        if (blocks.verify && !ascends(column.positions_, rows))
            return corrupt("positions of column '" + std::string(name) + "' do not ascend");
    }
    const std::size_t width = layout::width_of(column.type_);
    const bool has_dictionary = (entry.flags & layout::kDictionary) != 0;
    if (!layout::is_text(column.type_) && !layout::is_list(column.type_)) {
        const auto values = TUSKER_TRY(
            blocks.read<char>(entry.values_block, std::uint64_t{entry.values} * width, name));
        if (blocks.verify && column.type_ == Type::Bool &&
            std::any_of(values.begin(), values.end(), [](char value) { return (value & ~1) != 0; }))
            return corrupt("column '" + std::string(name) + "' has a value that is no bool");
        column.values_ = reinterpret_cast<const std::byte*>(values.data());
        return column;
    }
    if (has_dictionary && (column.type_ != Type::Text || entry.dictionary_entries == 0))
        return corrupt("column '" + std::string(name) + "' cannot have a dictionary");
    column.dictionary_size_ = has_dictionary ? entry.dictionary_entries : 0;
    const auto variable = TUSKER_TRY(blocks.read_variable(
        entry, has_dictionary ? entry.dictionary_entries : entry.values, width, name));
    column.offsets_ = variable.offsets.data();
    column.bytes_ = reinterpret_cast<const std::byte*>(variable.bytes.data());
    if (!has_dictionary) return column;
    const auto codes =
        TUSKER_TRY(blocks.read<std::uint32_t>(entry.values_block, entry.values, name));
    column.values_ = reinterpret_cast<const std::byte*>(codes.data());
    if (!blocks.verify) return column;
    for (const auto code : codes)
        if (code >= entry.dictionary_entries)
            return corrupt("column '" + std::string(name) + "' has a code outside its dictionary");
    for (std::uint32_t i = 1; i < entry.dictionary_entries; ++i)
        if (column.dictionary_entry(i - 1) >= column.dictionary_entry(i))
            return corrupt("the dictionary of column '" + std::string(name) + "' is not sorted");
    return column;
}

Result<void> SegmentReader::read_directory(Segment& segment, const Blocks& blocks,
                                           std::string_view directory) {
    Cursor cursor(directory);
    layout::DirectoryHead head;
    if (!cursor.read(head)) return corrupt("the directory is cut off");
    if (head.format != layout::kFormat)
        return corrupt("format " + std::to_string(head.format) + ", this Tusker reads " +
                       std::to_string(layout::kFormat));
    segment.rows_ = head.rows;
    segment.item_no_ = TUSKER_TRY(blocks.read<std::uint32_t>(head.item_no, head.rows, "item_no"));
    segment.row_no_ = TUSKER_TRY(blocks.read<std::uint64_t>(head.row_no, head.rows, "row_no"));
    for (std::uint32_t i = 1; blocks.verify && i < head.rows; ++i)
        if (std::tie(segment.item_no_[i - 1], segment.row_no_[i - 1]) >
            std::tie(segment.item_no_[i], segment.row_no_[i]))
            return corrupt("rows are not sorted");
    for (std::uint32_t i = 0; i < head.columns; ++i) {
        layout::ColumnEntry entry;
        std::string_view name;
        if (!cursor.read(entry) || !cursor.read_text(entry.name_size, name))
            return corrupt("the directory is cut off");
        segment.columns_.push_back(TUSKER_TRY(read_column(blocks, entry, name, head.rows)));
        if (i == 0) continue;
        const auto& before = segment.columns_[i - 1];
        if (std::pair(before.name(), before.type()) >= std::pair(name, Type{entry.type}))
            return corrupt("columns are not sorted");
    }
    if (!cursor.is_done()) return corrupt("the directory is too long");
    return {};
}

Result<std::shared_ptr<const Segment>> SegmentReader::read(std::shared_ptr<const char[]> storage,
                                                           std::size_t size, bool verify) {
    const std::string_view bytes(storage.get(), size);
    layout::Footer footer;
    if (size < layout::kAlignment / 8 + sizeof footer) return corrupt("bytes are missing");
    const std::size_t end = size - sizeof footer;
    std::memcpy(&footer, bytes.data() + end, sizeof footer);
    const std::string_view magic(layout::kMagic.data(), layout::kMagic.size());
    if (!bytes.starts_with(magic) || footer.magic != layout::kMagic)
        return corrupt("the bytes are none");
    if (footer.directory_offset > end || footer.directory_size != end - footer.directory_offset)
        return corrupt("the directory lies outside");
    const auto directory = bytes.substr(footer.directory_offset, footer.directory_size);
    if (verify && checksum(directory) != footer.directory_checksum)
        return corrupt("checksum of the directory differs");
    std::shared_ptr<Segment> segment(new Segment());  // NOLINT: the constructor is private
    const Blocks blocks{bytes.substr(0, footer.directory_offset), verify};
    TUSKER_TRY(read_directory(*segment, blocks, directory));
    segment->storage_ = std::move(storage);
    segment->bytes_ = bytes;
    return segment;
}

Result<std::shared_ptr<const Segment>> Segment::parse(std::string_view bytes) {
    auto storage = layout::allocate(bytes.size());
    std::memcpy(storage.get(), bytes.data(), bytes.size());
    return SegmentReader::read(std::move(storage), bytes.size(), true);
}

const Column* Segment::find(std::string_view name, Type type) const {
    const auto at = std::lower_bound(columns_.begin(), columns_.end(), std::pair(name, type),
                                     [](const Column& column, const auto& key) {
                                         return std::pair(column.name(), column.type()) < key;
                                     });
    if (at == columns_.end() || at->name() != name || at->type() != type) return nullptr;
    return &*at;
}

std::span<const Column> Segment::find_all(std::string_view name) const {
    const auto first = std::lower_bound(
        columns_.begin(), columns_.end(), name,
        [](const Column& column, std::string_view n) { return column.name() < n; });
    auto last = first;
    while (last != columns_.end() && last->name() == name) ++last;
    return {first, last};
}

std::pair<std::uint32_t, std::uint32_t> Segment::rows_of(std::uint32_t first_item,
                                                         std::uint32_t last_item) const {
    // Most parts hold other items: look at the ends before searching.
    if (rows_ == 0 || first_item >= last_item || item_no_.front() >= last_item ||
        item_no_.back() < first_item)
        return {0, 0};
    const auto first = std::lower_bound(item_no_.begin(), item_no_.end(), first_item);
    const auto last = std::lower_bound(first, item_no_.end(), last_item);
    return {static_cast<std::uint32_t>(first - item_no_.begin()),
            static_cast<std::uint32_t>(last - item_no_.begin())};
}

}  // namespace tusker::columns
