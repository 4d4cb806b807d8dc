// Which rows are label issues: the seven filters on the facts of all rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/pool.hpp"
#include "kernels/confident/class_rows.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/probabilities.hpp"
#include "kernels/confident/row_scan.hpp"
#include "kernels/confident/sparse_square.hpp"

namespace tusker::confident {

/// All that a filter may look at. The views outlive the call.
template <class T>
struct FilterInput {
    const Probabilities& probs;  // read again at few places, by prune_by_noise_rate alone
    std::span<const ClassId> labels;
    const ClassRows& rows;
    const RowFacts<T>& facts;
    std::span<const ClassId> guesses;
    const SparseSquare<std::int64_t>& calibrated;
};

/// Rows that are label issues, ascending.
template <class Order, class T>
std::vector<Row> flag_rows(const FilterInput<T>& input, const LabelIssueOptions& options,
                           const Pool& pool);

}  // namespace tusker::confident
