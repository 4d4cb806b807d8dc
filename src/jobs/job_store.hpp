// Rows of jobs in SQLite.
#pragma once

#include <mutex>

#include "jobs/jobs.hpp"
#include "storage/sqlite/sqlite.hpp"

namespace tusker::jobs {

/// "the server stopped at 38 %; start it again"
std::string stopped_sentence(std::uint64_t done, std::uint64_t total);

/// Thread safety: one mutex around the database; each member is one statement or transaction.
class JobStore {
public:
    static Result<JobStore> open(const std::filesystem::path& file);

    /// Inserts or replaces. `errors` are replaced only when the job has ended.
    Result<void> put(const Job& job, const std::vector<std::string>& errors);
    Result<std::optional<Job>> find(std::string_view id) const;
    Result<std::vector<std::string>> errors(std::string_view id) const;
    Result<std::vector<Job>> list(const Filter& filter) const;

private:
    explicit JobStore(sqlite::Database database)
        : mutex_(std::make_unique<std::mutex>()), database_(std::move(database)) {}
    Result<void> end_orphans();

    std::unique_ptr<std::mutex> mutex_;
    sqlite::Database database_;
};

}  // namespace tusker::jobs
