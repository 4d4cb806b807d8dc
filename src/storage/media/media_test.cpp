#include "storage/media/media.hpp"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/image/image.hpp"

namespace tusker::media {
namespace {

namespace fs = std::filesystem;

// The smallest picture there is: 1 × 1, red.
constexpr unsigned char kPng[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
    0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00,
    0x00, 0x90, 0x77, 0x53, 0xde, 0x00, 0x00, 0x00, 0x0c, 0x49, 0x44, 0x41, 0x54, 0x78,
    0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0x00, 0x00, 0x03, 0x01, 0x01, 0x00, 0xc9, 0xfe, 0x92,
    0xef, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
const std::string_view red_dot(reinterpret_cast<const char*>(kPng), sizeof kPng);

class MediaTest : public testing::Test {
protected:
    void SetUp() override {
        fs::remove_all(folder);
        fs::create_directories(folder / "root" / "sub");
        fs::create_directories(folder / "rooted");
        reopen();
    }
    void TearDown() override {
        media.reset();
        fs::remove_all(folder);
    }
    void reopen(MediaOptions options = {}) {
        media.reset();
        options.data_folder = folder / "data";
        options.roots = {folder / "root"};
        auto opened = Media::open(options);
        ASSERT_TRUE(opened) << opened.error().message;
        media = *std::move(opened);
    }
    MediaRef keep(std::string_view bytes) {
        const auto ref = media->keep(bytes);
        EXPECT_TRUE(ref) << ref.error().message;
        return *ref;
    }
    std::string read(const Source& source) {
        auto bytes = media->read(source);
        return bytes ? *std::move(bytes) : "Error: " + bytes.error().message;
    }
    fs::path pack(int number) const {
        return folder / "data" / "media" / (std::to_string(number) + ".pack");
    }
    fs::path write(const fs::path& path, std::string_view bytes) const {
        fs::remove(path);
        auto file = File::open(path, File::Mode::Append);
        EXPECT_TRUE(file && file->append(bytes));
        return path;
    }

    fs::path folder = fs::temp_directory_path() / ("tusker_media_" + std::to_string(::getpid()));
    std::unique_ptr<Media> media;
};

TEST_F(MediaTest, WhatWasKeptReadsTheSameAfterARestart) {
    const auto first = keep("first");
    const std::array<std::string_view, 3> files = {"second", "", "third"};
    const auto refs = media->keep(files);
    ASSERT_TRUE(refs);
    for (int start = 0; start < 2; ++start) {
        EXPECT_EQ(read(first), "first");
        for (std::size_t i = 0; i < files.size(); ++i) EXPECT_EQ(read((*refs)[i]), files[i]);
        const auto slice = media->open(first);
        ASSERT_TRUE(slice);
        EXPECT_EQ(*slice->file->read_at(slice->offset, slice->size), "first");
        reopen();
    }
}

TEST_F(MediaTest, ATornEndIsCutOffWhereverItWasTorn) {
    const auto first = keep("the first file");
    const auto whole = fs::file_size(pack(1));
    keep("the second file, which the crash tears");
    const auto size = fs::file_size(pack(1));
    const auto bytes = *read_file(pack(1));
    for (auto kept = whole; kept < size; ++kept) {
        media.reset();
        write(pack(1), std::string_view(bytes).substr(0, kept));
        reopen();
        EXPECT_EQ(fs::file_size(pack(1)), whole) << kept;
        EXPECT_EQ(read(first), "the first file");
        EXPECT_EQ(read(keep("after the crash")), "after the crash");
    }
}

TEST_F(MediaTest, AnEndWhoseBytesNeverReachedTheDiskIsCutOff) {
    const auto first = keep("first");
    const auto whole = fs::file_size(pack(1));
    keep("second");
    auto bytes = *read_file(pack(1));
    std::fill(bytes.end() - 6, bytes.end(), '\0');
    media.reset();
    write(pack(1), bytes);
    reopen();
    EXPECT_EQ(fs::file_size(pack(1)), whole);
    EXPECT_EQ(read(first), "first");
}

TEST_F(MediaTest, ADamagedFileIsSaidToBeDamaged) {
    const auto ref = keep("some bytes");
    keep("more, so that the damage is not at the end");
    auto bytes = *read_file(pack(1));
    bytes[ref.offset] = 'S';
    media.reset();
    write(pack(1), bytes);
    reopen();
    EXPECT_NE(read(ref).find("are damaged"), std::string::npos);
    EXPECT_NE(read(MediaRef{1, 3, 10}).find("are damaged"), std::string::npos);
    EXPECT_NE(read(MediaRef{9, 40, 10}).find("9.pack"), std::string::npos);
}

TEST_F(MediaTest, APackOfALaterFormatIsRefused) {
    keep("x");
    auto bytes = *read_file(pack(1));
    bytes[8] = 7;
    media.reset();
    write(pack(1), bytes);
    const auto opened = Media::open({.data_folder = folder / "data"});
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("has format 7, this Tusker reads format 1"),
              std::string::npos);
}

TEST_F(MediaTest, FullPacksAreFollowedByNewOnes) {
    reopen({.pack_bytes_max = 100});
    std::vector<std::pair<MediaRef, std::string>> all;
    for (int i = 0; i < 20; ++i) {
        auto bytes = "file number " + std::to_string(i);
        const auto ref = keep(bytes);
        all.emplace_back(ref, std::move(bytes));
    }
    EXPECT_GT(all.back().first.pack, 5U);
    reopen({.pack_bytes_max = 100});
    for (const auto& [ref, bytes] : all) EXPECT_EQ(read(ref), bytes);
    std::uint64_t size = 0;
    for (const auto& entry : fs::directory_iterator(folder / "data" / "media"))
        size += entry.file_size();
    EXPECT_EQ(media->stored_bytes(), size);
}

TEST_F(MediaTest, EachAnswerCameAfterASync) {
    const auto before = media->sync_count();
    for (int i = 0; i < 5; ++i) keep("one after the other");
    EXPECT_EQ(media->sync_count(), before + 5);
}

TEST_F(MediaTest, ManyWritersShareSyncsAndKeepTheirBytes) {
    constexpr int kThreads = 8;
    constexpr int kFiles = 25;
    std::vector<std::thread> threads;
    std::vector<std::vector<MediaRef>> refs(kThreads);
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < kFiles; ++i)
                refs[static_cast<std::size_t>(t)].push_back(
                    keep("thread " + std::to_string(t) + " file " + std::to_string(i)));
        });
    for (auto& thread : threads) thread.join();
    EXPECT_LE(media->sync_count(), std::uint64_t{kThreads} * kFiles);
    for (int t = 0; t < kThreads; ++t)
        for (int i = 0; i < kFiles; ++i)
            EXPECT_EQ(read(refs[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)]),
                      "thread " + std::to_string(t) + " file " + std::to_string(i));
}

