// Label-issue runs that are kept ready, the newest of each dataset: re-ranking after decisions
// takes milliseconds then, and says what a run from nothing would.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "findings/label_issues/live_run.hpp"

namespace tusker::app {

/// Thread safety: may be called from several threads; runs of one dataset take turns.
class LiveRuns {
public:
    /// As label_issues::find_label_issues; by the kept run where it can follow `version`.
    Result<catalog::Finding> find(const std::shared_ptr<const catalog::Version>& version,
                                  const label_issues::Request& request, const Pool& pool,
                                  jobs::Progress& progress);

private:
    struct Kept {
        std::mutex mutex;
        std::unique_ptr<label_issues::LiveRun> run;
    };
    std::shared_ptr<Kept> kept_of(const std::string& dataset_id);

    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<Kept>> kept_;
};

}  // namespace tusker::app
