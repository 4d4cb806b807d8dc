// "Did you mean …": the nearest of some names, for messages about unknown words.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tusker {

/// The candidate with the least edit distance (swaps of neighbours count one), if that is at most a
/// third of the longer word; ties go to the first.
std::optional<std::string> nearest_name(std::string_view word, std::span<const std::string> names);

/// " (did you mean 'weather'?)" or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string> names);

}  // namespace tusker
