#include "storage/sqlite/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace tusker::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 10'000;  // a writer of another connection holds the lock for ms

ErrorCode code_of(int extended) {
    switch (extended & 0xff) {
        case SQLITE_FULL:
            return ErrorCode::StorageFull;
        case SQLITE_IOERR:
            // A file-size limit and a quota arrive as failed writes, not as SQLITE_FULL.
            return extended == SQLITE_IOERR_READ || extended == SQLITE_IOERR_SHORT_READ
                       ? ErrorCode::Internal
                       : ErrorCode::StorageFull;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorCode::Unavailable;
        case SQLITE_CONSTRAINT:
            return ErrorCode::Conflict;
        default:
            return ErrorCode::Internal;
    }
}

std::unexpected<Error> failure(sqlite3* database) {
    const char* file = sqlite3_db_filename(database, nullptr);
    return fail(code_of(sqlite3_extended_errcode(database)),
                fmt::format("{}: {}", file == nullptr ? "sqlite" : file, sqlite3_errmsg(database)));
}

}  // namespace

void Statement::Close::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<bool> Statement::step() {
    switch (sqlite3_step(statement_.get())) {
        case SQLITE_ROW:
            return true;
        case SQLITE_DONE:
            return false;
        default: {
            auto error = failure(sqlite3_db_handle(statement_.get()));
            restart();
            return error;
        }
    }
}

void Statement::restart() { sqlite3_reset(statement_.get()); }

bool Statement::bind_integer(int index, std::int64_t value) {
    return sqlite3_bind_int64(statement_.get(), index, value) == SQLITE_OK;
}

bool Statement::bind_value(int index, double value) {
    return sqlite3_bind_double(statement_.get(), index, value) == SQLITE_OK;
}

bool Statement::bind_value(int index, std::string_view text) {
    // A null pointer would be bound as NULL; an empty text is a text.
    return sqlite3_bind_text64(statement_.get(), index, text.data() == nullptr ? "" : text.data(),
                               text.size(), SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK;
}

bool Statement::bind_value(int index, Blob blob) {
    // No copy: the caller's bytes live until the run's end, as large payloads need.
    return sqlite3_bind_blob64(statement_.get(), index,
                               blob.bytes.data() == nullptr ? "" : blob.bytes.data(),
                               blob.bytes.size(), SQLITE_STATIC) == SQLITE_OK;
}

bool Statement::bind_value(int index, std::nullopt_t) {
    return sqlite3_bind_null(statement_.get(), index) == SQLITE_OK;
}

std::unexpected<Error> Statement::bind_failure() const {
    return failure(sqlite3_db_handle(statement_.get()));
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::string_view Statement::text(int column) const {
    const auto* bytes = sqlite3_column_text(statement_.get(), column);
    if (bytes == nullptr) return {};
    return {reinterpret_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::blob(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Result<Database> Database::open(const std::filesystem::path& file,
                                std::span<const char* const> migrations) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(
        file.c_str(), &opened,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE,
        nullptr);
    Database database(opened);
    if (code != SQLITE_OK) return failure(opened);
    sqlite3_busy_timeout(opened, kBusyTimeoutMs);
    TUSKER_TRY(database.run("PRAGMA journal_mode=WAL"));
    TUSKER_TRY(database.run("PRAGMA synchronous=FULL"));
    TUSKER_TRY(database.run("PRAGMA foreign_keys=ON"));
    TUSKER_TRY(database.migrate(file.string(), migrations));
    return database;
}

Result<void> Database::migrate(const std::string& name,
                               std::span<const char* const> migrations) const {
    auto read = TUSKER_TRY(prepare("PRAGMA user_version"));
    TUSKER_TRY(read.step());
    const auto format = read.integer(0);
    read.restart();
    if (format < 0 || static_cast<std::size_t>(format) > migrations.size())
        return fail(ErrorCode::Conflict,
                    fmt::format("{} has format {}, this Tusker reads up to {}: use a newer Tusker",
                                name, format, migrations.size()));
    for (auto i = static_cast<std::size_t>(format); i < migrations.size(); ++i) {
        auto transaction = TUSKER_TRY(Transaction::begin(*this));
        TUSKER_TRY(run(migrations[i]));
        TUSKER_TRY(run(fmt::format("PRAGMA user_version={}", i + 1)));
        TUSKER_TRY(transaction.commit());
    }
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) const {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement,
                           nullptr) != SQLITE_OK)
        return failure(database_.get());
    return Statement(statement);
}

Result<void> Database::run(const std::string& sql) const {
    if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return failure(database_.get());
    return {};
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(database_.get()); }

std::int64_t Database::changes() const { return sqlite3_changes64(database_.get()); }

bool Database::is_idle() const { return sqlite3_get_autocommit(database_.get()) != 0; }

Result<Transaction> Transaction::begin(const Database& database) {
    TUSKER_TRY(database.run("BEGIN IMMEDIATE"));
    return Transaction(database);
}

Transaction::~Transaction() {
    // SQLite has rolled back by itself after some errors (a full disk).
    if (database_ != nullptr && !database_->is_idle()) {
        const auto ignored = database_->run("ROLLBACK");
        static_cast<void>(ignored);
    }
}

Result<void> Transaction::commit() {
    TUSKER_TRY(database_->run("COMMIT"));
    database_ = nullptr;
    return {};
}

}  // namespace tusker::sqlite
