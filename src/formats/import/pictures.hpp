// Pictures on disk, without decoding them.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"

namespace tusker::formats {

enum class PictureState { Good, Missing, Unreadable, NoPicture };
/// What is wrong with it, as a rule; empty for Good.
std::string_view rule_of(PictureState state);

/// Looks at the first bytes of each file, in parallel: JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC.
std::vector<PictureState> look_at_pictures(std::span<const std::filesystem::path> files,
                                           const Pool& pool);

/// Whether each file may be read; each folder is asked about once.
class FolderGate {
public:
    using MayRead = std::function<Result<void>(const std::filesystem::path&)>;
    explicit FolderGate(const MayRead& may_read) : may_read_(may_read) {}
    Result<void> check(const std::filesystem::path& file);

private:
    const MayRead& may_read_;
    std::filesystem::path folder_;  // the last one asked about
    Result<void> answer_;
};

}  // namespace tusker::formats
