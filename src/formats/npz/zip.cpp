// Layout: members one behind the other, each with a local header; then the directory, a list of all
// of them; then the end record, which says where the directory is. Sizes and places that do not fit
// 32 bits stand in an extra field (ZIP64), and the end record has a second, wider form.
//
// Source: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification" 6.3, sections 4.3 to 4.5.
#include "formats/npz/zip.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>
#include <unordered_set>

#include <fmt/format.h>

namespace tusker::npz {
namespace {

constexpr std::uint32_t kLocalMagic = 0x04034B50;
constexpr std::uint32_t kEntryMagic = 0x02014B50;
constexpr std::uint32_t kEndMagic = 0x06054B50;
constexpr std::uint32_t kEnd64Magic = 0x06064B50;
constexpr std::uint32_t kLocator64Magic = 0x07064B50;
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kEntryBytes = 46;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kEnd64Bytes = 56;
constexpr std::size_t kLocator64Bytes = 20;
constexpr std::size_t kCommentBytesMax = 0xFFFF;
constexpr std::uint16_t kEncrypted = 1U;
constexpr std::uint16_t kExtra64 = 1;
constexpr std::uint32_t kIn64Bits = 0xFFFFFFFF;  // "see the extra field"
/// Archives of arrays hold a handful; more is no such archive.
constexpr std::size_t kMembersMax = 65536;

std::unexpected<Error> refuse(const std::string& name, std::string_view reason) {
    return invalid(fmt::format("{}: {}", name, reason));
}

/// Little-endian numbers at places that are known to lie inside.
class Fields {
public:
    explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}
    std::uint16_t u16(std::size_t at) const { return number<std::uint16_t>(at); }
    std::uint32_t u32(std::size_t at) const { return number<std::uint32_t>(at); }
    std::uint64_t u64(std::size_t at) const { return number<std::uint64_t>(at); }

private:
    template <class T>
    T number(std::size_t at) const {
        T value;
        std::memcpy(&value, bytes_.subspan(at, sizeof value).data(), sizeof value);
        return value;
    }
    std::span<const std::byte> bytes_;
};

/// Empty if [offset, offset + size) is not inside.
std::optional<std::span<const std::byte>> part(std::span<const std::byte> bytes,
                                               std::uint64_t offset, std::uint64_t size) {
    if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
    return bytes.subspan(offset, size);
}

struct DirectoryPlace {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t offset = 0;
};

/// The end record: the last whose comment ends with the file.
std::optional<std::size_t> find_end(std::span<const std::byte> file) {
    if (file.size() < kEndBytes) return std::nullopt;
    const std::size_t last = file.size() - kEndBytes;
    for (std::size_t back = 0; back <= std::min(last, kCommentBytesMax); ++back) {
        const Fields record(file.subspan(last - back));
        if (record.u32(0) == kEndMagic && record.u16(20) == back) return last - back;
    }
    return std::nullopt;
}

Result<DirectoryPlace> find_directory(std::span<const std::byte> file, const std::string& name) {
    const auto end = find_end(file);
    if (!end)
        return refuse(name, "not a .npz file, or truncated: the end of a ZIP archive is missing");
    const Fields record(file.subspan(*end));
    DirectoryPlace place{record.u16(10), record.u32(12), record.u32(16)};
    const bool wide =
        place.entries == 0xFFFF || place.bytes == kIn64Bits || place.offset == kIn64Bits;
    if (!wide) {
        if (record.u16(4) != 0 || record.u16(6) != 0 || record.u16(8) != place.entries)
            return refuse(name, "a part of a ZIP archive in several files");
        return place;
    }
    if (*end < kLocator64Bytes) return refuse(name, "the ZIP64 locator is missing");
    const Fields locator(file.subspan(*end - kLocator64Bytes));
    if (locator.u32(0) != kLocator64Magic) return refuse(name, "the ZIP64 locator is missing");
    const auto wide_record = part(file, locator.u64(8), kEnd64Bytes);
    if (!wide_record || Fields(*wide_record).u32(0) != kEnd64Magic)
        return refuse(name, "the ZIP64 end record is not where its locator says");
    const Fields record64(*wide_record);
    return DirectoryPlace{record64.u64(32), record64.u64(40), record64.u64(48)};
}

/// Replaces the sizes and the place that stand in the extra field, in the order of the standard.
Result<void> widen(Member& member, std::span<const std::byte> extra, const std::string& name) {
    std::uint64_t* const fields[] = {&member.bytes, &member.packed_bytes, &member.local_header};
    const bool needed = std::ranges::any_of(fields, [](auto* f) { return *f == kIn64Bits; });
    if (!needed) return {};
    const auto missing = [&] {
        return refuse(name, fmt::format("member {}: its ZIP64 sizes are missing", member.name));
    };
    while (extra.size() >= 4) {
        const std::size_t size = Fields(extra).u16(2);
        auto field = part(extra, 4, size);
        if (!field) return missing();
        if (Fields(extra).u16(0) != kExtra64) {
            extra = extra.subspan(4 + size);
            continue;
        }
        for (auto* const target : fields) {
            if (*target != kIn64Bits) continue;
            if (field->size() < 8) return missing();
            *target = Fields(*field).u64(0);
            field = field->subspan(8);
        }
        return {};
    }
    return missing();
}

struct Entry {
    Member member;
    std::size_t bytes = 0;  // in the directory
};

Result<Entry> read_entry(std::span<const std::byte> directory, const std::string& name) {
    const auto damaged = [&] { return refuse(name, "the ZIP directory is damaged"); };
    if (directory.size() < kEntryBytes) return damaged();
    const Fields fields(directory);
    if (fields.u32(0) != kEntryMagic) return damaged();
    const std::size_t name_bytes = fields.u16(28);
    const std::size_t extra_bytes = fields.u16(30);
    const std::size_t comment_bytes = fields.u16(32);
    const auto text = part(directory, kEntryBytes, name_bytes);
    const auto extra = part(directory, kEntryBytes + name_bytes, extra_bytes);
    const std::size_t bytes = kEntryBytes + name_bytes + extra_bytes + comment_bytes;
    if (!text || !extra || bytes > directory.size()) return damaged();

    Member member;
    member.name.assign(reinterpret_cast<const char*>(text->data()), text->size());
    if ((fields.u16(8) & kEncrypted) != 0)
        return refuse(name, fmt::format("member {} is encrypted", member.name));
    const std::uint16_t method = fields.u16(10);
    if (method != 0 && method != 8)
        return refuse(name, fmt::format("member {} is packed by method {}: stored (0) and deflated "
                                        "(8) are read",
                                        member.name, method));
    member.method = method == 0 ? Member::Method::Stored : Member::Method::Deflated;
    member.crc32 = fields.u32(16);
    member.packed_bytes = fields.u32(20);
    member.bytes = fields.u32(24);
    member.local_header = fields.u32(42);
    TUSKER_TRY(widen(member, *extra, name));
    return Entry{std::move(member), bytes};
}

}  // namespace

