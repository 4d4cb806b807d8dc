// Pictures: bytes in, sizes and thumbnails out. The only includer of vips.
// Not for: files and caches (storage/media).
// Invariants: (1) nothing is decoded before its header was read and its pixels counted; (2) only
// JPEG, PNG, WebP, TIFF, GIF and HEIC are decoded: SVG, PDF, ImageMagick's formats and whatever
// vips calls untrusted are refused; (3) sizes are those a viewer sees, after EXIF rotation.
//
// Without libvips every function answers Unavailable, naming the package that brings it.
//
// Thread safety: all functions may be called from several threads; each call uses one core.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tusker::image {

/// 2^28: a 16,384 × 16,384 picture. At 4 bytes a pixel a decoder then needs at most 1 GiB.
inline constexpr std::uint64_t kPixelsMax = std::uint64_t{1} << 28;
inline constexpr std::uint32_t kThumbnailSizeMin = 64;
inline constexpr std::uint32_t kThumbnailSizeMax = 1024;

struct Header {
    std::string_view media_type;  // "image/jpeg"
    std::uint32_t width = 0;
    std::uint32_t height = 0;
};
/// Reads the header only. UnsupportedMedia if it is no picture, TooLarge naming size and limit.
Result<Header> read_header(std::string_view bytes);

enum class ThumbnailFormat { WebP, Jpeg };
struct Thumbnail {
    std::string bytes;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::string average_color;  // "#rrggbb", sRGB
};
/// Fits the picture into a square of `size` pixels; never enlarges it.
/// size  in [kThumbnailSizeMin, kThumbnailSizeMax], else InvalidArgument
Result<Thumbnail> make_thumbnail(std::string_view bytes, std::uint32_t size,
                                 ThumbnailFormat format = ThumbnailFormat::WebP);

/// "#rrggbb"; costs a decode (shrunk while loading), not an encode.
Result<std::string> compute_average_color(std::string_view bytes);

}  // namespace tusker::image
