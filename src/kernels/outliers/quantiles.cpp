#include "kernels/outliers/quantiles.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

namespace tusker::outliers {

namespace {

struct Neighbours {
    double low;   // the value of a rank
    double high;  // that of the next, or the same of the last rank
};

Neighbours take_neighbours(std::vector<double>& values, std::size_t rank) {
    const auto place = values.begin() + static_cast<std::ptrdiff_t>(rank);
    std::ranges::nth_element(values, place);
    const auto next = std::min_element(place + 1, values.end());
    return {*place, next == values.end() ? *place : *next};
}

/// Of many values only those are looked at closely that lie between two bounds which a sample
/// suggests; if the ranks turn out not to be there, all.
Neighbours find_neighbours(std::span<const double> values, std::size_t rank) {
    constexpr std::size_t kSample = 4096;
    constexpr std::size_t kSpare = 160;  // five standard deviations of a rank within the sample
    std::vector<double> middle;
    if (values.size() >= 16 * kSample) {
        std::vector<double> sample(kSample);
        for (std::size_t i = 0; i < kSample; ++i) sample[i] = values[i * (values.size() / kSample)];
        std::ranges::sort(sample);
        const std::size_t expected = rank * kSample / values.size();
        const double least = expected < kSpare ? -std::numeric_limits<double>::infinity()
                                               : sample[expected - kSpare];
        const double most = expected + kSpare >= kSample ? std::numeric_limits<double>::infinity()
                                                         : sample[expected + kSpare];
        std::size_t below = 0;
        for (const double value : values) {
            below += value < least ? 1U : 0U;
            if (value >= least && value <= most) middle.push_back(value);
        }
        const std::size_t last = std::min(rank + 1, values.size() - 1);
        if (rank >= below && last < below + middle.size())
            return take_neighbours(middle, rank - below);
    }
    middle.assign(values.begin(), values.end());
    return take_neighbours(middle, rank);
}

}  // namespace

double quantile(std::span<const double> values, double share) {
    assert(!values.empty());
    const double position = share * static_cast<double>(values.size() - 1);
    const auto [low, high] =
        find_neighbours(values, static_cast<std::size_t>(std::floor(position)));
    const double weight = position - std::floor(position);
    // From the nearer end, so that weight 1 gives `high` to the last bit.
    return weight < 0.5 ? low + (high - low) * weight : high - (high - low) * (1 - weight);
}

}  // namespace tusker::outliers
