#include "kernels/outliers/outliers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "kernels/confident/sound_order.hpp"
#include "kernels/outliers/quantiles.hpp"

namespace tusker::outliers {
namespace {

using confident::SoundOrder;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
// cleanlab's: as the least scale, and as the multiple of epsilon that counts as rounding noise.
constexpr double kLeastDivisor = 1e-6;
constexpr double kNoise = 100;

double noise_of(vectors::Metric metric) {
    switch (metric) {
        case vectors::Metric::Cosine:
            return kNoise * kEpsilon / 2;
        case vectors::Metric::Euclidean:
            return std::sqrt(kNoise * kEpsilon);
    }
    return 0;
}

std::vector<double> means_of(const vectors::Neighbors& neighbors) {
    std::vector<double> means(neighbors.distances.size() / neighbors.k);
    for (std::size_t i = 0; i < means.size(); ++i)
        means[i] =
            SoundOrder::sum(std::span(neighbors.distances).subspan(i * neighbors.k, neighbors.k)) /
            static_cast<double>(neighbors.k);
    return means;
}

OutlierFit fit_of(const std::vector<double>& means, double threshold) {
    const double upper = quantile(means, 0.75);
    const double spread = upper - quantile(means, 0.25);
    return {.scale = std::max(quantile(means, 0.5), kNoise * kEpsilon),
            .distance_limit = upper + (1 / threshold - 1) * spread};
}

}  // namespace

Result<Outliers> find_outliers(const vectors::Neighbors& neighbors, vectors::Metric metric,
                               const OutlierOptions& options) {
    if (!(options.threshold > 0 && options.threshold <= 1))
        return invalid(
            fmt::format("threshold = {}: must be above 0 and at most 1", options.threshold));
    if (!(options.steepness > 0 && std::isfinite(options.steepness)))
        return invalid(fmt::format("t = {}: must be above 0 and finite", options.steepness));
    if (neighbors.k == 0 || neighbors.distances.empty())
        return invalid("neighbors are empty: there must be a row with a neighbour");
    Outliers found;
    found.mean_distances = means_of(neighbors);
    found.fit = options.fit.value_or(fit_of(found.mean_distances, options.threshold));
    const double divisor = std::max(found.fit.scale, kLeastDivisor);
    const double noise = noise_of(metric);
    for (const double distance : found.mean_distances)
        found.scores.push_back(
            distance < noise ? 1 : SoundOrder::exp(-options.steepness * distance / divisor));
    for (std::size_t i = 0; i < found.mean_distances.size(); ++i)
        if (found.mean_distances[i] > found.fit.distance_limit)
            found.flagged.push_back(static_cast<Row>(i));
    std::ranges::stable_sort(found.flagged, std::ranges::greater(),
                             [&](Row row) { return found.mean_distances[row]; });
    return found;
}

}  // namespace tusker::outliers
