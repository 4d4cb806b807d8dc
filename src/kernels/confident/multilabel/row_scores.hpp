// The scores of many rows on whatever vectors the machine has, to the bit those of the plain loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/matrix_view.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::multilabel {

/// Neighbouring classes, at most 64, of some rows.
template <class T>
struct ScoredClasses {
    MatrixView<const T> probs;
    std::size_t first_class = 0;
    std::size_t classes = 0;
    std::span<const std::uint64_t> words;  // of all rows: bit j = has class first_class + j
    std::span<const confident::Row> rows;
};

/// Scores without thresholds: p of what is given or, with `margin`, half of 1 + the margin to what
/// is not; in T, kept in double. The score of rows[i] and class j goes to out[i × stride + j].
template <class T>
void score_given(const ScoredClasses<T>& wanted, bool margin, double* out, std::size_t stride);

/// out[i] = the moving average of row i from its highest score to its lowest: e = s_1, then
/// e = alpha s_j + (1 - alpha) e.
/// scores  [out.size() × classes]
///
/// What stands before the lowest scores fades: where the average of these alone is the same to the
/// bit whether it begins below all others or above, the others need no order.
void moving_averages(std::span<const double> scores, std::size_t classes, double alpha,
                     std::span<double> out);

/// The first value that is not in [least, most].
template <class T>
std::optional<std::size_t> find_outside(std::span<const T> values, double least, double most);

}  // namespace tusker::multilabel
