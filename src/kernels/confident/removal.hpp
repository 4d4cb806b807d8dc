// The prune filters when the caller says how many rows of each class shall go: the counts keep the
// shares of the joint and are scaled to that number.
#pragma once

#include <cstdint>
#include <span>

#include "base/pool.hpp"
#include "kernels/confident/sparse_square.hpp"

namespace tusker::confident {

/// Row g of the result as prune_counts has it: how many rows given g are taken as each other class;
/// its diagonal is how many rows stay.
///
/// Defect of cleanlab's that is kept: the number for class i scales what is taken *as* i (not what
/// is given i), and shares are divided by the wrong class's sum. So only prune_by_class removes
/// exactly `removed[g]` rows of class g. Where nothing is taken as i its counts are undefined, and
/// none are flagged.
///
/// counts   prune_counts of the joint, [K × K]
/// removed  [K]
/// given    [K] rows given each class
SparseSquare<std::int64_t> scale_to_removal(const SparseSquare<std::int64_t>& counts,
                                            std::span<const double> removed,
                                            std::span<const std::size_t> given, const Pool& pool);

}  // namespace tusker::confident
