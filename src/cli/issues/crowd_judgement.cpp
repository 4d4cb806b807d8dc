#include "cli/issues/crowd_judgement.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>

#include "base/pool.hpp"
#include "kernels/crowd/conventions.hpp"

namespace tusker::cli {
namespace {

using crowd::CrowdQuality;
using crowd::DawidSkene;
using crowd::Votes;

constexpr std::string_view kBestQuality = "best_quality";
constexpr std::string_view kMajorityVote = "majority_vote";
constexpr std::string_view kDawidSkene = "dawid_skene";

crowd::LabelScore score_of(const IssuesRequest& request) {
    crowd::LabelScore score;
    score.rank_by = confident::find_ranking(request.rank_by).value_or(score.rank_by);
    return score;
}

Result<CrowdQuality> assess(const IssuesRequest& request, const Votes& votes,
                            const Probabilities* probs, const Pool& pool) {
    crowd::CrowdOptions options;
    options.order = request.order();
    options.score = score_of(request);
    if (request.consensus_method == kMajorityVote)
        options.consensus = crowd::ConsensusMethod::MajorityVote;
    if (probs == nullptr) return crowd::assess(votes, crowd::Models<double>{}, options, pool);
    return probs->with_matrix([&]<class T>(MatrixView<const T> view) {
        return crowd::assess(votes, crowd::Models<T>{.probs = {view}}, options, pool);
    });
}

/// For each annotator the sum over true classes of its prior times the probability that he says it.
std::vector<double> chances_to_be_right(const DawidSkene& learnt, std::size_t annotators) {
    const std::size_t classes = learnt.priors.size();
    std::vector<double> chances(annotators);
    for (std::size_t g = 0; g < learnt.given.size(); ++g) {
        const auto [annotator, label] = learnt.given[g];
        chances[annotator] += learnt.priors[label] * learnt.errors[g * classes + label];
    }
    return chances;
}

/// Lowest quality first; of equals the lower agreement, then the lower number.
std::vector<crowd::Index> worst_first(std::span<const crowd::AnnotatorQuality> annotators) {
    std::vector<crowd::Index> order(annotators.size());
    std::iota(order.begin(), order.end(), crowd::Index{0});
    std::ranges::sort(order, {}, [&](crowd::Index a) {
        return std::tuple(annotators[a].quality, annotators[a].agreement, a);
    });
    return order;
}

template <class Conventions>
Result<CrowdQuality> as_quality(const DawidSkene& learnt, const Votes& votes,
                                const crowd::LabelScore& score, const Pool& pool) {
    const MatrixView<const double> posterior(learnt.posterior, votes.items(), votes.classes());
    CrowdQuality all;
    // For its ties: how often votes alone would not have decided.
    all.majority = TUSKER_TRY(
        crowd::majority_vote<double>(votes, std::nullopt, confident::Order::Sound, pool));
    all.consensus.labels = learnt.labels;
    all.consensus.agreement = crowd::agreement_with(votes, learnt.labels, pool);
    all.consensus.quality =
        TUSKER_TRY(crowd::score_labels<Conventions>(posterior, learnt.labels, score, pool));
    const auto scores = TUSKER_TRY(crowd::score_votes<Conventions>(votes, posterior, score, pool));
    all.vote_quality.resize(scores.size());
    for (std::size_t v = 0; v < scores.size(); ++v) all.vote_quality[votes.row_of(v)] = scores[v];
    all.annotators =
        crowd::judge_annotators<Conventions>(votes, learnt.labels, all.consensus.quality, {}, pool);
    const auto chances = chances_to_be_right(learnt, votes.annotators());
    for (std::size_t a = 0; a < chances.size(); ++a) all.annotators[a].quality = chances[a];
    all.worst_first = worst_first(all.annotators);
    return all;
}

Result<CrowdJudgement> by_dawid_skene(const IssuesRequest& request, const NamedVotes& named,
                                      const Votes& votes, const Pool& pool) {
    TUSKER_TRY(crowd::check_crowd(votes));
    auto learnt = TUSKER_TRY(crowd::dawid_skene(
        {.items = named.items, .annotators = named.annotators, .labels = named.labels},
        {.items = votes.items(), .annotators = votes.annotators(), .classes = votes.classes()},
        {.order = request.order()}, pool));
    auto quality = TUSKER_TRY(crowd::with_conventions(request.order(), [&]<class Conventions>() {
        return as_quality<Conventions>(learnt, votes, score_of(request), pool);
    }));
    return CrowdJudgement{std::move(quality), std::move(learnt)};
}

}  // namespace

std::vector<std::string> consensus_method_names() {
    return {std::string(kBestQuality), std::string(kMajorityVote), std::string(kDawidSkene)};
}

bool is_by_votes_alone(const std::string& consensus_method) {
    return consensus_method == kDawidSkene;
}

std::vector<AnnotatorConfusion> confusions_of(const DawidSkene& learnt,
                                              std::span<const crowd::AnnotatorQuality> annotators) {
    const std::size_t classes = learnt.priors.size();
    std::vector<AnnotatorConfusion> confusions;
    for (std::size_t g = 0; g < learnt.given.size(); ++g) {
        const auto [annotator, label] = learnt.given[g];
        const auto labelled = static_cast<double>(annotators[annotator].labelled);
        for (confident::ClassId truth = 0; truth < classes; ++truth) {
            const double chance = learnt.errors[g * classes + truth];
            const double labels = labelled * learnt.priors[truth] * chance;
            if (truth != label && labels >= 0.5)
                confusions.push_back({annotator, truth, label, chance, labels});
        }
    }
    std::ranges::sort(confusions, {}, [](const AnnotatorConfusion& one) {
        return std::tuple(-one.labels, one.annotator, one.truth, one.given);
    });
    return confusions;
}

Result<CrowdJudgement> judge_crowd(const IssuesRequest& request, const NamedVotes& named,
                                   const Probabilities* probs) {
    const Pool pool(request.threads_wanted());
    const auto votes = TUSKER_TRY(named.votes());
    if (is_by_votes_alone(request.consensus_method))
        return by_dawid_skene(request, named, votes, pool);
    return CrowdJudgement{TUSKER_TRY(assess(request, votes, probs, pool)), std::nullopt};
}

}  // namespace tusker::cli
