// A ranking of labels by all that is known of a row, for those who have more than one model's
// probabilities: several models, neighbours in embedding space, and how often a class is given as
// another. Not cleanlab's; docs/benchmarks.md compares the two on planted and on real errors.
//
// The score is a posterior. Opinions on each row are pooled (opinion_pool); the pooled
// probabilities show how often which class is given as which (noise_channel). Were that all, errors
// would be as frequent among clear rows as among doubtful ones; but people err where classes look
// alike. So a row of class k is given as g by the channel, or because g is what it may well be if
// it is not k:
//   P(given g | true k, row) = channel[g, k] + 0.03 · p[g] / (1 − p[k]),
//   P(true k | row, given g) ∝ truth[k] · P(given g | true k, row),   score = that of k = g,
// where truth is p less the channel's noise: opinions learned from labels have it in them.
// Where p[g] is all but 0 the channel decides; on doubtful rows the second part, by which the row
// whose other class is the most certain comes first, as a margin would have it.
// Nothing is fitted to verdicts on labels; the given labels, right and wrong, are all it sees.
#pragma once

#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/opinion_pool.hpp"

namespace tusker::confident {

struct Consensus {
    std::vector<double> scores;      // [N] in [0, 1]; low = suspect
    std::vector<ClassId> suggested;  // [N] the class with the largest posterior
    /// How much each opinion counts: the models in their order, then the votes of the nearest five
    /// neighbours (if there are more) and of all.
    std::vector<double> powers;
    std::vector<double> noise;  // [K × K] row-major P(given | true), [given][true]
};

/// Beside its input it takes 4 bytes for each of the N × K probabilities, and at most 16 MB more.
///
/// models     each [N × K], K >= 2, out of sample, values in [-1e-6, 1 + 1e-6]; may be none if
///            there are neighbours
/// neighbors  may be empty; no row is its own neighbour
/// labels     [N], each < K = `classes`
/// Errors name the argument, the row and the rule.
template <class T>
Result<Consensus> score_by_consensus(std::span<const MatrixView<const T>> models,
                                     const Neighbors& neighbors, std::span<const ClassId> labels,
                                     std::size_t classes, const Pool& pool);

}  // namespace tusker::confident
