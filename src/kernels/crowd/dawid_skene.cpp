// The state of a round is q [N × K], who is probably what; from it follow the priors (means of q)
// and e [rows of error matrices × K] (sums of q over the votes of one annotator for one label), and
// from these the next q. Both sums are Kahan's, in the order of the votes, as pandas groups and
// adds; so Sound and Cleanlab differ only in logarithms and in how means are taken.
#include "kernels/crowd/dawid_skene.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "kernels/crowd/blocks.hpp"
#include "kernels/crowd/conventions.hpp"

namespace tusker::crowd {
namespace {

constexpr double kLeast = 1e-10;
constexpr std::size_t kLabelsPerBlock = 64;

/// Powers and logarithms of the likelihoods: crowd-kit takes them to base 2.
template <class Conventions>
struct Likelihoods {
    static constexpr double kNatural = 1;  // ln of the base
    static double log(double x) { return Conventions::Order::log(x); }
    static double exp(double x) { return Conventions::Order::exp(x); }
};
template <>
struct Likelihoods<Cleanlab> {
    static constexpr double kNatural = std::numbers::ln2;
    static double log(double x) { return std::log2(x); }
    static double exp(double x) { return std::exp2(x); }
};

/// K sums at once, each with what its last addition lost.
class KahanRow {
public:
    explicit KahanRow(std::size_t columns) : total_(columns), excess_(columns) {}
    void clear() {
        std::ranges::fill(total_, 0.0);
        std::ranges::fill(excess_, 0.0);
    }
    void add(const double* values) {
        double* total = total_.data();
        double* excess = excess_.data();
        const std::size_t columns = total_.size();
        for (std::size_t k = 0; k < columns; ++k) {
            const double next = values[k] - excess[k];
            const double sum = total[k] + next;
            excess[k] = sum - total[k] - next;
            total[k] = sum;
        }
    }
    std::span<const double> values() const { return total_; }

private:
    std::vector<double> total_;
    std::vector<double> excess_;
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

template <class Conventions>
class Estimator {
public:
    Estimator(const VoteRows& rows, const CrowdSize& size, const DawidSkeneOptions& options,
              const Pool& pool)
        : options_(options),
          pool_(pool),
          votes_(group(rows, size)),
          n_(size.items),
          k_(size.classes) {
        result_.posterior.resize(n_ * k_);
        result_.priors.resize(k_);
        result_.errors.resize(votes_.given.size() * k_);
        logs_.resize(result_.errors.size());
        log_priors_.resize(k_);
    }

    DawidSkene run() && {
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
            result_.bounds.push_back(bound);
            if (bound - before < options_.tolerance) break;
            before = bound;
        }
        choose_labels();
        result_.given = std::move(votes_.given);
        return std::move(result_);
    }

private:
    double* posterior_of(std::size_t item) { return &result_.posterior[item * k_]; }

    /// The start: q is the share of the item's votes.
    void share_votes() {
        for_ranges(pool_, n_, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) {
                const Index first = votes_.item_begins[i];
                const Index last = votes_.item_begins[i + 1];
                double* q = posterior_of(i);
                for (Index v = first; v < last; ++v) q[votes_.given[votes_.given_of[v]].label] += 1;
                for (std::size_t k = 0; k < k_; ++k) q[k] /= static_cast<double>(last - first);
            }
        });
    }

    void assert_gold() {
        for (const Gold& gold : options_.gold) {
            std::fill_n(posterior_of(gold.item), k_, 0.0);
            posterior_of(gold.item)[gold.label] = 1;
        }
    }

    /// Priors: means of q, the items taken in `order`. crowd-kit adds them one by one.
    void average(std::span<const Index> order) {
        KahanRow compensated(k_);
        std::vector<double> plain(k_);
        for (std::size_t j = 0; j < n_; ++j) {
            const double* q = posterior_of(order.empty() ? j : order[j]);
            if constexpr (Conventions::kAsCleanlab)
                for (std::size_t k = 0; k < k_; ++k) plain[k] += q[k];
            else
                compensated.add(q);
        }
        for (std::size_t k = 0; k < k_; ++k) {
            const double sum = Conventions::kAsCleanlab ? plain[k] : compensated.values()[k];
            result_.priors[k] = std::max(sum / static_cast<double>(n_), kLeast);
            log_priors_[k] = Likelihoods<Conventions>::log(result_.priors[k]);
        }
    }

