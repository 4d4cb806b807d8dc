// The bytes of pictures: uploaded ones in packs, others in place under allowed roots, and
// thumbnails of both. Not for: what a picture belongs to (catalog), what is in it (kernels/image).
// Invariants: (1) `keep` returns only when the bytes survive a crash; waiting calls share one sync.
// (2) A MediaRef that was handed out reads the same bytes for ever, checked by a checksum; the torn
// end that a crash leaves is cut off at the next start. (3) No file outside the roots is read,
// whatever links lie on the way. (4) thumbs/ may be deleted at any time.
// Start reading at keep and open.
//
// Thread safety: all members may be called from several threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"

namespace tusker::media {

/// Where uploaded bytes lie: media/PACK.pack from `offset`.
struct MediaRef {
    std::uint32_t pack = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    friend bool operator==(const MediaRef&, const MediaRef&) = default;
};

/// Uploaded bytes, or an address as the client gave it: a path, "file:///…", or another scheme,
/// which is never fetched.
using Source = std::variant<MediaRef, std::string>;

struct Slice {
    std::shared_ptr<const File> file;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

struct Picture {
    std::string bytes;
    std::string media_type;
};

struct Look {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::string average_color;  // "#rrggbb"
};

struct MediaOptions {
    std::filesystem::path data_folder = {};
    std::vector<std::filesystem::path> roots = {};
    std::uint64_t pack_bytes_max = std::uint64_t{1} << 30;
    std::uint64_t thumbnail_bytes_max = std::uint64_t{8} << 30;
};

class Media {
public:
    /// Opens or creates media/ and thumbs/. A root that is no folder is InvalidArgument.
    static Result<std::unique_ptr<Media>> open(MediaOptions options);
    ~Media();

    /// In order, all of them or (StorageFull) none.
    Result<std::vector<MediaRef>> keep(std::span<const std::string_view> files);
    Result<MediaRef> keep(std::string_view bytes);

    /// For sending; not checked. Errors as `read`.
    Result<Slice> open(const Source& source) const;
    /// The whole file. NotFound, or Forbidden naming path and roots; Internal if a pack is damaged.
    Result<std::string> read(const Source& source) const;

    /// Fits a square of `size` pixels, WebP; small pictures are handed out as they are.
    Result<Picture> thumbnail(const Source& source, std::uint32_t size);
    Result<Look> look(const Source& source) const;

    /// The real path of a picture under a root. Forbidden names the path and the roots.
    Result<std::filesystem::path> resolve(std::string_view location) const;
    /// The same for folders and for what may not be there.
    Result<std::filesystem::path> check(std::string_view location) const;
    const std::vector<std::filesystem::path>& roots() const;

    std::uint64_t stored_bytes() const;  // of all packs
    std::uint64_t sync_count() const;    // since the start

private:
    struct Impl;
    explicit Media(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace tusker::media
