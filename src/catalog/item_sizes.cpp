#include "catalog/item_sizes.hpp"

#include <mutex>

namespace tusker::catalog {

std::optional<std::pair<std::uint32_t, std::uint32_t>> ItemSizes::find(ItemNo item) const {
    const std::shared_lock lock(mutex_);
    if (item >= sizes_.size() || sizes_[item].first == 0) return std::nullopt;
    return sizes_[item];
}

void ItemSizes::set(ItemNo item, std::uint32_t width, std::uint32_t height) {
    const std::unique_lock lock(mutex_);
    if (item >= sizes_.size()) sizes_.resize(std::size_t{item} + 1);
    sizes_[item] = {width, height};
}

}  // namespace tusker::catalog
