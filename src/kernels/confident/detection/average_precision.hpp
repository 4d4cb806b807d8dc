// How good the model is at a class: average precision over the IoU thresholds 0.50, 0.55 … 0.95. A
// box's score is judged against a share of its class's, so that a weak model accuses less.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/pool.hpp"
#include "kernels/confident/detection/boxes.hpp"

namespace tusker::detection {

inline constexpr std::size_t kIouThresholds = 10;
/// 0.5 … 0.95, as np.linspace rounds them.
const std::array<double, kIouThresholds>& iou_thresholds();

/// Bit t: the prediction is right at iou_thresholds()[t].
using Hits = std::uint16_t;

/// Matches the predicted boxes of one image with the given ones, class by class, the most probable
/// first. Each may match only the given box it overlaps most; a second match of a given box is
/// wrong. `taken` has bit t of each given box that found its match, or is empty.
template <class Order>
void match_boxes(const ImageBoxes& given, const ImageBoxes& predicted, std::span<Hits> hits,
                 std::span<Hits> taken = {});

/// [K] in [0, 1]: area under the interpolated precision over recall, mean over the thresholds. 0
/// for a class that is never given or never predicted. The cleanlab order computes in float32.
///
/// hits  [predicted boxes], of match_boxes
template <class Order>
std::vector<double> average_precisions(const BoxesOfImages& given, const BoxesOfImages& predicted,
                                       std::span<const Hits> hits, std::size_t classes,
                                       const Pool& pool);

}  // namespace tusker::detection