    /// e: how often the annotator said the label where each class is true, then columns to 1.
    /// Returns the expected log-likelihood of votes and labels.
    double estimate_errors() {
        const std::size_t given = votes_.given.size();
        for_ranges(pool_, given, kLabelsPerBlock, [&](std::size_t begin, std::size_t end) {
            KahanRow sums(k_);
            for (std::size_t g = begin; g < end; ++g) {
                sums.clear();
                for (Index v = votes_.given_begins[g]; v < votes_.given_begins[g + 1]; ++v)
                    sums.add(posterior_of(votes_.item_of[v]));
                std::ranges::transform(sums.values(), &result_.errors[g * k_],
                                       [](double x) { return std::max(x, kLeast); });
            }
        });
        const std::size_t annotators = votes_.of_annotator.size();
        std::vector<double> expected(annotators);
        for_ranges(pool_, annotators, kAnnotatorsPerBlock, [&](std::size_t begin, std::size_t end) {
            KahanRow sums(k_);
            for (std::size_t a = begin; a < end; ++a) {
                sums.clear();
                for (const Index g : votes_.of_annotator[a]) sums.add(&result_.errors[g * k_]);
                for (const Index g : votes_.of_annotator[a]) expected[a] += scale(g, sums.values());
            }
        });
        return Conventions::Order::sum(expected);
    }

    /// Divides a row of an error matrix by `totals` and takes its logarithms. Returns its share of
    /// the expected log-likelihood of votes and labels; as crowd-kit has it, the prior counts once
    /// a vote. (A sum of q that was clipped at 1e-10 counts as none.)
    double scale(Index given, std::span<const double> totals) {
        double expected = 0;
        for (std::size_t k = 0; k < k_; ++k) {
            double& error = result_.errors[given * k_ + k];
            const double votes = error > kLeast ? error : 0;
            error /= totals[k];
            double& log = logs_[given * k_ + k];
            log = Likelihoods<Conventions>::log(error);
            expected += votes * (log + log_priors_[k]);
        }
        return expected * Likelihoods<Conventions>::kNatural;
    }

    /// q from priors and e, by way of logarithms whose largest is shifted to 0.
    void estimate_labels() {
        for_ranges(pool_, n_, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
            KahanRow sums(k_);
            for (std::size_t i = begin; i < end; ++i) {
                sums.clear();
                for (Index v = votes_.item_begins[i]; v < votes_.item_begins[i + 1]; ++v)
                    sums.add(&logs_[votes_.given_of[v] * k_]);
                const std::span q(posterior_of(i), k_);
                for (std::size_t k = 0; k < k_; ++k) q[k] = log_priors_[k] + sums.values()[k];
                const double largest = std::ranges::max(q);
                for (double& x : q) x = Likelihoods<Conventions>::exp(x - largest);
                const double total = Conventions::Order::sum(std::span<const double>(q));
                for (double& x : q) x /= total;
            }
        });
    }

    /// The entropy of q in nats; clips q on the way, as crowd-kit does.
    double clip_and_take_entropy() {
        std::vector<double> entropy((n_ + kItemsPerBlock - 1) / kItemsPerBlock);
        for_ranges(pool_, n_, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
            const double least_term = kLeast * Conventions::Order::log(kLeast);
            double part = 0;
            for (double& q : std::span(posterior_of(begin), (end - begin) * k_)) {
                if (q > kLeast) {
                    part -= q * Conventions::Order::log(q);
                } else {
                    q = kLeast;
                    part -= least_term;
                }
            }
            entropy[begin / kItemsPerBlock] = part;
        });
        return Conventions::Order::sum(entropy);
    }

    void choose_labels() {
        result_.labels.resize(n_);
        for (std::size_t i = 0; i < n_; ++i) {
            const double* q = posterior_of(i);
            result_.labels[i] = static_cast<ClassId>(std::max_element(q, q + k_) - q);
        }
    }

    const DawidSkeneOptions& options_;
    const Pool& pool_;
    Grouped votes_;
    std::size_t n_;
    std::size_t k_;
    DawidSkene result_;
    std::vector<double> logs_;  // of errors, to the base that the conventions take
    std::vector<double> log_priors_;
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
