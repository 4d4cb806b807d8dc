// `--rank-by consensus`: the flagged rows in another order, by all that is known of a row.
#pragma once

#include <span>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "cli/issues/inputs.hpp"
#include "cli/issues/request.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::cli {

/// Scores of `found` become those of score_by_consensus, and its rows stand in their order; which
/// rows are flagged and what is suggested stays. Reads the further models and the features that
/// `request` names; the twenty nearest rows of each vote. Several parts, types that differ and
/// float16 are put together in memory.
Result<void> rank_by_consensus(const IssuesRequest& request, const Probabilities& probs,
                               std::span<const confident::ClassId> labels, const Pool& pool,
                               confident::LabelIssues& found);

}  // namespace tusker::cli
