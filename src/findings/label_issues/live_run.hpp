// A label-issue run that follows the labels: what it gathered stays in memory, and after decisions
// its ranking is there in milliseconds, the same as a run from nothing finds.
//
// Only for one label an item and the sound order. Thread safety: one thread at a time.
#pragma once

#include <memory>

#include "findings/label_issues/label_issues.hpp"

namespace tusker::label_issues {

class LiveRun {
public:
    /// Null if the request is none that can be followed (boxes, cleanlab's order), or its matrix is
    /// too large to keep. Errors as find_label_issues.
    static Result<std::unique_ptr<LiveRun>> start(
        const std::shared_ptr<const catalog::Version>& version, const Request& request,
        const Pool& pool, jobs::Progress& progress);
    ~LiveRun();

    /// Whether the request asks for this run again.
    bool answers(const Request& request) const;
    /// Takes over the labels of `version`. False if more than labels changed since (items,
    /// predictions, a class that the run does not know): then it is as it was, and of no more use.
    Result<bool> follow(const std::shared_ptr<const catalog::Version>& version, const Pool& pool);
    /// As find_label_issues gives it, of the version last followed. `took_ms` goes into the
    /// summary.
    catalog::Finding finding(TimeMs took_ms) const;

private:
    struct State;
    explicit LiveRun(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace tusker::label_issues
