// Which classes a row's label has a low margin to.
#pragma once

#include <span>

#include "kernels/confident/confident.hpp"

namespace tusker::confident {

/// Writes the classes k with self - p[k] <= limits[k], ascending, and returns how many they are.
///
/// p, limits, classes  [K]
template <class T>
std::size_t find_low_margins(std::span<const T> p, T self, std::span<const T> limits,
                             std::span<ClassId> classes);

}  // namespace tusker::confident
