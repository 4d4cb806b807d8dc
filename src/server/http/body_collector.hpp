// Gathers a body as it arrives: in memory up to a limit, then in a file without a name that is
// mapped when complete.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "server/http/request.hpp"

namespace tusker::http {

class BodyCollector {
public:
    /// The folder must exist. The file vanishes with the collector and its Body, also in a crash.
    BodyCollector(std::filesystem::path spool_folder, std::size_t memory_bytes_max)
        : spool_folder_(std::move(spool_folder)), memory_bytes_max_(memory_bytes_max) {}
    BodyCollector(const BodyCollector&) = delete;
    BodyCollector& operator=(const BodyCollector&) = delete;
    ~BodyCollector();

    /// StorageFull if the spool's disk refuses.
    Result<void> append(std::string_view bytes);
    std::uint64_t size() const { return size_; }
    /// The whole body; the collector is spent.
    Result<std::shared_ptr<const Body>> finish();

private:
    Result<void> spill(std::string_view bytes);

    std::filesystem::path spool_folder_;
    std::size_t memory_bytes_max_;
    std::string memory_;
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
};

}  // namespace tusker::http
