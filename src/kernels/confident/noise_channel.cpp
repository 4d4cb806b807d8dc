#include "kernels/confident/noise_channel.hpp"

#include <algorithm>

#include "kernels/confident/class_rows.hpp"
#include "kernels/confident/lowest.hpp"

namespace tusker::confident {
namespace {

constexpr std::size_t kAnchorShare = 10;  // one row in so many is an anchor
constexpr std::size_t kLeastAnchors = 30;
/// Bounds of the prior's weight: below, a rate counted as 0 would be believed to be 0.
constexpr double kLeastPrior = 0.5;
constexpr double kMostPrior = 1e6;
constexpr double kLeastDiagonal = 0.1;

struct PairCount {
    double errors = 0;
    double anchors = 0;
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
        std::min(rows.size(), std::max(kLeastAnchors, rows.size() / kAnchorShare));
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

struct Prior {
    double mean = 0;    // of the rates of all pairs
    double weight = 0;  // errors that it counts as
};

/// By moments: what the rates vary beyond Poisson's variance.
Prior fit_prior(std::span<const PairCount> pairs) {
    double errors = 0;
    double anchors = 0;
    double counted = 0;
    for (const auto& pair : pairs) {
        errors += pair.errors;
        anchors += pair.anchors;
        if (pair.anchors > 0) ++counted;
    }
    Prior prior;
    prior.mean = (errors + 0.5) / (anchors + 1);
    double variance = 0;
    for (const auto& pair : pairs) {
        if (pair.anchors == 0) continue;
        const double deviation = pair.errors / pair.anchors - prior.mean;
        variance += deviation * deviation * pair.anchors;
    }
    const double beyond_chance = (variance - prior.mean * counted) / std::max(anchors, 1.0);
    prior.weight = beyond_chance > 0 ? std::clamp(prior.mean * prior.mean / beyond_chance,
                                                  kLeastPrior, kMostPrior)
                                     : kMostPrior;
    return prior;
}

}  // namespace

std::vector<double> estimate_noise_channel(MatrixView<const float> probs,
                                           std::span<const ClassId> labels, const Pool& pool) {
    const std::size_t classes = probs.columns();
    const ClassRows rows(most_probable(probs), classes, pool);
    std::vector<PairCount> pairs(classes * classes);  // [given][true], none on the diagonal
    pool.for_each(classes, [&](std::size_t truth) {
        for (std::size_t given = 0; given < classes; ++given)
            if (given != truth)
                pairs[given * classes + truth] =
                    count_pair(probs, labels, rows.of(truth), static_cast<ClassId>(given));
    });
    const Prior prior = fit_prior(pairs);
    std::vector<double> channel(classes * classes);
    for (std::size_t truth = 0; truth < classes; ++truth) {
        double wrong = 0;
        for (std::size_t given = 0; given < classes; ++given) {
            if (given == truth) continue;
            const auto& pair = pairs[given * classes + truth];
            const double rate =
                (pair.errors + prior.weight) / (pair.anchors + prior.weight / prior.mean);
            channel[given * classes + truth] = rate;
            wrong += rate;
        }
        channel[truth * classes + truth] = std::max(1 - wrong, kLeastDiagonal);
        const double sum = wrong + channel[truth * classes + truth];
        for (std::size_t given = 0; given < classes; ++given)
            channel[given * classes + truth] /= sum;
    }
    return channel;
}

}  // namespace tusker::confident
