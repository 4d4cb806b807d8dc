// The header is a Python dictionary in text: {'descr': '<f4', 'fortran_order': False, 'shape': (3,
// 4), }. It is read as exactly that: three keys in any order, nothing is evaluated.
#include "formats/npy/npy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace tusker::npy {
namespace {

static_assert(std::endian::native == std::endian::little,
              "values are mapped as they lie in the file");

struct TypeRow {
    Type type;
    std::string_view code;  // without byte order
    std::string_view name;
    std::size_t size;
};
constexpr std::array kTypes = {
    TypeRow{Type::Int8, "i1", "int8", 1},       TypeRow{Type::Int16, "i2", "int16", 2},
    TypeRow{Type::Int32, "i4", "int32", 4},     TypeRow{Type::Int64, "i8", "int64", 8},
    TypeRow{Type::UInt8, "u1", "uint8", 1},     TypeRow{Type::UInt16, "u2", "uint16", 2},
    TypeRow{Type::UInt32, "u4", "uint32", 4},   TypeRow{Type::UInt64, "u8", "uint64", 8},
    TypeRow{Type::Float32, "f4", "float32", 4}, TypeRow{Type::Float64, "f8", "float64", 8},
    TypeRow{Type::Bool, "b1", "bool", 1},       TypeRow{Type::Float16, "f2", "float16", 2}};

const TypeRow& row_of(Type type) { return kTypes[static_cast<std::size_t>(type)]; }

constexpr std::string_view kMagic = "\x93NUMPY";
/// Longer headers are refused, as NumPy does by default; a plain array needs about a hundred bytes.
constexpr std::size_t kHeaderBytesMax = kFrontBytesMax - 12;
constexpr std::size_t kDimensionsMax = 32;  // NumPy's own

/// The little of Python's literal syntax that headers use.
class Literal {
public:
    explicit Literal(std::string_view text) : text_(text) {}

    bool take(char wanted) {
        skip_spaces();
        if (text_.empty() || text_.front() != wanted) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool at(char wanted) {
        skip_spaces();
        return !text_.empty() && text_.front() == wanted;
    }
    bool at_end() {
        skip_spaces();
        return text_.empty();
    }
    std::optional<std::string_view> take_string() {
        skip_spaces();
        if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) return std::nullopt;
        const auto end = text_.find(text_.front(), 1);
        if (end == std::string_view::npos) return std::nullopt;
        const auto content = text_.substr(1, end - 1);
        text_.remove_prefix(end + 1);
        return content;
    }
    std::optional<bool> take_bool() {
        skip_spaces();
        for (const auto& [word, value] :
             {std::pair{std::string_view("True"), true}, {"False", false}})
            if (text_.starts_with(word)) {
                text_.remove_prefix(word.size());
                return value;
            }
        return std::nullopt;
    }
    std::optional<std::size_t> take_size() {
        skip_spaces();
        std::size_t value = 0;
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
        if (error != std::errc()) return std::nullopt;
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        return value;
    }
    std::optional<std::vector<std::size_t>> take_shape() {
        if (!take('(')) return std::nullopt;
        std::vector<std::size_t> shape;
        while (!take(')')) {
            const auto dimension = take_size();
            if (!dimension || shape.size() == kDimensionsMax) return std::nullopt;
            shape.push_back(*dimension);
            if (!take(',') && !at(')')) return std::nullopt;
        }
        return shape;
    }

private:
    void skip_spaces() {
        while (!text_.empty() &&
               std::string_view(" \t\r\n").find(text_.front()) != std::string_view::npos)
            text_.remove_prefix(1);
    }
    std::string_view text_;
};

struct Dictionary {
    std::string descr;
    bool fortran_order = false;
    std::vector<std::size_t> shape;
};

std::unexpected<Error> refuse(const std::string& name, std::string_view reason) {
    return invalid(fmt::format("{}: {}", name, reason));
}

Result<Dictionary> parse_dictionary(std::string_view text, const std::string& name) {
    const auto broken = [&](std::string_view what) {
        return refuse(name, fmt::format("the .npy header is damaged: {}", what));
    };
    Literal literal(text);
    if (!literal.take('{')) return broken("it is no dictionary");
    std::optional<std::string> descr;
    std::optional<bool> fortran_order;
    std::optional<std::vector<std::size_t>> shape;
    while (!literal.take('}')) {
        const auto key = literal.take_string();
        if (!key || !literal.take(':')) return broken("a key is missing");
        if (*key == "descr") {
            if (literal.at('['))
                return refuse(name, "a structured array: one number type is needed");
            descr = literal.take_string();
            if (!descr) return broken("'descr' is no text");
        } else if (*key == "fortran_order") {
            fortran_order = literal.take_bool();
            if (!fortran_order) return broken("'fortran_order' is neither True nor False");
        } else if (*key == "shape") {
            shape = literal.take_shape();
            if (!shape) return broken("'shape' is no tuple of sizes");
        } else {
            return broken(fmt::format("unknown key '{}'", *key));
        }
        if (!literal.take(',') && !literal.at('}')) return broken("it stops half-way");
    }
    if (!literal.at_end()) return broken("text follows the dictionary");
    if (!descr || !fortran_order || !shape)
        return broken("'descr', 'fortran_order' and 'shape' must be there");
    return Dictionary{*descr, *fortran_order, *shape};
}

Result<Type> parse_type(std::string_view descr, const std::string& name) {
    if (descr.find('O') != std::string_view::npos)
        return refuse(name,
                      "an object array (pickle), which can run code: never read; save numbers");
    if (descr.starts_with('>'))
        return refuse(name, fmt::format("'{}' is big-endian: save it little-endian", descr));
    auto code = descr;
    if (code.starts_with('<') || code.starts_with('|') || code.starts_with('='))
        code.remove_prefix(1);
    const auto* const row = std::ranges::find(kTypes, code, &TypeRow::code);
    if (row == kTypes.end())
        return refuse(
            name,
            fmt::format("type '{}': must be a whole number, bool, float16, float32 or float64",
                        descr));
    return row->type;
}

/// Empty if the product does not fit.
std::optional<std::size_t> product(std::span<const std::size_t> shape, std::size_t value_size) {
    std::size_t count = 1;
    if (std::ranges::find(shape, std::size_t{0}) != shape.end()) return 0;
    for (const std::size_t dimension : shape) {
        if (count > std::numeric_limits<std::size_t>::max() / value_size / dimension)
            return std::nullopt;
        count *= dimension;
    }
    return count;
}

std::string shape_text(std::span<const std::size_t> shape) {
    return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

struct Preamble {
    std::size_t text_offset = 0;
    std::size_t text_size = 0;
};

Result<Preamble> parse_preamble(std::span<const std::byte> bytes, const std::string& name) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!text.starts_with(kMagic)) {
        if (kMagic.starts_with(text))
            return refuse(name, fmt::format("truncated: only {} bytes", text.size()));
        return refuse(name, "not a .npy file: it does not begin with \\x93NUMPY");
    }
    if (bytes.size() < kMagic.size() + 2) return refuse(name, "truncated within the .npy header");
    const auto major = std::to_integer<unsigned>(bytes[kMagic.size()]);
    if (major < 1 || major > 3)
        return refuse(name, fmt::format(".npy version {}: 1, 2 and 3 are known", major));
    const std::size_t length_bytes = major == 1 ? 2 : 4;
    const std::size_t offset = kMagic.size() + 2 + length_bytes;
    if (bytes.size() < offset) return refuse(name, "truncated within the .npy header");
    std::size_t length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
        length |= std::to_integer<std::size_t>(bytes[kMagic.size() + 2 + i]) << (8 * i);
    if (length > kHeaderBytesMax)
        return refuse(name, fmt::format("the .npy header claims {} bytes: at most {} are read",
                                        length, kHeaderBytesMax));
    if (bytes.size() - offset < length) return refuse(name, "truncated within the .npy header");
    return Preamble{offset, length};
}

}  // namespace

