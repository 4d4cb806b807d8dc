// Several annotators: what most of them say, what they and a model say together (CROWDLAB), how
// good each of them is, and what to have labelled next (ActiveLab). Dawid-Skene, which needs no
// model, stands in dawid_skene.hpp.
//
// Not here: files, names of items and annotators, tasks and leases. Everything is over numbers and
// sparse (votes.hpp): time and memory follow the votes and N × K, never N × A. Invariant: the
// number of threads changes no bit. Where to start: assess() is the whole way; majority.hpp,
// trust.hpp, label_quality.hpp and annotators.hpp are its steps.
//
// Each function takes an Order: Sound is Tusker's own, Cleanlab reproduces cleanlab 2.9.0
// (conventions.hpp lists what differs).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/crowd/annotators.hpp"
#include "kernels/crowd/label_quality.hpp"
#include "kernels/crowd/majority.hpp"
#include "kernels/crowd/trust.hpp"
#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

enum class ConsensusMethod {
    BestQuality,  // the most probable class given the majority's trust
    MajorityVote
};
enum class QualityMethod {
    Crowdlab,  // annotators and models weighed; needs probabilities
    Agreement  // the share of votes for the label
};

struct CrowdOptions {
    ConsensusMethod consensus = ConsensusMethod::BestQuality;
    QualityMethod quality = QualityMethod::Crowdlab;
    LabelScore score = {};
    /// First bring the probabilities to the temperature that fits the votes best.
    bool calibrate_probs = false;
    confident::Order order = confident::Order::Sound;
};

/// What is said given one consensus.
struct Consensus {
    std::vector<ClassId> labels;    // [N]
    std::vector<double> quality;    // [N]
    std::vector<double> agreement;  // [N] share of the item's votes
    std::vector<double> posterior;  // [N × K] row-major
    Trust trust;                    // under Crowdlab, else empty
};

struct CrowdQuality {
    Consensus consensus;
    MajorityVote majority;                     // with ties and what was left undecided
    std::vector<double> vote_quality;          // one a vote, in the order of the rows given
    std::vector<AnnotatorQuality> annotators;  // [A]
    std::vector<Index> worst_first;  // annotators by quality, then agreement, then number; NaN last
    std::vector<std::string> warnings;
};

/// Who is to be believed about what.
///
/// votes   made with Repeats::Refused; at least 2 annotators and 2 classes; each item and each
///         annotator has a vote, some item has two
/// models  N × K probabilities in [-1e-6, 1 + 1e-6], K >= votes.classes(); none at all turns
/// quality
///         into Agreement
/// Errors name the argument, the item or annotator and the rule.
template <class T>
Result<CrowdQuality> assess(const Votes& votes, const Models<T>& models,
                            const CrowdOptions& options, const Pool& pool);

/// The step that assess() takes for the majority and again for the best quality.
template <class T>
Result<Consensus> judge_consensus(const Votes& votes, const Models<T>& models,
                                  std::vector<ClassId> labels, const CrowdOptions& options,
                                  const Pool& pool);

/// The rules on votes that assess() enforces.
Result<void> check_crowd(const Votes& votes);

}  // namespace tusker::crowd
