// Arrays in NumPy's .npy files, memory-mapped: header versions 1 to 3, numbers in C order,
// little-endian. Refused with a sentence: pickled objects, other orders, and files whose length is
// not what their header promises.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"

namespace tusker::npy {

enum class Type { Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float32, Float64 };

/// NumPy's name: "float32".
std::string_view name_of(Type type);

struct Header {
    Type type = Type::Float64;
    std::vector<std::size_t> shape;
    std::size_t values = 0;  // product of the shape
    std::size_t offset = 0;  // of the first value
};

/// Reads the header at the front of `bytes`, the whole file. `name` starts each message.
Result<Header> parse_header(std::span<const std::byte> bytes, const std::string& name);

/// The values stay in the file's pages; spans live as long as the Array.
class Array {
public:
    static Result<Array> open(const std::filesystem::path& path);

    Type type() const { return header_.type; }
    std::span<const std::size_t> shape() const { return header_.shape; }
    std::size_t size() const { return header_.values; }
    /// All values in C order. T must be what type() says.
    template <class T>
    std::span<const T> values() const {
        const auto bytes = file_.bytes().subspan(header_.offset);
        return {reinterpret_cast<const T*>(bytes.data()), header_.values};
    }

private:
    Header header_;
    MappedFile file_;
};

/// A one-dimensional int64 array as the bytes of a .npy file.
std::string to_npy(std::span<const std::int64_t> values);

}  // namespace tusker::npy
