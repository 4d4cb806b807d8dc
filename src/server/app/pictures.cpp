#include <fmt/format.h>

#include <charconv>

#include "kernels/image/image.hpp"
#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"

namespace tusker::app {
namespace {

media::Source source_of(const catalog::Item& item) {
    if (item.has_media)
        return media::MediaRef{
            .pack = item.media_pack, .offset = item.media_offset, .size = item.media_size};
    return std::string(item.image_url);
}

/// What the app wants to know of a picture and learns when it is first looked at: its size, and the
/// colour that stands for it. A picture that cannot be read stays unknown; its own answer says why.
void learn(const catalog::Version& version, const catalog::Item& item, const media::Source& source,
           const media::Picture& thumbnail, Services& services) {
    if (!services.colors.find(version.dataset_id, item.item_no))
        if (const auto color = image::compute_average_color(thumbnail.bytes))
            services.colors.set(version.dataset_id, item.item_no, *color);
    if (item.width && item.height) return;
    const auto bytes = services.media.read(source);
    const auto header = bytes ? image::read_header(*bytes) : std::unexpected(bytes.error());
    if (header)
        (void)services.catalog.set_item_size(version.dataset_id, item.item_no, header->width,
                                             header->height);
}

/// The media type by the picture's first bytes: names of uploaded files say little.
std::string_view sniff(std::string_view head, std::string_view name) {
    using namespace std::string_view_literals;
    if (head.starts_with("\xFF\xD8\xFF"sv)) return "image/jpeg";
    if (head.starts_with("\x89PNG"sv)) return "image/png";
    if (head.starts_with("GIF8"sv)) return "image/gif";
    if (head.starts_with("RIFF"sv) && head.substr(8).starts_with("WEBP"sv)) return "image/webp";
    const std::string_view by_name = http::media_type_of(name);
    // Nothing but a picture is handed out as what a browser would run or show.
    return by_name.starts_with("image/") && by_name != "image/svg+xml" ? by_name
                                                                       : "application/octet-stream";
}

Answer whole_picture(const catalog::Item& item, const media::Source& source,
                     const Services& services) {
    const media::Slice slice = TUSKER_TRY(services.media.open(source));
    const std::string head =
        TUSKER_TRY(slice.file->read_at(slice.offset, std::min<std::size_t>(16, slice.size)));
    return http::Response::from_file(std::string(sniff(head, item.image_url)),
                                     {slice.file, slice.offset, slice.size})
        .with("Cache-Control", "private, max-age=3600");
}

Result<std::uint32_t> read_size(std::string_view text) {
    std::uint32_t size = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), size);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() ||
        size < image::kThumbnailSizeMin || size > image::kThumbnailSizeMax)
        return invalid(fmt::format("size = {}: must be a whole number from {} to {}", text,
                                   image::kThumbnailSizeMin, image::kThumbnailSizeMax));
    return size;
}

}  // namespace

// GET …/image?size=256&v=… The answer never changes under one address: a number is never used
// again, and `v` is the dataset.
Answer show_picture(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const catalog::Item item = TUSKER_TRY(item_of(request, *version));
    const media::Source source = source_of(item);
    const auto asked = request.query_param("size");
    if (!asked) return whole_picture(item, source, services);
    const std::uint32_t size = TUSKER_TRY(read_size(*asked));
    media::Picture picture = TUSKER_TRY(services.media.thumbnail(source, size));
    learn(*version, item, source, picture, services);
    http::Response response;
    response.content_type = std::move(picture.media_type);
    response.body = std::move(picture.bytes);
    response.etag = fmt::format("\"{}-{}-{}\"", version->dataset_id, item.item_no, size);
    return std::move(response).with("Cache-Control", "private, max-age=31536000, immutable");
}

}  // namespace tusker::app
