// Calibration by one number: the temperature at which a model's probabilities fit best to how the
// annotators' labels are spread.
#pragma once

#include <vector>

#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

/// The temperature that minimises the mean soft cross-entropy -sum q ln max(softmax(ln p / t),
/// 1e-30) / ln K against the shares q of each item's votes: first of 0.1, 0.2, 0.5, 0.8, 1, 2, 3,
/// 5, 8, then of four steps from the left neighbour of the best and four to the right one. The
/// first minimum counts.
///
/// Source: the search of cleanlab's find_best_temp_scaler.
template <class Conventions, class T>
double best_temperature(const Votes& votes, MatrixView<const T> probs, const Pool& pool);

/// softmax(ln p / temperature) of each row, with p at least 1e-30; rows sum to 1. [N × K]
template <class Conventions, class T>
std::vector<T> temper(MatrixView<const T> probs, double temperature, const Pool& pool);

}  // namespace tusker::crowd
