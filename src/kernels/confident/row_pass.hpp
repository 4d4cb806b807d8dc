// A pass over rows on all threads, in blocks: says how far it is, stops early when asked to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <utility>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::confident {

class RowPass {
public:
    RowPass(std::size_t rows, std::size_t columns, const Pool& pool, std::stop_token stop = {},
            const Progress& progress = {})
        : rows_(rows),
          block_rows_(std::max<std::size_t>(1, kBlockValues / columns)),
          pool_(pool),
          stop_(std::move(stop)),
          progress_(progress) {}

    /// work(first row, rows) for each block, in any order.
    template <class Work>
    Result<void> run(Work&& work) {
        pool_.for_each((rows_ + block_rows_ - 1) / block_rows_, [&](std::size_t block) {
            if (stop_.stop_requested()) return;
            const std::size_t first = block * block_rows_;
            const std::size_t count = std::min(block_rows_, rows_ - first);
            work(first, count);
            report(count);
        });
        if (stop_.stop_requested())
            return fail(ErrorCode::Cancelled, "finding label issues was cancelled");
        return {};
    }

private:
    /// Values per block of the pool: a megabyte or two, so that cancelling and progress are prompt
    /// and handing out a block costs nothing beside reading it.
    static constexpr std::size_t kBlockValues = std::size_t{1} << 18;

    void report(std::size_t count) {
        if (!progress_) return;
        const std::lock_guard lock(mutex_);
        done_ += count;
        progress_(done_, rows_);
    }

    std::size_t rows_;
    std::size_t block_rows_;
    const Pool& pool_;
    std::stop_token stop_;
    Progress progress_;
    std::mutex mutex_;  // guards done_, and keeps calls of progress_ in order
    std::size_t done_ = 0;
};

}  // namespace tusker::confident
