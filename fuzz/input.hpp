// What a fuzz target begins with: the made-up bytes as text, and a check that holds in every build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace tusker::fuzz {

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

/// A wrong answer ends the process, so that libFuzzer keeps the input.
inline void expect(bool holds) {
    if (!holds) std::abort();
}

/// Reads every byte, so that a view of memory that is not there is seen.
template <class Range>
std::size_t touch(const Range& bytes) {
    std::size_t sum = 0;
    for (const auto byte : bytes) sum += static_cast<std::size_t>(byte);
    return sum;
}

}  // namespace tusker::fuzz
