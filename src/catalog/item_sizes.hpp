// Width and height of pictures that were found out after the upload, when a picture was first
// decoded. Recomputable; shared by all Versions of a dataset, because knowing a size changes
// nothing that people gave.
//
// Thread safety: all members from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "catalog/version.hpp"

namespace tusker::catalog {

class ItemSizes {
public:
    /// (width, height) in pixels.
    std::optional<std::pair<std::uint32_t, std::uint32_t>> find(ItemNo item) const;
    void set(ItemNo item, std::uint32_t width, std::uint32_t height);

private:
    mutable std::shared_mutex mutex_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sizes_;  // width 0 = not known
};

}  // namespace tusker::catalog
