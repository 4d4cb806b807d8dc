#include "formats/npz/npz.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/nearest.hpp"

namespace tusker::npz {
namespace {

constexpr std::string_view kEnding = ".npy";
/// Deflate spends at least one bit for 258 bytes and a bit more: 1032 to 1 is its limit (zlib's
/// technical notes); 64 bytes more for what is nearly empty.
constexpr std::uint64_t kDeflateRatioMax = 1032;
constexpr std::uint64_t kDeflateSlack = 64;
/// Unpacked and checked in pieces of this size, for progress and zlib's 32-bit counts.
constexpr std::size_t kPieceBytes = std::size_t{16} << 20;

/// zlib's inflate of raw deflate data, from one span into others.
class Inflater {
public:
    explicit Inflater(std::span<const std::byte> packed) : packed_(packed) {
        ok_ = inflateInit2(&stream_, -MAX_WBITS) == Z_OK;
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    /// Fills `out` as far as the data goes; empty if the data is damaged.
    std::optional<std::size_t> fill(std::span<std::byte> out) {
        std::size_t filled = 0;
        while (ok_ && !at_end_ && filled < out.size()) {
            if (stream_.avail_in == 0) feed();
            const auto room = std::min<std::size_t>(out.size() - filled, kPieceBytes);
            stream_.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
            stream_.avail_out = static_cast<uInt>(room);
            const int code = ::inflate(&stream_, Z_NO_FLUSH);
            filled += room - stream_.avail_out;
            at_end_ = code == Z_STREAM_END;
            ok_ = at_end_ || code == Z_OK;
        }
        if (!ok_) return std::nullopt;
        return filled;
    }
    /// True if the data ends here, and exactly here.
    bool ends() {
        std::byte one{};
        const auto more = fill({&one, 1});
        return more == 0 && at_end_ && stream_.avail_in == 0 && packed_.empty();
    }

private:
    void feed() {
        const auto piece = packed_.first(std::min(packed_.size(), kPieceBytes));
        packed_ = packed_.subspan(piece.size());
        // zlib does not write to its input; its type lacks the const.
        stream_.next_in =
            const_cast<Bytef*>(reinterpret_cast<const Bytef*>(piece.data()));  // NOLINT
        stream_.avail_in = static_cast<uInt>(piece.size());
    }
    std::span<const std::byte> packed_;
    z_stream stream_{};
    bool ok_ = false;
    bool at_end_ = false;
};

std::uint32_t add_to_crc(std::uint32_t crc, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto piece = bytes.first(std::min(bytes.size(), kPieceBytes));
        crc = static_cast<std::uint32_t>(::crc32(crc, reinterpret_cast<const Bytef*>(piece.data()),
                                                 static_cast<uInt>(piece.size())));
        bytes = bytes.subspan(piece.size());
    }
    return crc;
}

struct Memory {
    std::unique_ptr<std::byte[]> bytes;  // NOLINT(*-avoid-c-arrays): not filled with zeros first
};

/// Checks what can be known before any memory is taken: sizes, and the .npy header.
Result<void> check_front(std::span<const std::byte> packed, const Member& member,
                         std::uint64_t bytes_max, const std::string& name) {
    if (member.bytes > bytes_max)
        return invalid(
            fmt::format("{}: unpacks to {} bytes: at most {} fit in memory; save it as .npy, "
                        "which is read in place",
                        name, member.bytes, bytes_max));
    if (member.bytes / kDeflateRatioMax > packed.size() + kDeflateSlack)
        return invalid(fmt::format("{}: claims to unpack {} bytes to {}: deflate cannot do that",
                                   name, packed.size(), member.bytes));
    std::vector<std::byte> front(std::min<std::uint64_t>(member.bytes, npy::kFrontBytesMax));
    Inflater inflater(packed);
    const auto filled = inflater.fill(front);
    if (!filled || *filled != front.size())
        return invalid(fmt::format("{}: its packed data is damaged", name));
    TUSKER_TRY(npy::parse_header(front, member.bytes, name));
    return {};
}

Result<npy::Array> unpack(std::span<const std::byte> packed, const Member& member,
                          std::uint64_t bytes_max, const std::string& name,
                          const Progress& progress) {
    TUSKER_TRY(check_front(packed, member, bytes_max, name));
    auto memory = std::make_shared<Memory>(
        Memory{std::make_unique_for_overwrite<std::byte[]>(member.bytes)});  // NOLINT
    const std::span<std::byte> out(memory->bytes.get(), member.bytes);
    Inflater inflater(packed);
    std::uint32_t crc = 0;
    for (std::size_t done = 0; done < out.size();) {
        const auto piece = out.subspan(done, std::min(kPieceBytes, out.size() - done));
        const auto filled = inflater.fill(piece);
        if (!filled || *filled != piece.size())
            return invalid(fmt::format("{}: its packed data is damaged after {} of {} bytes", name,
                                       done + filled.value_or(0), out.size()));
        crc = add_to_crc(crc, piece);
        done += piece.size();
        if (progress) progress(done, out.size());
    }
    if (!inflater.ends())
        return invalid(
            fmt::format("{}: its packed data does not end after the {} bytes that the "
                        "archive promises",
                        name, out.size()));
    if (crc != member.crc32) return invalid(fmt::format("{}: damaged: its CRC-32 differs", name));
    return npy::Array::read(out, std::move(memory), name);
}

}  // namespace

Result<Archive> Archive::open(const std::filesystem::path& path) {
    auto file = std::make_shared<MappedFile>(TUSKER_TRY(MappedFile::open(path)));
    const auto bytes = file->bytes();
    return read(bytes, std::move(file), path.string());
}

Result<Archive> Archive::read(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                              std::string name) {
    auto members = TUSKER_TRY(read_directory(bytes, name));
    return Archive(bytes, std::move(owner), std::move(name), std::move(members));
}

std::vector<std::string> Archive::names() const {
    std::vector<std::string> names;
    for (const Member& member : members_)
        if (member.name.ends_with(kEnding))
            names.push_back(member.name.substr(0, member.name.size() - kEnding.size()));
    return names;
}

Result<npy::Array> Archive::array(const std::string& name, std::uint64_t bytes_max,
                                  const Progress& progress) const {
    const auto member = std::ranges::find(members_, name + std::string(kEnding), &Member::name);
    if (member == members_.end())
        return invalid(fmt::format("{}: no array '{}'{}; it holds {}", name_, name,
                                   did_you_mean(name, names()), fmt::join(names(), ", ")));
    const std::string where = fmt::format("{}:{}", name_, name);
    const auto packed = TUSKER_TRY(packed_bytes(bytes_, *member, where));
    if (member->method == Member::Method::Deflated)
        return unpack(packed, *member, bytes_max, where, progress);
    if (member->packed_bytes != member->bytes)
        return invalid(fmt::format("{}: stored, but of {} bytes in the archive and {} outside",
                                   where, member->packed_bytes, member->bytes));
    if (add_to_crc(0, packed) != member->crc32)
        return invalid(fmt::format("{}: damaged: its CRC-32 differs", where));
    return npy::Array::read(packed, owner_, where);
}

}  // namespace tusker::npz
