#include "kernels/confident/detection/detection.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>

#include <fmt/format.h>

#include "kernels/confident/detection/input.hpp"
#include "kernels/confident/with_order.hpp"

namespace tusker::detection {
namespace {

using confident::NumpyOrder;
using confident::SoundOrder;
using confident::with_order;

constexpr std::size_t kImagesPerBlock = 16;
/// A score of 0 has a logarithm with it, and no other score is moved.
constexpr double kTiny = 1e-100;
/// A box is an issue up to this share of its class's average precision.
constexpr double kPrecisionShare = 0.25;
constexpr double kIssueShare = 0.8;
/// A prediction speaks of a given box's class if it is the same object by the usual measure.
constexpr double kSameObject = 0.5;

/// Only the cleanlab order knows float32.
BoxesOfImages in(Order order, BoxesOfImages all) {
    if (order == Order::Sound) all.single = {};
    return all;
}

// --- The pass over the images -------------------------------------------------------------------

/// Runs `work(image, pairs)` for each image in blocks on the pool; `pairs` is scratch.
template <class Work>
Result<void> for_each_image(std::size_t images, const Pool& pool, const std::stop_token& stop,
                            const Progress& progress, const Work& work) {
    std::mutex reporting;
    std::size_t done = 0;
    pool.for_each((images + kImagesPerBlock - 1) / kImagesPerBlock, [&](std::size_t block) {
        if (stop.stop_requested()) return;
        const std::size_t begin = block * kImagesPerBlock;
        const std::size_t end = std::min(begin + kImagesPerBlock, images);
        Similarities pairs;
        for (std::size_t image = begin; image < end; ++image) work(image, pairs);
        if (!progress) return;
        const std::lock_guard lock(reporting);
        done += end - begin;
        progress(done, images);
    });
    if (stop.stop_requested()) return fail(ErrorCode::Cancelled, "cancelled");
    return {};
}

/// The part of the scores that belongs to one image.
RawScores part_of(BoxScores& all, const BoxesOfImages& given, const BoxesOfImages& predicted,
                  std::size_t image) {
    const std::size_t g = given.offsets[image];
    const std::size_t g_count = given.offsets[image + 1] - g;
    const std::size_t p = predicted.offsets[image];
    const std::size_t p_count = predicted.offsets[image + 1] - p;
    return {.overlooked = std::span(all.overlooked).subspan(p, p_count),
            .badly_located = std::span(all.badly_located).subspan(g, g_count),
            .swapped = std::span(all.swapped).subspan(g, g_count),
            .located_at = std::span(all.located_at).subspan(g, g_count),
            .swapped_to = std::span(all.swapped_to).subspan(g, g_count)};
}

/// Scores one image but for the least similarity of all, and returns its own.
template <class Order>
double score_image(const ImageBoxes& given, const ImageBoxes& predicted,
                   const ScoreOptions& options, Similarities& pairs, const RawScores& out) {
    compute_similarities<Order>(given, predicted, options.alpha, pairs);
    score_overlooked(given, predicted, pairs, options.high_probability, out.overlooked);
    score_badly_located(given, predicted, pairs, options.low_probability, out.badly_located,
                        out.located_at);
    score_swapped(given, predicted, pairs, options, out.swapped, out.swapped_to);
    return pairs.least_similarity();
}

struct Pass {
    BoxScores scores;
    std::vector<Hits> hits;  // [predicted] if asked for
};

/// One pass over the images: scores, and matches if `with_hits`.
template <class Order>
Result<Pass> pass_over(const BoxesOfImages& given, const BoxesOfImages& predicted,
                       const ScoreOptions& options, bool with_hits, const Pool& pool,
                       const std::stop_token& stop, const Progress& progress) {
    Pass pass;
    BoxScores& scores = pass.scores;
    scores.overlooked.resize(predicted.boxes.size());
    scores.badly_located.resize(given.boxes.size());
    scores.swapped.resize(given.boxes.size());
    scores.located_at.resize(given.boxes.size());
    scores.swapped_to.resize(given.boxes.size());
    if (with_hits) pass.hits.resize(predicted.boxes.size());
    std::vector<double> least(given.images(), 1.0);
    TUSKER_TRY(for_each_image(
        given.images(), pool, stop, progress, [&](std::size_t i, Similarities& pairs) {
            const ImageBoxes labels = given.image(i);
            const ImageBoxes boxes = predicted.image(i);
            least[i] = score_image<Order>(labels, boxes, options, pairs,
                                          part_of(scores, given, predicted, i));
            if (with_hits)
                match_boxes<Order>(
                    labels, boxes,
                    std::span(pass.hits).subspan(predicted.offsets[i], boxes.boxes.size()));
        }));
    if constexpr (std::is_same_v<Order, SoundOrder>)
        scores.least_similarity = kLeastSimilarity;
    else
        for (const double value : least)
            scores.least_similarity = std::min(scores.least_similarity, value);
    finish_overlooked(scores.overlooked, predicted.probabilities, scores.least_similarity);
    finish_swapped(scores.swapped, scores.least_similarity);
    return pass;
}

Result<Pass> pass_over(Order order, const BoxesOfImages& given, const BoxesOfImages& predicted,
                       const ScoreOptions& options, bool with_hits, const Pool& pool,
                       const std::stop_token& stop, const Progress& progress) {
    return order == Order::Sound
               ? pass_over<SoundOrder>(given, predicted, options, with_hits, pool, stop, progress)
               : pass_over<NumpyOrder>(given, predicted, options, with_hits, pool, stop, progress);
}

// --- Issues -------------------------------------------------------------------------------------

/// Adds an image's issues, worst first.
class IssueCollector {
public:
    IssueCollector(const BoxesOfImages& given, const BoxesOfImages& predicted,
                   const LabelIssues& found)
        : given_(given), predicted_(predicted), found_(found) {
        for (const double precision : found.average_precisions)
            thresholds_.push_back(precision * kPrecisionShare * kIssueShare);
    }

