#include "storage/media/media.hpp"

#include <algorithm>
#include <semaphore>
#include <thread>

#include <fmt/format.h>

#include "kernels/image/image.hpp"
#include "storage/media/locations.hpp"
#include "storage/media/packs.hpp"
#include "storage/media/thumbnails.hpp"

namespace tusker::media {

namespace {

// A picture that fits the square and is no larger than a thumbnail would be needs none.
constexpr std::size_t kAsItIsBytesMax = 16 << 10;

bool browsers_show(std::string_view media_type) {
    return media_type == "image/jpeg" || media_type == "image/png" || media_type == "image/webp" ||
           media_type == "image/gif";
}

// Requests run on many threads, and a decoder may need a gigabyte: as many decode at a time as
// there are cores.
class DecodeTurn {
public:
    explicit DecodeTurn(std::counting_semaphore<>& turns) : turns_(turns) { turns_.acquire(); }
    ~DecodeTurn() { turns_.release(); }
    DecodeTurn(const DecodeTurn&) = delete;
    DecodeTurn& operator=(const DecodeTurn&) = delete;

private:
    std::counting_semaphore<>& turns_;
};

}  // namespace

struct Media::Impl {
    Locations locations;
    std::unique_ptr<Packs> packs;
    ThumbnailCache thumbnails;
    std::counting_semaphore<> decode_turns{
        static_cast<std::ptrdiff_t>(std::max(2U, std::thread::hardware_concurrency()))};

    /// A file in place may change under its path: its time and size are part of the key.
    Result<std::string> cache_key(const Source& source, std::uint32_t size) const {
        if (const auto* ref = std::get_if<MediaRef>(&source))
            return fmt::format("pack {} {} {}", ref->pack, ref->offset, size);
        const auto path = TUSKER_TRY(locations.resolve(std::get<std::string>(source)));
        std::error_code code;
        const auto changed =
            std::filesystem::last_write_time(path, code).time_since_epoch().count();
        return fmt::format("file {} {} {} {}", path.string(), changed,
                           std::filesystem::file_size(path, code), size);
    }
};

Media::Media(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Media::~Media() = default;

Result<std::unique_ptr<Media>> Media::open(MediaOptions options) {
    auto locations = TUSKER_TRY(Locations::make(options.roots));
    auto packs = TUSKER_TRY(Packs::open(options.data_folder / "media", options.pack_bytes_max));
    auto impl = std::unique_ptr<Impl>(
        new Impl{std::move(locations),
                 std::move(packs),
                 {options.data_folder / "thumbs", options.thumbnail_bytes_max}});
    return std::unique_ptr<Media>(new Media(std::move(impl)));
}

Result<std::vector<MediaRef>> Media::keep(std::span<const std::string_view> files) {
    return impl_->packs->append(files);
}

Result<MediaRef> Media::keep(std::string_view bytes) {
    const auto refs = TUSKER_TRY(impl_->packs->append({&bytes, 1}));
    return refs.front();
}

Result<Slice> Media::open(const Source& source) const {
    if (const auto* ref = std::get_if<MediaRef>(&source)) return impl_->packs->open_slice(*ref);
    const auto path = TUSKER_TRY(resolve(std::get<std::string>(source)));
    auto file = std::make_shared<File>(TUSKER_TRY(File::open(path, File::Mode::Read)));
    const auto size = TUSKER_TRY(file->size());
    return Slice{std::move(file), 0, size};
}

Result<std::string> Media::read(const Source& source) const {
    if (const auto* ref = std::get_if<MediaRef>(&source)) return impl_->packs->read(*ref);
    return read_file(TUSKER_TRY(resolve(std::get<std::string>(source))));
}

Result<Picture> Media::thumbnail(const Source& source, std::uint32_t size) {
    const auto key = TUSKER_TRY(impl_->cache_key(source, size));
    if (auto kept = impl_->thumbnails.find(key)) return Picture{*std::move(kept), "image/webp"};
    const DecodeTurn turn(impl_->decode_turns);
    auto bytes = TUSKER_TRY(read(source));
    const auto header = TUSKER_TRY(image::read_header(bytes));
    if (bytes.size() <= kAsItIsBytesMax && header.width <= size && header.height <= size &&
        browsers_show(header.media_type))
        return Picture{std::move(bytes), std::string(header.media_type)};
    auto made = TUSKER_TRY(image::make_thumbnail(bytes, size));
    impl_->thumbnails.keep(key, made.bytes);
    return Picture{std::move(made.bytes), "image/webp"};
}

Result<Look> Media::look(const Source& source) const {
    const DecodeTurn turn(impl_->decode_turns);
    const auto bytes = TUSKER_TRY(read(source));
    const auto header = TUSKER_TRY(image::read_header(bytes));
    return Look{header.width, header.height, TUSKER_TRY(image::compute_average_color(bytes))};
}

Result<std::filesystem::path> Media::check(std::string_view location) const {
    return impl_->locations.check(location);
}

Result<std::filesystem::path> Media::resolve(std::string_view location) const {
    return impl_->locations.resolve(location);
}

const std::vector<std::filesystem::path>& Media::roots() const { return impl_->locations.roots(); }

std::uint64_t Media::stored_bytes() const { return impl_->packs->stored_bytes(); }
std::uint64_t Media::sync_count() const { return impl_->packs->sync_count(); }

}  // namespace tusker::media
