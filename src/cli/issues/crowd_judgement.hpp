// What the chosen method says about votes: which labels are consensus, how far each vote and each
// annotator is to be trusted.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/issues/inputs.hpp"
#include "cli/issues/request.hpp"
#include "cli/issues/votes_input.hpp"
#include "kernels/crowd/crowd.hpp"
#include "kernels/crowd/dawid_skene.hpp"

namespace tusker::cli {

/// The values of --consensus-method, the default first.
std::vector<std::string> consensus_method_names();
/// Whether the method learns from the votes alone, so that PROBS would be of no use.
bool is_by_votes_alone(const std::string& consensus_method);

/// How often an annotator says one class where another is true.
struct AnnotatorConfusion {
    crowd::Index annotator = 0;
    confident::ClassId truth = 0;
    confident::ClassId given = 0;
    double chance = 0;  // that he says so where it is true
    double labels = 0;  // how many of his labels that is, as often as classes are true
};
/// Those that are about one label or more (at least a half), most labels first.
std::vector<AnnotatorConfusion> confusions_of(const crowd::DawidSkene& learnt,
                                              std::span<const crowd::AnnotatorQuality> annotators);

struct CrowdJudgement {
    crowd::CrowdQuality quality;
    std::optional<crowd::DawidSkene> learnt;  // under dawid_skene
};

/// By Dawid-Skene, an annotator's quality is the probability that his label is right, over the true
/// classes as often as they are estimated to be.
/// probs  none under a method by votes alone
Result<CrowdJudgement> judge_crowd(const IssuesRequest& request, const NamedVotes& named,
                                   const Probabilities* probs);

}  // namespace tusker::cli