TEST_F(MediaTest, AFullDiskRefusesAndLosesNothing) {
    const auto first = keep("first");
    media.reset();
    // A limit holds for the process until it ends, so the child tells by its exit code.
    const auto child = ::fork();
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        reopen();
        const rlimit limit{200, 200};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const auto refused = media->keep(std::string(1000, 'x'));
        const bool told = !refused && refused.error().code == ErrorCode::StorageFull;
        const auto small = media->keep("small");
        ::_exit(told && small && read(*small) == "small" && read(first) == "first" ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    reopen();
    EXPECT_EQ(read(first), "first");
}

TEST_F(MediaTest, ReadsInPlaceUnderARootOnly) {
    const auto inside = write(folder / "root" / "sub" / "a b.jpg", "inside");
    const auto outside = write(folder / "rooted" / "secret.jpg", "outside");
    EXPECT_EQ(read(inside.string()), "inside");
    EXPECT_EQ(read("file://" + inside.string()), "inside");
    EXPECT_EQ(read((folder / "root/sub/../sub/./a b.jpg").string()), "inside");
    fs::create_symlink(inside, folder / "root" / "link.jpg");
    EXPECT_EQ(read((folder / "root/link.jpg").string()), "inside");

    fs::create_symlink(outside, folder / "root" / "leak.jpg");
    fs::create_directory_symlink(folder / "rooted", folder / "root" / "door");
    for (const auto& bad :
         {outside.string(), (folder / "root/../rooted/secret.jpg").string(),
          (folder / "root/leak.jpg").string(), (folder / "root/door/secret.jpg").string(),
          (folder / "rooted/none.jpg").string(), std::string("a b.jpg"), std::string("/etc/passwd"),
          std::string("http://127.0.0.1/x"), std::string("s3://bucket/x"), std::string()}) {
        const auto refused = media->read(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, ErrorCode::Forbidden) << bad;
        EXPECT_NE(refused.error().message.find(bad), std::string::npos);
    }
    const auto named = media->read(outside.string());
    EXPECT_NE(named.error().message.find((folder / "root").string()), std::string::npos);
    EXPECT_EQ(media->read((folder / "root/none.jpg").string()).error().code, ErrorCode::NotFound);
}

TEST_F(MediaTest, ARootMustBeAFolder) {
    const auto opened =
        Media::open({.data_folder = folder / "data", .roots = {folder / "nowhere"}});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(opened.error().message.find("nowhere"), std::string::npos);
}

TEST_F(MediaTest, ASmallPictureIsItsOwnThumbnail) {
    const auto shown = media->thumbnail(keep(red_dot), 256);
    ASSERT_TRUE(shown) << shown.error().message;
    EXPECT_EQ(shown->bytes, red_dot);
    EXPECT_EQ(shown->media_type, "image/png");
    const auto look = media->look(keep(red_dot));
    ASSERT_TRUE(look);
    EXPECT_EQ(look->width, 1U);
    EXPECT_EQ(look->average_color, "#ff0000");
}

TEST_F(MediaTest, AThumbnailIsKeptAndMadeAgainIfTheCacheIsLostOrTorn) {
    // Trailing bytes make it too large to be handed out as it is; decoders ignore them.
    const auto ref = keep(std::string(red_dot) + std::string(20'000, '\0'));
    const auto made = media->thumbnail(ref, 128);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->media_type, "image/webp");
    EXPECT_EQ(image::read_header(made->bytes)->width, 1U);
    const auto kept = [&] {
        std::vector<fs::path> files;
        for (const auto& entry : fs::recursive_directory_iterator(folder / "data" / "thumbs"))
            if (entry.is_regular_file()) files.push_back(entry.path());
        return files;
    };
    ASSERT_EQ(kept().size(), 1U);
    fs::resize_file(kept()[0], fs::file_size(kept()[0]) - 1);
    EXPECT_EQ(media->thumbnail(ref, 128)->bytes, made->bytes);
    fs::remove_all(folder / "data" / "thumbs");
    EXPECT_EQ(media->thumbnail(ref, 128)->bytes, made->bytes);
    EXPECT_EQ(kept().size(), 1U);
}

TEST_F(MediaTest, AChangedFileHasANewThumbnail) {
    const auto path =
        write(folder / "root" / "p.png", std::string(red_dot) + std::string(20'000, '\0'));
    ASSERT_TRUE(media->thumbnail(path.string(), 128));
    write(path, "no picture any more");
    const auto refused = media->thumbnail(path.string(), 128);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::UnsupportedMedia);
}

}  // namespace
}  // namespace tusker::media
