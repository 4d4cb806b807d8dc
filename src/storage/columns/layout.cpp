#include "storage/columns/layout.hpp"

#include <algorithm>
#include <new>
#include <numeric>
#include <unordered_map>

#include "base/checksum.hpp"

namespace tusker::columns::layout {
namespace {

/// Texts are kept once if each occurs this often on average.
constexpr std::uint32_t kDictionaryRepeats = 4;

struct Dictionary {
    std::vector<std::string_view> entries;  // sorted; empty = not worth one
    std::vector<std::uint32_t> codes;       // of each value
};

Dictionary make_dictionary(const PendingColumn& column) {
    Dictionary made;
    if (column.type != Type::Text) return made;
    const std::uint32_t most = column.count / kDictionaryRepeats;
    std::unordered_map<std::string_view, std::uint32_t> seen;
    std::vector<std::uint32_t> codes(column.count);
    std::vector<std::string_view> entries;
    for (std::uint32_t i = 0; i < column.count; ++i) {
        const auto [it, is_new] =
            seen.try_emplace(column.value(i), static_cast<std::uint32_t>(entries.size()));
        if (is_new) entries.push_back(it->first);
        if (entries.size() > most) return made;
        codes[i] = it->second;
    }
    made.entries = entries;
    std::sort(made.entries.begin(), made.entries.end());
    std::vector<std::uint32_t> sorted_code(entries.size());
    for (std::uint32_t code = 0; code < made.entries.size(); ++code)
        sorted_code[seen[made.entries[code]]] = code;
    for (auto& code : codes) code = sorted_code[code];
    made.codes = std::move(codes);
    return made;
}

/// Collects blocks, so that the bytes are allocated once; what it is given must outlive it.
class BlockWriter {
public:
    template <class T>
    Block add(const T* first, std::size_t count) {
        if (count == 0) return {};
        end_ = (end_ + kAlignment - 1) / kAlignment * kAlignment;
        const std::string_view bytes(reinterpret_cast<const char*>(first), count * sizeof(T));
        const Block block{end_, bytes.size(), checksum(bytes)};
        parts_.emplace_back(end_, bytes);
        end_ += bytes.size();
        return block;
    }

