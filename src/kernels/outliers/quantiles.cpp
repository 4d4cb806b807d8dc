#include "kernels/outliers/quantiles.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace tusker::outliers {

double quantile(std::vector<double> values, double share) {
    assert(!values.empty());
    const double position = share * static_cast<double>(values.size() - 1);
    const auto below = values.begin() + static_cast<std::ptrdiff_t>(std::floor(position));
    std::ranges::nth_element(values, below);
    const double low = *below;
    if (below + 1 == values.end()) return low;
    const double high = *std::min_element(below + 1, values.end());
    const double weight = position - std::floor(position);
    // From the nearer end, so that weight 1 gives `high` to the last bit.
    return weight < 0.5 ? low + (high - low) * weight : high - (high - low) * (1 - weight);
}

}  // namespace tusker::outliers
