// The directory of a ZIP file, as much as .npz files need: stored and deflated members, ZIP64.
// Private to the room. Refused: encryption, other methods, several disks, doubled names, and places
// outside the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace tusker::npz {

struct Member {
    enum class Method { Stored, Deflated };
    std::string name;
    Method method = Method::Stored;
    std::uint32_t crc32 = 0;
    std::uint64_t packed_bytes = 0;
    std::uint64_t bytes = 0;
    std::uint64_t local_header = 0;  // offset in the file
};

/// Members in the order of the directory. `name` starts each message.
Result<std::vector<Member>> read_directory(std::span<const std::byte> file,
                                           const std::string& name);

/// The member's bytes as they lie in the file. Its local header must agree with the directory.
Result<std::span<const std::byte>> packed_bytes(std::span<const std::byte> file,
                                                const Member& member, const std::string& name);

}  // namespace tusker::npz
