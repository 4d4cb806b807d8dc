#include "formats/npy/npy.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>

namespace tusker::npy {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

/// A file of version `major` with this dictionary and so many zero bytes after it.
std::string file_with(const std::string& dictionary, std::size_t data_bytes, char major = 1) {
    const std::size_t length_bytes = major == 1 ? 2 : 4;
    std::string header = dictionary;
    while ((8 + length_bytes + header.size() + 1) % 64 != 0) header += ' ';
    header += '\n';
    std::string file = "\x93NUMPY";
    file += {major, '\0'};
    for (std::size_t i = 0; i < length_bytes; ++i)
        file += static_cast<char>(header.size() >> (8 * i) & 0xFF);
    return file + header + std::string(data_bytes, '\0');
}

std::string refusal(const std::string& file) {
    const auto header = parse_header(bytes_of(file), "x.npy");
    return header ? "accepted" : header.error().message;
}

TEST(Npy, ReadsEveryVersionOfTheHeader) {
    for (const char major : {'\1', '\2', '\3'}) {
        const auto file =
            file_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, major);
        const auto header = parse_header(bytes_of(file), "x.npy");
        ASSERT_TRUE(header) << header.error().message;
        EXPECT_EQ(header->type, Type::Float32);
        EXPECT_EQ(header->shape, (std::vector<std::size_t>{2, 3}));
        EXPECT_EQ(header->offset + 24, file.size());
    }
}

TEST(Npy, TakesKeysInAnyOrderAndEitherQuote) {
    const auto file = file_with(R"({"shape": (5,), "fortran_order": True, "descr": "|u1"})", 5);
    const auto header = parse_header(bytes_of(file), "x.npy");
    ASSERT_TRUE(header) << header.error().message;
    EXPECT_EQ(header->type, Type::UInt8);
    EXPECT_EQ(header->values, 5U);
}

TEST(Npy, SaysWhatItRefuses) {
    const auto with = [](const std::string& descr, const std::string& shape, std::size_t bytes,
                         const std::string& order = "False") {
        return refusal(file_with(
            "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }",
            bytes));
    };
    EXPECT_EQ(refusal(""), "x.npy: truncated: only 0 bytes");
    EXPECT_EQ(refusal("index,label\n"),
              "x.npy: not a .npy file: it does not begin with \\x93NUMPY");
    EXPECT_EQ(refusal(file_with("{}", 0).substr(0, 30)), "x.npy: truncated within the .npy header");
    EXPECT_EQ(refusal(file_with("{}", 0, 9)), "x.npy: .npy version 9: 1, 2 and 3 are known");
    EXPECT_EQ(with("|O", "(2,)", 16),
              "x.npy: an object array (pickle), which can run code: never read; save numbers");
    EXPECT_EQ(with(">f4", "(2,)", 8), "x.npy: '>f4' is big-endian: save it little-endian");
    EXPECT_EQ(with("<U3", "(2,)", 24),
              "x.npy: type '<U3': must be a whole number, bool, float16, float32 or float64");
    EXPECT_EQ(with("<f4", "(2, 3)", 20),
              "x.npy: truncated: shape (2, 3) of float32 needs 24 bytes, 20 follow the header");
    EXPECT_EQ(with("<f4", "(2,)", 20),
              "x.npy: too long: shape (2,) of float32 needs 8 bytes, 20 follow the header");
    EXPECT_EQ(with("<f4", "(2, 3)", 24, "True"),
              "x.npy: in Fortran order: save it with np.ascontiguousarray");
    EXPECT_EQ(with("<f8", "(4294967296, 4294967296)", 8),
              "x.npy: shape (4294967296, 4294967296) is beyond any memory");
    EXPECT_EQ(with("<f8", "(-1,)", 8),
              "x.npy: the .npy header is damaged: 'shape' is no tuple of sizes");
    EXPECT_EQ(with("<f8", "(1,)", 8, "0"),
              "x.npy: the .npy header is damaged: 'fortran_order' is neither True nor False");
    EXPECT_EQ(refusal(file_with("{'descr': [('a', '<f4')], 'shape': (1,), }", 4)),
              "x.npy: a structured array: one number type is needed");
    EXPECT_EQ(
        refusal(file_with("{'shape': (1,), }", 4)),
        "x.npy: the .npy header is damaged: 'descr', 'fortran_order' and 'shape' must be there");
}

TEST(Npy, ValuesThatDoNotLieAlignedAreCopied) {
    const auto file = std::make_shared<const std::string>(
        "x" + file_with("{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }", 6));
    const auto array = Array::read(bytes_of(*file).subspan(1), file, "x.npy");
    ASSERT_TRUE(array) << array.error().message;
    EXPECT_EQ(array->type(), Type::Float16);
    const auto values = array->values<std::uint16_t>();
    EXPECT_EQ(std::vector(values.begin(), values.end()), (std::vector<std::uint16_t>{0, 0, 0}));
}

TEST(Npy, AFrontIsEnoughForTheHeader) {
    const auto file = file_with("{'descr': '<f8', 'fortran_order': False, 'shape': (100,), }", 0);
    EXPECT_TRUE(parse_header(bytes_of(file), file.size() + 800, "x.npy"));
    EXPECT_FALSE(parse_header(bytes_of(file), file.size() + 799, "x.npy"));
}

RC_GTEST_PROP(Npy, AnyDamageIsRefusedOrHarmless, ()) {
    auto file = file_with("{'descr': '<i4', 'fortran_order': False, 'shape': (3, 2), }", 24);
    const auto place = *rc::gen::inRange<std::size_t>(0, file.size() - 24);
    file[place] = *rc::gen::arbitrary<char>();
    file.resize(*rc::gen::inRange<std::size_t>(0, file.size() + 1));
    const auto header = parse_header(bytes_of(file), "x.npy");
    if (header) RC_ASSERT(header->offset + header->values <= file.size());
}

TEST(Npy, ReadsBackWhatItWrites) {
    const auto path = std::filesystem::temp_directory_path() / "tusker_npy_test.npy";
    const std::vector<std::int64_t> values = {3, -1, std::int64_t{1} << 40};
    ASSERT_TRUE(replace_file(path, to_npy(values)));
    const auto array = Array::open(path);
    ASSERT_TRUE(array) << array.error().message;
    EXPECT_EQ(array->type(), Type::Int64);
    const auto read = array->values<std::int64_t>();
    EXPECT_EQ(std::vector(read.begin(), read.end()), values);
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace tusker::npy
