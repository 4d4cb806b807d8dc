#include "kernels/confident/noise_channel.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "kernels/confident/class_rows.hpp"
#include "kernels/confident/lowest.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

constexpr std::size_t kAnchorShare = 10;  // one row in so many is an anchor
constexpr std::size_t kLeastAnchors = 30;
constexpr int kRateRounds = 100;
constexpr double kMostMeanRate = 0.3;  // of the pairs that stand out, where the search starts
constexpr double kLeastEven = 0.15;    // how far each rate moves towards the mean at least
constexpr double kLeastDiagonal = 0.1;

struct PairCount {
    double errors = 0;
    double anchors = 0;
    friend auto operator<=>(const PairCount&, const PairCount&) = default;
};

std::vector<ClassId> most_probable(MatrixView<const float> probs) {
    std::vector<ClassId> top;
    top.reserve(probs.rows());
    for (std::size_t i = 0; i < probs.rows(); ++i)
        top.push_back(
            static_cast<ClassId>(std::ranges::max_element(probs.row(i)) - probs.row(i).begin()));
    return top;
}

/// Counts on the anchors of one pair. rows: those that most probably are the true class.
PairCount count_pair(MatrixView<const float> probs, std::span<const ClassId> labels,
                     std::span<const Row> rows, ClassId given) {
    const std::size_t anchors =
        std::min((rows.size() + 1) / 2, std::max(kLeastAnchors, rows.size() / kAnchorShare));
    if (anchors == 0) return {};
    std::vector<Keyed<float>> keyed;
    keyed.reserve(rows.size());
    for (const Row row : rows) keyed.push_back({probs.row(row)[given], row});
    (void)cut_lowest(std::span(keyed), anchors);
    PairCount count{0, static_cast<double>(anchors)};
    for (const auto& anchor : std::span(keyed).first(anchors))
        if (labels[anchor.position] == given) ++count.errors;
    return count;
}

/// The two kinds of pairs: those that share one rate, and those that stand out, whose rates are
/// exponentially distributed.
struct Rates {
    double shared = 0;
    double mean_apart = 0;
    double share_apart = 0.1;  // of all pairs

    /// The chance that a pair stands out: its errors are Poisson counts of the shared rate, or
    /// geometric ones, which is what exponentially distributed rates make of them.
    double chance_apart(const PairCount& pair, double log_factorial) const {
        const double expected = shared * pair.anchors;
        const double apart = mean_apart * pair.anchors;
        const double log_shared =
            pair.errors * SoundOrder::log(expected) - expected - log_factorial;
        const double log_apart =
            pair.errors * SoundOrder::log(apart) - (pair.errors + 1) * SoundOrder::log(1 + apart);
        const double odds = SoundOrder::log(share_apart) - SoundOrder::log(1 - share_apart) +
                            log_apart - log_shared;
        return 1 / (1 + SoundOrder::exp(-std::clamp(odds, -500.0, 500.0)));
    }
    /// Of a pair, if it stands out.
    double rate_apart(const PairCount& pair) const {
        return (pair.errors + 1) / (pair.anchors + 1 / mean_apart);
    }
    double rate(const PairCount& pair, double log_factorial) const {
        const double chance = chance_apart(pair, log_factorial);
        return chance * rate_apart(pair) + (1 - chance) * shared;
    }
};

/// Counts that many pairs have in common, so that their number and not that of pairs is what a
/// round costs.
class PairCounts {
public:
    /// pairs  those without anchors are left out
    explicit PairCounts(std::span<const PairCount> pairs) {
        std::size_t most_errors = 0;
        for (const PairCount& pair : pairs) {
            if (pair.anchors == 0) continue;
            ++times_[pair];
            most_errors = std::max(most_errors, static_cast<std::size_t>(pair.errors));
        }
        log_factorials_.resize(most_errors + 1);
        for (std::size_t e = 1; e <= most_errors; ++e)
            log_factorials_[e] = log_factorials_[e - 1] + SoundOrder::log(static_cast<double>(e));
    }