    void add(std::size_t image, std::vector<LabelIssue>& out) const {
        const auto first = static_cast<std::ptrdiff_t>(out.size());
        const ImageBoxes given = given_.image(image);
        const ImageBoxes predicted = predicted_.image(image);
        const std::size_t p0 = predicted_.offsets[image];
        const std::size_t g0 = given_.offsets[image];
        const BoxScores& scores = found_.boxes;
        for (std::size_t p = 0; p < predicted.boxes.size(); ++p)
            if (is_issue(scores.overlooked[p0 + p], predicted.classes[p]))
                out.push_back({.image = image,
                               .kind = LabelIssueKind::Overlooked,
                               .box = p,
                               .score = scores.overlooked[p0 + p],
                               .given = {},
                               .suggested = predicted.classes[p],
                               .suggested_box = predicted.boxes[p]});
        for (std::size_t g = 0; g < given.boxes.size(); ++g) {
            const ClassId given_class = given.classes[g];
            const auto add_given = [&](LabelIssueKind kind, double score,
                                       std::optional<ClassId> suggested,
                                       std::optional<Box> suggested_box) {
                out.push_back({image, kind, g, score, given_class, suggested, suggested_box});
            };
            if (is_issue(scores.swapped[g0 + g], given_class))
                add_given(LabelIssueKind::Swapped, scores.swapped[g0 + g],
                          class_in_place(given.boxes[g], predicted, scores.swapped_to[g0 + g]), {});
            if (is_issue(scores.badly_located[g0 + g], given_class)) {
                const std::uint32_t at = scores.located_at[g0 + g];
                add_given(LabelIssueKind::BadlyLocated, scores.badly_located[g0 + g], given_class,
                          at == kNoBox ? std::nullopt : std::optional(predicted.boxes[at]));
            }
        }
        std::stable_sort(
            out.begin() + first, out.end(),
            [](const LabelIssue& a, const LabelIssue& b) { return a.score < b.score; });
    }

private:
    /// An undefined score counts as 1.
    bool is_issue(double score, ClassId of) const {
        return (std::isnan(score) ? 1.0 : score) <= thresholds_[of];
    }
    static std::optional<ClassId> class_in_place(const Box& given, const ImageBoxes& predicted,
                                                 std::uint32_t box) {
        if (box == kNoBox || intersection_over_union(given, predicted.boxes[box]) < kSameObject)
            return std::nullopt;
        return predicted.classes[box];
    }

