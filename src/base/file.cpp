#include "base/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tusker {
namespace {

std::unexpected<Error> system_failure(const std::string& what, int error_number) {
    ErrorCode code = ErrorCode::Internal;
    if (error_number == ENOENT) code = ErrorCode::NotFound;
    if (error_number == EACCES || error_number == EPERM) code = ErrorCode::Forbidden;
    if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG)
        code = ErrorCode::StorageFull;
    return fail(code, what + ": " + std::system_category().message(error_number));
}

}  // namespace

File& File::operator=(File&& other) noexcept {
    if (this != &other) {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
}

File::~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<File> File::open(const std::filesystem::path& path, Mode mode, int permissions) {
    int flags = O_CLOEXEC;
    switch (mode) {
        case Mode::Read:
            flags |= O_RDONLY;
            break;
        case Mode::Append:
            flags |= O_WRONLY | O_APPEND | O_CREAT;
            break;
        case Mode::ReadWrite:
            flags |= O_RDWR | O_CREAT;
            break;
    }
    const int descriptor = ::open(path.c_str(), flags, permissions);
    if (descriptor < 0) return system_failure("cannot open " + path.string(), errno);
    return File(descriptor);
}

Result<std::uint64_t> File::size() const {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) return system_failure("cannot stat file", errno);
    return static_cast<std::uint64_t>(status.st_size);
}

Result<void> File::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            return system_failure("cannot write", errno);
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::string> File::read_at(std::uint64_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const auto got = ::pread(descriptor_, bytes.data() + done, size - done,
                                 static_cast<off_t>(offset + done));
        if (got < 0) {
            if (errno == EINTR) continue;
            return system_failure("cannot read", errno);
        }
        if (got == 0) return fail(ErrorCode::Internal, "file ends before the bytes asked for");
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

Result<void> File::truncate(std::uint64_t size) {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0)
        return system_failure("cannot truncate", errno);
    return {};
}

Result<void> File::sync() {
    if (::fdatasync(descriptor_) != 0) return system_failure("cannot sync", errno);
    return {};
}

Result<std::string> read_file(const std::filesystem::path& path) {
    const auto file = TUSKER_TRY(File::open(path, File::Mode::Read));
    const auto size = TUSKER_TRY(file.size());
    return file.read_at(0, size);
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes,
                          int permissions) {
    auto beside = path;
    beside += ".new";
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    auto file = TUSKER_TRY(File::open(beside, File::Mode::Append, permissions));
    auto written = file.append(bytes);
    if (written) written = file.sync();
    if (written && ::rename(beside.c_str(), path.c_str()) != 0)
        written = system_failure("cannot rename to " + path.string(), errno);
    if (!written) {
        std::filesystem::remove(beside, ignored);
        return written;
    }
    return sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return system_failure("cannot open " + folder.string(), errno);
    const int failed = ::fsync(descriptor);
    const int error_number = errno;
    ::close(descriptor);
    if (failed != 0) return system_failure("cannot sync " + folder.string(), error_number);
    return {};
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

MappedFile::~MappedFile() {
    if (!bytes_.empty())
        ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());  // NOLINT: munmap's type
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
    const auto file = TUSKER_TRY(File::open(path, File::Mode::Read));
    const auto size = TUSKER_TRY(file.size());
    MappedFile mapped;
    if (size == 0) return mapped;
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.descriptor(), 0);
    if (address == MAP_FAILED) return system_failure("cannot map " + path.string(), errno);
    mapped.bytes_ = {static_cast<const std::byte*>(address), size};
    return mapped;
}

}  // namespace tusker
