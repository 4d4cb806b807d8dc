// Finds wrong boxes by the model's own confidence: a prediction speaks if it is about as confident
// as those of its class that people agree with. ObjectLab (detection.hpp) asks for a fixed 0.95 and
// for boxes that nearly coincide, which a detector of middling quality never gives; this needs no
// scale of confidence and only that boxes overlap by half.
//
// Source: confident learning's class thresholds (Northcutt, Jiang, Chuang, JAIR 70, 2021: the mean
// probability of a class where it is given), here the mean confidence of predictions that match a
// given box of their class at IoU >= 0.5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/confident/detection/boxes.hpp"
#include "kernels/confident/detection/detection.hpp"

namespace tusker::detection {

struct ClassThresholdOptions {
    /// A prediction speaks from this share of its class's threshold on: at 1 half of what agrees
    /// would not speak either.
    double threshold_share = 0.8;
    double same_place_iou = 0.5;    // two boxes of one thing, whatever their classes
    double well_located_iou = 0.6;  // below, a box of the right class is badly located
    double nearby_iou = 0.3;  // a given box that meets a prediction more is not overlooked by it
    double meets_iou = 0.1;   // below, a prediction says nothing of the given box
};

struct ConfidentBoxIssue {
    std::size_t image = 0;
    LabelIssueKind kind = LabelIssueKind::Overlooked;
    std::uint32_t given = kNoBox;  // index within the image; kNoBox where overlooked
    std::uint32_t predicted = 0;   // index within the image of the box that says so
    /// 1 - confidence x disagreement, in [0, 1], low = suspect. Two boxes disagree by their IoU if
    /// swapped, by 1 - IoU if badly located or (with the nearest given box) overlooked.
    double score = 0;
};

struct ConfidentBoxIssues {
    std::vector<ConfidentBoxIssue> issues;  // at most one a given box; by image, then box
    std::vector<double> given_scores;       // [given] the same score of every given box, 1 if none
                                            // speaks against it
    std::vector<double> thresholds;         // [K] 1 for a class that nobody agrees with
};

/// A given box is *swapped* if a speaking prediction of another class is in its place and overlaps
/// it more than any prediction of its own class; else *badly located* if the best speaking
/// prediction of its class meets it but hardly, and no given box of that class fits it better. A
/// speaking prediction is *overlooked* if it meets no given box and accuses none.
/// Input and errors as detection::find_label_issues. Neither the number of threads nor the other
/// images of the call matter, but for the thresholds, which are of the whole model.
Result<ConfidentBoxIssues> find_by_class_thresholds(
    const BoxesOfImages& given, const BoxesOfImages& predicted, std::size_t classes,
    const ClassThresholdOptions& options, const Pool& pool, const std::stop_token& stop = {});

}  // namespace tusker::detection
