// The state of a round is q [N × K], who is probably what; from it follow the priors (means of q)
// and e [rows of error matrices × K] (sums of q over the votes of one annotator for one label), and
// from these the next q. Both sums are Kahan's, in the order of the votes, as pandas groups and
// adds; so Sound and Cleanlab differ only in logarithms and in how means are taken.
#include "kernels/crowd/dawid_skene.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "kernels/crowd/blocks.hpp"
#include "kernels/crowd/conventions.hpp"
#include "kernels/crowd/row_math.hpp"

namespace tusker::crowd {
namespace {

constexpr double kLeast = 1e-10;
/// More votes than a clipped sum of q, also after it was divided and multiplied again.
constexpr double kCountable = 1.001 * kLeast;
constexpr std::size_t kLabelsPerBlock = 64;

/// Powers and logarithms of the likelihoods, over padded rows; crowd-kit takes them to base 2.
template <class Conventions>
struct Likelihoods {
    static constexpr double kNatural = 1;  // ln of the base
    static void log(std::span<const double> values, std::span<double> out) {
        log_each(values, out);
    }
    static void exp(std::span<double> values) { exp_each(values); }
    /// Of powers whose largest is 1: four sums side by side, in a fixed order.
    static double sum(std::span<const double> powers) {
        std::array<double, kColumns> sums{};
        std::size_t c = 0;
        for (; c + kColumns <= powers.size(); c += kColumns)
            for (std::size_t j = 0; j < kColumns; ++j) sums[j] += powers[c + j];
        for (std::size_t j = 0; c < powers.size(); ++c, ++j) sums[j] += powers[c];
        return (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
};
template <>
struct Likelihoods<Cleanlab> {
    static constexpr double kNatural = std::numbers::ln2;
    static void log(std::span<const double> values, std::span<double> out) {
        for (std::size_t i = 0; i < values.size(); ++i) out[i] = std::log2(values[i]);
    }
    static void exp(std::span<double> values) {
        for (double& x : values) x = std::exp2(x);
    }
    static double sum(std::span<const double> powers) { return Cleanlab::Order::sum(powers); }
};

/// The votes by item and by (annotator, label), each in the order of the rows.
struct Grouped {
    std::vector<AnnotatorLabel> given;             // by first occurrence
    std::vector<Index> item_begins;                // [N + 1]
    std::vector<Index> given_of;                   // per vote, item by item: a position in `given`
    std::vector<Index> given_begins;               // [given + 1]
    std::vector<Index> item_of;                    // per vote, grouped by `given`
    std::vector<std::vector<Index>> of_annotator;  // [A] positions in `given`
};

std::vector<Index> begins_of(std::span<const Index> keys, std::size_t distinct) {
    std::vector<Index> begins(distinct + 1);
    for (const Index key : keys) ++begins[key + 1];
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    return begins;
}

/// values[i] of each row i, grouped by keys[i] and in the order of the rows within a group.
std::vector<Index> grouped(std::span<const Index> keys, std::span<const Index> values,
                           std::span<const Index> begins) {
    std::vector<Index> next(begins.begin(), begins.end() - 1);
    std::vector<Index> out(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) out[next[keys[i]]++] = values[i];
    return out;
}

std::span<const Index> slice(std::span<const Index> values, std::span<const Index> begins,
                             std::size_t i) {
    return values.subspan(begins[i], begins[i + 1] - begins[i]);
}

Grouped group(const VoteRows& rows, const CrowdSize& size) {
    Grouped all;
    all.of_annotator.resize(size.annotators);
    // An annotator gives few labels: his are searched, those most given first in practice.
    std::vector<Index> given_of_row(rows.items.size());
    for (std::size_t i = 0; i < given_of_row.size(); ++i) {
        auto& own = all.of_annotator[rows.annotators[i]];
        const auto found =
            std::ranges::find(own, rows.labels[i], [&](Index g) { return all.given[g].label; });
        if (found != own.end()) {
            given_of_row[i] = *found;
            continue;
        }
        given_of_row[i] = static_cast<Index>(all.given.size());
        own.push_back(given_of_row[i]);
        all.given.push_back({rows.annotators[i], rows.labels[i]});
    }
    all.item_begins = begins_of(rows.items, size.items);
    all.given_of = grouped(rows.items, given_of_row, all.item_begins);
    all.given_begins = begins_of(given_of_row, all.given.size());
    all.item_of = grouped(given_of_row, rows.items, all.given_begins);
    return all;
}

/// Rows of q and of error matrices are padded; what stands in the columns past K is finite and
/// never looked at.
template <class Conventions>
class Estimator {
public:
    Estimator(const VoteRows& rows, const CrowdSize& size, const DawidSkeneOptions& options,
              const Pool& pool)
        : options_(options),
          pool_(pool),
          votes_(group(rows, size)),
          n_(size.items),
          k_(size.classes),
          stride_(padded(size.classes)),
          posterior_(n_ * stride_),
          priors_(stride_, 1.0),
          log_priors_(stride_),
          errors_(votes_.given.size() * stride_),
          logs_(errors_.size()) {}

    DawidSkene run() && {
        DawidSkene result;
        share_votes();
        assert_gold();
        average(options_.first_order);
        estimate_errors();
        double before = -std::numeric_limits<double>::infinity();
        for (std::size_t round = 0; round < options_.rounds_max; ++round) {
            estimate_labels();
            assert_gold();
            average({});
            const double expected = estimate_errors();
            const double bound =
                (expected + clip_and_take_entropy()) / static_cast<double>(votes_.item_of.size());
            result.bounds.push_back(bound);
            if (bound - before < options_.tolerance) break;
            before = bound;
        }
        for (std::size_t i = 0; i < n_; ++i) {
            const auto q = posterior_of(i).first(k_);
            result.labels.push_back(static_cast<ClassId>(std::ranges::max_element(q) - q.begin()));
        }
        result.posterior = without_padding(posterior_);
        result.errors = without_padding(errors_);
        result.priors.assign(priors_.begin(), priors_.begin() + static_cast<std::ptrdiff_t>(k_));
        result.given = std::move(votes_.given);
        return result;
    }

private:
    std::span<double> posterior_of(std::size_t item) {
        return std::span(posterior_).subspan(item * stride_, stride_);
    }
    std::span<double> errors_of(std::size_t given) {
        return std::span(errors_).subspan(given * stride_, stride_);
    }
    std::span<double> logs_of(std::size_t given) {
        return std::span(logs_).subspan(given * stride_, stride_);
    }
    std::span<double> block_of(std::size_t begin, std::size_t end) {
        return std::span(posterior_).subspan(begin * stride_, (end - begin) * stride_);
    }

    std::vector<double> without_padding(std::span<const double> rows) const {
        std::vector<double> values;
        values.reserve(rows.size() / stride_ * k_);
        for (std::size_t at = 0; at < rows.size(); at += stride_)
            for (const double x : rows.subspan(at, k_)) values.push_back(x);
        return values;
    }

    /// The start: q is the share of the item's votes.
    void share_votes() {
        for_ranges(pool_, n_, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) {
                const auto given = slice(votes_.given_of, votes_.item_begins, i);
                const auto q = posterior_of(i);
                for (const Index g : given) q[votes_.given[g].label] += 1;
                for (double& x : q) x /= static_cast<double>(given.size());
            }
        });
    }

