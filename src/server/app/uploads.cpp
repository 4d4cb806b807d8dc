#include "server/app/uploads.hpp"

#include <algorithm>

#include "base/ids.hpp"

namespace tusker::app {

std::string Uploads::keep(std::vector<std::string> names) {
    const std::lock_guard lock(mutex_);
    const TimeMs now = now_ms();
    std::erase_if(uploads_, [&](const auto& entry) { return entry.second.at + kKeptMs < now; });
    if (uploads_.size() >= kKeptMax)
        uploads_.erase(std::ranges::min_element(uploads_, {},
                                                [](const auto& entry) { return entry.second.at; }));
    std::string id = make_id("upl_");
    uploads_.emplace(id, Upload{now, std::move(names)});
    return id;
}

std::optional<std::vector<std::string>> Uploads::find(std::string_view id) {
    const std::lock_guard lock(mutex_);
    const auto found = uploads_.find(id);
    if (found == uploads_.end() || found->second.at + kKeptMs < now_ms()) return std::nullopt;
    return found->second.names;
}

}  // namespace tusker::app