    std::shared_ptr<char[]> write(const std::string& directory, std::size_t& size) {
        const std::size_t directory_at = (end_ + 7) / 8 * 8;
        const Footer footer{directory_at, directory.size(), checksum(directory), kMagic};
        size = directory_at + directory.size() + sizeof footer;
        auto storage = allocate(size);
        std::size_t written = 0;
        const auto put = [&](std::size_t at, std::string_view bytes) {
            std::memset(storage.get() + written, 0, at - written);  // no stray bytes between blocks
            std::memcpy(storage.get() + at, bytes.data(), bytes.size());
            written = at + bytes.size();
        };
        put(0, {kMagic.data(), kMagic.size()});
        for (const auto& [at, bytes] : parts_) put(at, bytes);
        put(directory_at, directory);
        put(directory_at + directory.size(),
            {reinterpret_cast<const char*>(&footer), sizeof footer});
        return storage;
    }

private:
    std::size_t end_ = kAlignment;
    std::vector<std::pair<std::size_t, std::string_view>> parts_;
};

/// One column's blocks while they wait to be written.
struct Encoded {
    ColumnEntry entry;
    std::vector<std::uint32_t> codes;
    std::vector<std::uint64_t> offsets;
    std::string dictionary_bytes;
};

void encode_texts(const PendingColumn& column, Encoded& out, BlockWriter& blocks) {
    auto dictionary = make_dictionary(column);
    out.offsets.push_back(0);
    if (dictionary.entries.empty()) {
        out.offsets.insert(out.offsets.end(), column.ends.begin(), column.ends.end());
        out.entry.bytes = blocks.add(column.bytes.data(), column.bytes.size());
    } else {
        for (const auto entry : dictionary.entries) {
            out.dictionary_bytes += entry;
            out.offsets.push_back(out.dictionary_bytes.size());
        }
        out.codes = std::move(dictionary.codes);
        out.entry.flags |= kDictionary;
        out.entry.dictionary_entries = static_cast<std::uint32_t>(dictionary.entries.size());
        out.entry.values_block = blocks.add(out.codes.data(), out.codes.size());
        out.entry.bytes = blocks.add(out.dictionary_bytes.data(), out.dictionary_bytes.size());
    }
    out.entry.offsets = blocks.add(out.offsets.data(), out.offsets.size());
}

void encode_column(const PendingColumn& column, bool is_dense, Encoded& out, BlockWriter& blocks) {
    out.entry.type = static_cast<std::uint8_t>(column.type);
    out.entry.name_size = static_cast<std::uint32_t>(column.name.size());
    out.entry.values = column.count;
    if (is_dense)
        out.entry.flags |= kDense;
    else
        out.entry.positions = blocks.add(column.rows.data(), column.rows.size());
    if (is_text(column.type)) {
        encode_texts(column, out, blocks);
    } else if (is_list(column.type)) {
        const std::size_t width = width_of(column.type);
        out.offsets.push_back(0);
        for (const auto end : column.ends) out.offsets.push_back(end / width);
        out.entry.offsets = blocks.add(out.offsets.data(), out.offsets.size());
        out.entry.bytes = blocks.add(column.bytes.data(), column.bytes.size());
    } else {
        out.entry.values_block = blocks.add(column.bytes.data(), column.bytes.size());
    }
}

}  // namespace

void PendingColumn::make_sparse() {
    if (!dense_so_far) return;
    rows.resize(count);
    std::iota(rows.begin(), rows.end(), 0U);
    dense_so_far = false;
}

void PendingColumn::append(std::uint32_t row, const void* value, std::size_t size) {
    if (row != count) make_sparse();
    if (!dense_so_far) rows.push_back(row);
    const auto* first = static_cast<const char*>(value);
    bytes.insert(bytes.end(), first, first + size);
    if (is_text(type) || is_list(type)) ends.push_back(bytes.size());
    ++count;
}

std::string_view PendingColumn::value(std::uint32_t index) const {
    if (is_text(type) || is_list(type)) {
        const std::uint64_t first = index == 0 ? 0 : ends[index - 1];
        return {bytes.data() + first, static_cast<std::size_t>(ends[index] - first)};
    }
    const std::size_t width = width_of(type);
    return {bytes.data() + index * width, width};
}

std::shared_ptr<char[]> allocate(std::size_t size) {
    return {static_cast<char*>(::operator new(size, std::align_val_t{kAlignment})),
            [](char* bytes) { ::operator delete(bytes, std::align_val_t{kAlignment}); }};
}

std::shared_ptr<const char[]> encode(const std::vector<std::uint32_t>& item_no,
                                     const std::vector<std::uint64_t>& row_no,
                                     std::vector<PendingColumn>& columns, std::size_t& size) {
    std::erase_if(columns, [](const PendingColumn& column) { return column.count == 0; });
    std::sort(columns.begin(), columns.end(), [](const PendingColumn& a, const PendingColumn& b) {
        return a.name != b.name ? a.name < b.name : a.type < b.type;
    });
    BlockWriter blocks;
    DirectoryHead head;
    head.rows = static_cast<std::uint32_t>(item_no.size());
    head.columns = static_cast<std::uint32_t>(columns.size());
    head.item_no = blocks.add(item_no.data(), item_no.size());
    head.row_no = blocks.add(row_no.data(), row_no.size());
    std::vector<Encoded> encoded(columns.size());
    std::string directory(reinterpret_cast<const char*>(&head), sizeof head);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        auto& column = columns[i];
        const bool is_dense = column.count == head.rows;
        if (!is_dense) column.make_sparse();
        encode_column(column, is_dense, encoded[i], blocks);
        directory.append(reinterpret_cast<const char*>(&encoded[i].entry), sizeof(ColumnEntry));
        directory += column.name;
    }
    return blocks.write(directory, size);
}

}  // namespace tusker::columns::layout
