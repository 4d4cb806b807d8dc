// Files appended one after the other to media/N.pack; docs/formats/media-pack.md.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "storage/media/media.hpp"

namespace tusker::media {

/// Thread safety: all members may be called from several threads.
/// 1. Appenders write in turn and wait for a sync together: whoever finds none running does it for
///    all that have written so far.
/// 2. After a failed sync nothing more is taken: what the disk then holds is not known.
class Packs {
public:
    static Result<std::unique_ptr<Packs>> open(const std::filesystem::path& folder,
                                               std::uint64_t pack_bytes_max);

    Result<std::vector<MediaRef>> append(std::span<const std::string_view> files);
    Result<Slice> open_slice(const MediaRef& ref) const;
    /// With its checksum verified.
    Result<std::string> read(const MediaRef& ref) const;

    std::uint64_t stored_bytes() const;
    std::uint64_t sync_count() const;

private:
    Packs(std::filesystem::path folder, std::uint64_t pack_bytes_max)
        : folder_(std::move(folder)), pack_bytes_max_(pack_bytes_max) {}
    std::filesystem::path path_of(std::uint32_t pack) const;
    Result<void> recover_last();
    Result<void> begin_pack(std::uint32_t pack);
    Result<MediaRef> write_one(std::string_view bytes);
    Result<void> wait_for_sync(std::unique_lock<std::mutex>& lock);
    Result<std::shared_ptr<const File>> reader(std::uint32_t pack) const;

    const std::filesystem::path folder_;
    const std::uint64_t pack_bytes_max_;

    mutable std::mutex mutex_;
    std::condition_variable synced_;
    std::shared_ptr<File> current_;
    std::uint32_t current_no_ = 0;
    std::uint64_t current_size_ = 0;
    std::uint64_t sealed_bytes_ = 0;
    std::uint64_t written_turn_ = 0;  // one per append call
    std::uint64_t synced_turn_ = 0;
    std::uint64_t sync_count_ = 0;
    bool syncing_ = false;
    std::optional<Error> broken_;
    mutable std::map<std::uint32_t, std::shared_ptr<const File>> readers_;
};

}  // namespace tusker::media
