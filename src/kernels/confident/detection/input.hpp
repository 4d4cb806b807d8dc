// What may come in as boxes.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.hpp"
#include "kernels/confident/detection/boxes.hpp"

namespace tusker::detection {

/// One image's given × predicted boxes may be so many: two matrices of 1 GiB.
inline constexpr std::size_t kPairsMax = std::size_t{1} << 27;

/// Offsets as in BoxesOfImages, as many images given as predicted, coordinates finite, in the sound
/// order x1 <= x2 and y1 <= y2, probabilities in [-1e-6, 1 + 1e-6], at most kPairsMax pairs in an
/// image. The error names the argument, the position, the value and the rule.
Result<void> check_boxes(const BoxesOfImages& given, const BoxesOfImages& predicted,
                         confident::Order order);

/// Each class is < `classes`.
Result<void> check_classes(const BoxesOfImages& all, std::string_view name, std::size_t classes);

}  // namespace tusker::detection
