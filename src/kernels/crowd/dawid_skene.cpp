// The state of a round is q [N × K], who is probably what; from it follow the priors (means of q)
// and e [rows of error matrices × K] (sums of q over the votes of one annotator for one label), and
// from these the next q. In crowd-kit's order sums are Kahan's, vote by vote, as pandas groups and
// adds, and q comes from logarithms. Sound multiplies probabilities instead, adds in runs, and
// takes the entropy of q from its normalisation: no logarithm or power is taken for an item and
// class.
#include "kernels/crowd/dawid_skene.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "kernels/crowd/blocks.hpp"
#include "kernels/crowd/conventions.hpp"
#include "kernels/crowd/row_math.hpp"
#include "kernels/crowd/vote_groups.hpp"

namespace tusker::crowd {
namespace {

constexpr double kLeast = 1e-10;
/// More votes than a clipped sum of q, also after it was divided and multiplied again.
constexpr double kCountable = 1.001 * kLeast;
constexpr std::size_t kBlocksOfAnnotators = 64;

/// Logarithms of probabilities; crowd-kit takes them to base 2.
template <class Conventions>
struct Logarithms {
    static constexpr double kNatural = 1;  // ln of the base
    static void of(std::span<const double> values, std::span<double> out) { log_each(values, out); }
};
template <>
struct Logarithms<Cleanlab> {
    static constexpr double kNatural = std::numbers::ln2;
    static void of(std::span<const double> values, std::span<double> out) {
        for (std::size_t i = 0; i < values.size(); ++i) out[i] = std::log2(values[i]);
    }
};

/// Rows of q and of error matrices are padded; what stands in the columns past K is finite and
/// never looked at, and 0 in the priors.
template <class Conventions>
class Estimator {
public:
    Estimator(VoteGroups votes, const CrowdSize& size, const DawidSkeneOptions& options,
              const Pool& pool)
        : options_(options),
          pool_(pool),
          votes_(std::move(votes)),
          n_(size.items),
          k_(size.classes),
          stride_(padded(size.classes)),
          posterior_(n_, stride_),
          priors_(stride_),
          log_priors_(stride_),
          errors_(votes_.given.size(), stride_),
          logs_(votes_.given.size(), stride_) {
        for (const Gold& gold : options.gold) known_[gold.item] = gold.label;
        open_ = votes_.items_by_count();
        std::erase_if(open_, [&](Index item) { return known_.contains(item); });
    }

    DawidSkene run() && {
        DawidSkene result;
        share_votes();
        for (const auto& [item, label] : known_) assert_known(item, label);
        if constexpr (Conventions::kAsCleanlab) {
            average_singly(options_.first_order);
        } else {
            std::vector<Index> all(n_);
            std::iota(all.begin(), all.end(), Index{0});
            std::vector<double> sums(stride_);
            sum_rows(posterior_.all(), all, sums);
            set_priors(sums);
        }
        estimate_errors();
        double before = -std::numeric_limits<double>::infinity();
        while (result.bounds.size() < options_.rounds_max) {
            const double bound = play_round() / static_cast<double>(votes_.item_of.size());
            result.bounds.push_back(bound);
            if (bound - before < options_.tolerance) break;
            before = bound;
        }
        take_labels(result);
        result.errors = std::move(errors_).without_padding(k_);
        result.priors.assign(priors_.begin(), priors_.begin() + static_cast<std::ptrdiff_t>(k_));
        result.given = std::move(votes_.given);
        return result;
    }

private:
    std::span<double> posterior_of(std::size_t item) { return posterior_.row(item); }
    std::span<double> errors_of(std::size_t given) { return errors_.row(given); }
    std::span<double> logs_of(std::size_t given) { return logs_.row(given); }
    static void sum(std::span<const double> table, std::span<const Index> rows,
                    std::span<double> out) {
        if constexpr (Conventions::kAsCleanlab)
            sum_rows_singly(table, rows, out);
        else
            sum_rows(table, rows, out);
    }

    /// The start: q is the share of the item's votes.
    void share_votes() {
        for_ranges(pool_, n_, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) {
                const auto given = votes_.given_of_item(i);
                const auto q = posterior_of(i);
                for (const Index g : given) q[votes_.given[g].label] += 1;
                for (double& x : q) x /= static_cast<double>(given.size());
            }
        });
    }

    void assert_known(Index item, ClassId label) {
        std::ranges::fill(posterior_of(item).first(k_), 0.0);
        posterior_of(item)[label] = 1;
    }

