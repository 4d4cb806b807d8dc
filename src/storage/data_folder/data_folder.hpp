// The one data directory (DESIGN § 2): made, locked by one process, and asked who holds it.
// Invariants: (1) while a DataLock lives, no other process gets one for that folder, however the
// last one ended; (2) the lock file says where the holder listens, so that commands given --data
// can ask it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/file.hpp"

namespace tusker::data_folder {

/// Who holds a folder. Address and port are empty until it listens.
struct Holder {
    int process_id = 0;
    std::string address;
    std::uint16_t port = 0;

    /// "http://127.0.0.1:8080"; a holder that listens everywhere is asked by loopback.
    std::string url() const;
};

class DataLock {
public:
    /// Makes the folder if needed. Conflict names the process that holds it and where it listens.
    static Result<DataLock> take(const std::filesystem::path& folder);
    /// Writes where this process listens.
    Result<void> announce(const std::string& address, std::uint16_t port);

private:
    explicit DataLock(File file) : file_(std::move(file)) {}
    File file_;  // flock is released with its descriptor, also by kill -9
};

/// Empty if nobody holds the folder; NotFound if there is none.
Result<std::optional<Holder>> find_holder(const std::filesystem::path& folder);

}  // namespace tusker::data_folder
