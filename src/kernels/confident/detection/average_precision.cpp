#include "kernels/confident/detection/average_precision.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "kernels/confident/detection/overlap.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::detection {
namespace {

using confident::NumpyOrder;
using confident::SoundOrder;

/// Positions of a list of classes, class after class, each in order of position.
std::vector<std::uint32_t> by_class(std::span<const ClassId> classes) {
    std::vector<std::uint32_t> order(classes.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return classes[i]; });
    return order;
}

/// The first run of equal classes of `order`.
std::span<const std::uint32_t> first_class(std::span<const std::uint32_t> order,
                                           std::span<const ClassId> classes) {
    const auto end = std::ranges::find_if(
        order, [&](std::uint32_t i) { return classes[i] != classes[order.front()]; });
    return order.first(static_cast<std::size_t>(end - order.begin()));
}

template <class Order>
std::vector<std::uint32_t> most_probable_first(std::span<const double> probabilities,
                                               std::span<const std::uint32_t> boxes) {
    std::vector<double> keys(boxes.size());
    std::ranges::transform(boxes, keys.begin(),
                           [&](std::uint32_t box) { return -probabilities[box]; });
    auto order = Order::argsort(std::span<const double>(keys));
    for (auto& position : order) position = boxes[position];
    return order;
}

struct BestMatch {
    std::uint32_t given = 0;
    double iou = -std::numeric_limits<double>::infinity();
};
BestMatch best_match(const ImageBoxes& given, std::span<const std::uint32_t> candidates,
                     const Box& box, bool single) {
    BestMatch best;
    for (const std::uint32_t g : candidates) {
        const double iou = intersection_over_union(box, single, given.boxes[g], given.single);
        if (iou > best.iou) best = {.given = g, .iou = iou};
    }
    return best;
}

/// The bits of the thresholds that `iou` reaches.
Hits reached(double iou) {
    const auto count =
        std::ranges::count_if(iou_thresholds(), [&](double threshold) { return iou >= threshold; });
    return static_cast<Hits>((1U << count) - 1);
}

/// Area under the interpolated curve. `hit(j)`: whether the j-th most probable of `count`
/// predictions is right.
template <class T, class Order, class Hit>
T area_under_curve(std::size_t count, std::size_t labels, const Hit& hit,
                   std::vector<double>& terms) {
    constexpr auto kEpsilon = std::numeric_limits<float>::epsilon();
    const double divisor = std::max(static_cast<double>(labels), static_cast<double>(kEpsilon));
    // Recall rises only at a right prediction; the curve has the best precision from there on,
    // which is never that of a wrong one. What is missing to recall 1 has precision 0.
    struct Step {
        double rise;
        double precision;
    };
    std::vector<Step> steps;
    T right = 0;
    T wrong = 0;
    double recall = 0;
    for (std::size_t j = 0; j < count; ++j) {
        if (!hit(j)) {
            wrong += T{1};
            continue;
        }
        right += T{1};
        const double reached_recall = static_cast<double>(right) / divisor;
        const T precision = right / std::max(right + wrong, static_cast<T>(kEpsilon));
        steps.push_back({reached_recall - recall, static_cast<double>(precision)});
        recall = reached_recall;
    }
    double best_after = 0;
    terms.resize(steps.size());
    for (std::size_t j = steps.size(); j-- > 0;) {
        best_after = std::max(best_after, steps[j].precision);
        terms[j] = steps[j].rise * best_after;
    }
    // NumPy adds the step to recall 1 as a term of 0.
    if (recall != 1) terms.push_back(0);
    return static_cast<T>(Order::sum(std::span<const double>(terms)));
}

template <class Order>
struct Precision;
template <>
struct Precision<NumpyOrder> {
    using Type = float;
};
template <>
struct Precision<SoundOrder> {
    using Type = double;
};

template <class Order>
double average_precision_of(std::span<const Hits> ranked, std::size_t labels) {
    using T = typename Precision<Order>::Type;
    std::array<T, kIouThresholds> areas;
    std::vector<double> terms;
    for (std::size_t t = 0; t < kIouThresholds; ++t)
        areas[t] = area_under_curve<T, Order>(
            ranked.size(), labels, [&](std::size_t j) { return (ranked[j] >> t & 1U) != 0; },
            terms);
    return static_cast<double>(Order::sum(std::span<const T>(areas)) / T{kIouThresholds});
}

}  // namespace

