#include "kernels/crowd/label_quality.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "kernels/confident/scores.hpp"
#include "kernels/crowd/blocks.hpp"
#include "kernels/crowd/conventions.hpp"

namespace tusker::crowd {
namespace {

using confident::RankBy;
using Posterior = MatrixView<const double>;

Result<void> check(Posterior posterior, const LabelScore& score) {
    if (score.adjust_probs && confident::is_entropy(score.rank_by))
        return invalid(fmt::format("adjust_pred_probs = true: is not currently supported for {}",
                                   confident::name_of(score.rank_by)));
    const double slack = confident::is_entropy(score.rank_by) ? 0 : 1e-6;
    const auto values = posterior.values();
    const auto wrong =
        std::ranges::find_if(values, [&](double p) { return !(p >= -slack && p <= 1 + slack); });
    if (wrong == values.end()) return {};
    const auto at = static_cast<std::size_t>(wrong - values.begin());
    return invalid(fmt::format(
        "pred_probs: the posterior of item {} for class {} is {}: must be between 0 and 1",
        at / posterior.columns(), at % posterior.columns(), *wrong));
}

/// Mean probability of each class over the labels that name it: 2 without any, else >= 2e-6.
template <class Order>
std::vector<double> self_confidences(Posterior posterior, std::span<const Index> items,
                                     std::span<const ClassId> labels) {
    std::vector<std::vector<double>> of_class(posterior.columns());
    for (std::size_t j = 0; j < items.size(); ++j)
        of_class[labels[j]].push_back(posterior.row(items[j])[labels[j]]);
    std::vector<double> means;
    for (const auto& values : of_class) {
        const double mean =
            values.empty() ? 2.0 : Order::sum(values) / static_cast<double>(values.size());
        means.push_back(std::max(mean, 2 * kLeastWeight));
    }
    return means;
}

/// Scores of labels of one group, which has its own thresholds if they are to be adjusted.
template <class Order>
class Scorer {
public:
    Scorer(Posterior posterior, const LabelScore& score)
        : posterior_(posterior), score_(score), row_(posterior.columns()) {}

    void begin_group(std::span<const Index> items, std::span<const ClassId> labels) {
        if (!score_.adjust_probs) return;
        thresholds_ = self_confidences<Order>(posterior_, items, labels);
        highest_ = std::ranges::max(thresholds_);
    }

    double operator()(std::size_t item, ClassId label) {
        std::span<const double> p = posterior_.row(item);
        if (score_.adjust_probs) p = adjusted(p);
        switch (score_.rank_by) {
            case RankBy::SelfConfidence:
                return p[label];
            case RankBy::NormalizedMargin: {
                double other = -1;
                for (std::size_t k = 0; k < p.size(); ++k)
                    if (k != label) other = std::max(other, p[k]);
                return confident::normalized_margin(p[label], other);
            }
            case RankBy::ConfidenceWeightedEntropy:
            case RankBy::WeightedEntropy:
                return confident::weighted_entropy<Order>(
                    p, p[label], score_.rank_by == RankBy::WeightedEntropy, std::span(row_));
        }
        return 0;
    }

private:
    std::span<const double> adjusted(std::span<const double> p) {
        for (std::size_t k = 0; k < p.size(); ++k) row_[k] = p[k] - thresholds_[k] + highest_;
        const double total = Order::sum(row_);
        for (double& x : row_) x /= total;
        return row_;
    }

    Posterior posterior_;
    LabelScore score_;
    std::vector<double> row_;
    std::vector<double> thresholds_;
    double highest_ = 0;
};

}  // namespace

template <class Conventions>
Result<std::vector<double>> score_labels(Posterior posterior, std::span<const ClassId> labels,
                                         const LabelScore& score, const Pool& pool) {
    TUSKER_TRY(check(posterior, score));
    std::vector<Index> items(labels.size());
    std::iota(items.begin(), items.end(), Index{0});
    Scorer<typename Conventions::Order> whole(posterior, score);
    whole.begin_group(items, labels);
    std::vector<double> scores(labels.size());
    for_ranges(pool, labels.size(), kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
        auto scorer = whole;
        for (std::size_t i = begin; i < end; ++i) scores[i] = scorer(i, labels[i]);
    });
    return scores;
}

template <class Conventions>
Result<std::vector<double>> score_votes(const Votes& votes, Posterior posterior,
                                        const LabelScore& score, const Pool& pool) {
    TUSKER_TRY(check(posterior, score));
    std::vector<double> scores(votes.votes().size());
    const auto judge = [&](std::size_t begin, std::size_t end) {
        Scorer<typename Conventions::Order> scorer(posterior, score);
        std::vector<Index> items;
        std::vector<ClassId> labels;
        for (std::size_t a = begin; a < end; ++a) {
            items.clear();
            labels.clear();
            for (const OwnVote& own : votes.of_annotator(a)) {
                items.push_back(own.item);
                labels.push_back(votes.votes()[own.vote].label);
            }
            scorer.begin_group(items, labels);
            for (const OwnVote& own : votes.of_annotator(a))
                scores[own.vote] = scorer(own.item, votes.votes()[own.vote].label);
        }
    };
    for_ranges(pool, votes.annotators(), kAnnotatorsPerBlock, judge);
    return scores;
}

template Result<std::vector<double>> score_labels<Sound>(Posterior, std::span<const ClassId>,
                                                         const LabelScore&, const Pool&);
template Result<std::vector<double>> score_labels<Cleanlab>(Posterior, std::span<const ClassId>,
                                                            const LabelScore&, const Pool&);
template Result<std::vector<double>> score_votes<Sound>(const Votes&, Posterior, const LabelScore&,
                                                        const Pool&);
template Result<std::vector<double>> score_votes<Cleanlab>(const Votes&, Posterior,
                                                           const LabelScore&, const Pool&);

}  // namespace tusker::crowd
