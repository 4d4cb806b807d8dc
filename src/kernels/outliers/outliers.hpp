// Finds rows that do not belong: far from their neighbours in feature space (this page), given a
// doubtful prediction (predictions.hpp), or nearly the same as another (duplicates.hpp).
//
// Not here: the search for neighbours (kernels/vectors). A graph that the caller brings is as good.
// Scores lie in [0, 1], low = suspect, and are by no means probabilities.
//
// Source: Kuan, Mueller, "Back to the Basics: Revisiting Out-of-Distribution Detection Baselines",
// ICML workshop PODS (2022); conventions and thresholds of cleanlab's OutOfDistribution and
// Datalab.
#pragma once

#include <optional>
#include <vector>

#include "base/error.hpp"
#include "kernels/vectors/vectors.hpp"

namespace tusker::outliers {

using vectors::Row;

/// What was learnt from the rows that a later set is judged against.
struct OutlierFit {
    double scale = 0;           // median mean distance, at least 100 · 2^-52
    double distance_limit = 0;  // a mean distance above it is flagged
};

struct OutlierOptions {
    /// A mean distance above Q3 + (1 / threshold - 1) · (Q3 - Q1) is flagged; in (0, 1].
    double threshold = 0.37037;
    /// Scores are exp(-steepness · distance / scale); > 0.
    double steepness = 1;
    /// Learnt elsewhere, else from the rows judged.
    std::optional<OutlierFit> fit = std::nullopt;
};

struct Outliers {
    std::vector<double> mean_distances;  // [N] to the k neighbours
    std::vector<double> scores;          // [N]; 1 where the distance is below rounding noise
    std::vector<Row> flagged;            // farthest first, then by row
    OutlierFit fit;
};

/// neighbors  of at least one row, k >= 1
Result<Outliers> find_outliers(const vectors::Neighbors& neighbors, vectors::Metric metric,
                               const OutlierOptions& options);

}  // namespace tusker::outliers