std::string_view name_of(Type type) { return row_of(type).name; }
std::size_t size_of(Type type) { return row_of(type).size; }
bool is_float(Type type) {
    return type == Type::Float16 || type == Type::Float32 || type == Type::Float64;
}

Result<Header> parse_header(std::span<const std::byte> bytes, const std::string& name) {
    return parse_header(bytes, bytes.size(), name);
}

Result<Header> parse_header(std::span<const std::byte> front, std::uint64_t file_bytes,
                            const std::string& name) {
    const auto preamble = TUSKER_TRY(parse_preamble(front, name));
    const std::string_view text(reinterpret_cast<const char*>(front.data()) + preamble.text_offset,
                                preamble.text_size);
    auto dictionary = TUSKER_TRY(parse_dictionary(text, name));
    Header header;
    header.type = TUSKER_TRY(parse_type(dictionary.descr, name));
    header.offset = preamble.text_offset + preamble.text_size;
    const std::size_t value_size = row_of(header.type).size;
    const auto values = product(dictionary.shape, value_size);
    if (!values)
        return refuse(name,
                      fmt::format("shape {} is beyond any memory", shape_text(dictionary.shape)));
    header.values = *values;
    const std::size_t promised = header.values * value_size;
    const std::size_t present = file_bytes - header.offset;
    if (present != promised)
        return refuse(name, fmt::format("{}: shape {} of {} needs {} bytes, {} follow the header",
                                        present < promised ? "truncated" : "too long",
                                        shape_text(dictionary.shape), name_of(header.type),
                                        promised, present));
    if (dictionary.fortran_order && dictionary.shape.size() > 1 && header.values > 0)
        return refuse(name, "in Fortran order: save it with np.ascontiguousarray");
    header.shape = std::move(dictionary.shape);
    return header;
}

Result<Array> Array::open(const std::filesystem::path& path) {
    auto file = std::make_shared<MappedFile>(TUSKER_TRY(MappedFile::open(path)));
    const auto bytes = file->bytes();
    return read(bytes, std::move(file), path.string());
}

Result<Array> Array::read(std::span<const std::byte> npy, std::shared_ptr<const void> owner,
                          const std::string& name) {
    Header header = TUSKER_TRY(parse_header(npy, name));
    auto values = npy.subspan(header.offset);
    if (reinterpret_cast<std::uintptr_t>(values.data()) % size_of(header.type) != 0) {
        // A vector's memory is aligned for every type.
        auto copy = std::make_shared<const std::vector<std::byte>>(values.begin(), values.end());
        values = *copy;
        owner = std::move(copy);
    }
    return Array(std::move(header), values, std::move(owner));
}

std::string to_npy(std::span<const std::int64_t> values) {
    std::string header =
        fmt::format("{{'descr': '<i8', 'fortran_order': False, 'shape': ({},), }}", values.size());
    // Magic, version, length and text together end at a multiple of 64, the last byte a newline.
    constexpr std::size_t kAlignment = 64;
    const std::size_t before = kMagic.size() + 2 + 2;
    const std::size_t total =
        (before + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
    header.resize(total - before - 1, ' ');
    header += '\n';
    std::string file(kMagic);
    file += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF),
             static_cast<char>(header.size() >> 8)};
    file += header;
    file.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    return file;
}

}  // namespace tusker::npy
