// Walking the values of a column in a range of rows. Private to the room.
#pragma once

#include <algorithm>
#include <cstdint>

#include "storage/columns/segment.hpp"

namespace tusker::query {

/// fn(index among the values, row - begin) for each row of [begin, begin + count) that has a value.
template <class Fn>
void for_values(const columns::Column& column, std::uint32_t begin, std::size_t count, Fn&& fn) {
    if (column.is_dense()) {
        for (std::size_t i = 0; i < count; ++i) fn(begin + i, i);
        return;
    }
    const auto positions = column.positions();
    const std::size_t end = begin + count;
    auto at =
        static_cast<std::size_t>(std::ranges::lower_bound(positions, begin) - positions.begin());
    for (; at < positions.size() && positions[at] < end; ++at) fn(at, positions[at] - begin);
}

}  // namespace tusker::query
