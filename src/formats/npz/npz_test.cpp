#include "formats/npz/npz.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zlib.h>

#include <cstring>
#include <limits>

namespace tusker::npz {
namespace {

constexpr std::uint64_t kAnySize = std::numeric_limits<std::uint64_t>::max();

struct Packed {
    std::string name;
    std::string content;
    bool deflated = false;
    std::uint32_t claimed_bytes = 0;  // 0 = the truth
    std::uint32_t crc_off_by = 0;
    std::uint16_t flags = 0;
    std::uint16_t method = 0;  // 0 = what `deflated` says
};

std::string deflate(const std::string& content) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(content.size() + 1000, '\0');
    std::string in = content;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

template <class T>
void put(std::string& out, T number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

/// Whether sizes and places stand in 32 bits, or in 64 as in archives beyond 4 GB.
enum class Width { Narrow, Wide };

std::string end_of(std::size_t members, std::size_t directory_bytes, std::size_t directory_at,
                   Width width) {
    std::string end;
    if (width == Width::Wide) {
        put<std::uint32_t>(end, 0x06064B50);
        put<std::uint64_t>(end, 44);  // bytes that follow
        put<std::uint32_t>(end, 0);   // versions
        put<std::uint64_t>(end, 0);   // disks
        put<std::uint64_t>(end, members);
        put<std::uint64_t>(end, members);
        put<std::uint64_t>(end, directory_bytes);
        put<std::uint64_t>(end, directory_at);
        put<std::uint32_t>(end, 0x07064B50);
        put<std::uint32_t>(end, 0);
        put<std::uint64_t>(end, directory_at + directory_bytes);
        put<std::uint32_t>(end, 1);
    }
    const bool wide = width == Width::Wide;
    put<std::uint32_t>(end, 0x06054B50);
    put<std::uint32_t>(end, 0);
    put(end, static_cast<std::uint16_t>(wide ? 0xFFFF : members));
    put(end, static_cast<std::uint16_t>(wide ? 0xFFFF : members));
    put(end, static_cast<std::uint32_t>(wide ? 0xFFFFFFFF : directory_bytes));
    put(end, static_cast<std::uint32_t>(wide ? 0xFFFFFFFF : directory_at));
    put<std::uint16_t>(end, 0);
    return end;
}

/// An archive as Python's zipfile writes one, but for the lies that are asked for.
std::string zip(const std::vector<Packed>& members, Width width = Width::Narrow) {
    const bool wide = width == Width::Wide;
    std::string file;
    std::string directory;
    for (const Packed& member : members) {
        const std::string packed = member.deflated ? deflate(member.content) : member.content;
        const auto bytes = member.claimed_bytes != 0
                               ? member.claimed_bytes
                               : static_cast<std::uint32_t>(member.content.size());
        const auto crc = static_cast<std::uint32_t>(
                             ::crc32(0, reinterpret_cast<const Bytef*>(member.content.data()),
                                     static_cast<uInt>(member.content.size()))) +
                         member.crc_off_by;
        const auto method = member.method != 0
                                ? member.method
                                : static_cast<std::uint16_t>(member.deflated ? 8 : 0);
        const auto offset = static_cast<std::uint32_t>(file.size());
        std::string shared;  // what both headers say
        put<std::uint16_t>(shared, 20);
        put<std::uint16_t>(shared, member.flags);
        put<std::uint16_t>(shared, method);
        put<std::uint32_t>(shared, 0);  // time
        put<std::uint32_t>(shared, crc);
        put<std::uint32_t>(shared, static_cast<std::uint32_t>(packed.size()));
        put<std::uint32_t>(shared, bytes);
        put<std::uint16_t>(shared, static_cast<std::uint16_t>(member.name.size()));
        put<std::uint16_t>(shared, 0);  // extra field
        put<std::uint32_t>(file, 0x04034B50);
        file += shared;
        file += member.name;
        file += packed;
        std::string extra;
        if (wide) {
            put<std::uint16_t>(extra, 1);
            put<std::uint16_t>(extra, 24);
            put<std::uint64_t>(extra, bytes);
            put<std::uint64_t>(extra, packed.size());
            put<std::uint64_t>(extra, offset);
            for (std::size_t i = 14; i < 22; ++i) shared[i] = '\xFF';  // both sizes
            shared[24] = static_cast<char>(extra.size());
        }
        put<std::uint32_t>(directory, 0x02014B50);
        put<std::uint16_t>(directory, 20);
        directory += shared;
        put<std::uint16_t>(directory, 0);  // comment
        put<std::uint16_t>(directory, 0);  // disk
        put<std::uint16_t>(directory, 0);
        put<std::uint32_t>(directory, 0);
        put<std::uint32_t>(directory, wide ? 0xFFFFFFFF : offset);
        directory += member.name + extra;
    }
    return file + directory + end_of(members.size(), directory.size(), file.size(), width);
}

std::string array_file(const std::vector<std::int64_t>& values) { return npy::to_npy(values); }

Result<npy::Array> read(const std::string& file, const std::string& name,
                        std::uint64_t bytes_max = kAnySize) {
    const auto owner = std::make_shared<const std::string>(file);
    const auto archive =
        TUSKER_TRY(Archive::read(std::as_bytes(std::span(*owner)), owner, "x.npz"));
    return archive.array(name, bytes_max);
}

std::string refusal(const std::string& file, const std::string& name = "a",
                    std::uint64_t bytes_max = kAnySize) {
    const auto array = read(file, name, bytes_max);
    return array ? "accepted" : array.error().message;
}

TEST(Npz, ReadsStoredAndDeflatedMembers) {
    std::vector<std::int64_t> values(1000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i % 7);
    const std::string file =
        zip({{"odd name.npy", array_file({1, 2, 3})}, {"b.npy", array_file(values), true}});
    for (const auto& [name, expected] :
         {std::pair<std::string, std::vector<std::int64_t>>{"odd name", {1, 2, 3}},
          {"b", values}}) {
        const auto array = read(file, name);
        ASSERT_TRUE(array) << array.error().message;
        const auto found = array->values<std::int64_t>();
        EXPECT_EQ(std::vector(found.begin(), found.end()), expected);
    }
}

TEST(Npz, ReadsArchivesWithSizesOf64Bits) {
    const std::string file =
        zip({{"a.npy", array_file({4, 5})}, {"b.npy", array_file({1, 2, 3}), true}}, Width::Wide);
    EXPECT_EQ(refusal(file, "a"), "accepted");
    const auto array = read(file, "b");
    ASSERT_TRUE(array) << array.error().message;
    EXPECT_EQ(array->size(), 3U);
    for (std::size_t keep = 0; keep < file.size(); ++keep)
        EXPECT_NE(refusal(file.substr(0, keep), "b"), "accepted") << keep;
}

TEST(Npz, SaysWhatItRefuses) {
    const auto good = array_file({1, 2, 3});
    EXPECT_EQ(refusal(""),
              "x.npz: not a .npz file, or truncated: the end of a ZIP archive is missing");
    EXPECT_EQ(refusal(zip({{"b.npy", good}, {"labels.npy", good}}), "lables"),
              "x.npz: no array 'lables' (did you mean 'labels'?); it holds b, labels");
    EXPECT_EQ(refusal(zip({{"a.npy", good, false, 0, 1}})), "x.npz:a: damaged: its CRC-32 differs");
    EXPECT_EQ(refusal(zip({{"a.npy", good, true, 0, 1}})), "x.npz:a: damaged: its CRC-32 differs");
    EXPECT_EQ(refusal(zip({{"a.npy", good, false, 0, 0, 1}})), "x.npz: member a.npy is encrypted");
    EXPECT_EQ(refusal(zip({{"a.npy", good, false, 0, 0, 0, 12}})),
              "x.npz: member a.npy is packed by method 12: stored (0) and deflated (8) are read");
    EXPECT_EQ(refusal(zip({{"a.npy", good}, {"a.npy", good}})),
              "x.npz: member a.npy is there twice");
    EXPECT_EQ(refusal(zip({{"a.npy", good, false, 9999}})),
              "x.npz:a: stored, but of 152 bytes in the archive and 9999 outside");
    const std::string object =
        std::string("\x93NUMPY\x01\x00\x46\x00", 10) +
        "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }              \n";
    EXPECT_EQ(refusal(zip({{"a.npy", object, true}})).find("x.npz:a: the .npy header"),
              std::string::npos);
    EXPECT_NE(refusal(zip({{"a.npy", object, true}})).find("object array (pickle)"),
              std::string::npos);
}

TEST(Npz, ABombIsRefusedBeforeItTakesMemory) {
    const auto zeros = array_file(std::vector<std::int64_t>(100000));
    EXPECT_EQ(refusal(zip({{"a.npy", zeros, true}})), "accepted");
    EXPECT_EQ(
        refusal(zip({{"a.npy", zeros, true}}), "a", 1000),
        "x.npz:a: unpacks to 800128 bytes: at most 1000 fit in memory; save it as .npy, which "
        "is read in place");
    EXPECT_NE(refusal(zip({{"a.npy", zeros, true, 4000000000U}})).find("deflate cannot do that"),
              std::string::npos);
    // More comes out than the archive and the header say.
    EXPECT_NE(refusal(zip({{"a.npy", array_file({1, 2, 3}) + std::string(5000, 'x'), true, 152}}))
                  .find("does not end after the 152 bytes"),
              std::string::npos);
}

TEST(Npz, EveryTruncationIsRefused) {
    const std::string file = zip({{"a.npy", array_file({1, 2, 3}), true}});
    for (std::size_t keep = 0; keep < file.size(); ++keep)
        EXPECT_NE(refusal(file.substr(0, keep)), "accepted") << keep;
}

RC_GTEST_PROP(Npz, AnyDamageIsRefusedOrHarmless, ()) {
    std::string file = zip({{"a.npy", array_file({1, 2, 3}), *rc::gen::arbitrary<bool>()}});
    const auto hits = *rc::gen::inRange(1, 4);
    for (int i = 0; i < hits; ++i)
        file[*rc::gen::inRange<std::size_t>(0, file.size())] = *rc::gen::arbitrary<char>();
    const auto array = read(file, "a", 1 << 20);
    if (array) RC_ASSERT(array->bytes() <= 1U << 20U);
}

}  // namespace
}  // namespace tusker::npz
