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

/// The keys that may be among the m lowest or equal to the last of them: of many, those up to a
/// bound that a sample suggests, if they are enough.
template <class T>
std::vector<Keyed<T>> candidates(std::span<const T> keys, std::size_t m) {
    constexpr std::size_t kSample = 4096;
    constexpr std::size_t kSpare = 160;  // five standard deviations of a rank within the sample
    std::vector<Keyed<T>> found;
    const auto collect = [&](const auto& wanted) {
        for (std::size_t i = 0; i < keys.size(); ++i)
            if (wanted(keys[i])) found.push_back({keys[i], static_cast<std::uint32_t>(i)});
    };
    if (keys.size() >= 16 * kSample && m < keys.size() / 2) {
        std::vector<T> sample(kSample);
        for (std::size_t i = 0; i < kSample; ++i) sample[i] = keys[i * (keys.size() / kSample)];
        const std::size_t rank = m * kSample / keys.size() + kSpare;
        std::ranges::nth_element(sample, sample.begin() + static_cast<std::ptrdiff_t>(rank));
        collect([bound = sample[rank]](T key) { return key <= bound; });
        if (found.size() >= m) return found;
        found.clear();
    }
    found.reserve(keys.size());
    collect([](T) { return true; });
    return found;
}

/// Positions of the m lowest keys in Order's order, themselves in no order.
template <class Order, class T>
std::vector<std::uint32_t> lowest(std::span<const T> keys, std::size_t m) {
    m = std::min(m, keys.size());
    if (m == 0) return {};
    auto keyed = candidates(keys, m);
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
