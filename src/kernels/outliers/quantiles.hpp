// Order statistics with linear interpolation between neighbours, as np.percentile's default.
#pragma once

#include <span>

namespace tusker::outliers {

/// share in [0, 1]; at least one value, no NaN.
double quantile(std::span<const double> values, double share);

}  // namespace tusker::outliers
