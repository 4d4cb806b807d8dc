#include "kernels/confident/detection/box_scores.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::detection {
namespace {

/// Two boxes of IoU this high are in one place.
constexpr double kSamePlace = 0.95;
constexpr double kLeastTemperature = 1e-6;
constexpr double kNoGivenOfItsClass = -1;
constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr double kConflict = -std::numeric_limits<double>::infinity();

double overlooked_score(const ImageBoxes& given, ClassId predicted_class, const Similarities& pairs,
                        std::size_t box) {
    double best = kNoGivenOfItsClass;
    for (std::size_t g = 0; g < pairs.given; ++g) {
        const std::size_t pair = g * pairs.predicted + box;
        if (pairs.iou[pair] > 0) return kUndefined;
        if (given.classes[g] == predicted_class) best = std::max(best, pairs.similarity[pair]);
    }
    return best;
}

/// The most similar of the predicted boxes that `counts` accepts, the first of equals.
template <class Counts>
std::uint32_t most_similar(const Similarities& pairs, std::size_t given, const Counts& counts) {
    const auto similarity = pairs.similarity_view().row(given);
    std::uint32_t best = kNoBox;
    for (std::uint32_t p = 0; p < pairs.predicted; ++p)
        if (counts(p) && (best == kNoBox || similarity[p] > similarity[best])) best = p;
    return best;
}

}  // namespace

void score_overlooked(const ImageBoxes& given, const ImageBoxes& predicted,
                      const Similarities& pairs, double high_probability, std::span<double> out) {
    for (std::size_t p = 0; p < out.size(); ++p)
        out[p] = predicted.probabilities[p] < high_probability
                     ? kUndefined
                     : overlooked_score(given, predicted.classes[p], pairs, p);
}

void score_badly_located(const ImageBoxes& given, const ImageBoxes& predicted,
                         const Similarities& pairs, double low_probability, std::span<double> out,
                         std::span<std::uint32_t> located_at) {
    for (std::size_t g = 0; g < out.size(); ++g) {
        const auto iou = pairs.iou_view().row(g);
        const std::uint32_t best = most_similar(pairs, g, [&](std::uint32_t p) {
            return predicted.classes[p] == given.classes[g] && iou[p] > 0 &&
                   predicted.probabilities[p] > low_probability;
        });
        located_at[g] = best;
        out[g] = best == kNoBox ? 1.0 : pairs.similarity_view().row(g)[best];
    }
}

bool has_conflict(const ImageBoxes& given, std::size_t index) {
    for (std::size_t other = 0; other < given.boxes.size(); ++other)
        if (given.classes[other] != given.classes[index] &&
            intersection_over_union(given.boxes[index], given.single, given.boxes[other],
                                    given.single) >= kSamePlace)
            return true;
    return false;
}

void score_swapped(const ImageBoxes& given, const ImageBoxes& predicted, const Similarities& pairs,
                   const ScoreOptions& options, std::span<double> out,
                   std::span<std::uint32_t> swapped_to) {
    for (std::size_t g = 0; g < out.size(); ++g) {
        const std::uint32_t best = most_similar(pairs, g, [&](std::uint32_t p) {
            return predicted.classes[p] != given.classes[g] &&
                   predicted.probabilities[p] > options.high_probability;
        });
        swapped_to[g] = best;
        if (options.overlapping_label_check && has_conflict(given, g))
            out[g] = kConflict;
        else
            out[g] = best == kNoBox ? 1.0 : 1 - pairs.similarity_view().row(g)[best];
    }
}

void finish_overlooked(std::span<double> scores, std::span<const double> probabilities,
                       double least_similarity) {
    for (std::size_t p = 0; p < scores.size(); ++p)
        if (scores[p] == kNoGivenOfItsClass) scores[p] = least_similarity * (1 - probabilities[p]);
}

void finish_swapped(std::span<double> scores, double least_similarity) {
    for (double& score : scores) score = std::max(least_similarity, score);
}

template <class Order>
double pool_box_scores(std::span<const double> scores, double temperature) {
    std::vector<double> defined;
    defined.reserve(scores.size());
    std::ranges::copy_if(scores, std::back_inserter(defined),
                         [](double score) { return !std::isnan(score); });
    if (defined.empty()) return 1;
    const double divisor = std::max(temperature, kLeastTemperature);
    std::vector<double> weights(defined.size());
    std::ranges::transform(defined, weights.begin(), [&](double s) { return -s / divisor; });
    const double greatest = std::ranges::max(weights);
    for (double& weight : weights) weight = Order::exp(weight - greatest);
    const double total = Order::sum(std::span<const double>(weights));
    for (double& weight : weights) weight /= total;
    return Order::dot(weights, defined);
}

template double pool_box_scores<confident::NumpyOrder>(std::span<const double>, double);
template double pool_box_scores<confident::SoundOrder>(std::span<const double>, double);

}  // namespace tusker::detection
