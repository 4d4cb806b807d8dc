#include "jobs/job_store.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json.hpp"

namespace tusker::jobs {
namespace {

constexpr std::array kMigrations = {
    "CREATE TABLE job(no INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " kind TEXT NOT NULL, dataset_id TEXT NOT NULL, who TEXT NOT NULL, status INTEGER NOT NULL,"
    " done INTEGER NOT NULL, total INTEGER NOT NULL, unit TEXT NOT NULL, message TEXT NOT NULL,"
    " result TEXT NOT NULL, error TEXT NOT NULL, errors_count INTEGER NOT NULL,"
    " errors TEXT NOT NULL, started_at INTEGER NOT NULL, finished_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX job_dataset ON job(dataset_id, no);"
    "CREATE INDEX job_running ON job(status) WHERE status = 1;",
};

constexpr std::string_view kColumns =
    "id, kind, dataset_id, who, status, done, total, unit, message, result, error, errors_count,"
    " started_at, finished_at";

std::uint64_t natural(const sqlite::Statement& row, int column) {
    return static_cast<std::uint64_t>(row.integer(column));
}

Job read(const sqlite::Statement& row) {
    return {.id = row.string(0),
            .kind = row.string(1),
            .dataset_id = row.string(2),
            .who = row.string(3),
            .status = static_cast<Status>(row.integer(4)),
            .done = natural(row, 5),
            .total = natural(row, 6),
            .unit = row.string(7),
            .message = row.string(8),
            .result = row.string(9),
            .error = row.string(10),
            .errors_count = natural(row, 11),
            .started_at = row.integer(12),
            .finished_at = row.integer(13)};
}

std::string to_json(const std::vector<std::string>& texts) {
    json::Writer writer;
    writer.array();
    for (const auto& text : texts) writer.value(text);
    return writer.end().take();
}

}  // namespace

std::string stopped_sentence(std::uint64_t done, std::uint64_t total) {
    if (total == 0) return "the server stopped while this ran; start it again";
    const auto percent = std::min(done, total) * 100 / total;
    return fmt::format("the server stopped at {} %; start it again", percent);
}

Result<JobStore> JobStore::open(const std::filesystem::path& file) {
    JobStore store(TUSKER_TRY(sqlite::Database::open(file, kMigrations)));
    TUSKER_TRY(store.end_orphans());
    return store;
}

Result<void> JobStore::end_orphans() {
    std::vector<Job> orphans;
    {
        auto select = TUSKER_TRY(
            database_.prepare(fmt::format("SELECT {} FROM job WHERE status = 1", kColumns)));
        TUSKER_TRY(select.bind());
        while (TUSKER_TRY(select.step())) orphans.push_back(read(select));
    }
    for (const auto& job : orphans)
        TUSKER_TRY(database_.run_with(
            "UPDATE job SET status = ?2, error = ?3, finished_at = ?4 WHERE id = ?1", job.id,
            static_cast<int>(Status::Failed), stopped_sentence(job.done, job.total), now_ms()));
    return {};
}

Result<void> JobStore::put(const Job& job, const std::vector<std::string>& errors) {
    const std::scoped_lock lock(*mutex_);
    auto transaction = TUSKER_TRY(sqlite::Transaction::begin(database_));
    TUSKER_TRY(database_.run_with(
        "INSERT INTO job(id, kind, dataset_id, who, status, done, total, unit, message, result,"
        " error, errors_count, started_at, finished_at, errors)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
        " ON CONFLICT(id) DO UPDATE SET status = ?5, done = ?6, total = ?7, message = ?9,"
        " result = ?10, error = ?11, errors_count = ?12, finished_at = ?14, errors = ?15",
        job.id, job.kind, job.dataset_id, job.who, static_cast<int>(job.status), job.done,
        job.total, job.unit, job.message, job.result, job.error, job.errors_count, job.started_at,
        job.finished_at, to_json(errors)));
    TUSKER_TRY(database_.run_with(
        "DELETE FROM job WHERE status <> 1 AND no <= (SELECT max(no) FROM job) - ?1", kJobsMax));
    return transaction.commit();
}

Result<std::optional<Job>> JobStore::find(std::string_view id) const {
    const std::scoped_lock lock(*mutex_);
    auto select =
        TUSKER_TRY(database_.prepare(fmt::format("SELECT {} FROM job WHERE id = ?1", kColumns)));
    TUSKER_TRY(select.bind(id));
    if (!TUSKER_TRY(select.step())) return std::nullopt;
    return read(select);
}

Result<std::vector<std::string>> JobStore::errors(std::string_view id) const {
    std::string text;
    {
        const std::scoped_lock lock(*mutex_);
        auto select = TUSKER_TRY(database_.prepare("SELECT errors FROM job WHERE id = ?1"));
        TUSKER_TRY(select.bind(id));
        if (!TUSKER_TRY(select.step()))
            return not_found(fmt::format("job \"{}\": there is no such job", id));
        text = select.string(0);
    }
    const auto document = TUSKER_TRY(json::Document::parse(text));
    std::vector<std::string> errors;
    TUSKER_TRY(document.root().for_each(
        [&](json::Value error) { errors.emplace_back(error.as_string().value_or("")); }));
    return errors;
}

Result<std::vector<Job>> JobStore::list(const Filter& filter) const {
    const std::scoped_lock lock(*mutex_);
    auto select = TUSKER_TRY(database_.prepare(
        fmt::format("SELECT {} FROM job WHERE (?1 IS NULL OR dataset_id = ?1)"
                    " AND (?2 IS NULL OR started_at >= ?2) AND (?3 IS NULL OR started_at <= ?3)"
                    " AND (?4 OR status = 1)"
                    " AND (?5 = '[]' OR kind IN (SELECT value FROM json_each(?5)))"
                    " ORDER BY no DESC LIMIT ?6",
                    kColumns)));
    TUSKER_TRY(select.bind(filter.dataset_id, filter.from, filter.to, filter.finished,
                           to_json(filter.kinds), filter.limit));
    std::vector<Job> jobs;
    while (TUSKER_TRY(select.step())) jobs.push_back(read(select));
    return jobs;
}

}  // namespace tusker::jobs