    const BoxesOfImages& given_;
    const BoxesOfImages& predicted_;
    const LabelIssues& found_;
    std::vector<double> thresholds_;  // [K]
};

}  // namespace

Result<BoxScores> score_boxes(const BoxesOfImages& given, const BoxesOfImages& predicted,
                              const ScoreOptions& options, Order order, const Pool& pool,
                              const std::stop_token& stop, const Progress& progress) {
    TUSKER_TRY(check_boxes(given, predicted, order));
    auto pass = TUSKER_TRY(pass_over(order, in(order, given), in(order, predicted), options, false,
                                     pool, stop, progress));
    return std::move(pass.scores);
}

std::vector<double> pool_box_scores(std::span<const double> scores,
                                    std::span<const std::size_t> offsets, double temperature,
                                    Order order, const Pool& pool) {
    std::vector<double> pooled(offsets.size() - 1);
    with_order(order, [&]<class O>(O) {
        pool.for_each((pooled.size() + kImagesPerBlock - 1) / kImagesPerBlock, [&](std::size_t b) {
            const std::size_t end = std::min((b + 1) * kImagesPerBlock, pooled.size());
            for (std::size_t i = b * kImagesPerBlock; i < end; ++i)
                pooled[i] = pool_box_scores<O>(
                    scores.subspan(offsets[i], offsets[i + 1] - offsets[i]), temperature);
        });
    });
    return pooled;
}

std::vector<double> score_images(const BoxScores& scores, const BoxesOfImages& given,
                                 const BoxesOfImages& predicted, const LabelIssueOptions& options,
                                 const Pool& pool) {
    const auto pooled = [&](std::span<const double> boxes, std::span<const std::size_t> offsets) {
        return pool_box_scores(boxes, offsets, options.temperature, options.order, pool);
    };
    const auto overlooked = pooled(scores.overlooked, predicted.offsets);
    const auto badly_located = pooled(scores.badly_located, given.offsets);
    const auto swapped = pooled(scores.swapped, given.offsets);
    std::vector<double> images(given.images());
    with_order(options.order, [&]<class O>(O) {
        for (std::size_t i = 0; i < images.size(); ++i)
            images[i] = O::exp(options.overlooked_weight * O::log(kTiny + overlooked[i]) +
                               options.badly_located_weight * O::log(kTiny + badly_located[i]) +
                               options.swapped_weight * O::log(kTiny + swapped[i]));
    });
    return images;
}

Result<LabelIssues> find_label_issues(const BoxesOfImages& given, const BoxesOfImages& predicted,
                                      std::size_t classes, const LabelIssueOptions& options,
                                      const Pool& pool, const std::stop_token& stop,
                                      const Progress& progress) {
    TUSKER_TRY(check_boxes(given, predicted, options.order));
    TUSKER_TRY(check_classes(given, "labels", classes));
    TUSKER_TRY(check_classes(predicted, "predictions", classes));
    const BoxesOfImages labels = in(options.order, given);
    const BoxesOfImages boxes = in(options.order, predicted);
    auto pass = TUSKER_TRY(
        pass_over(options.order, labels, boxes, options.scores, true, pool, stop, progress));
    LabelIssues found;
    found.boxes = std::move(pass.scores);
    found.image_scores = score_images(found.boxes, labels, boxes, options, pool);
    found.average_precisions = with_order(options.order, [&]<class O>(O) {
        return average_precisions<O>(labels, boxes, pass.hits, classes, pool);
    });
    const IssueCollector collector(labels, boxes, found);
    for (const std::size_t image : rank_images(found.image_scores, 2.0, options.order))
        collector.add(image, found.ranked);
    return found;
}

Result<Matches> match_images(const BoxesOfImages& given, const BoxesOfImages& predicted,
                             std::size_t classes, Order order, const Pool& pool) {
    TUSKER_TRY(check_boxes(given, predicted, order));
    TUSKER_TRY(check_classes(given, "labels", classes));
    TUSKER_TRY(check_classes(predicted, "predictions", classes));
    const BoxesOfImages labels = in(order, given);
    const BoxesOfImages boxes = in(order, predicted);
    std::vector<Hits> hits(boxes.boxes.size());
    std::vector<Hits> taken(labels.boxes.size());
    Matches found;
    TUSKER_TRY(with_order(order, [&]<class O>(O) -> Result<void> {
        TUSKER_TRY(for_each_image(labels.images(), pool, {}, {}, [&](std::size_t i, Similarities&) {
            const ImageBoxes image = labels.image(i);
            const ImageBoxes answers = boxes.image(i);
            match_boxes<O>(image, answers,
                           std::span(hits).subspan(boxes.offsets[i], answers.boxes.size()),
                           std::span(taken).subspan(labels.offsets[i], image.boxes.size()));
        }));
        found.average_precisions = average_precisions<O>(labels, boxes, hits, classes, pool);
        return {};
    }));
    const auto count = [&](std::span<const ClassId> of, std::span<const Hits> marks, bool marked) {
        std::vector<std::int64_t> table(classes * kIouThresholds);
        for (std::size_t i = 0; i < of.size(); ++i)
            for (std::size_t t = 0; t < kIouThresholds; ++t)
                table[of[i] * kIouThresholds + t] += (marks[i] >> t & 1) == (marked ? 1 : 0);
        return table;
    };
    found.right = count(boxes.classes, hits, true);
    found.wrong = count(boxes.classes, hits, false);
    found.missed = count(labels.classes, taken, false);
    return found;
}

std::vector<std::size_t> rank_images(std::span<const double> scores, double threshold,
                                     Order order) {
    std::vector<std::size_t> images;
    std::vector<double> keys;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (!(scores[i] <= threshold)) continue;
        images.push_back(i);
        keys.push_back(scores[i]);
    }
    const auto ranks =
        with_order(order, [&]<class O>(O) { return O::argsort(std::span<const double>(keys)); });
    std::vector<std::size_t> ranked;
    ranked.reserve(images.size());
    for (const auto position : ranks) ranked.push_back(images[position]);
    return ranked;
}

std::string_view name_of(LabelIssueKind kind) {
    switch (kind) {
        case LabelIssueKind::Overlooked:
            return "overlooked";
        case LabelIssueKind::Swapped:
            return "swapped";
        case LabelIssueKind::BadlyLocated:
            return "badly_located";
    }
    return {};
}

}  // namespace tusker::detection
