#include "kernels/image/image.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>

#include "kernels/image/vips_library.hpp"

namespace tusker::image {

namespace {

// Below this many pixels WebP is written without loss: 28 × 28 digits look wrong otherwise, and
// cost no more bytes.
constexpr std::uint64_t kLosslessPixelsMax = std::uint64_t{64} * 64;
constexpr int kQuality = 80;
// 0 … 6; 2 takes a third of the default's time for a few per cent more bytes.
constexpr int kWebpEffort = 2;
constexpr int kColorSize = 64;

struct Unref {
    void operator()(VipsImage* image) const { g_object_unref(image); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

void drop_message(const char*, GLogLevelFlags, const char*, void*) {}

/// vips keeps one text for the whole process; it may hold several lines, of other threads too.
std::string take_vips_error() {
    const std::unique_ptr<char, void (*)(void*)> text(vips_error_buffer_copy(), g_free);
    std::string line(text.get());
    line = line.substr(0, line.find('\n'));
    return line.empty() ? "unreadable" : line;
}

Result<void> start_vips() {
    TUSKER_TRY(load_vips());
    if (VIPS_INIT("tusker") != 0)
        return fail(ErrorCode::Internal, "libvips does not start: " + take_vips_error());
    // What is wrong with a picture is said in the Error, not on standard error.
    g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, &drop_message, nullptr);
    // The worker threads are the parallelism; a cache of operations would only hold pixels.
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_block_untrusted_set(TRUE);
    for (const char* loader : {"VipsForeignLoadPdf", "VipsForeignLoadSvg", "VipsForeignLoadMagick",
                               "VipsForeignLoadPpm"})
        vips_operation_block_set(loader, TRUE);
    return {};
}

/// Starts vips at the first call; later ones, of any thread, have the same answer.
Result<void> require_vips() {
    static const Result<void> started = start_vips();
    return started;
}

std::unexpected<Error> no_picture(std::string_view bytes) {
    return fail(ErrorCode::UnsupportedMedia,
                fmt::format("picture of {} bytes: must be JPEG, PNG, WebP, TIFF, GIF or HEIC ({})",
                            bytes.size(), take_vips_error()));
}

struct Loader {
    std::string_view prefix;  // of the loader's class, e.g. VipsForeignLoadJpegBuffer
    std::string_view media_type;
};
constexpr std::array<Loader, 6> kLoaders = {{{"VipsForeignLoadJpeg", "image/jpeg"},
                                             {"VipsForeignLoadPng", "image/png"},
                                             {"VipsForeignLoadWebp", "image/webp"},
                                             {"VipsForeignLoadTiff", "image/tiff"},
                                             {"VipsForeignLoadNsgif", "image/gif"},
                                             {"VipsForeignLoadHeif", "image/heic"}}};

/// sRGB, 8 bits, in memory.
Result<Image> load_small(std::string_view bytes, int size) {
    TUSKER_TRY(read_header(bytes));
    VipsImage* small = nullptr;
    // vips does not write to the buffer, its signature is just older than const.
    if (vips_thumbnail_buffer(const_cast<char*>(bytes.data()), bytes.size(), &small, size, "height",
                              size, "size", VIPS_SIZE_DOWN, nullptr) != 0)
        return no_picture(bytes);
    const Image owned(small);
    VipsImage* srgb = nullptr;
    if (vips_colourspace(small, &srgb, VIPS_INTERPRETATION_sRGB, nullptr) != 0)
        return no_picture(bytes);
    const Image owned_srgb(srgb);
    VipsImage* memory = vips_image_copy_memory(srgb);
    if (memory == nullptr) return no_picture(bytes);
    return Image(memory);
}

std::string average_of(const VipsImage* image) {
    const auto* pixels = reinterpret_cast<const unsigned char*>(image->data);
    const auto bands = static_cast<std::size_t>(image->Bands);
    const auto count =
        static_cast<std::size_t>(image->Xsize) * static_cast<std::size_t>(image->Ysize);
    std::array<std::uint64_t, 3> sums{};
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t band = 0; band < 3; ++band)
            sums[band] += pixels[i * bands + std::min(band, bands - 1)];
    return fmt::format("#{:02x}{:02x}{:02x}", sums[0] / count, sums[1] / count, sums[2] / count);
}

}  // namespace

Result<Header> read_header(std::string_view bytes) {
    TUSKER_TRY(require_vips());
    vips_error_clear();
    const char* loader =
        bytes.empty() ? nullptr : vips_foreign_find_load_buffer(bytes.data(), bytes.size());
    if (loader == nullptr) return no_picture(bytes);
    Header header;
    for (const auto& [prefix, media_type] : kLoaders)
        if (std::string_view(loader).starts_with(prefix)) header.media_type = media_type;
    if (header.media_type.empty()) return no_picture(bytes);
    const Image image(vips_image_new_from_buffer(bytes.data(), bytes.size(), "", "access",
                                                 VIPS_ACCESS_SEQUENTIAL, nullptr));
    if (!image) return no_picture(bytes);
    header.width = static_cast<std::uint32_t>(vips_image_get_width(image.get()));
    header.height = static_cast<std::uint32_t>(vips_image_get_height(image.get()));
    const std::uint64_t pixels = std::uint64_t{header.width} * header.height;
    if (pixels > kPixelsMax)
        return fail(ErrorCode::TooLarge,
                    fmt::format("picture of {} × {} pixels: must have at most {} pixels",
                                header.width, header.height, kPixelsMax));
    if (vips_image_get_orientation_swap(image.get()) != 0) std::swap(header.width, header.height);
    return header;
}

Result<Thumbnail> make_thumbnail(std::string_view bytes, std::uint32_t size,
                                 ThumbnailFormat format) {
    if (size < kThumbnailSizeMin || size > kThumbnailSizeMax)
        return invalid(fmt::format("size = {}: must be from {} to {}", size, kThumbnailSizeMin,
                                   kThumbnailSizeMax));
    const auto small = TUSKER_TRY(load_small(bytes, static_cast<int>(size)));
    Thumbnail made{.bytes = {},
                   .width = static_cast<std::uint32_t>(small->Xsize),
                   .height = static_cast<std::uint32_t>(small->Ysize),
                   .average_color = average_of(small.get())};
    void* encoded = nullptr;
    std::size_t encoded_size = 0;
    const bool lossless = std::uint64_t{made.width} * made.height <= kLosslessPixelsMax;
    const int failed = format == ThumbnailFormat::WebP
                           ? vips_webpsave_buffer(small.get(), &encoded, &encoded_size, "Q",
                                                  kQuality, "lossless", lossless ? TRUE : FALSE,
                                                  "effort", kWebpEffort, "strip", TRUE, nullptr)
                           : vips_jpegsave_buffer(small.get(), &encoded, &encoded_size, "Q",
                                                  kQuality, "strip", TRUE, nullptr);
    const std::unique_ptr<void, void (*)(void*)> owned(encoded, g_free);
    if (failed != 0) return fail(ErrorCode::Internal, "thumbnail: " + take_vips_error());
    made.bytes.assign(static_cast<const char*>(encoded), encoded_size);
    return made;
}

Result<std::string> compute_average_color(std::string_view bytes) {
    const auto small = TUSKER_TRY(load_small(bytes, kColorSize));
    return average_of(small.get());
}

}  // namespace tusker::image
