// How much a row's labels are to be trusted: a score in [0, 1] for each class, and one for the row.
// Low = suspect. Scores of classes are computed in T and kept in double.
#pragma once

#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/multilabel/label_bits.hpp"
#include "kernels/confident/multilabel/multilabel.hpp"

namespace tusker::multilabel {

/// Error: the first value that is not in [-1e-6, 1 + 1e-6], or NaN. The scores below do not ask.
template <class T>
Result<void> check_probabilities(MatrixView<const T> probs, const Pool& pool);

/// [N × K] row-major. Error: adjusting for an entropy; an entropy of a value outside [0, 1].
template <class T>
Result<std::vector<double>> score_classes(MatrixView<const T> probs, const LabelBits& labels,
                                          const Scoring& scoring, Order order, const Pool& pool);

/// [N] the aggregated scores. Errors as above, and those of `aggregate`.
template <class T>
Result<std::vector<double>> score_rows(MatrixView<const T> probs, const LabelBits& labels,
                                       const Scoring& scoring, Order order, const Pool& pool);

/// [rows.size()] the same of some rows; thresholds, where asked for, are those of all rows.
template <class T>
Result<std::vector<double>> score_rows(MatrixView<const T> probs, const LabelBits& labels,
                                       std::span<const Row> rows, const Scoring& scoring,
                                       Order order, const Pool& pool);

/// [K] the rows flagged for each class, by their score for it, worst first. Errors as above.
template <class T>
Result<std::vector<std::vector<Row>>> rank_flags(MatrixView<const T> probs, const LabelBits& labels,
                                                 const LabelBits& flags, const Scoring& scoring,
                                                 Order order, const Pool& pool);

/// scores  [N × K], K >= 1; result [N]. Error: alpha outside [0, 1].
Result<std::vector<double>> aggregate(MatrixView<const double> scores,
                                      const Aggregation& aggregation, Order order,
                                      const Pool& pool);

}  // namespace tusker::multilabel
