// Loops over many items on the pool's threads, cut in blocks that write apart.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/pool.hpp"

namespace tusker::crowd {

/// work(begin, end) for neighbouring ranges that cover [0, count).
template <class Work>
void for_ranges(const Pool& pool, std::size_t count, std::size_t per_block, const Work& work) {
    pool.for_each((count + per_block - 1) / per_block, [&](std::size_t block) {
        const std::size_t begin = block * per_block;
        work(begin, std::min(begin + per_block, count));
    });
}

inline constexpr std::size_t kItemsPerBlock = 2048;
inline constexpr std::size_t kAnnotatorsPerBlock = 8;

}  // namespace tusker::crowd
