#include "catalog/committer.hpp"

#include <gtest/gtest.h>

#include <array>

#include "catalog/catalog_testing.hpp"

namespace tusker::catalog {
namespace {

constexpr std::array<const char*, 1> kTables = {"CREATE TABLE t (a INTEGER PRIMARY KEY)"};

class CommitterTest : public testing::Test {
protected:
    sqlite::Database open() const {
        return sqlite::Database::open(folder.path() / "t.sqlite", kTables).value();
    }
    std::vector<std::int64_t> stored() const {
        const auto database = open();
        auto read = database.prepare("SELECT a FROM t ORDER BY a");
        std::vector<std::int64_t> numbers;
        while (read->step().value()) numbers.push_back(read->integer(0));
        return numbers;
    }
    static Committer::Change insert(int number) {
        return [number](const sqlite::Database& database) {
            return database.run_with("INSERT INTO t (a) VALUES (?1)", number);
        };
    }
    Folder folder;
};

// The first change holds the committer until the others come, so that these share a group.
TEST_F(CommitterTest, AChangeThatFailsIsUndoneAloneAndTheRestOfItsGroupIsKept) {
    Committer committer(open());
    std::mutex mutex;
    std::condition_variable changed;
    int started = 0;
    bool holds = false;
    std::thread first([&] {
        EXPECT_TRUE(committer.commit([&](const sqlite::Database& database) {
            std::unique_lock lock(mutex);
            holds = true;
            changed.notify_all();
            changed.wait(lock, [&] { return started == 3; });
            return insert(1)(database);
        }));
    });
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return holds; });
    }
    std::array<std::thread, 3> others;
    std::array<Result<void>, 3> outcomes;
    for (std::size_t i = 0; i < others.size(); ++i)
        others[i] = std::thread([&, i] {
            {
                const std::lock_guard lock(mutex);
                ++started;
            }
            changed.notify_all();
            outcomes[i] = committer.commit([i](const sqlite::Database& database) -> Result<void> {
                TUSKER_TRY(insert(10 + static_cast<int>(i))(database));
                return i == 1 ? insert(1)(database) : Result<void>();  // 1 is taken
            });
        });
    first.join();
    for (auto& other : others) other.join();
    EXPECT_TRUE(outcomes[0]);
    EXPECT_EQ(outcomes[1].error().code, ErrorCode::Conflict);
    EXPECT_TRUE(outcomes[2]);
    EXPECT_EQ(stored(), (std::vector<std::int64_t>{1, 10, 12}));
}

TEST_F(CommitterTest, WhatIsLeftForLaterIsCommittedAtTheEnd) {
    {
        Committer committer(open());
        committer.later(insert(7));
    }
    EXPECT_EQ(stored(), std::vector<std::int64_t>{7});
}

}  // namespace
}  // namespace tusker::catalog
