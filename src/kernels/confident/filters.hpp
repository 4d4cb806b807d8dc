// Which rows are label issues: the seven filters on what was kept of all rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/joint.hpp"
#include "kernels/confident/noise_rate.hpp"
#include "kernels/confident/probabilities.hpp"
#include "kernels/confident/scanned_rows.hpp"
#include "kernels/confident/sparse_square.hpp"

namespace tusker::confident {

/// All that a filter may look at. The views outlive the call.
template <class T>
struct FilterInput {
    const Probabilities& probs;  // read again at few places, by prune_by_noise_rate alone
    std::span<const ClassId> labels;
    std::span<const std::size_t> labels_per_class;  // [K]
    const ScannedRows<T>& rows;
    const ConfidentRows& confident;
    const SparseSquare<std::int64_t>& calibrated;
};

/// The label issues, ascending.
template <class Order, class T>
std::vector<SeenRow<T>> flag_rows(const FilterInput<T>& input, const LabelIssueOptions& options,
                                  const Pool& pool);

/// The filters that flag each given class for itself, from its rows and its row of counts.
bool prunes(FilterBy filter);

/// How many rows of each pair of classes they take.
/// labels_per_class  [K]
SparseSquare<std::int64_t> counts_to_prune(const SparseSquare<std::int64_t>& calibrated,
                                           std::span<const std::size_t> labels_per_class,
                                           const LabelIssueOptions& options, const Pool& pool);

/// Prunes one given class after another; for one thread. Keeps memory between calls.
template <class Order, class T>
class ClassPruner {
public:
    /// counts        [K × K] from counts_to_prune
    /// self, second  [N] as ScannedRows has them
    /// All outlive the pruner.
    ClassPruner(const Probabilities& probs, std::span<const T> self, std::span<const T> second,
                const SparseSquare<std::int64_t>& counts, const LabelIssueOptions& options)
        : self_(self), counts_(counts), options_(options), by_noise_rate_(probs, self, second) {}

    /// For each contested row whether it is flagged: 1 or 0. No other row of the class can be.
    void flag(const RowsOfClass<T>& rows, std::span<std::uint8_t> flags);

private:
    void mark_by_class(const RowsOfClass<T>& rows, std::uint8_t mark,
                       std::span<std::uint8_t> marks) const;

    std::span<const T> self_;
    const SparseSquare<std::int64_t>& counts_;
    const LabelIssueOptions& options_;
    NoiseRatePruner<Order, T> by_noise_rate_;
};

}  // namespace tusker::confident
