// Files as values that close themselves; every failure is an Error that names the path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace tusker {

/// A file descriptor. Thread safety: read_at may be called from several threads.
class File {
public:
    enum class Mode { Read, Append, ReadWrite };

    File() = default;
    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&& other) noexcept;
    ~File();

    /// Append and ReadWrite create the file (mode 0644, or `permissions`).
    static Result<File> open(const std::filesystem::path& path, Mode mode, int permissions = 0644);

    bool is_open() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    Result<std::uint64_t> size() const;
    Result<void> append(std::string_view bytes);
    /// Exactly `size` bytes, else an Error.
    Result<std::string> read_at(std::uint64_t offset, std::size_t size) const;
    Result<void> truncate(std::uint64_t size);
    /// fdatasync: returns when the bytes survive a crash of the machine.
    Result<void> sync();

private:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

Result<std::string> read_file(const std::filesystem::path& path);
/// Writes beside, syncs, renames over `path`, syncs the folder: old or new, never half.
Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes,
                          int permissions = 0644);
/// A folder's entries survive a crash only after this.
Result<void> sync_folder(const std::filesystem::path& folder);

/// A whole file mapped read-only. The span lives as long as the object.
class MappedFile {
public:
    MappedFile() = default;
    MappedFile(MappedFile&& other) noexcept
        : bytes_(std::exchange(other.bytes_, std::span<const std::byte>())) {}
    MappedFile& operator=(MappedFile&& other) noexcept;
    ~MappedFile();
    static Result<MappedFile> open(const std::filesystem::path& path);
    std::span<const std::byte> bytes() const { return bytes_; }

private:
    std::span<const std::byte> bytes_;
};

}  // namespace tusker
