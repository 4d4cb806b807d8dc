#include "server/http/body_collector.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tusker::http {

namespace {

class MemoryBody final : public Body {
public:
    explicit MemoryBody(std::string text) : text_(std::move(text)) {}
    std::string_view bytes() const override { return text_; }

private:
    std::string text_;
};

class MappedBody final : public Body {
public:
    MappedBody(void* address, std::size_t size) : address_(address), size_(size) {}
    MappedBody(const MappedBody&) = delete;
    MappedBody& operator=(const MappedBody&) = delete;
    ~MappedBody() override { ::munmap(address_, size_); }
    std::string_view bytes() const override { return {static_cast<const char*>(address_), size_}; }

private:
    void* address_;
    std::size_t size_;
};

std::unexpected<Error> refused(const std::filesystem::path& folder, int code) {
    const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
    return fail(full ? ErrorCode::StorageFull : ErrorCode::Internal,
                fmt::format("upload folder {}: {}", folder.string(), std::strerror(code)));
}

}  // namespace

BodyCollector::~BodyCollector() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> BodyCollector::append(std::string_view bytes) {
    size_ += bytes.size();
    if (descriptor_ < 0 && memory_.size() + bytes.size() <= memory_bytes_max_) {
        memory_ += bytes;
        return {};
    }
    if (descriptor_ < 0) {
        descriptor_ = ::open(spool_folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (descriptor_ < 0) {  // a file system without O_TMPFILE
            std::string name = (spool_folder_ / "upload-XXXXXX").string();
            descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
            if (descriptor_ < 0) return refused(spool_folder_, errno);
            ::unlink(name.c_str());
        }
        TUSKER_TRY(spill(memory_));
        memory_ = {};
    }
    return spill(bytes);
}

Result<void> BodyCollector::spill(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return refused(spool_folder_, written < 0 ? errno : ENOSPC);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::shared_ptr<const Body>> BodyCollector::finish() {
    if (descriptor_ < 0) return std::make_shared<MemoryBody>(std::move(memory_));
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor_, 0);
    if (address == MAP_FAILED) return refused(spool_folder_, errno);
    return std::make_shared<MappedBody>(address, size_);
}

}  // namespace tusker::http
