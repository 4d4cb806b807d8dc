#include "server/app/deleted_slices.hpp"

#include <algorithm>

namespace tusker::app {

void DeletedSlices::keep(DeletedSlice slice) {
    const std::lock_guard lock(mutex_);
    forget_old(slice.deleted_at);
    if (slices_.size() >= kKeptMax)
        slices_.erase(std::ranges::min_element(
            slices_, {}, [](const auto& entry) { return entry.second.deleted_at; }));
    std::string id = slice.slice.id;
    slices_.insert_or_assign(std::move(id), std::move(slice));
}

std::optional<DeletedSlice> DeletedSlices::take(std::string_view slice_id) {
    const std::lock_guard lock(mutex_);
    forget_old(now_ms());
    const auto found = slices_.find(slice_id);
    if (found == slices_.end()) return std::nullopt;
    return std::move(slices_.extract(found).mapped());
}

void DeletedSlices::forget_old(TimeMs now) {
    std::erase_if(slices_,
                  [&](const auto& entry) { return entry.second.deleted_at + kKeptMs < now; });
}

}  // namespace tusker::app
