// The blocks of items that queries and counts are cut into. Private to the room.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "catalog/version.hpp"

namespace tusker::query {

/// A quarter of a Roaring container, so that two cores share even a small dataset, and vectors of
/// doubles stay in the second-level cache.
inline constexpr std::uint32_t kBlockItems = 16'384;
inline constexpr std::uint32_t kContainerItems = 65'536;

struct ItemBlock {
    catalog::ItemNo first = 0;
    catalog::ItemNo last = 0;  // one past
    std::size_t size() const { return last - first; }
};

inline std::size_t block_count(catalog::ItemNo items_end) {
    return (std::size_t{items_end} + kBlockItems - 1) / kBlockItems;
}
inline ItemBlock block_at(std::size_t block, catalog::ItemNo items_end) {
    const std::uint64_t first = block * std::uint64_t{kBlockItems};
    return {static_cast<catalog::ItemNo>(first),
            static_cast<catalog::ItemNo>(std::min<std::uint64_t>(first + kBlockItems, items_end))};
}

/// out[i] = 1 where first + i is a member.
inline void write_mask(const columns::Bitmap& members, catalog::ItemNo first,
                       std::span<std::uint8_t> out) {
    const std::uint32_t base = first / kContainerItems * kContainerItems;
    std::vector<std::uint64_t> words((first - base + out.size() + 63) / 64);
    members.write_words(base, words.data(), words.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t bit = first - base + i;
        out[i] = static_cast<std::uint8_t>((words[bit / 64] >> (bit % 64)) & 1U);
    }
}

}  // namespace tusker::query
