#include "kernels/crowd/active_learning.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/crowd/blocks.hpp"
#include "kernels/crowd/conventions.hpp"
#include "kernels/crowd/crowd.hpp"
#include "kernels/crowd/temperature.hpp"

namespace tusker::crowd {
namespace {

template <class Conventions>
std::vector<double> labelled_scores(const Votes& votes, std::span<const double> quality,
                                    const Attention& attention, std::size_t classes,
                                    const Pool& pool) {
    using Order = typename Conventions::Order;
    const double by_chance = 1.0 / static_cast<double>(classes);
    const double models = Order::sum(attention.models);
    std::vector<double> scores(votes.items());
    for_ranges(pool, votes.items(), kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
        std::vector<double> weights;
        for (std::size_t i = begin; i < end; ++i) {
            weights.clear();
            for (const Vote& vote : votes.of_item(i))
                weights.push_back(attention.annotators[vote.annotator]);
            const double heard = Order::sum(weights) + models;
            const double more = attention.mean_annotator;
            scores[i] = (quality[i] * heard + by_chance * more) / (heard + more);
        }
    });
    return scores;
}

template <class Conventions, class T>
std::vector<double> unlabelled_scores(const Models<T>& tempered, std::span<const ClassId> labels,
                                      const Attention& attention) {
    auto weights = attention.models;
    weights.push_back(attention.mean_annotator);
    const double total = Conventions::Order::sum(weights);
    const std::size_t classes = tempered.probs.front().columns();
    std::vector<double> scores(labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
        double sum = 0;
        for (std::size_t m = 0; m < tempered.probs.size(); ++m)
            sum += static_cast<double>(tempered.probs[m].row(i)[labels[i]]) * weights[m];
        scores[i] = (sum + 1.0 / static_cast<double>(classes) * weights.back()) / total;
    }
    return scores;
}

/// Models brought to their temperatures, and the memory they stand in.
template <class T>
struct Tempered {
    std::vector<std::vector<T>> values;
    Models<T> models;

    template <class Conventions>
    void add(MatrixView<const T> probs, double temperature, const Pool& pool) {
        values.push_back(temper<Conventions>(probs, temperature, pool));
        models.probs.push_back({values.back(), probs.rows(), probs.columns()});
    }
};

template <class T>
std::vector<double> mean_row(const Models<T>& models, std::size_t item) {
    std::vector<double> mean(models.probs.front().columns());
    for (const auto& probs : models.probs)
        for (std::size_t k = 0; k < mean.size(); ++k)
            mean[k] +=
                static_cast<double>(probs.row(item)[k]) / static_cast<double>(models.probs.size());
    return mean;
}

/// Each model votes for its most probable class; ties go to the higher mean probability, then to
/// the lower class.
template <class T>
std::vector<ClassId> consensus_of_models(const Models<T>& models) {
    std::vector<ClassId> labels(models.probs.front().rows());
    std::vector<std::size_t> counts(models.probs.front().columns());
    for (std::size_t i = 0; i < labels.size(); ++i) {
        std::ranges::fill(counts, 0U);
        for (const auto& probs : models.probs) {
            const auto p = probs.row(i);
            ++counts[static_cast<std::size_t>(std::ranges::max_element(p) - p.begin())];
        }
        const auto mean = mean_row(models, i);
        const auto better = [&](std::size_t a, std::size_t b) {
            return std::pair(counts[a], mean[a]) > std::pair(counts[b], mean[b]);
        };
        std::size_t best = 0;
        for (std::size_t k = 1; k < counts.size(); ++k)
            if (better(k, best)) best = k;
        labels[i] = static_cast<ClassId>(best);
    }
    return labels;
}

template <class T>
Result<void> check(const Models<T>& models, const char* name, std::size_t count,
                   std::size_t classes) {
    if (models.probs.size() != count)
        return invalid(fmt::format("{}: {} models, but there are {}: must be the same", name,
                                   models.probs.size(), count));
    for (const auto& probs : models.probs) {
        if (probs.columns() != classes || classes < 2)
            return invalid(
                fmt::format("{}: {} classes: must be 2 or more and the same number everywhere",
                            name, probs.columns()));
        if (probs.rows() != models.probs.front().rows())
            return invalid(fmt::format("{}: the models must have one number of rows", name));
        if (!std::ranges::all_of(probs.values(), [](T p) { return std::isfinite(p); }))
            return invalid(fmt::format("{}: holds NaN or infinity: must be probabilities", name));
    }
    return {};
}

template <class Conventions, class T>
Result<ActiveScores> score(const std::optional<Votes>& votes, const Models<T>& labelled,
                           const Models<T>& unlabelled, const Pool& pool) {
    constexpr auto kOrder =
        Conventions::kAsCleanlab ? confident::Order::Cleanlab : confident::Order::Sound;
    const std::size_t count = std::max(labelled.probs.size(), unlabelled.probs.size());
    Attention attention{.models = std::vector<double>(count, 1.0), .annotators = {}};
    std::vector<double> temperatures(count, 1.0);
    ActiveScores scores;
    if (votes && !labelled.probs.empty()) {
        const std::size_t classes = labelled.probs.front().columns();
        std::vector<double> quality(votes->items());
        if (votes->votes().size() == votes->items()) {
            for (std::size_t i = 0; i < quality.size(); ++i)
                quality[i] = mean_row(labelled, i)[votes->of_item(i).front().label];
            attention.annotators.assign(votes->annotators(), 1.0);
        } else {
            Tempered<T> tempered;
            tempered.models.ensemble = labelled.ensemble;
            for (std::size_t m = 0; m < count; ++m) {
                temperatures[m] = best_temperature<Conventions>(*votes, labelled.probs[m], pool);
                tempered.template add<Conventions>(labelled.probs[m], temperatures[m], pool);
            }
            CrowdOptions options;
            options.order = kOrder;
            auto found = TUSKER_TRY(assess(*votes, tempered.models, options, pool));
            quality = std::move(found.consensus.quality);
            attention.models = std::move(found.consensus.trust.models);
            attention.annotators = std::move(found.consensus.trust.annotators);
            attention.mean_annotator = Conventions::Order::sum(attention.annotators) /
                                       static_cast<double>(attention.annotators.size());
        }
        scores.labelled = labelled_scores<Conventions>(*votes, quality, attention, classes, pool);
    }
    if (!unlabelled.probs.empty()) {
        Tempered<T> tempered;
        for (std::size_t m = 0; m < count; ++m)
            tempered.template add<Conventions>(unlabelled.probs[m], temperatures[m], pool);
        scores.unlabelled = unlabelled_scores<Conventions>(
            tempered.models, consensus_of_models(tempered.models), attention);
    }
    return scores;
}

}  // namespace

