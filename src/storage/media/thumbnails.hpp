// thumbs/: made thumbnails, kept until room is needed. May be deleted at any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tusker::media {

/// Thread safety: all members may be called from several threads.
class ThumbnailCache {
public:
    ThumbnailCache(std::filesystem::path folder, std::uint64_t bytes_max)
        : folder_(std::move(folder)), bytes_max_(bytes_max) {}

    /// What was kept under `key`, whole; empty if nothing is.
    std::optional<std::string> find(std::string_view key) const;
    /// A cache that cannot be written is no error: the thumbnail is made again next time.
    void keep(std::string_view key, std::string_view bytes);

private:
    std::filesystem::path path_of(std::string_view key) const;
    void make_room(const std::filesystem::path& folder) const;

    std::filesystem::path folder_;
    std::uint64_t bytes_max_;
    std::atomic<std::uint64_t> kept_count_ = 0;
};

}  // namespace tusker::media
