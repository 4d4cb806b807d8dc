// XXH64 (Yann Collet's published algorithm, seed 0): the checksum of blocks and the hash of texts.
#pragma once

#include <cstdint>
#include <string_view>

namespace tusker {

std::uint64_t checksum(std::string_view bytes);

}  // namespace tusker
