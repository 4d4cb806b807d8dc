// How an error of a query text is said: where, and what is wrong there. Private to the room.
#pragma once

#include <cstddef>
#include <string_view>

#include <fmt/format.h>

#include "base/error.hpp"

namespace tusker::query {

/// "column N: message"; N counts characters from 1.
inline std::unexpected<Error> problem_at(std::size_t column, std::string_view message) {
    return invalid(fmt::format("column {}: {}", column, message));
}

}  // namespace tusker::query
