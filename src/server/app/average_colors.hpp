// Average colours of pictures, shown by the grid until a thumbnail has come. Found out when a
// thumbnail is made, kept in memory: a cache like thumbs/.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/version.hpp"

namespace tusker::app {

/// Thread safety: may be called from several threads.
class AverageColors {
public:
    /// "#rrggbb"; empty if not known.
    std::optional<std::string> find(const std::string& dataset_id, catalog::ItemNo item) const;
    /// `color` is "#rrggbb"; anything else is not kept.
    void set(const std::string& dataset_id, catalog::ItemNo item, const std::string& color);

private:
    mutable std::mutex mutex_;
    // 0xrrggbb + 1 by item number; 0 = not known. Four bytes an item.
    std::unordered_map<std::string, std::vector<std::uint32_t>> colors_;
};

}  // namespace tusker::app
