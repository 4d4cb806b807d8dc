// The m lowest of some keys, where the order decides which of equal keys are in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace tusker::confident {

template <class T>
struct Keyed {
    T key;
    std::uint32_t position;
    friend bool operator<(const Keyed& a, const Keyed& b) {
        return a.key != b.key ? a.key < b.key : a.position < b.position;
    }
};

/// Moves the m lowest (by key, then position) to the front; m <= keyed.size(), m >= 1. True if the
/// cut runs through equal keys, so that another order may have chosen others.
template <class T>
bool cut_lowest(std::span<Keyed<T>> keyed, std::size_t m) {
    const auto cut = keyed.begin() + static_cast<std::ptrdiff_t>(m);
    std::nth_element(keyed.begin(), cut - 1, keyed.end());
    const T last = (cut - 1)->key;
    return std::any_of(cut, keyed.end(), [&](const Keyed<T>& rest) { return rest.key == last; });
}

/// Positions of the m lowest keys in Order's order, themselves in no order.
template <class Order, class T>
std::vector<std::uint32_t> lowest(std::span<const T> keys, std::size_t m) {
    m = std::min(m, keys.size());
    if (m == 0) return {};
    std::vector<Keyed<T>> keyed(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i)
        keyed[i] = {keys[i], static_cast<std::uint32_t>(i)};
    const bool tied = cut_lowest(std::span(keyed), m);
    std::vector<std::uint32_t> result;
    if (tied && !Order::kTiesByIndex) {
        result = Order::argsort(keys);
        result.resize(m);
        return result;
    }
    result.reserve(m);
    for (std::size_t i = 0; i < m; ++i) result.push_back(keyed[i].position);
    return result;
}

}  // namespace tusker::confident
