// What the chosen method says about votes: which labels are consensus, how far each vote and each
// annotator is to be trusted.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/issues/inputs.hpp"
#include "cli/issues/request.hpp"
#include "cli/issues/votes_input.hpp"
#include "kernels/crowd/crowd.hpp"

namespace tusker::cli {

/// The values of --consensus-method, the default first.
std::vector<std::string> consensus_method_names();
/// Whether the method learns from the votes alone, so that PROBS would be of no use.
bool is_by_votes_alone(const std::string& consensus_method);

struct CrowdJudgement {
    crowd::CrowdQuality quality;
    std::vector<double> priors;  // [K] shares of the true classes, where the method estimates them
};

/// By Dawid-Skene, an annotator's quality is the probability that his label is right, over the true
/// classes as often as they are estimated to be.
/// probs  none under a method by votes alone
Result<CrowdJudgement> judge_crowd(const IssuesRequest& request, const NamedVotes& named,
                                   const Probabilities* probs);

}  // namespace tusker::cli
