// Inside the room only: writers of one dataset take turns, first come first served.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace tusker::catalog {

/// Thread safety: all members from any thread. leave() by the one that entered.
class Turn {
public:
    static constexpr std::uint64_t kWaitingMax = 64;

    /// Waits for the turn; false at once if kWaitingMax wait already.
    bool enter() {
        std::unique_lock lock(mutex_);
        if (tickets_ - serving_ > kWaitingMax) return false;
        const std::uint64_t mine = tickets_++;
        changed_.wait(lock, [&] { return serving_ == mine; });
        return true;
    }
    void leave() {
        {
            const std::lock_guard lock(mutex_);
            ++serving_;
        }
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t tickets_ = 0;  // given out
    std::uint64_t serving_ = 0;  // whose turn it is
};

}  // namespace tusker::catalog
