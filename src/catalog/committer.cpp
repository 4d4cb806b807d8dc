#include "catalog/committer.hpp"

#include <spdlog/spdlog.h>

namespace tusker::catalog {
namespace {

constexpr std::size_t kLaterMax = 1'024;  // changes that wait for another's commit

}  // namespace

Committer::Committer(sqlite::Database database)
    : database_(std::move(database)), thread_([this] { run(); }) {}

Committer::~Committer() {
    {
        const std::lock_guard lock(mutex_);
        stops_ = true;
    }
    work_.notify_one();
    thread_.join();
}

Result<void> Committer::commit(Change change) {
    Waiting mine{std::move(change), {}, false};
    std::unique_lock lock(mutex_);
    waiting_.push_back(&mine);
    work_.notify_one();
    done_.wait(lock, [&] { return mine.is_done; });
    return mine.outcome;
}

void Committer::later(Change change) {
    const std::lock_guard lock(mutex_);
    later_.push_back(std::move(change));
    if (later_.size() >= kLaterMax) work_.notify_one();
}

void Committer::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        work_.wait(lock, [&] { return stops_ || !waiting_.empty() || later_.size() >= kLaterMax; });
        if (waiting_.empty() && later_.empty()) return;  // stops_, and nothing is left
        const auto group = std::exchange(waiting_, {});
        const auto later = std::exchange(later_, {});
        lock.unlock();
        commit_group(group, later);
        lock.lock();
        for (auto* one : group) one->is_done = true;
        done_.notify_all();
    }
}

void Committer::commit_group(const std::vector<Waiting*>& group, const std::vector<Change>& later) {
    if (commit_together(group, later)) return;
    // SQLite gave the whole transaction up (a full disk): each on its own, so that the small ones
    // still fit and each hears its own reason.
    for (auto* one : group) one->outcome = commit_alone(one->change);
    if (!later.empty()) spdlog::warn("catalog: sizes of pictures were not kept; found out again");
}

bool Committer::commit_together(const std::vector<Waiting*>& group,
                                const std::vector<Change>& later) {
    auto transaction = sqlite::Transaction::begin(database_);
    if (!transaction) return false;
    for (auto* one : group) {
        if (!database_.run("SAVEPOINT one")) return false;
        one->outcome = one->change(database_);
        if (database_.is_idle()) return false;
        if (!one->outcome && !database_.run("ROLLBACK TO one")) return false;
        if (!database_.run("RELEASE one")) return false;
    }
    for (const auto& change : later)
        if (!change(database_)) return false;
    return transaction->commit().has_value();
}

Result<void> Committer::commit_alone(const Change& change) {
    auto transaction = TUSKER_TRY(sqlite::Transaction::begin(database_));
    TUSKER_TRY(change(database_));
    return transaction.commit();
}

}  // namespace tusker::catalog
