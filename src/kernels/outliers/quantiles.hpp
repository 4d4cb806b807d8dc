// Order statistics with linear interpolation between neighbours, as np.percentile's default.
#pragma once

#include <vector>

namespace tusker::outliers {

/// share in [0, 1]; at least one value, no NaN. Takes the values, because it moves them.
double quantile(std::vector<double> values, double share);

}  // namespace tusker::outliers
