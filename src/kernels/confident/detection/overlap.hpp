// How much two boxes are one: intersection over union, and a similarity that still falls with the
// distance where they do not meet.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/matrix_view.hpp"
#include "kernels/confident/detection/boxes.hpp"

namespace tusker::detection {

/// Intersection over union of areas x · y (without the pixel convention's + 1); 0 if the boxes do
/// not meet, and for touching ones.
double intersection_over_union(const Box& a, const Box& b);

/// The same where the coordinates of `a` (a_single) or `b` were float32: what NumPy computes from
/// scalars of mixed types, which is float32 as long as nothing of float64 entered.
double intersection_over_union(const Box& a, bool a_single, const Box& b, bool b_single);

/// exp(-0.1 · distance of the centres in pixels), 1 for boxes about one centre. `a_single`: the
/// coordinates of `a` were float32.
template <class Order>
double nearness_of_centers(const Box& a, bool a_single, const Box& b);

/// Least similarity of the sound order (docs/decisions/0002-least-similarity.md), which does not
/// tell boxes farther away from each other: with the default alpha, two boxes that do not meet come
/// to it 115 pixels apart.
inline constexpr double kLeastSimilarity = 1e-6;

/// One image's given boxes (rows) against its predicted boxes (columns).
struct Similarities {
    std::size_t given = 0;
    std::size_t predicted = 0;
    std::vector<double> iou;         // [given × predicted]
    std::vector<double> similarity;  // [given × predicted]

    MatrixView<const double> iou_view() const { return {iou, given, predicted}; }
    MatrixView<const double> similarity_view() const { return {similarity, given, predicted}; }
    /// Least similarity that is not 0; 1 if there is none.
    double least_similarity() const;
};

/// alpha · IoU + (1 - alpha) · exp(-0.1 · distance of the centres in pixels). In the sound order at
/// least kLeastSimilarity; in cleanlab's, what is below 1e-17 becomes 0. `out` is written in full.
/// Source: Tkachenko, Thyagarajan, Mueller, "ObjectLab", arXiv 2309.00832; convention of cleanlab.
template <class Order>
void compute_similarities(const ImageBoxes& given, const ImageBoxes& predicted, double alpha,
                          Similarities& out);

}  // namespace tusker::detection