Result<std::vector<Member>> read_directory(std::span<const std::byte> file,
                                           const std::string& name) {
    const auto place = TUSKER_TRY(find_directory(file, name));
    auto directory = part(file, place.offset, place.bytes);
    if (!directory)
        return refuse(name, fmt::format("truncated: its ZIP directory of {} bytes at {} ends "
                                        "beyond the file's {}",
                                        place.bytes, place.offset, file.size()));
    if (place.entries > kMembersMax)
        return refuse(name, fmt::format("it claims {} members: at most {} are read", place.entries,
                                        kMembersMax));
    std::vector<Member> members;
    std::unordered_set<std::string> names;
    for (std::uint64_t i = 0; i < place.entries; ++i) {
        Entry entry = TUSKER_TRY(read_entry(*directory, name));
        *directory = directory->subspan(entry.bytes);
        if (!names.insert(entry.member.name).second)
            return refuse(name, fmt::format("member {} is there twice", entry.member.name));
        members.push_back(std::move(entry.member));
    }
    return members;
}

Result<std::span<const std::byte>> packed_bytes(std::span<const std::byte> file,
                                                const Member& member, const std::string& name) {
    const auto header = part(file, member.local_header, kLocalBytes);
    if (!header || Fields(*header).u32(0) != kLocalMagic)
        return refuse(name, fmt::format("member {} does not begin where the ZIP directory says",
                                        member.name));
    const std::uint64_t before =
        kLocalBytes + Fields(*header).u16(26) + Fields(*header).u16(28);  // name and extra field
    const auto bytes = part(file, member.local_header + before, member.packed_bytes);
    if (!bytes)
        return refuse(name, fmt::format("truncated: member {} of {} bytes ends beyond the file",
                                        member.name, member.packed_bytes));
    return *bytes;
}

}  // namespace tusker::npz
