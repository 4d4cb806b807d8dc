// IEEE binary16, the type that models store to halve a file: kept as bits and widened to float,
// which holds every one of them exactly. Nothing is computed in it.
#pragma once

#include <cstdint>
#include <span>

namespace tusker::confident {

enum class Float16 : std::uint16_t {};

/// Exact, subnormal numbers, infinity and NaN included.
float widen(Float16 half);
/// The same of many; out has as many. Every instruction set gives the same bits.
void widen(std::span<const Float16> halves, std::span<float> out);

}  // namespace tusker::confident
