#include "formats/import/pictures.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace tusker::formats {
namespace {

bool begins_like_a_picture(std::string_view head) {
    using namespace std::string_view_literals;
    if (head.size() < 12) return false;
    for (const std::string_view magic :
         {"\xFF\xD8\xFF"sv, "\x89PNG\r\n\x1A\n"sv, "GIF8"sv, "II*\0"sv, "MM\0*"sv, "BM"sv})
        if (head.starts_with(magic)) return true;
    if (head.starts_with("RIFF") && head.substr(8, 4) == "WEBP") return true;
    return head.substr(4, 4) == "ftyp";
}

PictureState look_at(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return errno == ENOENT || errno == ENOTDIR ? PictureState::Missing
                                                   : PictureState::Unreadable;
    std::array<char, 16> head{};
    const ssize_t size = ::read(descriptor, head.data(), head.size());
    ::close(descriptor);
    if (size < 0) return PictureState::Unreadable;
    return begins_like_a_picture({head.data(), static_cast<std::size_t>(size)})
               ? PictureState::Good
               : PictureState::NoPicture;
}

}  // namespace

std::string_view rule_of(PictureState state) {
    switch (state) {
        case PictureState::Good:
            return "";
        case PictureState::Missing:
            return "there is no such file";
        case PictureState::Unreadable:
            return "must be a file that may be read";
        case PictureState::NoPicture:
            return "must be a picture (JPEG, PNG, WebP, GIF, TIFF, BMP or HEIC)";
    }
    return "";
}

std::vector<PictureState> look_at_pictures(std::span<const std::filesystem::path> files,
                                           const Pool& pool) {
    constexpr std::size_t kFilesPerBlock = 500;
    std::vector<PictureState> states(files.size());
    pool.for_each((files.size() + kFilesPerBlock - 1) / kFilesPerBlock, [&](std::size_t block) {
        const std::size_t first = block * kFilesPerBlock;
        const std::size_t last = std::min(first + kFilesPerBlock, files.size());
        for (std::size_t i = first; i < last; ++i) states[i] = look_at(files[i]);
    });
    return states;
}

Result<void> FolderGate::check(const std::filesystem::path& file) {
    if (!may_read_) return {};
    std::filesystem::path folder = file.parent_path();
    if (folder != folder_) {
        answer_ = may_read_(folder);
        folder_ = std::move(folder);
    }
    return answer_;
}

}  // namespace tusker::formats
