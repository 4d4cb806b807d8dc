#include "server/nucleus/uploads.hpp"

#include <chrono>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tusker::nucleus {
namespace {

using testing::ElementsAre;

class UploadsTest : public testing::Test {
protected:
    UploadsTest() {
        std::string name = testing::TempDir() + "/uploads-XXXXXX";
        folder = ::mkdtemp(name.data());
    }
    ~UploadsTest() override { std::filesystem::remove_all(folder); }

    Lines lines(std::string_view text) {
        const auto uploads = Uploads::open(folder);
        EXPECT_TRUE(uploads->put("ds_1", "req", text));
        return *Lines::open(*uploads->find("ds_1", "req"));
    }
    std::filesystem::path folder;
};

TEST_F(UploadsTest, LinesComeInBatchesInOrder) {
    const auto file = lines("{\"n\":0}\n{\"n\":1}\n\n{\"n\":2}");
    EXPECT_EQ(*file.check(), 3U);
    std::vector<std::int64_t> seen;
    std::vector<std::size_t> firsts;
    ASSERT_TRUE(file.for_each_batch(
        2, [&](std::span<const json::Value> values, std::size_t first) -> Result<void> {
            firsts.push_back(first);
            for (const auto value : values) seen.push_back(*value.find("n")->as_int());
            return {};
        }));
    EXPECT_THAT(seen, ElementsAre(0, 1, 2));
    EXPECT_THAT(firsts, ElementsAre(0, 2));
}

TEST_F(UploadsTest, ALineCutShortIsNamedAndNothingIsRead) {
    EXPECT_THAT(lines("{\"n\":0}\n{\"n\":").check().error().message,
                testing::StartsWith("line 2: JSON is malformed"));
    EXPECT_EQ(lines("{}\n[1]\n").check().error().message, "line 2: must be a JSON object");
    // Together these two would be the well-formed list [{},{}].
    EXPECT_FALSE(lines("{\n},{}\n").check());
}

TEST_F(UploadsTest, OnlySafeNamesMakeFiles) {
    const auto uploads = *Uploads::open(folder);
    EXPECT_FALSE(uploads.put("ds_1", "../../etc/passwd", "{}"));
    EXPECT_FALSE(uploads.put("ds_1", "", "{}"));
    EXPECT_EQ(uploads.find("ds_1", "never").error().code, ErrorCode::NotFound);
}

TEST_F(UploadsTest, WhatNobodyAskedForIsForgottenAfterADay) {
    ASSERT_TRUE(Uploads::open(folder)->put("ds_1", "old", "{}"));
    const auto path = *Uploads::open(folder)->find("ds_1", "old");
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
    EXPECT_FALSE(Uploads::open(folder)->find("ds_1", "old"));
}

}  // namespace
}  // namespace tusker::nucleus
