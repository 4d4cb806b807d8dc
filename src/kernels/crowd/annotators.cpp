#include "kernels/crowd/annotators.hpp"

#include <algorithm>
#include <limits>

#include "kernels/crowd/blocks.hpp"
#include "kernels/crowd/conventions.hpp"

namespace tusker::crowd {
namespace {

/// Kahan's sum, as pandas takes means of groups: exact enough for Sound, and what decides under
/// Cleanlab.
double kahan_mean(std::span<const double> values) {
    double total = 0;
    double excess = 0;
    for (const double value : values) {
        const double next = value - excess;
        const double sum = total + next;
        excess = sum - total - next;
        total = sum;
    }
    return total / static_cast<double>(values.size());
}

/// How an annotator fared with each class that he gave.
class ClassRecord {
public:
    ClassRecord(const Votes& votes, std::span<const ClassId> consensus,
                std::span<const double> consensus_quality)
        : votes_(votes),
          consensus_(consensus),
          quality_(consensus_quality),
          given_(votes.classes()),
          right_(votes.classes()) {}

    ClassId worst_of(std::size_t annotator) {
        std::vector<ClassId> classes;
        for (const OwnVote& own : votes_.of_annotator(annotator)) {
            const ClassId label = label_of(own);
            if (given_[label]++ == 0) classes.push_back(label);
            right_[label] += label == consensus_[own.item];
        }
        const auto all = classes;
        std::ranges::sort(classes);
        keep_highest(classes, [&](ClassId k) {
            return -static_cast<double>(right_[k]) / static_cast<double>(given_[k]);
        });
        keep_highest(classes, [&](ClassId k) { return static_cast<double>(given_[k]); });
        if (classes.size() > 1)
            keep_highest(classes, [&](ClassId k) { return mean_quality(annotator, k); });
        for (const ClassId k : all) given_[k] = right_[k] = 0;
        return classes.front();
    }

private:
    ClassId label_of(const OwnVote& own) const { return votes_.votes()[own.vote].label; }

    template <class Score>
    static void keep_highest(std::vector<ClassId>& classes, const Score& score) {
        std::vector<double> scores(classes.size());
        std::ranges::transform(classes, scores.begin(), score);
        const double best = std::ranges::max(scores);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < scores.size(); ++i)
            if (scores[i] == best) classes[kept++] = classes[i];
        classes.resize(kept);
    }

    double mean_quality(std::size_t annotator, ClassId k) {
        values_.clear();
        for (const OwnVote& own : votes_.of_annotator(annotator))
            if (label_of(own) == k) values_.push_back(quality_[own.item]);
        return kahan_mean(values_);
    }

    const Votes& votes_;
    std::span<const ClassId> consensus_;
    std::span<const double> quality_;
    std::vector<Index> given_;
    std::vector<Index> right_;
    std::vector<double> values_;
};

template <class Order>
double mean_score(const Votes& votes, std::size_t annotator, const QualityParts& parts) {
    const auto own = votes.of_annotator(annotator);
    double total = 0;
    if (parts.mean_over_column) {
        std::vector<confident::PlacedValue> cells;
        for (const OwnVote& one : own) cells.push_back({one.item, parts.vote_scores[one.vote]});
        total = Order::sum(cells, votes.items());
    } else {
        std::vector<double> scores;
        for (const OwnVote& one : own) scores.push_back(parts.vote_scores[one.vote]);
        total = Order::sum(scores);
    }
    return total / static_cast<double>(own.size());
}

/// v: how much the mean score counts.
template <class Order>
double score_share(const Votes& votes, const QualityParts& parts) {
    const double votes_per_item =
        static_cast<double>(votes.votes().size()) / static_cast<double>(votes.items());
    const double heard =
        Order::sum(parts.weights) * (votes_per_item / static_cast<double>(votes.annotators()));
    return parts.model_weight / (parts.model_weight + heard);
}

}  // namespace

template <class Conventions>
std::vector<AnnotatorQuality> judge_annotators(const Votes& votes,
                                               std::span<const ClassId> consensus,
                                               std::span<const double> consensus_quality,
                                               const std::optional<QualityParts>& parts,
                                               const Pool& pool) {
    using Order = typename Conventions::Order;
    const double by_score = parts ? score_share<Order>(votes, *parts) : 0;
    std::vector<AnnotatorQuality> all(votes.annotators());
    const auto judge = [&](std::size_t begin, std::size_t end) {
        ClassRecord record(votes, consensus, consensus_quality);
        for (std::size_t a = begin; a < end; ++a) {
            std::size_t shared = 0;
            std::size_t shared_right = 0;
            std::size_t right = 0;
            const auto own = votes.of_annotator(a);
            for (const OwnVote& one : own) {
                const bool agrees = votes.votes()[one.vote].label == consensus[one.item];
                const bool is_shared = votes.count_of(one.item) > 1;
                right += agrees;
                shared += is_shared;
                shared_right += is_shared && agrees;
            }
            const double share =
                shared == 0 ? std::numeric_limits<double>::quiet_NaN()
                            : static_cast<double>(shared_right) / static_cast<double>(shared);
            AnnotatorQuality& one = all[a];
            one.labelled = own.size();
            one.agreement = static_cast<double>(right) / static_cast<double>(own.size());
            one.worst_class = record.worst_of(a);
            one.quality =
                parts ? by_score * mean_score<Order>(votes, a, *parts) + (1 - by_score) * share
                      : share;
        }
    };
    for_ranges(pool, votes.annotators(), kAnnotatorsPerBlock, judge);
    return all;
}

template std::vector<AnnotatorQuality> judge_annotators<Sound>(const Votes&,
                                                               std::span<const ClassId>,
                                                               std::span<const double>,
                                                               const std::optional<QualityParts>&,
                                                               const Pool&);
template std::vector<AnnotatorQuality> judge_annotators<Cleanlab>(
    const Votes&, std::span<const ClassId>, std::span<const double>,
    const std::optional<QualityParts>&, const Pool&);

}  // namespace tusker::crowd
