#include "base/pool.hpp"

#include <atomic>
#include <cstddef>

#include <gtest/gtest.h>
#include <tbb/global_control.h>

namespace tusker {
namespace {

TEST(Pool, RunsEachBlockOnce) {
    const Pool pool(4);
    for (const std::size_t blocks : {0, 1, 2, 1000}) {
        std::atomic<std::size_t> runs = 0;
        std::atomic<std::size_t> sum = 0;
        pool.for_each(blocks, [&](std::size_t block) {
            ++runs;
            sum += block;
        });
        EXPECT_EQ(runs, blocks);
        EXPECT_EQ(sum, blocks == 0 ? 0 : blocks * (blocks - 1) / 2);
    }
}

/// Something to do that no compiler takes away.
void spend_time() {
    std::atomic<int> spent = 0;
    while (spent < 20'000) ++spent;
}

TEST(Pool, AThreadThatWaitsForItsBlocksTakesNoneOfTheCallAround) {
    // As on a machine with more cores: with two threads, whoever waits finds nothing to take.
    const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, 8);
    const Pool pool(8);
    std::atomic<bool> taken = false;
    pool.for_each(1000, [&](std::size_t) {
        thread_local bool waits = false;
        if (waits) taken = true;
        waits = true;
        pool.for_each(3, [](std::size_t) { spend_time(); });
        waits = false;
    });
    EXPECT_FALSE(taken);
}

}  // namespace
}  // namespace tusker
