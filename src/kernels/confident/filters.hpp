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

/// 1 for a row that is a label issue, else 0; a byte each, so that classes write theirs side by
/// side.
using Flags = std::vector<std::uint8_t>;

template <class Order, class T>
Flags flag_rows(const FilterInput<T>& input, const LabelIssueOptions& options, const Pool& pool);

/// The filters that flag each given class for itself, from its rows and its row of counts.
bool prunes(FilterBy filter);

/// How many rows of each pair of classes they take.
SparseSquare<std::int64_t> counts_to_prune(const SparseSquare<std::int64_t>& calibrated,
                                           const ClassRows& rows, const LabelIssueOptions& options,
                                           const Pool& pool);

/// Flags rows of one given class; none of its rows is flagged before.
template <class Order, class T>
void prune_class(const FilterInput<T>& input, ClassId given,
                 const SparseSquare<std::int64_t>& counts, const LabelIssueOptions& options,
                 Flags& flags);

}  // namespace tusker::confident
