#include "server/app/average_colors.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tusker::app {

std::optional<std::string> AverageColors::find(const std::string& dataset_id,
                                               catalog::ItemNo item) const {
    const std::lock_guard lock(mutex_);
    const auto dataset = colors_.find(dataset_id);
    if (dataset == colors_.end() || item >= dataset->second.size()) return std::nullopt;
    const std::uint32_t color = dataset->second[item];
    if (color == 0) return std::nullopt;
    return fmt::format("#{:06x}", color - 1);
}

void AverageColors::set(const std::string& dataset_id, catalog::ItemNo item,
                        const std::string& color) {
    std::uint32_t rgb = 0;
    if (color.size() != 7 || color[0] != '#' ||
        std::from_chars(color.data() + 1, color.data() + 7, rgb, 16).ptr != color.data() + 7)
        return;
    const std::lock_guard lock(mutex_);
    std::vector<std::uint32_t>& items = colors_[dataset_id];
    if (items.size() <= item) items.resize(std::size_t{item} + 1, 0);
    items[item] = rgb + 1;
}

}  // namespace tusker::app
