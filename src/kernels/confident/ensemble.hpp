// Several models' opinions of the same labels, and what weight each deserves.
#pragma once

#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/row_scan.hpp"

namespace tusker::confident {

/// One model's probabilities, [N × K], and how the caller had them: cleanlab's order adds rows so.
template <class T>
struct Opinion {
    MatrixView<const T> probs;
    Layout layout = Layout::Rows;
};

/// Share of rows whose most probable class is the given one.
/// facts  of N >= 1 rows, by read_rows; labels [N]
template <class T>
double accuracy(const RowFacts<T>& facts, std::span<const ClassId> labels);

/// Weights in proportion to exp(-t · log loss of the model), for that t of `temperatures` whose
/// weighted mean of probabilities has the least log loss, the first of equals.
///
/// Log loss: mean of -ln p[given]; for a model with p at least 1e-6 and rows divided by their sums;
/// p within [eps, 1 - eps] in T (as log_loss of scikit-learn 1.9). An error if no temperature gives
/// a finite loss.
///
/// models        all of one shape
/// labels        [N], each < K
/// result        [models], sum 1
template <class Order, class T>
Result<std::vector<double>> search_weights(std::span<const Opinion<T>> models,
                                           std::span<const ClassId> labels,
                                           std::span<const double> temperatures, const Pool& pool);

/// Each row's score: the sum of its models' scores by weight, added model after model.
/// scores   one span [N] for each model
/// weights  [models]
template <class T>
std::vector<double> weighted_scores(std::span<const std::span<const T>> scores,
                                    std::span<const double> weights, const Pool& pool);
/// Each row's mean over models, in T.
template <class T>
std::vector<T> mean_scores(std::span<const std::span<const T>> scores, const Pool& pool);

}  // namespace tusker::confident
