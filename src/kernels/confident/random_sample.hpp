// Random probabilities and labels for tests: most keys tie, and a fifth of the labels is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/matrix_view.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::confident {

template <class T>
struct Sample {
    std::size_t n = 0;
    std::size_t k = 0;
    std::vector<T> probs;
    std::vector<ClassId> labels;

    MatrixView<const T> view() const { return {probs, n, k}; }
    T p(std::size_t i, std::size_t j) const { return probs[i * k + j]; }
};

/// Rows of sixteenths that sum to 1, most of it on the true class; a fifth of the labels wrong.
template <class T>
Sample<T> random_sample(std::size_t n, std::size_t k, std::uint64_t seed) {
    std::uint64_t state = seed * 2654435761U + 88172645463325252U;
    const auto random = [&](std::size_t below) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return static_cast<std::size_t>(state >> 20) % below;
    };
    Sample<T> sample{n, k, std::vector<T>(n * k), {}};
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t truth = i < k ? i : random(k);
        for (int part = 0; part < 16; ++part)
            sample.probs[i * k + (random(3) == 0 ? random(k) : truth)] += T{0.0625};
        sample.labels.push_back(static_cast<ClassId>(i >= k && random(5) == 0 ? random(k) : truth));
    }
    return sample;
}

}  // namespace tusker::confident