const std::array<double, kIouThresholds>& iou_thresholds() {
    static const auto thresholds = [] {
        std::array<double, kIouThresholds> values;
        const double step = (0.95 - 0.5) / (kIouThresholds - 1);
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = static_cast<double>(i) * step + 0.5;
        values.back() = 0.95;
        return values;
    }();
    return thresholds;
}

template <class Order>
void match_boxes(const ImageBoxes& given, const ImageBoxes& predicted, std::span<Hits> hits,
                 std::span<Hits> taken) {
    std::vector<Hits> own;
    if (taken.empty()) {  // not asked for, or no given box
        own.resize(given.boxes.size());
        taken = own;
    }
    std::ranges::fill(taken, Hits{0});
    std::ranges::fill(hits, Hits{0});
    const auto given_order = by_class(given.classes);
    const auto predicted_order = by_class(predicted.classes);
    std::span<const std::uint32_t> labels = given_order;
    std::span<const std::uint32_t> boxes = predicted_order;
    while (!labels.empty() && !boxes.empty()) {
        const auto label_run = first_class(labels, given.classes);
        const auto box_run = first_class(boxes, predicted.classes);
        const ClassId label_class = given.classes[label_run.front()];
        const ClassId box_class = predicted.classes[box_run.front()];
        if (label_class == box_class) {
            for (const auto box : most_probable_first<Order>(predicted.probabilities, box_run)) {
                const BestMatch best =
                    best_match(given, label_run, predicted.boxes[box], predicted.single);
                hits[box] = static_cast<Hits>(reached(best.iou) & ~taken[best.given]);
                taken[best.given] |= hits[box];
            }
        }
        if (label_class <= box_class) labels = labels.subspan(label_run.size());
        if (box_class <= label_class) boxes = boxes.subspan(box_run.size());
    }
}

template <class Order>
std::vector<double> average_precisions(const BoxesOfImages& given, const BoxesOfImages& predicted,
                                       std::span<const Hits> hits, std::size_t classes,
                                       const Pool& pool) {
    std::vector<std::size_t> labels(classes);
    for (const ClassId given_class : given.classes) ++labels[given_class];
    // Predictions class after class: counting sort, since there may be millions.
    std::vector<std::size_t> first(classes + 1);
    for (const ClassId predicted_class : predicted.classes) ++first[predicted_class + 1];
    std::partial_sum(first.begin(), first.end(), first.begin());
    std::vector<std::uint32_t> order(predicted.classes.size());
    std::vector<std::size_t> next(first.begin(), first.end() - 1);
    for (std::uint32_t box = 0; box < order.size(); ++box)
        order[next[predicted.classes[box]]++] = box;

    std::vector<double> precisions(classes);
    pool.for_each(classes, [&](std::size_t k) {
        const auto boxes =
            std::span<const std::uint32_t>(order).subspan(first[k], first[k + 1] - first[k]);
        std::vector<Hits> ranked;
        ranked.reserve(boxes.size());
        for (const auto box : most_probable_first<Order>(predicted.probabilities, boxes))
            ranked.push_back(hits[box]);
        precisions[k] = average_precision_of<Order>(ranked, labels[k]);
    });
    return precisions;
}

template void match_boxes<NumpyOrder>(const ImageBoxes&, const ImageBoxes&, std::span<Hits>,
                                      std::span<Hits>);
template void match_boxes<SoundOrder>(const ImageBoxes&, const ImageBoxes&, std::span<Hits>,
                                      std::span<Hits>);
template std::vector<double> average_precisions<NumpyOrder>(const BoxesOfImages&,
                                                            const BoxesOfImages&,
                                                            std::span<const Hits>, std::size_t,
                                                            const Pool&);
template std::vector<double> average_precisions<SoundOrder>(const BoxesOfImages&,
                                                            const BoxesOfImages&,
                                                            std::span<const Hits>, std::size_t,
                                                            const Pool&);

}  // namespace tusker::detection
