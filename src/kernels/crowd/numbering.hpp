// Numbers for the names of items, annotators and labels where those are whole numbers themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/crowd/votes.hpp"

namespace tusker::crowd {

enum class NumberBy { Occurrence, Value };

struct Numbered {
    std::vector<Index> numbers;       // [rows] positions in `names`
    std::vector<std::int64_t> names;  // each once: in order of first occurrence, or ascending
};

/// Two walks and a table of all numbers from the least value to the largest. Empty where that table
/// would be much larger than the rows, or there are 2^32 - 1 rows or more.
std::optional<Numbered> number_values(std::span<const std::int64_t> values, NumberBy by);

}  // namespace tusker::crowd
