#include "kernels/crowd/majority.hpp"

#include <algorithm>
#include <limits>

#include "kernels/crowd/blocks.hpp"
#include "kernels/crowd/conventions.hpp"

namespace tusker::crowd {
namespace {

/// Classes of one item with the most votes, ascending. `counts` [K] is zero before and after.
void most_voted(std::span<const Vote> votes, std::vector<Index>& counts,
                std::vector<ClassId>& leaders) {
    leaders.clear();
    Index most = 0;
    for (const Vote& vote : votes) {
        const Index count = ++counts[vote.label];
        if (count > most) {
            most = count;
            leaders.clear();
        }
        if (count == most) leaders.push_back(vote.label);
    }
    for (const Vote& vote : votes) counts[vote.label] = 0;
    std::ranges::sort(leaders);
}

/// Keeps the classes of highest score.
template <class Score>
void keep_best(std::vector<ClassId>& classes, const Score& score) {
    auto best = score(classes.front());
    for (const ClassId k : classes) best = std::max(best, score(k));
    std::erase_if(classes, [&](ClassId k) { return score(k) != best; });
}

/// Settles the items in which one class is left.
void settle(std::vector<ItemClasses>& open, std::vector<ClassId>& labels) {
    std::erase_if(open, [&](const ItemClasses& item) {
        labels[item.item] = item.classes.front();
        return item.classes.size() == 1;
    });
}

template <class Order>
double mean(std::span<const double> values) {
    return Order::sum(values) / static_cast<double>(values.size());
}

/// Each annotator's share of labels equal to those of the items without a tie; NaN-free.
/// Nothing if no item is without a tie.
template <class Order>
std::optional<std::vector<double>> agreement_without_ties(const Votes& votes,
                                                          std::span<const ClassId> labels,
                                                          std::span<const ItemClasses> tied) {
    if (tied.size() == votes.items()) return std::nullopt;
    std::vector<bool> is_tied(votes.items());
    for (const ItemClasses& item : tied) is_tied[item.item] = true;
    std::vector<double> shares(votes.annotators());
    std::vector<double> known;
    std::vector<bool> unknown(votes.annotators());
    for (std::size_t a = 0; a < votes.annotators(); ++a) {
        std::size_t labelled = 0;
        std::size_t equal = 0;
        for (const OwnVote& own : votes.of_annotator(a)) {
            if (is_tied[own.item]) continue;
            ++labelled;
            equal += votes.votes()[own.vote].label == labels[own.item];
        }
        unknown[a] = labelled == 0;
        if (unknown[a]) continue;
        shares[a] = static_cast<double>(equal) / static_cast<double>(labelled);
        known.push_back(shares[a]);
    }
    const double average = mean<Order>(known);
    for (std::size_t a = 0; a < shares.size(); ++a)
        if (unknown[a]) shares[a] = average;
    return shares;
}

template <class Order>
void break_by_annotators(const Votes& votes, std::span<const double> agreement,
                         std::vector<ItemClasses>& open) {
    std::vector<double> of_class;
    for (ItemClasses& item : open) {
        std::vector<double> scores;
        for (const ClassId k : item.classes) {
            of_class.clear();
            for (const Vote& vote : votes.of_item(item.item))
                if (vote.label == k) of_class.push_back(agreement[vote.annotator]);
            scores.push_back(mean<Order>(of_class));
        }
        const auto classes = item.classes;
        keep_best(item.classes, [&](ClassId k) {
            return scores[static_cast<std::size_t>(std::ranges::find(classes, k) -
                                                   classes.begin())];
        });
    }
}

/// Fills labels, and the classes of the items that are tied.
void count_votes(const Votes& votes, MajorityVote& majority, const Pool& pool) {
    const std::size_t blocks = (votes.items() + kItemsPerBlock - 1) / kItemsPerBlock;
    std::vector<std::vector<ItemClasses>> tied(blocks);
    for_ranges(pool, votes.items(), kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
        std::vector<Index> counts(votes.classes());
        std::vector<ClassId> leaders;
        for (std::size_t i = begin; i < end; ++i) {
            most_voted(votes.of_item(i), counts, leaders);
            majority.labels[i] = leaders.front();
            if (leaders.size() > 1)
                tied[begin / kItemsPerBlock].push_back({static_cast<Index>(i), leaders});
        }
    });
    for (auto& block : tied) std::ranges::move(block, std::back_inserter(majority.tied));
}

template <class Conventions, class T>
Result<MajorityVote> vote(const Votes& votes, std::optional<MatrixView<const T>> probs,
                          const Pool& pool) {
    using Order = typename Conventions::Order;
    MajorityVote majority;
    majority.labels.resize(votes.items());
    count_votes(votes, majority, pool);
    auto open = majority.tied;
    if (probs) {
        for (ItemClasses& item : open)
            keep_best(item.classes, [&](ClassId k) { return probs->row(item.item)[k]; });
        settle(open, majority.labels);
    }
    if (!open.empty()) {
        std::vector<std::int64_t> frequency(votes.classes());
        for (const Vote& one : votes.votes()) ++frequency[one.label];
        for (ItemClasses& item : open)
            keep_best(item.classes, [&](ClassId k) { return -frequency[k]; });
        settle(open, majority.labels);
    }
    if (!open.empty()) {
        const auto agreement = agreement_without_ties<Order>(votes, majority.labels, majority.tied);
        if (!agreement && Conventions::kAsCleanlab)
            return invalid(
                "labels: every item is tied, so that no annotator can be compared with a majority; "
                "pass probabilities that break the ties");
        if (agreement) break_by_annotators<Order>(votes, *agreement, open);
        settle(open, majority.labels);
    }
    majority.undecided = std::move(open);
    return majority;
}

Result<void> check_votes(const Votes& votes) {
    for (std::size_t i = 0; i < votes.items(); ++i)
        if (votes.count_of(i) == 0)
            return invalid("labels: item " + std::to_string(i) + " has none: needs at least one");
    return {};
}

}  // namespace

template <class T>
Result<MajorityVote> majority_vote(const Votes& votes, std::optional<MatrixView<const T>> probs,
                                   confident::Order order, const Pool& pool) {
    TUSKER_TRY(check_votes(votes));
    if (probs && (probs->rows() != votes.items() || probs->columns() < votes.classes()))
        return invalid("probs: must have a row an item and a column a class");
    return with_conventions(
        order, [&]<class Conventions>() { return vote<Conventions, T>(votes, probs, pool); });
}

template Result<MajorityVote> majority_vote(const Votes&, std::optional<MatrixView<const float>>,
                                            confident::Order, const Pool&);
template Result<MajorityVote> majority_vote(const Votes&, std::optional<MatrixView<const double>>,
                                            confident::Order, const Pool&);

std::vector<double> agreement_with(const Votes& votes, std::span<const ClassId> consensus,
                                   const Pool& pool) {
    std::vector<double> shares(votes.items());
    for_ranges(pool, votes.items(), kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const auto mine = votes.of_item(i);
            const auto equal = std::ranges::count(mine, consensus[i], &Vote::label);
            shares[i] = static_cast<double>(equal) / static_cast<double>(mine.size());
        }
    });
    return shares;
}

}  // namespace tusker::crowd