std::vector<double> score_labelled(const Votes& votes, std::span<const double> quality,
                                   const Attention& attention, std::size_t classes,
                                   confident::Order order, const Pool& pool) {
    return with_conventions(order, [&]<class Conventions>() {
        return labelled_scores<Conventions>(votes, quality, attention, classes, pool);
    });
}

template <class T>
std::vector<double> score_unlabelled(const Models<T>& tempered, std::span<const ClassId> labels,
                                     const Attention& attention, confident::Order order) {
    return with_conventions(order, [&]<class Conventions>() {
        return unlabelled_scores<Conventions>(tempered, labels, attention);
    });
}

template <class T>
Result<ActiveScores> active_learning_scores(const std::optional<Votes>& votes,
                                            const Models<T>& labelled, const Models<T>& unlabelled,
                                            confident::Order order, const Pool& pool) {
    if (labelled.probs.empty() && unlabelled.probs.empty())
        return invalid("probs: neither labelled nor unlabelled items have any");
    if (votes.has_value() != !labelled.probs.empty())
        return invalid("votes and their probabilities: must be given together");
    const auto& some = labelled.probs.empty() ? unlabelled : labelled;
    const std::size_t classes = some.probs.front().columns();
    if (!labelled.probs.empty()) {
        TUSKER_TRY(check(labelled, "probs of labelled items", some.probs.size(), classes));
        if (labelled.probs.front().rows() != votes->items() || votes->classes() > classes)
            return invalid("probs of labelled items: must have a row an item, a column a class");
        for (std::size_t i = 0; i < votes->items(); ++i)
            if (votes->count_of(i) == 0)
                return invalid(fmt::format("votes: item {} has none: must have at least one", i));
    }
    if (!unlabelled.probs.empty())
        TUSKER_TRY(check(unlabelled, "probs of unlabelled items", some.probs.size(), classes));
    return with_conventions(order, [&]<class Conventions>() {
        return score<Conventions>(votes, labelled, unlabelled, pool);
    });
}

template std::vector<double> score_unlabelled(const Models<float>&, std::span<const ClassId>,
                                              const Attention&, confident::Order);
template std::vector<double> score_unlabelled(const Models<double>&, std::span<const ClassId>,
                                              const Attention&, confident::Order);
template Result<ActiveScores> active_learning_scores(const std::optional<Votes>&,
                                                     const Models<float>&, const Models<float>&,
                                                     confident::Order, const Pool&);
template Result<ActiveScores> active_learning_scores(const std::optional<Votes>&,
                                                     const Models<double>&, const Models<double>&,
                                                     confident::Order, const Pool&);

}  // namespace tusker::crowd
