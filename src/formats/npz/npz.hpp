// Arrays in NumPy's .npz files: a ZIP archive whose members are .npy files, stored (np.savez) or
// deflated (np.savez_compressed).
//
// A stored member is read in the file's own pages; a deflated one is unpacked into memory, after
// its .npy header, its size in the archive and what deflate can reach at most agree: an archive
// that would unpack to more than it can hold, or to more than the caller allows, is refused before
// memory is taken. Every member that is read is checked against its CRC-32.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "formats/npy/npy.hpp"
#include "formats/npz/zip.hpp"

namespace tusker::npz {

/// Called now and then while a member is unpacked, with bytes of the array.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

class Archive {
public:
    static Result<Archive> open(const std::filesystem::path& path);
    /// `bytes` is the whole archive, kept by `owner`; `name` starts each message.
    static Result<Archive> read(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                std::string name);

    /// Names of the arrays, as given to np.savez, in the archive's order.
    std::vector<std::string> names() const;

    /// Error: no such array, one of more than `bytes_max`, or damage.
    Result<npy::Array> array(const std::string& name, std::uint64_t bytes_max,
                             const Progress& progress = {}) const;

private:
    Archive(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string name,
            std::vector<Member> members)
        : bytes_(bytes),
          owner_(std::move(owner)),
          name_(std::move(name)),
          members_(std::move(members)) {}

    std::span<const std::byte> bytes_;
    std::shared_ptr<const void> owner_;
    std::string name_;
    std::vector<Member> members_;
};

}  // namespace tusker::npz
