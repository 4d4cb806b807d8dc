#include "kernels/crowd/trust.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/crowd/blocks.hpp"
#include "kernels/crowd/conventions.hpp"
#include "kernels/crowd/label_shares.hpp"

namespace tusker::crowd {
namespace {

double share(std::size_t part, std::size_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
}

/// Per vote: how many votes of its item are for the same class, itself included.
std::vector<Index> count_alike(const Votes& votes, const Pool& pool) {
    std::vector<Index> alike(votes.votes().size());
    for_ranges(pool, votes.items(), kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
        std::vector<Index> counts(votes.classes());
        for (std::size_t i = begin; i < end; ++i) {
            const auto mine = votes.of_item(i);
            for (const Vote& vote : mine) ++counts[vote.label];
            for (std::size_t j = 0; j < mine.size(); ++j)
                alike[votes.begins()[i] + j] = counts[mine[j].label];
            for (const Vote& vote : mine) counts[vote.label] = 0;
        }
    });
    return alike;
}

/// g_a. Annotators without overlap get the mean of the others and are noted in `trust`.
template <class Order>
std::vector<double> agreement_with_others(const Votes& votes, Trust& trust, const Pool& pool) {
    const auto alike = count_alike(votes, pool);
    std::vector<double> agreement(votes.annotators());
    std::vector<std::uint8_t> overlaps(votes.annotators());
    const auto judge = [&](std::size_t begin, std::size_t end) {
        std::vector<double> weighted;
        for (std::size_t a = begin; a < end; ++a) {
            weighted.clear();
            double total = 0;
            for (const OwnVote& own : votes.of_annotator(a)) {
                const auto others = static_cast<double>(votes.count_of(own.item) - 1);
                total += others;
                // The weight is multiplied and divided as the weighted mean does it; it does not
                // cancel in the last bit.
                const double same = static_cast<double>(alike[own.vote] - 1);
                weighted.push_back(others > 0 ? same / others * others : 0);
            }
            overlaps[a] = total > 0;
            if (overlaps[a] != 0) agreement[a] = Order::sum(weighted) / total;
        }
    };
    for_ranges(pool, votes.annotators(), kAnnotatorsPerBlock, judge);
    std::vector<double> known;
    for (std::size_t a = 0; a < agreement.size(); ++a) {
        if (overlaps[a] != 0)
            known.push_back(agreement[a]);
        else
            trust.without_overlap.push_back(static_cast<Index>(a));
    }
    const double average = Order::sum(known) / static_cast<double>(known.size());
    for (const Index a : trust.without_overlap) agreement[a] = average;
    return agreement;
}

/// Items with more than one vote.
std::vector<Index> shared_items(const Votes& votes) {
    std::vector<Index> items;
    for (std::size_t i = 0; i < votes.items(); ++i)
        if (votes.count_of(i) > 1) items.push_back(static_cast<Index>(i));
    return items;
}

double majority_class_error(std::span<const Index> items, std::span<const ClassId> consensus,
                            std::size_t classes) {
    std::vector<std::size_t> counts(classes);
    for (const Index i : items) ++counts[consensus[i]];
    return std::max(share(items.size() - std::ranges::max(counts), items.size()), kLeastWeight);
}

template <class T>
double model_error(MatrixView<const T> probs, std::span<const Index> items,
                   std::span<const ClassId> consensus) {
    std::size_t wrong = 0;
    for (const Index i : items) {
        const auto p = probs.row(i);
        wrong += static_cast<std::size_t>(std::ranges::max_element(p) - p.begin()) != consensus[i];
    }
    return share(wrong, items.size());
}

/// One row of the posterior of a single model.
template <class Conventions, class T>
void combine(std::span<const T> probs, std::span<const Vote> votes, const Trust& trust,
             std::vector<double>& scratch, std::span<double> out) {
    const double model = trust.models.front();
    double total = 0;
    if constexpr (Conventions::kAsCleanlab) {
        for (const Vote& vote : votes) total += trust.annotators[vote.annotator];
        total += model;
        for (std::size_t k = 0; k < out.size(); ++k)
            out[k] = static_cast<double>(probs[k] * static_cast<T>(model));
        for (const Vote& vote : votes) {
            const double weight = trust.annotators[vote.annotator];
            const double elsewhere = weight * trust.miss;
            const double here = out[vote.label] + weight * trust.hit;
            for (double& x : out) x += elsewhere;
            out[vote.label] = here;
        }
    } else {
        scratch.clear();
        for (const Vote& vote : votes) scratch.push_back(trust.annotators[vote.annotator]);
        const double heard = Conventions::Order::sum(scratch);
        total = heard + model;
        for (std::size_t k = 0; k < out.size(); ++k)
            out[k] = model * static_cast<double>(probs[k]) + heard * trust.miss;
        for (const Vote& vote : votes)
            out[vote.label] += trust.annotators[vote.annotator] * (trust.hit - trust.miss);
    }
    for (double& x : out) x /= total;
}

/// The same for several models: for each class a weighted mean over models, then annotators.
template <class Order, class T>
void combine_ensemble(const Models<T>& models, std::size_t item, std::span<const Vote> votes,
                      const Trust& trust, std::vector<double>& scratch, std::span<double> out) {
    std::vector<double>& weights = scratch;
    weights.assign(trust.models.begin(), trust.models.end());
    for (const Vote& vote : votes) weights.push_back(trust.annotators[vote.annotator]);
    const double total = Order::sum(weights);
    std::vector<double> terms(weights.size());
    const std::size_t count = models.probs.size();
    for (std::size_t k = 0; k < out.size(); ++k) {
        for (std::size_t m = 0; m < count; ++m)
            terms[m] = static_cast<double>(models.probs[m].row(item)[k]) * weights[m];
        for (std::size_t j = 0; j < votes.size(); ++j)
            terms[count + j] = (votes[j].label == k ? trust.hit : trust.miss) * weights[count + j];
        out[k] = Order::sum(terms) / total;
    }
}

}  // namespace