    double log_factorial(const PairCount& pair) const {
        return log_factorials_[static_cast<std::size_t>(pair.errors)];
    }

    /// Half an error and a pair or an anchor are added to each sum, so that no rate becomes 0.
    Rates fit() const {
        Rates rates;
        double errors = 0;
        double anchors = 0;
        for (const auto& [pair, times] : times_) {
            errors += times * pair.errors;
            anchors += times * pair.anchors;
        }
        rates.shared = (errors + 0.5) / (anchors + 1);
        rates.mean_apart = std::min(5 * rates.shared, kMostMeanRate);
        for (int round = 0; round < kRateRounds; ++round) rates = next(rates);
        return rates;
    }

private:
    Rates next(const Rates& rates) const {
        double pairs = 0;
        double apart = 0;
        double rates_apart = 0;
        double shared_errors = 0;
        double shared_anchors = 0;
        for (const auto& [pair, times] : times_) {
            const double chance = rates.chance_apart(pair, log_factorial(pair));
            pairs += times;
            apart += times * chance;
            rates_apart += times * chance * rates.rate_apart(pair);
            shared_errors += times * (1 - chance) * pair.errors;
            shared_anchors += times * (1 - chance) * pair.anchors;
        }
        Rates found;
        found.shared = (shared_errors + 0.5) / (shared_anchors + 1);
        found.mean_apart = std::max((rates_apart + found.shared) / (apart + 1), 2 * found.shared);
        found.share_apart = (apart + 0.5) / (pairs + 1);
        return found;
    }

    std::map<PairCount, double> times_;
    std::vector<double> log_factorials_;
};

/// [K × K], 0 on the diagonal.
std::vector<double> estimate_rates(std::span<const PairCount> pairs, std::size_t classes,
                                   double stray) {
    const PairCounts counts(pairs);
    const Rates fitted = counts.fit();
    std::vector<double> rates(pairs.size());
    double sum = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        if (i % (classes + 1) == 0) continue;
        rates[i] = pairs[i].anchors == 0 ? fitted.shared
                                         : fitted.rate(pairs[i], counts.log_factorial(pairs[i]));
        sum += rates[i];
    }
    const double mean = sum / static_cast<double>(classes * (classes - 1));
    // Of stray labels, each pair gets one in K. A model that did not learn from these labels finds
    // those of a confused pair as strange as stray ones; but then the shared rate is small.
    const double even = std::min(stray / static_cast<double>(classes), fitted.shared) / mean;
    const double moved = std::clamp(even, kLeastEven, 1.0);
    for (std::size_t i = 0; i < rates.size(); ++i)
        if (i % (classes + 1) != 0) rates[i] += moved * (mean - rates[i]);
    return rates;
}

}  // namespace

std::vector<double> estimate_noise_channel(MatrixView<const float> probs,
                                           std::span<const ClassId> labels, double stray,
                                           const Pool& pool) {
    const std::size_t classes = probs.columns();
    const ClassRows rows(most_probable(probs), classes, pool);
    std::vector<PairCount> pairs(classes * classes);  // [given][true], none on the diagonal
    pool.for_each(classes, [&](std::size_t truth) {
        for (std::size_t given = 0; given < classes; ++given)
            if (given != truth)
                pairs[given * classes + truth] =
                    count_pair(probs, labels, rows.of(truth), static_cast<ClassId>(given));
    });
    std::vector<double> channel = estimate_rates(pairs, classes, stray);
    for (std::size_t truth = 0; truth < classes; ++truth) {
        double wrong = 0;
        for (std::size_t given = 0; given < classes; ++given)
            wrong += channel[given * classes + truth];
        channel[truth * classes + truth] = std::max(1 - wrong, kLeastDiagonal);
        const double sum = wrong + channel[truth * classes + truth];
        for (std::size_t given = 0; given < classes; ++given)
            channel[given * classes + truth] /= sum;
    }
    return channel;
}

}  // namespace tusker::confident
