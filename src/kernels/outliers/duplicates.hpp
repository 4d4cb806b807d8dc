// Rows that are nearly the same as others, relative to how near neighbours are in these data.
#pragma once

#include <vector>

#include "base/error.hpp"
#include "kernels/vectors/vectors.hpp"

namespace tusker::outliers {

using vectors::Row;

struct NearDuplicatePair {
    Row first;  // < second
    Row second;
    double distance;
    bool operator==(const NearDuplicatePair&) const = default;
};

struct NearDuplicates {
    double typical_distance = 0;  // median distance to the nearest neighbour, at least 1e-6
    double radius = 0;            // a pair below it is near-duplicate
    std::vector<NearDuplicatePair> pairs;  // nearest first, then by rows
    /// What pairs connect: sets of two and more rows, each ascending, by their first row.
    std::vector<std::vector<Row>> sets;
    /// [N] 1 - exp(-distance to the nearest / typical distance): 0 = has a copy.
    std::vector<double> scores;
};

/// Pairs nearer than `threshold` · typical distance of which one is among the other's neighbours.
/// Of more than k + 1 equal rows not every pair is listed, but their set holds all.
///
/// neighbors  of at least one row among the same rows, k >= 1
/// threshold  >= 0 (cleanlab's Datalab takes 0.13)
Result<NearDuplicates> find_near_duplicates(const vectors::Neighbors& neighbors, double threshold);

}  // namespace tusker::outliers