template <class Conventions, class T>
Trust weigh(const Votes& votes, const Models<T>& models, std::span<const ClassId> consensus,
            std::span<const double> agreement, const Pool& pool) {
    using Order = typename Conventions::Order;
    const std::size_t classes = models.probs.front().columns();
    const auto shared = shared_items(votes);
    Trust trust;
    std::vector<double> of_shared;
    for (const Index i : shared) of_shared.push_back(agreement[i]);
    trust.hit = Order::sum(of_shared) / static_cast<double>(shared.size());
    trust.miss = (1 - trust.hit) / static_cast<double>(classes - 1);

    const double chance = majority_class_error(shared, consensus, classes);
    trust.annotators = agreement_with_others<Order>(votes, trust, pool);
    for (double& weight : trust.annotators)
        weight = std::max(1 - (1 - weight) / chance, kLeastWeight);
    const double votes_per_item = share(votes.votes().size(), votes.items());
    for (const auto& probs : models.probs) {
        const double error = model_error(probs, std::span<const Index>(shared), consensus);
        trust.models.push_back(std::max(1 - error / chance, kLeastWeight) *
                               std::sqrt(votes_per_item));
    }
    return trust;
}

template <class Conventions, class T>
std::vector<double> posterior_of(const Votes& votes, const Models<T>& models, const Trust& trust,
                                 const Pool& pool) {
    const std::size_t classes = models.probs.front().columns();
    std::vector<double> posterior(votes.items() * classes);
    for_ranges(pool, votes.items(), kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
        std::vector<double> scratch;
        for (std::size_t i = begin; i < end; ++i) {
            const auto out = std::span(posterior).subspan(i * classes, classes);
            if (models.ensemble)
                combine_ensemble<typename Conventions::Order>(models, i, votes.of_item(i), trust,
                                                              scratch, out);
            else
                combine<Conventions>(models.probs.front().row(i), votes.of_item(i), trust, scratch,
                                     out);
        }
    });
    return posterior;
}

template <class Conventions>
std::vector<double> vote_shares(const Votes& votes, std::size_t classes, const Pool& pool) {
    std::vector<double> posterior(votes.items() * classes);
    for_ranges(pool, votes.items(), kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
        std::vector<LabelShare> shares;
        for (std::size_t i = begin; i < end; ++i) {
            share_labels<Conventions>(votes, i, shares);
            for (const LabelShare& one : shares) posterior[i * classes + one.label] = one.share;
        }
    });
    return posterior;
}

std::vector<ClassId> most_probable(MatrixView<const double> posterior,
                                   std::span<const ClassId> fallback, const Pool& pool) {
    std::vector<ClassId> labels(posterior.rows());
    for_ranges(pool, posterior.rows(), kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const auto p = posterior.row(i);
            const auto best = std::ranges::max_element(p);
            const bool alone = std::find(best + 1, p.end(), *best) == p.end();
            labels[i] = alone ? static_cast<ClassId>(best - p.begin()) : fallback[i];
        }
    });
    return labels;
}

template Trust weigh<Sound>(const Votes&, const Models<float>&, std::span<const ClassId>,
                            std::span<const double>, const Pool&);
template Trust weigh<Sound>(const Votes&, const Models<double>&, std::span<const ClassId>,
                            std::span<const double>, const Pool&);
template Trust weigh<Cleanlab>(const Votes&, const Models<float>&, std::span<const ClassId>,
                               std::span<const double>, const Pool&);
template Trust weigh<Cleanlab>(const Votes&, const Models<double>&, std::span<const ClassId>,
                               std::span<const double>, const Pool&);
template std::vector<double> posterior_of<Sound>(const Votes&, const Models<float>&, const Trust&,
                                                 const Pool&);
template std::vector<double> posterior_of<Sound>(const Votes&, const Models<double>&, const Trust&,
                                                 const Pool&);
template std::vector<double> posterior_of<Cleanlab>(const Votes&, const Models<float>&,
                                                    const Trust&, const Pool&);
template std::vector<double> posterior_of<Cleanlab>(const Votes&, const Models<double>&,
                                                    const Trust&, const Pool&);
template std::vector<double> vote_shares<Sound>(const Votes&, std::size_t, const Pool&);
template std::vector<double> vote_shares<Cleanlab>(const Votes&, std::size_t, const Pool&);

}  // namespace tusker::crowd
