// Inside the room only: the one writer of catalog.sqlite. Changes that wait at the same time are
// committed together, so that they share one sync of the disk (group commit).
//
// Thread safety: commit and later may be called from any thread. Invariants: (1) commit returns
// success only after its change survives a crash. (2) A change that fails is undone alone (a
// savepoint each); the others of its group are kept.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/sqlite/sqlite.hpp"

namespace tusker::catalog {

class Committer {
public:
    /// Runs inside a transaction, perhaps a second time if the first was rolled back.
    using Change = std::function<Result<void>(const sqlite::Database&)>;

    explicit Committer(sqlite::Database database);
    /// Commits what is left for later.
    ~Committer();
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;

    Result<void> commit(Change change);
    /// Goes with the next commit, or when many wait; may be lost in a crash before.
    void later(Change change);

private:
    struct Waiting {
        Change change;
        Result<void> outcome;
        bool is_done = false;
    };
    void run();
    void commit_group(const std::vector<Waiting*>& group, const std::vector<Change>& later);
    Result<void> commit_alone(const Change& change);
    bool commit_together(const std::vector<Waiting*>& group, const std::vector<Change>& later);

    const sqlite::Database database_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable done_;
    std::vector<Waiting*> waiting_;
    std::vector<Change> later_;
    bool stops_ = false;
    std::thread thread_;
};

}  // namespace tusker::catalog
