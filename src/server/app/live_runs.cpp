#include "server/app/live_runs.hpp"

namespace tusker::app {

std::shared_ptr<LiveRuns::Kept> LiveRuns::kept_of(const std::string& dataset_id) {
    // Each may hold half a gigabyte; the one that nobody re-ranks goes.
    constexpr std::size_t kKeptMax = 4;
    const std::lock_guard lock(mutex_);
    if (const auto known = kept_.find(dataset_id); known != kept_.end()) return known->second;
    if (kept_.size() >= kKeptMax) kept_.erase(kept_.begin());
    return kept_[dataset_id] = std::make_shared<Kept>();
}

Result<catalog::Finding> LiveRuns::find(const std::shared_ptr<const catalog::Version>& version,
                                        const label_issues::Request& request, const Pool& pool,
                                        jobs::Progress& progress) {
    const TimeMs started = now_ms();
    const auto kept = kept_of(version->dataset_id);
    const std::lock_guard lock(kept->mutex);
    if (kept->run && kept->run->answers(request)) {
        const auto followed = kept->run->follow(version, pool);
        if (followed && *followed) return kept->run->finding(now_ms() - started);
    }
    kept->run = TUSKER_TRY(label_issues::LiveRun::start(version, request, pool, progress));
    if (kept->run) return kept->run->finding(now_ms() - started);
    return label_issues::find_label_issues(*version, request, pool, progress);
}

}  // namespace tusker::app
