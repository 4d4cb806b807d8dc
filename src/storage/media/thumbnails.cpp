#include "storage/media/thumbnails.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/checksum.hpp"
#include "base/file.hpp"

namespace tusker::media {

namespace {

constexpr std::uint64_t kFolders = 256;
// How often a folder is measured: rarely enough to cost nothing, often enough that it overshoots by
// some megabytes at most.
constexpr std::uint64_t kKeepsPerLook = 64;

/// A file that a power failure left short or zeroed fails this: its length and checksum go with it.
std::string sealed(std::string_view bytes) {
    const std::uint64_t sum = checksum(bytes);
    std::string text(reinterpret_cast<const char*>(&sum), sizeof sum);
    return text += bytes;
}

}  // namespace

std::filesystem::path ThumbnailCache::path_of(std::string_view key) const {
    // Two hashes of 64 bits: a collision would show one picture for another.
    const auto first = checksum(key);
    const auto second = checksum(fmt::format("second {}", key));
    return folder_ / fmt::format("{:02x}", first % kFolders) /
           fmt::format("{:016x}{:016x}", first, second);
}

std::optional<std::string> ThumbnailCache::find(std::string_view key) const {
    auto text = read_file(path_of(key));
    if (!text || text->size() < sizeof(std::uint64_t)) return std::nullopt;
    auto bytes = text->substr(sizeof(std::uint64_t));
    if (sealed(bytes) != *text) return std::nullopt;
    return bytes;
}

void ThumbnailCache::keep(std::string_view key, std::string_view bytes) {
    const auto path = path_of(key);
    const auto number = ++kept_count_;
    std::error_code code;
    std::filesystem::create_directories(path.parent_path(), code);
    if (number % kKeepsPerLook == 0) make_room(path.parent_path());
    // Renamed into place, so that nobody reads half of it; not synced, as it can be made again.
    auto beside = path;
    beside += fmt::format(".{}", number);
    {
        auto file = File::open(beside, File::Mode::Append, 0600);
        if (!file) return;
        if (!file->append(sealed(bytes))) {
            std::filesystem::remove(beside, code);
            return;
        }
    }
    std::filesystem::rename(beside, path, code);
}

void ThumbnailCache::make_room(const std::filesystem::path& folder) const {
    struct Kept {
        std::filesystem::file_time_type at;
        std::uint64_t size;
        std::filesystem::path path;
    };
    std::vector<Kept> all;
    std::uint64_t total = 0;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
        const auto size = entry.file_size(code);
        if (code) continue;
        all.push_back({entry.last_write_time(code), size, entry.path()});
        total += size;
    }
    const std::uint64_t room = bytes_max_ / kFolders;
    if (total <= room) return;
    std::ranges::sort(all, {}, &Kept::at);
    // Half, so that a full cache is not measured and emptied at every turn.
    for (const auto& kept : all) {
        if (total <= room / 2) break;
        if (std::filesystem::remove(kept.path, code)) total -= kept.size;
    }
}

}  // namespace tusker::media