    void assert_gold() {
        for (const Gold& gold : options_.gold) {
            std::ranges::fill(posterior_of(gold.item).first(k_), 0.0);
            posterior_of(gold.item)[gold.label] = 1;
        }
    }

    /// Priors: means of q, the items taken in `order` (empty: by number). crowd-kit adds them one
    /// by one.
    void average(std::span<const Index> order) {
        std::vector<double> sums(stride_);
        if constexpr (Conventions::kAsCleanlab) {
            for (std::size_t j = 0; j < n_; ++j) {
                const auto q = posterior_of(order.empty() ? j : order[j]);
                for (std::size_t k = 0; k < stride_; ++k) sums[k] += q[k];
            }
        } else {
            std::vector<Index> all(n_);
            std::iota(all.begin(), all.end(), Index{0});
            sum_rows(posterior_, all, sums);
        }
        for (std::size_t k = 0; k < k_; ++k)
            priors_[k] = std::max(sums[k] / static_cast<double>(n_), kLeast);
        Likelihoods<Conventions>::log(priors_, log_priors_);
    }

    /// e: how often the annotator said the label where each class is true, then columns to 1.
    /// Returns the expected log-likelihood of votes and labels.
    double estimate_errors() {
        const std::size_t given = votes_.given.size();
        for_ranges(pool_, given, kLabelsPerBlock, [&](std::size_t begin, std::size_t end) {
            for (std::size_t g = begin; g < end; ++g) {
                const auto errors = errors_of(g);
                sum_rows(posterior_, slice(votes_.item_of, votes_.given_begins, g), errors);
                for (double& x : errors) x = std::max(x, kLeast);
            }
        });
        const std::size_t annotators = votes_.of_annotator.size();
        std::vector<double> expected(annotators);
        for_ranges(pool_, annotators, kAnnotatorsPerBlock, [&](std::size_t begin, std::size_t end) {
            std::vector<double> totals(stride_);
            for (std::size_t a = begin; a < end; ++a) {
                sum_rows(errors_, votes_.of_annotator[a], totals);
                for (const Index g : votes_.of_annotator[a]) expected[a] += scale(g, totals);
            }
        });
        return Conventions::Order::sum(expected);
    }