    /// Labels from priors and errors, then those from these. Returns the evidence lower bound.
    double play_round() {
        if constexpr (Conventions::kAsCleanlab) {
            estimate_labels_by_logs();
            for (const auto& [item, label] : known_) assert_known(item, label);
            average_singly({});
            const double expected = estimate_errors();
            return expected + clip_and_take_entropy();
        } else {
            // What the entropy of q is made of: estimate_errors() takes off the sums of the votes.
            std::vector<double> sums(stride_);
            double entropy = estimate_labels(sums);
            for (std::size_t k = 0; k < k_; ++k) entropy -= sums[k] * log_priors_[k];
            set_priors(sums);
            return estimate_errors() + entropy;
        }
    }

    void set_priors(std::span<const double> sums) {
        for (std::size_t k = 0; k < k_; ++k)
            priors_[k] = std::max(sums[k] / static_cast<double>(n_), kLeast);
        std::vector<double> positive(priors_);
        std::ranges::fill(std::span(positive).subspan(k_), 1.0);
        Logarithms<Conventions>::of(positive, log_priors_);
    }

    /// Priors: means of q, the items taken in `order` (empty: by number). crowd-kit adds them one
    /// by one.
    void average_singly(std::span<const Index> order) {
        std::vector<double> sums(stride_);
        for (std::size_t j = 0; j < n_; ++j) {
            const auto q = posterior_of(order.empty() ? j : order[j]);
            for (std::size_t k = 0; k < stride_; ++k) sums[k] += q[k];
        }
        set_priors(sums);
    }

    /// e: how often the annotator said the label where each class is true, then columns to 1.
    /// Returns what scale() says of all.
    double estimate_errors() {
        const std::size_t annotators = votes_.annotator_begins.size() - 1;
        std::vector<double> expected(annotators);
        const std::size_t per_block = std::max<std::size_t>(annotators / kBlocksOfAnnotators, 1);
        for_ranges(pool_, annotators, per_block, [&](std::size_t begin, std::size_t end) {
            std::vector<double> totals(stride_);
            std::vector<double> logs_before(stride_);
            for (std::size_t a = begin; a < end; ++a) {
                const auto given = votes_.given_of_annotator(a);
                for (const Index g : given) {
                    sum(posterior_.all(), votes_.items_of_given(g), errors_of(g));
                    for (double& x : errors_of(g)) x = std::max(x, kLeast);
                }
                sum(errors_.all(), given, totals);
                for (const Index g : given) expected[a] += scale(g, totals, logs_before);
            }
        });
        return Conventions::Order::sum(expected);
    }

    /// Divides a row of an error matrix by `totals` and takes its logarithms. Returns its share of
    /// the expected log-likelihood of votes and labels; as crowd-kit has it, the prior counts once
    /// a vote. (A sum of q that was clipped at 1e-10 counts as none.) Sound: less its share of the
    /// logarithms before, see estimate_labels().
    double scale(Index given, std::span<const double> totals, std::span<double> logs_before) {
        const auto errors = errors_of(given);
        const auto logs = logs_of(given);
        if constexpr (!Conventions::kAsCleanlab) std::ranges::copy(logs, logs_before.begin());
        for (std::size_t k = 0; k < stride_; ++k) errors[k] /= totals[k];
        Logarithms<Conventions>::of(errors, logs);
        double expected = 0;
        for (std::size_t k = 0; k < k_; ++k) {
            const double votes = errors[k] * totals[k];
            if (votes > kCountable) expected += votes * (logs[k] + log_priors_[k] - logs_before[k]);
        }
        return expected * Logarithms<Conventions>::kNatural;
    }

    /// q = w / Z: products w of the prior and the errors of the item's votes, divided by their sum.
    /// Its entropy is ln Z less the mean of ln w; the means need no logarithm of q, only the sums
    /// of q for each prior and error that were there before. Returns the sum of ln Z (where the
    /// label is known, of its ln w), and in `sums` that of q.
    double estimate_labels(std::span<double> sums) {
        const std::size_t blocks = (open_.size() + kProducts - 1) / kProducts;
        PaddedRows block_sums(blocks + 1, stride_);
        std::vector<double> block_logs(blocks + 1);
        for_ranges(pool_, open_.size(), kProducts, [&](std::size_t begin, std::size_t end) {
            const std::size_t block = begin / kProducts;
            const auto items = std::span(open_).subspan(begin, end - begin);
            block_logs[block] =
                multiply_rows({errors_.all(), votes_.given_of, votes_.item_begins, priors_}, items,
                              posterior_.all());
            sum_rows(posterior_.all(), items, block_sums.row(block));
        });
        for (const auto& [item, label] : known_) {
            block_sums.row(blocks)[label] += 1;
            block_logs[blocks] += log_priors_[label];
            for (const Index g : votes_.given_of_item(item))
                block_logs[blocks] += logs_of(g)[label];
        }
        std::vector<Index> all(blocks + 1);
        std::iota(all.begin(), all.end(), Index{0});
        sum_rows(block_sums.all(), all, sums);
        return Conventions::Order::sum(block_logs);
    }

