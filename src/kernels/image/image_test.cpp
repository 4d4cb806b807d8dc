#include "kernels/image/image.hpp"

#include <array>
#include <cstdint>

#include <gtest/gtest.h>
#include <vips/vips.h>

namespace tusker::image {
namespace {

struct Paint {
    int width = 40;
    int height = 20;
    std::array<double, 3> color = {200, 100, 50};
};

VipsImage* plain(const Paint& paint) {
    VipsImage* black = nullptr;
    EXPECT_EQ(vips_black(&black, paint.width, paint.height, "bands", 3, nullptr), 0);
    const std::array<double, 3> ones = {1, 1, 1};
    VipsImage* painted = nullptr;
    EXPECT_EQ(
        vips_linear(black, &painted, ones.data(), paint.color.data(), 3, "uchar", TRUE, nullptr),
        0);
    g_object_unref(black);
    VipsImage* srgb = nullptr;
    EXPECT_EQ(vips_copy(painted, &srgb, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr), 0);
    g_object_unref(painted);
    return srgb;
}

std::string encode(VipsImage* image, const char* suffix) {
    void* bytes = nullptr;
    std::size_t size = 0;
    EXPECT_EQ(vips_image_write_to_buffer(image, suffix, &bytes, &size, nullptr), 0)
        << vips_error_buffer();
    std::string encoded(static_cast<const char*>(bytes), size);
    g_free(bytes);
    g_object_unref(image);
    return encoded;
}

std::string big_endian(std::uint32_t number) {
    std::string text;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        text += static_cast<char>(number >> shift & 0xffU);
    return text;
}

std::uint32_t crc32(std::string_view bytes) {
    std::uint32_t crc = 0xffffffffU;
    for (const char byte : bytes) {
        crc ^= static_cast<std::uint8_t>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
    }
    return ~crc;
}

std::string chunk(const std::string& name, const std::string& bytes) {
    return big_endian(static_cast<std::uint32_t>(bytes.size())) + name + bytes +
           big_endian(crc32(name + bytes));
}

/// A PNG of a few bytes that claims any size: 8 bits of grey, and one pixel's worth of data.
std::string png_that_claims(std::uint32_t width, std::uint32_t height) {
    using namespace std::string_literals;
    return "\x89PNG\r\n\x1a\n"s +
           chunk("IHDR", big_endian(width) + big_endian(height) + "\x08\x00\x00\x00\x00"s) +
           chunk("IDAT", "\x78\x9c\x63\x60\x00\x00\x00\x02\x00\x01"s) + chunk("IEND", "");
}

/// The tests make pictures by vips themselves, which the room starts at its first use.
[[maybe_unused]] const bool started = !read_header("").has_value();

TEST(Image, ReadsTheHeaderOfEachFormat) {
    for (const auto& [suffix, media_type] :
         std::initializer_list<std::pair<const char*, std::string_view>>{{".jpg", "image/jpeg"},
                                                                         {".png", "image/png"},
                                                                         {".webp", "image/webp"},
                                                                         {".tif", "image/tiff"},
                                                                         {".gif", "image/gif"}}) {
        if (vips_foreign_find_save(suffix) == nullptr)
            continue;  // GIF cannot be written everywhere
        const auto header = read_header(encode(plain({}), suffix));
        ASSERT_TRUE(header) << suffix << header.error().message;
        EXPECT_EQ(header->media_type, media_type);
        EXPECT_EQ(header->width, 40U);
        EXPECT_EQ(header->height, 20U);
    }
}

TEST(Image, APictureThatIsTooLargeIsRefusedByItsHeader) {
    const auto refused = make_thumbnail(png_that_claims(60'000, 60'000), 256);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::TooLarge);
    EXPECT_EQ(refused.error().message,
              "picture of 60000 × 60000 pixels: must have at most 268435456 pixels");
    EXPECT_TRUE(read_header(png_that_claims(16'384, 16'384)));
}

TEST(Image, WhatIsNoPictureIsRefused) {
    for (const std::string bad :
         {"", "not a picture",
          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>",
          "P3\n1 1\n255\n1 2 3\n", "%PDF-1.4\n", "\x89PNG\r\n\x1a\n"}) {
        const auto header = read_header(bad);
        ASSERT_FALSE(header) << bad;
        EXPECT_EQ(header.error().code, ErrorCode::UnsupportedMedia);
        EXPECT_NE(header.error().message.find("must be JPEG"), std::string::npos);
    }
}

TEST(Image, AThumbnailFitsTheSquareAndIsNeverEnlarged) {
    const auto wide = encode(plain({.width = 800, .height = 200}), ".jpg");
    for (const auto format : {ThumbnailFormat::WebP, ThumbnailFormat::Jpeg}) {
        const auto made = make_thumbnail(wide, 256, format);
        ASSERT_TRUE(made) << made.error().message;
        EXPECT_EQ(made->width, 256U);
        EXPECT_EQ(made->height, 64U);
        const auto header = read_header(made->bytes);
        ASSERT_TRUE(header);
        EXPECT_EQ(header->width, 256U);
        EXPECT_EQ(header->media_type,
                  format == ThumbnailFormat::WebP ? "image/webp" : "image/jpeg");
    }
    EXPECT_EQ(make_thumbnail(encode(plain({}), ".png"), 256)->width, 40U);
    EXPECT_FALSE(make_thumbnail(wide, 63));
    EXPECT_FALSE(make_thumbnail(wide, 1025));
}

TEST(Image, TheAverageColorIsThatOfThePicture) {
    const auto png = encode(plain({.color = {200, 100, 50}}), ".png");
    EXPECT_EQ(*compute_average_color(png), "#c86432");
    EXPECT_EQ(make_thumbnail(png, 64)->average_color, "#c86432");
    VipsImage* grey = nullptr;
    ASSERT_EQ(vips_black(&grey, 10, 10, nullptr), 0);
    EXPECT_EQ(*compute_average_color(encode(grey, ".png")), "#000000");
}

TEST(Image, SizesAreThoseAfterRotation) {
    VipsImage* image = plain({.width = 40, .height = 20});
    vips_image_set_int(image, VIPS_META_ORIENTATION, 6);  // as phones write portraits
    const auto jpeg = encode(image, ".jpg");
    const auto header = read_header(jpeg);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->width, 20U);
    EXPECT_EQ(header->height, 40U);
    EXPECT_EQ(make_thumbnail(jpeg, 64)->height, 40U);
}

}  // namespace
}  // namespace tusker::image