    /// Divides a row of an error matrix by `totals` and takes its logarithms. Returns its share of
    /// the expected log-likelihood of votes and labels; as crowd-kit has it, the prior counts once
    /// a vote. (A sum of q that was clipped at 1e-10 counts as none.)
    double scale(Index given, std::span<const double> totals) {
        const auto errors = errors_of(given);
        const auto logs = logs_of(given);
        for (std::size_t k = 0; k < stride_; ++k) errors[k] /= totals[k];
        Likelihoods<Conventions>::log(errors, logs);
        double expected = 0;
        for (std::size_t k = 0; k < k_; ++k) {
            const double votes = errors[k] * totals[k];
            if (votes > kCountable) expected += votes * (logs[k] + log_priors_[k]);
        }
        return expected * Likelihoods<Conventions>::kNatural;
    }

    /// q from priors and e, by way of logarithms whose largest is shifted to 0.
    void estimate_labels() {
        for_ranges(pool_, n_, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) {
                const auto q = posterior_of(i);
                sum_rows(logs_, slice(votes_.given_of, votes_.item_begins, i), q);
                for (std::size_t k = 0; k < stride_; ++k) q[k] = log_priors_[k] + q[k];
                const double largest = std::ranges::max(q.first(k_));
                for (double& x : q) x -= largest;
                std::ranges::fill(q.subspan(k_), 0.0);
            }
            Likelihoods<Conventions>::exp(block_of(begin, end));
            for (std::size_t i = begin; i < end; ++i) {
                const auto q = posterior_of(i).first(k_);
                const double total = Likelihoods<Conventions>::sum(q);
                for (double& x : q) x /= total;
            }
        });
    }

    /// The entropy of q in nats; clips q on the way, as crowd-kit does. Padding is 1 here, which
    /// has none.
    double clip_and_take_entropy() {
        std::vector<double> entropy((n_ + kItemsPerBlock - 1) / kItemsPerBlock);
        for_ranges(pool_, n_, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
            const auto block = block_of(begin, end);
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

    const DawidSkeneOptions& options_;
    const Pool& pool_;
    Grouped votes_;
    std::size_t n_;
    std::size_t k_;
    std::size_t stride_;
    std::vector<double> posterior_;  // q [N × stride]
    std::vector<double> priors_;     // [stride]
    std::vector<double> log_priors_;
    std::vector<double> errors_;  // e [given × stride]
    std::vector<double> logs_;    // of e, to the base that the conventions take
};

}  // namespace

Result<DawidSkene> dawid_skene(const VoteRows& rows, const CrowdSize& size,
                               const DawidSkeneOptions& options, const Pool& pool) {
    TUSKER_TRY(check_rows(rows, size));
    if (rows.items.empty() || size.classes == 0)
        return invalid("votes: there are none: needs at least one");
    std::vector<bool> labelled(size.items);
    for (const Index item : rows.items) labelled[item] = true;
    const auto without = std::ranges::find(labelled, false);
    if (without != labelled.end())
        return invalid(fmt::format("votes: item {} has none: must have at least one",
                                   without - labelled.begin()));
    for (const Gold& gold : options.gold)
        if (gold.item >= size.items || gold.label >= size.classes)
            return invalid(fmt::format("gold: item {}, label {}: must be below {} and {}",
                                       gold.item, gold.label, size.items, size.classes));
    if (!options.first_order.empty() && options.first_order.size() != size.items)
        return invalid("first_order: must be a permutation of the items");
    return with_conventions(options.order, [&]<class Conventions>() -> Result<DawidSkene> {
        return Estimator<Conventions>(rows, size, options, pool).run();
    });
}

}  // namespace tusker::crowd
