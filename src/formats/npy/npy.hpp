// Arrays in NumPy's .npy files, memory-mapped: header versions 1 to 3, numbers in C order,
// little-endian. Refused with a sentence: pickled objects, other orders, and files whose length is
// not what their header promises. Array is also what the other readers of arrays (formats/arrays)
// answer, whose values lie in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"

namespace tusker::npy {

enum class Type {
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
    Bool,     // one byte, 0 or 1
    Float16,  // IEEE 754 binary16, as std::uint16_t
};

/// NumPy's name: "float32".
std::string_view name_of(Type type);
/// Bytes of one value.
std::size_t size_of(Type type);
bool is_float(Type type);

/// The Type whose values are T.
template <class T>
constexpr Type type_of();

struct Header {
    Type type = Type::Float64;
    std::vector<std::size_t> shape;
    std::size_t values = 0;  // product of the shape
    std::size_t offset = 0;  // of the first value
};

/// The most bytes that a header can take, magic and all: longer ones are refused, as NumPy does.
inline constexpr std::size_t kFrontBytesMax = 12 + 10000;

/// Reads the header at the front of `bytes`, the whole file. `name` starts each message.
Result<Header> parse_header(std::span<const std::byte> bytes, const std::string& name);
/// The same where `front` is only the first bytes of a file of `file_bytes`: all of them, or
/// kFrontBytesMax.
Result<Header> parse_header(std::span<const std::byte> front, std::uint64_t file_bytes,
                            const std::string& name);

/// The values stay where they lie, in a file's pages or in memory; spans live as long as any copy
/// of the Array.
class Array {
public:
    static Result<Array> open(const std::filesystem::path& path);
    /// `npy` is a whole .npy that `owner` keeps; it is copied if it does not lie aligned.
    static Result<Array> read(std::span<const std::byte> npy, std::shared_ptr<const void> owner,
                              const std::string& name);
    /// An array made in memory. The product of `shape` is the number of values.
    template <class T>
    static Array of(std::vector<T> values, std::vector<std::size_t> shape) {
        auto owner = std::make_shared<const std::vector<T>>(std::move(values));
        const auto bytes = std::as_bytes(std::span(*owner));
        Header header{type_of<T>(), std::move(shape), owner->size(), 0};
        return Array(std::move(header), bytes, std::move(owner));
    }

    Type type() const { return header_.type; }
    std::span<const std::size_t> shape() const { return header_.shape; }
    std::size_t size() const { return header_.values; }
    std::size_t bytes() const { return header_.values * size_of(header_.type); }
    /// All values in C order. T must be what type() says; of Bool and Float16 it is std::uint8_t
    /// and std::uint16_t.
    template <class T>
    std::span<const T> values() const {
        return {reinterpret_cast<const T*>(values_.data()), header_.values};
    }
    /// work(values) with their own type where they are integers or bool; else nothing is called.
    template <class Work>
    auto visit_integers(Work&& work) const
        -> std::optional<decltype(work(std::span<const std::int64_t>()))> {
        switch (type()) {
            case Type::Int8:
                return work(values<std::int8_t>());
            case Type::Int16:
                return work(values<std::int16_t>());
            case Type::Int32:
                return work(values<std::int32_t>());
            case Type::Int64:
                return work(values<std::int64_t>());
            case Type::Bool:
            case Type::UInt8:
                return work(values<std::uint8_t>());
            case Type::UInt16:
                return work(values<std::uint16_t>());
            case Type::UInt32:
                return work(values<std::uint32_t>());
            case Type::UInt64:
                return work(values<std::uint64_t>());
            case Type::Float16:
            case Type::Float32:
            case Type::Float64:
                break;
        }
        return std::nullopt;
    }

private:
    Array(Header header, std::span<const std::byte> values, std::shared_ptr<const void> owner)
        : header_(std::move(header)), values_(values), owner_(std::move(owner)) {}

    Header header_;
    std::span<const std::byte> values_;
    std::shared_ptr<const void> owner_;
};

/// A one-dimensional int64 array as the bytes of a .npy file.
std::string to_npy(std::span<const std::int64_t> values);

template <class T>
constexpr Type type_of() {
    if constexpr (std::is_same_v<T, float>) return Type::Float32;
    if constexpr (std::is_same_v<T, double>) return Type::Float64;
    if constexpr (std::is_same_v<T, std::int64_t>) return Type::Int64;
    if constexpr (std::is_same_v<T, std::uint32_t>) return Type::UInt32;
    if constexpr (std::is_same_v<T, std::uint8_t>) return Type::UInt8;
}

}  // namespace tusker::npy
