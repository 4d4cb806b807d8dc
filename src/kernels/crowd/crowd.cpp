#include "kernels/crowd/crowd.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "kernels/crowd/conventions.hpp"
#include "kernels/crowd/temperature.hpp"

namespace tusker::crowd {
namespace {

template <class T>
Result<void> check_models(const Votes& votes, const Models<T>& models) {
    for (const auto& probs : models.probs) {
        if (probs.rows() != votes.items())
            return invalid(fmt::format("probs: {} rows for {} items: must be as many", probs.rows(),
                                       votes.items()));
        if (probs.columns() < std::max<std::size_t>(votes.classes(), 2))
            return invalid(
                fmt::format("probs: {} columns: must be 2 or more, and at least the number of "
                            "classes, {}",
                            probs.columns(), votes.classes()));
        if (probs.columns() != models.probs.front().columns())
            return invalid("probs: the models must have the same number of columns");
        const auto values = probs.values();
        const auto wrong = std::ranges::find_if(
            values, [](T p) { return !(p >= T{-1e-6F} && p <= T{1} + T{1e-6F}); });
        if (wrong == values.end()) continue;
        const auto at = static_cast<std::size_t>(wrong - values.begin());
        return invalid(fmt::format("probs[{}][{}] = {}: must be in [0, 1]", at / probs.columns(),
                                   at % probs.columns(), static_cast<double>(*wrong)));
    }
    return {};
}

/// The mean over models, added in their order. [N × K]
template <class T>
std::vector<T> mean_of(const Models<T>& models) {
    const auto first = models.probs.front().values();
    std::vector<T> mean(first.begin(), first.end());
    for (std::size_t m = 1; m < models.probs.size(); ++m) {
        const auto values = models.probs[m].values();
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += values[i];
    }
    for (T& x : mean) x /= static_cast<T>(models.probs.size());
    return mean;
}

template <class T>
Result<MajorityVote> majority_of(const Votes& votes, const Models<T>& models,
                                 const CrowdOptions& options, const Pool& pool) {
    if (models.probs.empty()) return majority_vote<T>(votes, std::nullopt, options.order, pool);
    const auto& first = models.probs.front();
    if (models.probs.size() == 1) return majority_vote<T>(votes, first, options.order, pool);
    const auto mean = mean_of(models);
    const MatrixView<const T> view(mean, first.rows(), first.columns());
    return majority_vote<T>(votes, view, options.order, pool);
}

std::vector<Index> worst_first(std::span<const AnnotatorQuality> annotators) {
    std::vector<Index> order(annotators.size());
    std::iota(order.begin(), order.end(), Index{0});
    const auto rank = [&](Index a) {
        const AnnotatorQuality& one = annotators[a];
        const bool unknown = std::isnan(one.quality);
        return std::tuple(unknown, unknown ? 0 : one.quality, one.agreement, a);
    };
    std::ranges::sort(order, {}, rank);
    return order;
}

/// Scores of votes()[v] put where row_of(v) says.
std::vector<double> in_row_order(const Votes& votes, std::span<const double> scores) {
    std::vector<double> rows(scores.size());
    for (std::size_t v = 0; v < scores.size(); ++v) rows[votes.row_of(v)] = scores[v];
    return rows;
}

template <class Conventions, class T>
Result<Consensus> judge(const Votes& votes, const Models<T>& models, std::vector<ClassId> labels,
                        const CrowdOptions& options, const Pool& pool) {
    Consensus made;
    made.agreement = agreement_with(votes, labels, pool);
    const bool crowdlab = options.quality == QualityMethod::Crowdlab && !models.probs.empty();
    const std::size_t classes =
        models.probs.empty() ? votes.classes() : models.probs.front().columns();
    if (crowdlab) {
        made.trust = weigh<Conventions>(votes, models, labels, made.agreement, pool);
        made.posterior = posterior_of<Conventions>(votes, models, made.trust, pool);
        const MatrixView<const double> posterior(made.posterior, votes.items(), classes);
        made.quality =
            TUSKER_TRY(score_labels<Conventions>(posterior, labels, options.score, pool));
    } else {
        made.posterior = vote_shares<Conventions>(votes, classes, pool);
        made.quality = made.agreement;
    }
    made.labels = std::move(labels);
    return made;
}

template <class Conventions>
Result<void> judge_votes(const Votes& votes, const CrowdOptions& options, CrowdQuality& all,
                         const Pool& pool) {
    const Consensus& consensus = all.consensus;
    const MatrixView<const double> posterior(consensus.posterior, votes.items(),
                                             consensus.posterior.size() / votes.items());
    const auto scores = TUSKER_TRY(score_votes<Conventions>(votes, posterior, options.score, pool));
    std::optional<QualityParts> parts;
    const auto& weights = consensus.trust.models;
    if (!weights.empty())
        parts = QualityParts{
            .vote_scores = scores,
            .model_weight = Conventions::Order::sum(weights) / static_cast<double>(weights.size()),
            .weights = consensus.trust.annotators};
    all.annotators =
        judge_annotators<Conventions>(votes, consensus.labels, consensus.quality, parts, pool);
    all.worst_first = worst_first(all.annotators);
    all.vote_quality = in_row_order(votes, scores);
    return {};
}

void warn(const Votes& votes, CrowdQuality& all) {
    const auto& undecided = all.majority.undecided;
    if (!undecided.empty())
        all.warnings.push_back(
            fmt::format("{} items (the first is {}) are tied and no rule decides: the lowest class "
                        "was taken",
                        undecided.size(), undecided.front().item));
    const auto& alone = all.consensus.trust.without_overlap;
    if (!alone.empty())
        all.warnings.push_back(
            fmt::format("{} annotators (the first is {}) share no item with another: they are "
                        "trusted as the average one",
                        alone.size(), alone.front()));
    std::vector<bool> given(votes.classes());
    for (const Vote& vote : votes.votes()) given[vote.label] = true;
    for (const ClassId label : all.consensus.labels)
        if (label < given.size()) given[label] = false;
    const auto lost = std::ranges::count(given, true);
    if (lost > 0)
        all.warnings.push_back(
            fmt::format("{} classes that annotators gave are no consensus of any item", lost));
}

template <class Conventions, class T>
Result<CrowdQuality> assess_with(const Votes& votes, Models<T> models, const CrowdOptions& options,
                                 const Pool& pool) {
    std::vector<std::vector<T>> calibrated;
    if (options.calibrate_probs) {
        for (auto& probs : models.probs) {
            const double temperature = best_temperature<Conventions>(votes, probs, pool);
            calibrated.push_back(temper<Conventions>(probs, temperature, pool));
            probs = {calibrated.back(), probs.rows(), probs.columns()};
        }
    }
    CrowdQuality all;
    all.majority = TUSKER_TRY(majority_of(votes, models, options, pool));
    all.consensus =
        TUSKER_TRY((judge<Conventions>(votes, models, all.majority.labels, options, pool)));
    if (options.consensus == ConsensusMethod::BestQuality) {
        const MatrixView<const double> posterior(all.consensus.posterior, votes.items(),
                                                 all.consensus.posterior.size() / votes.items());
        auto best = most_probable(posterior, all.majority.labels, pool);
        all.consensus =
            TUSKER_TRY((judge<Conventions>(votes, models, std::move(best), options, pool)));
    }
    TUSKER_TRY((judge_votes<Conventions>(votes, options, all, pool)));
    warn(votes, all);
    return all;
}

}  // namespace

Result<void> check_crowd(const Votes& votes) {
    if (votes.annotators() < 2 || votes.classes() < 2)
        return invalid(fmt::format("votes: {} annotators, {} classes: must be at least 2 of each",
                                   votes.annotators(), votes.classes()));
    bool shared = false;
    for (std::size_t i = 0; i < votes.items(); ++i) {
        if (votes.count_of(i) == 0)
            return invalid(fmt::format("votes: item {} has none: must have at least one", i));
        shared = shared || votes.count_of(i) > 1;
    }
    for (std::size_t a = 0; a < votes.annotators(); ++a)
        if (votes.of_annotator(a).empty())
            return invalid(fmt::format("votes: annotator {} gave none: must give at least one", a));
    if (!shared)
        return invalid(
            "votes: every item has a single label: some must have two, else this is a task for one "
            "annotator");
    return {};
}

template <class T>
Result<Consensus> judge_consensus(const Votes& votes, const Models<T>& models,
                                  std::vector<ClassId> labels, const CrowdOptions& options,
                                  const Pool& pool) {
    return with_conventions(options.order, [&]<class Conventions>() {
        return judge<Conventions>(votes, models, std::move(labels), options, pool);
    });
}

template <class T>
Result<CrowdQuality> assess(const Votes& votes, const Models<T>& models,
                            const CrowdOptions& options, const Pool& pool) {
    TUSKER_TRY(check_crowd(votes));
    TUSKER_TRY(check_models(votes, models));
    return with_conventions(options.order, [&]<class Conventions>() {
        return assess_with<Conventions>(votes, models, options, pool);
    });
}

template Result<CrowdQuality> assess(const Votes&, const Models<float>&, const CrowdOptions&,
                                     const Pool&);
template Result<CrowdQuality> assess(const Votes&, const Models<double>&, const CrowdOptions&,
                                     const Pool&);
template Result<Consensus> judge_consensus(const Votes&, const Models<float>&, std::vector<ClassId>,
                                           const CrowdOptions&, const Pool&);
template Result<Consensus> judge_consensus(const Votes&, const Models<double>&,
                                           std::vector<ClassId>, const CrowdOptions&, const Pool&);

}  // namespace tusker::crowd