    /// q from priors and e as crowd-kit has it: by way of logarithms whose largest is shifted to 0.
    void estimate_labels_by_logs() {
        for_ranges(pool_, n_, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) {
                const auto q = posterior_of(i);
                sum_rows_singly(logs_.all(), votes_.given_of_item(i), q);
                for (std::size_t k = 0; k < stride_; ++k) q[k] = log_priors_[k] + q[k];
                const double largest = std::ranges::max(q.first(k_));
                for (double& x : q) x -= largest;
                std::ranges::fill(q.subspan(k_), 0.0);
            }
            for (double& x : posterior_.rows(begin, end)) x = std::exp2(x);
            for (std::size_t i = begin; i < end; ++i) {
                const auto q = posterior_of(i).first(k_);
                const double total = Conventions::Order::sum(q);
                for (double& x : q) x /= total;
            }
        });
    }

    /// The entropy of q in nats; clips q on the way, as crowd-kit does. Padding is 1 here, which
    /// has none.
    double clip_and_take_entropy() {
        std::vector<double> entropy((n_ + kItemsPerBlock - 1) / kItemsPerBlock);
        for_ranges(pool_, n_, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
            const auto block = posterior_.rows(begin, end);
            for (double& q : block) q = std::max(q, kLeast);
            std::vector<double> logs(block.size());
            log_each(block, logs);
            std::array<double, kColumns> sums{};
            for (std::size_t j = 0; j < block.size(); j += kColumns)
                for (std::size_t c = 0; c < kColumns; ++c) sums[c] -= block[j + c] * logs[j + c];
            entropy[begin / kItemsPerBlock] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        });
        return Conventions::Order::sum(entropy);
    }

    /// The labels, and q as the result gives it: clipped, unless no round was played.
    void take_labels(DawidSkene& result) {
        result.labels.resize(n_);
        const double least = result.bounds.empty() ? 0 : kLeast;
        for_ranges(pool_, n_, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) {
                const auto q = posterior_of(i).first(k_);
                result.labels[i] = static_cast<ClassId>(std::ranges::max_element(q) - q.begin());
                for (double& x : q) x = std::max(x, least);
            }
        });
        result.posterior = std::move(posterior_).without_padding(k_);
    }

    const DawidSkeneOptions& options_;
    const Pool& pool_;
    VoteGroups votes_;
    std::map<Index, ClassId> known_;
    std::vector<Index> open_;  // the other items
    std::size_t n_;
    std::size_t k_;
    std::size_t stride_;
    PaddedRows posterior_;        // q [N × stride]
    std::vector<double> priors_;  // [stride]
    std::vector<double> log_priors_;
    PaddedRows errors_;  // e [given × stride]
    PaddedRows logs_;    // of e, to the base that the conventions take
};

}  // namespace

Result<DawidSkene> dawid_skene(const VoteRows& rows, const CrowdSize& size,
                               const DawidSkeneOptions& options, const Pool& pool) {
    TUSKER_TRY(check_rows(rows, size));
    if (rows.items.empty() || size.classes == 0)
        return invalid("votes: there are none: needs at least one");
    VoteGroups votes = group_votes(rows, size);
    const auto without = std::ranges::adjacent_find(votes.item_begins);
    if (without != votes.item_begins.end())
        return invalid(fmt::format("votes: item {} has none: must have at least one",
                                   without - votes.item_begins.begin()));
    for (const Gold& gold : options.gold)
        if (gold.item >= size.items || gold.label >= size.classes)
            return invalid(fmt::format("gold: item {}, label {}: must be below {} and {}",
                                       gold.item, gold.label, size.items, size.classes));
    if (!options.first_order.empty() && options.first_order.size() != size.items)
        return invalid("first_order: must be a permutation of the items");
    return with_conventions(options.order, [&]<class Conventions>() -> Result<DawidSkene> {
        return Estimator<Conventions>(std::move(votes), size, options, pool).run();
    });
}

}  // namespace tusker::crowd
