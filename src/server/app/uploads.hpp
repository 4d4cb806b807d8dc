// Lists of names that a later request refers to, because an address is too short for them. Kept for
// an hour, forgotten when the server stops.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace tusker::app {

/// Thread safety: may be called from several threads.
class Uploads {
public:
    static constexpr TimeMs kKeptMs = TimeMs{60} * 60 * 1000;
    /// One more pushes out the oldest.
    static constexpr std::size_t kKeptMax = 32;

    /// "upl_…"
    std::string keep(std::vector<std::string> names);
    std::optional<std::vector<std::string>> find(std::string_view id);

private:
    struct Upload {
        TimeMs at;
        std::vector<std::string> names;
    };
    std::mutex mutex_;
    std::map<std::string, Upload, std::less<>> uploads_;
};

}  // namespace tusker::app
