#include "storage/sqlite/sqlite.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/ids.hpp"

namespace tusker::sqlite {
namespace {

class Folder {
public:
    Folder() : path_(std::filesystem::temp_directory_path() / make_id("sqlite_test_")) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::filesystem::path file() const { return path_ / "t.sqlite"; }

private:
    std::filesystem::path path_;
};

constexpr std::array<const char*, 2> kMigrations = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB)",
    "CREATE TABLE u (a INTEGER); INSERT INTO u VALUES (7)",
};

TEST(Sqlite, ValuesOfEveryTypeComeBack) {
    const Folder folder;
    const auto database = Database::open(folder.file(), kMigrations);
    ASSERT_TRUE(database) << database.error().message;
    auto insert = database->prepare("INSERT INTO t (a, b, c, d) VALUES (?1, ?2, ?3, ?4)");
    ASSERT_TRUE(insert);
    const std::string bytes("\0x\0", 3);
    ASSERT_TRUE(insert->run(std::int64_t{-5}, "héllo'; DROP TABLE t;--", 0.1, Blob{bytes}));
    ASSERT_TRUE(insert->run(9U, std::optional<std::string>(), std::nullopt, Blob{""}));
    EXPECT_EQ(database->last_insert_id(), 9);
    auto select = database->prepare("SELECT a, b, c, d FROM t ORDER BY a");
    ASSERT_TRUE(select);
    ASSERT_TRUE(select->step().value());
    EXPECT_EQ(select->integer(0), -5);
    EXPECT_EQ(select->text(1), "héllo'; DROP TABLE t;--");
    EXPECT_EQ(select->real(2), 0.1);
    EXPECT_EQ(select->blob(3), bytes);
    ASSERT_TRUE(select->step().value());
    EXPECT_TRUE(select->is_null(1));
    EXPECT_TRUE(select->is_null(2));
    EXPECT_FALSE(select->is_null(3));
    EXPECT_FALSE(select->step().value());
}

RC_GTEST_PROP(Sqlite, AnyTextIsAValueNeverSql, (const std::string& text)) {
    static const Folder folder;
    static const auto database = Database::open(folder.file(), kMigrations);
    RC_ASSERT(database->run_with("INSERT INTO t (b) VALUES (?1)", text).has_value());
    auto select = database->prepare("SELECT count(*) FROM t WHERE b = ?1");
    RC_ASSERT(select->bind(text).has_value());
    RC_ASSERT(select->step().value());
    RC_ASSERT(select->integer(0) >= 1);
}

TEST(Sqlite, MissingMigrationsRunAndANewerFormatIsRefused) {
    const Folder folder;
    ASSERT_TRUE(Database::open(folder.file(), std::span(kMigrations).first(1)));
    {
        const auto migrated = Database::open(folder.file(), kMigrations);
        ASSERT_TRUE(migrated);
        auto select = migrated->prepare("SELECT a FROM u");
        ASSERT_TRUE(select && select->step().value());
        EXPECT_EQ(select->integer(0), 7);
    }
    const auto refused = Database::open(folder.file(), std::span(kMigrations).first(1));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("has format 2, this Tusker reads up to 1"),
              std::string::npos);
}

TEST(Sqlite, AMigrationThatFailsLeavesTheOldFormat) {
    const Folder folder;
    const std::array<const char*, 2> broken = {kMigrations[0], "CREATE TABLE v (a); NONSENSE"};
    EXPECT_FALSE(Database::open(folder.file(), broken));
    const auto database = Database::open(folder.file(), kMigrations);
    ASSERT_TRUE(database) << database.error().message;
    EXPECT_FALSE(database->prepare("SELECT * FROM v"));
}

TEST(Sqlite, ATransactionThatIsNotCommittedLeavesNothing) {
    const Folder folder;
    const auto database = Database::open(folder.file(), kMigrations);
    ASSERT_TRUE(database);
    {
        const auto transaction = Transaction::begin(*database);
        ASSERT_TRUE(transaction);
        ASSERT_TRUE(database->run("INSERT INTO t (a) VALUES (1)"));
    }
    EXPECT_TRUE(database->is_idle());
    auto select = database->prepare("SELECT count(*) FROM t");
    ASSERT_TRUE(select && select->step().value());
    EXPECT_EQ(select->integer(0), 0);
}

TEST(Sqlite, ABrokenRuleIsAConflict) {
    const Folder folder;
    const auto database = Database::open(folder.file(), kMigrations);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->run("INSERT INTO t (a) VALUES (1)"));
    const auto again = database->run("INSERT INTO t (a) VALUES (1)");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::Conflict);
}

// In a child, because the limit and the signal are the process's.
TEST(Sqlite, AFullDiskIsStorageFullAndTheNextWriteWorks) {
    const Folder folder;
    const pid_t child = ::fork();
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        const auto database = Database::open(folder.file(), kMigrations);
        rlimit limit{};
        ::getrlimit(RLIMIT_FSIZE, &limit);
        const auto unlimited = limit.rlim_cur;
        limit.rlim_cur = 200'000;
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const std::string large(1'000'000, 'x');
        const auto refused = database->run_with("INSERT INTO t (a, b) VALUES (1, ?1)", large);
        if (refused || refused.error().code != ErrorCode::StorageFull) ::_exit(1);
        limit.rlim_cur = unlimited;
        ::setrlimit(RLIMIT_FSIZE, &limit);
        if (!database->run_with("INSERT INTO t (a, b) VALUES (1, ?1)", large)) ::_exit(2);
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace tusker::sqlite
