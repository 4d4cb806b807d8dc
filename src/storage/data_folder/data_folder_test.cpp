#include "storage/data_folder/data_folder.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tusker::data_folder {
namespace {

class DataFolderTest : public testing::Test {
protected:
    void SetUp() override { std::filesystem::remove_all(folder); }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                   ("tusker_data_folder_" + std::to_string(::getpid()));
};

TEST_F(DataFolderTest, ASecondHolderIsRefusedNamingTheFirst) {
    auto lock = DataLock::take(folder);
    ASSERT_TRUE(lock) << lock.error().message;
    ASSERT_TRUE(lock->announce("127.0.0.1", 8123));
    const auto second = DataLock::take(folder);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
    EXPECT_EQ(second.error().message, "data directory " + folder.string() + ": process " +
                                          std::to_string(::getpid()) +
                                          " holds it and serves it on http://127.0.0.1:8123");
}

TEST_F(DataFolderTest, CommandsFindTheServerThatHoldsIt) {
    EXPECT_EQ(find_holder(folder).error().code, ErrorCode::NotFound);
    {
        auto lock = DataLock::take(folder);
        ASSERT_TRUE(lock);
        ASSERT_TRUE(lock->announce("::1", 8123));
        const auto holder = find_holder(folder);
        ASSERT_TRUE(holder && *holder);
        EXPECT_EQ((*holder)->process_id, ::getpid());
        EXPECT_EQ((*holder)->url(), "http://[::1]:8123");
    }
    const auto nobody = find_holder(folder);
    ASSERT_TRUE(nobody);
    EXPECT_FALSE(nobody->has_value());
}

TEST_F(DataFolderTest, AKilledHolderLeavesTheFolderFree) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const auto child = ::fork();
    if (child == 0) {
        const auto lock = DataLock::take(folder);
        [[maybe_unused]] const auto told = ::write(ready[1], lock ? "y" : "n", 1);
        ::pause();
    }
    char held = 0;
    ASSERT_EQ(::read(ready[0], &held, 1), 1);
    EXPECT_EQ(held, 'y');
    EXPECT_FALSE(DataLock::take(folder));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(DataLock::take(folder));
}

TEST(Holder, OneThatListensEverywhereIsAskedByLoopback) {
    EXPECT_EQ((Holder{1, "0.0.0.0", 80}.url()), "http://127.0.0.1:80");
}

}  // namespace
}  // namespace tusker::data_folder
