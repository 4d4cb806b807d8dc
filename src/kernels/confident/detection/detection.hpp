// Finds wrong boxes: given boxes of many images and a model's out-of-sample predictions, which
// boxes were overlooked, are badly located, or have another class, worst first.
//
// Not here: files, JSON, datasets. Boxes are read once, image by image, on all threads; beside the
// input it takes about 70 bytes a box and, per thread, one image's given × predicted matrix.
// Invariant: neither the number of threads nor the instruction set changes a result; in the sound
// order, neither do the other images of the call (but for the average precision, which is of the
// whole model). The way: overlap (are two boxes one) -> box_scores (what one image says) and
// average_precision (how far the model is to be believed) -> find_label_issues.
//
// Source: Tkachenko, Thyagarajan, Mueller, "ObjectLab: Automated Diagnosis of Mislabeled Images in
// Object Detection Data", arXiv 2309.00832; conventions of cleanlab.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/detection/average_precision.hpp"
#include "kernels/confident/detection/box_scores.hpp"
#include "kernels/confident/detection/boxes.hpp"

namespace tusker::detection {

using confident::Order;
using confident::Progress;

enum class LabelIssueKind {
    Overlooked,   // a confident prediction where no box was given
    Swapped,      // a confident prediction of another class in the place of the given box
    BadlyLocated  // a prediction of the same class that meets the given box, but hardly
};

struct LabelIssueOptions {
    ScoreOptions scores;
    Order order = Order::Sound;
    /// Of the softmin that makes an image's score of its boxes'; > 0.
    double temperature = 0.1;
    /// Weights of an image's three scores in their geometric mean; not negative, sum 1.
    double overlooked_weight = 1.0 / 3;
    double badly_located_weight = 1.0 / 3;
    double swapped_weight = 1.0 / 3;
};

/// All scores in [0, 1], low = suspect, in the order of the boxes.
struct BoxScores {
    std::vector<double> overlooked;         // [predicted], NaN where undefined
    std::vector<double> badly_located;      // [given]
    std::vector<double> swapped;            // [given]
    std::vector<std::uint32_t> located_at;  // [given] index of a predicted box in the image, kNoBox
    std::vector<std::uint32_t> swapped_to;  // [given] likewise
    /// Least similarity that is not 0 over all images in the cleanlab order (1 if there is none);
    /// kLeastSimilarity in the sound one.
    double least_similarity = 1;
};

struct LabelIssue {
    std::size_t image = 0;
    LabelIssueKind kind = LabelIssueKind::Overlooked;
    /// Index within the image: of the predicted box where overlooked, else of the given box.
    std::size_t box = 0;
    double score = 0;
    std::optional<ClassId> given;  // empty where overlooked
    /// The class it should have: the given one where badly located; empty where two given boxes are
    /// in one place and no confident prediction says which of them is right.
    std::optional<ClassId> suggested;
    /// The box it should have: empty where swapped.
    std::optional<Box> suggested_box;
};

struct LabelIssues {
    std::vector<LabelIssue> ranked;          // by image score, then image, then score: worst first
    std::vector<double> image_scores;        // [images] in [0, 1], low = suspect
    std::vector<double> average_precisions;  // [K]
    BoxScores boxes;
};

/// Scores of all boxes. Errors are those of check_boxes (input.hpp).
Result<BoxScores> score_boxes(const BoxesOfImages& given, const BoxesOfImages& predicted,
                              const ScoreOptions& options, Order order, const Pool& pool,
                              const std::stop_token& stop = {}, const Progress& progress = {});

/// [images] Softmin of each image's scores; NaN is left out, 1 where nothing is left.
std::vector<double> pool_box_scores(std::span<const double> scores,
                                    std::span<const std::size_t> offsets, double temperature,
                                    Order order, const Pool& pool);

/// [images] Weighted geometric mean of the image's three pooled scores.
std::vector<double> score_images(const BoxScores& scores, const BoxesOfImages& given,
                                 const BoxesOfImages& predicted, const LabelIssueOptions& options,
                                 const Pool& pool);

/// A box is an issue if its score is at most 0.8 · 0.25 · average precision of its class; that of
/// the predicted class where overlooked. (cleanlab ranks images with the check for two classes in
/// one place whatever was asked for; its functions in Python do so, this one does not.) Classes are
/// < `classes`, else an error. Cancelled if `stop` is requested; progress counts images.
Result<LabelIssues> find_label_issues(const BoxesOfImages& given, const BoxesOfImages& predicted,
                                      std::size_t classes, const LabelIssueOptions& options,
                                      const Pool& pool, const std::stop_token& stop = {},
                                      const Progress& progress = {});

/// How often the model was right, for each class (row) at each of iou_thresholds().
struct Matches {
    std::vector<double> average_precisions;  // [K]
    std::vector<std::int64_t> right;         // [K × 10] predictions that match a given box
    std::vector<std::int64_t> wrong;         // [K × 10] predictions that match none
    std::vector<std::int64_t> missed;        // [K × 10] given boxes without a match
};
Result<Matches> match_images(const BoxesOfImages& given, const BoxesOfImages& predicted,
                             std::size_t classes, Order order, const Pool& pool);

/// Images whose score is at most `threshold`, worst first; equal ones as the order places them.
std::vector<std::size_t> rank_images(std::span<const double> scores, double threshold, Order order);

/// overlooked, swapped, badly_located.
std::string_view name_of(LabelIssueKind kind);

}  // namespace tusker::detection
