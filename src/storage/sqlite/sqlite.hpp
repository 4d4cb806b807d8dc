// SQLite as values: a database, a statement, a transaction. The only includer of sqlite3.h.
// Not for: queries of a user, or anything that must scan many rows fast (that is storage/columns).
// Invariants: every database is in WAL mode with synchronous=FULL, so that a committed transaction
// survives a crash of the machine; its format number (PRAGMA user_version) is the number of
// migrations that ran. Start reading at Database::open.
//
// Thread safety: a Database and its Statements belong to one thread at a time. Several Databases
// may be open on one file; readers then do not wait for the writer.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace tusker::sqlite {

/// Bytes, where std::string_view means text.
struct Blob {
    std::string_view bytes;
};

/// A compiled statement. Parameters are ?1, ?2, …; columns count from 0.
class Statement {
public:
    /// Binds ?1, ?2, … and forgets what an earlier run left. Texts are copied; integers, doubles,
    /// bools, texts, Blobs, nullopt and optionals of these.
    template <class... Values>
    Result<void> bind(const Values&... values) {
        restart();
        int index = 0;
        [[maybe_unused]] bool bound = true;
        ((bound = bound && bind_value(++index, values)), ...);
        return bound ? Result<void>() : bind_failure();
    }
    /// True: a row is there to be read. False: the statement is done.
    Result<bool> step();
    /// Binds and steps to the end; rows are thrown away.
    template <class... Values>
    Result<void> run(const Values&... values) {
        TUSKER_TRY(bind(values...));
        while (TUSKER_TRY(step())) {
        }
        restart();
        return {};
    }
    /// Ends the run, so that it holds no snapshot.
    void restart();

    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;
    /// Valid until the next step.
    std::string_view text(int column) const;
    std::string_view blob(int column) const;
    std::string string(int column) const { return std::string(text(column)); }

private:
    friend class Database;
    struct Close {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

    template <std::integral Integer>
    bool bind_value(int index, Integer value) {
        return bind_integer(index, static_cast<std::int64_t>(value));
    }
    bool bind_value(int index, double value);
    bool bind_value(int index, std::string_view text);
    bool bind_value(int index, const std::string& text) {
        return bind_value(index, std::string_view(text));
    }
    bool bind_value(int index, const char* text) {
        return bind_value(index, std::string_view(text));
    }
    bool bind_value(int index, Blob blob);
    bool bind_value(int index, std::nullopt_t);
    template <class T>
    bool bind_value(int index, const std::optional<T>& value) {
        return value ? bind_value(index, *value) : bind_value(index, std::nullopt);
    }
    bool bind_integer(int index, std::int64_t value);
    std::unexpected<Error> bind_failure() const;

    std::unique_ptr<sqlite3_stmt, Close> statement_;
};

class Database {
public:
    /// Opens or creates `file` and runs the migrations it lacks, each in one transaction: number
    /// i + 1 is migrations[i] (several statements). A file with more migrations than that is
    /// refused. StorageFull if the disk refuses.
    static Result<Database> open(const std::filesystem::path& file,
                                 std::span<const char* const> migrations);

    Result<Statement> prepare(std::string_view sql) const;
    /// Statements without parameters and without rows to read.
    Result<void> run(const std::string& sql) const;
    /// Prepares, binds, runs to the end.
    template <class... Values>
    Result<void> run_with(std::string_view sql, const Values&... values) const {
        auto statement = TUSKER_TRY(prepare(sql));
        return statement.run(values...);
    }
    std::int64_t last_insert_id() const;
    /// Rows that the last INSERT, UPDATE or DELETE touched.
    std::int64_t changes() const;
    /// No transaction is open.
    bool is_idle() const;

private:
    struct Close {
        void operator()(sqlite3* database) const;
    };
    explicit Database(sqlite3* database) : database_(database) {}
    Result<void> migrate(const std::string& name, std::span<const char* const> migrations) const;

    std::unique_ptr<sqlite3, Close> database_;
};

/// BEGIN IMMEDIATE … COMMIT; rolls back unless commit() succeeded.
class Transaction {
public:
    static Result<Transaction> begin(const Database& database);
    Transaction(Transaction&& other) noexcept
        : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    /// Returns once everything since begin() survives a crash; on Error none of it is kept.
    Result<void> commit();

private:
    explicit Transaction(const Database& database) : database_(&database) {}
    const Database* database_;
};

}  // namespace tusker::sqlite
