// Decisions and ranked label issues of a dataset as lookups, kept for the newest Version of each:
// every tile asks for them.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.hpp"
#include "findings/label_issues/still_wrong.hpp"

namespace tusker::app {

/// Immutable; all that people decided about one dataset's labels.
class DatasetDecisions {
public:
    DatasetDecisions(std::uint64_t journal_no, std::vector<catalog::Correction> corrections)
        : journal_no_(journal_no), corrections_(std::move(corrections)), decisions_(corrections_) {}
    DatasetDecisions(const DatasetDecisions&) = delete;
    DatasetDecisions& operator=(const DatasetDecisions&) = delete;

    std::uint64_t journal_no() const { return journal_no_; }
    const std::vector<catalog::Correction>& corrections() const { return corrections_; }
    const label_issues::Decisions& standing() const { return decisions_; }

private:
    std::uint64_t journal_no_;
    std::vector<catalog::Correction> corrections_;
    label_issues::Decisions decisions_;  // borrows corrections_
};

using RankedIssues = std::vector<label_issues::IssueRow>;

/// Thread safety: may be called from several threads.
class IssueCache {
public:
    /// As of `version` or later.
    Result<std::shared_ptr<const DatasetDecisions>> decisions(const catalog::Catalog& catalog,
                                                              const catalog::Version& version);
    std::shared_ptr<const RankedIssues> issues(const catalog::Finding& finding);
    /// All rows of the run, for estimates; of few runs at a time, for it is large.
    std::shared_ptr<const label_issues::Ranking> ranking(const catalog::Finding& finding);

private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<const DatasetDecisions>> decisions_;
    std::unordered_map<std::string, std::shared_ptr<const RankedIssues>> issues_;  // by finding id
    std::unordered_map<std::string, std::shared_ptr<const label_issues::Ranking>> rankings_;
};

}  // namespace tusker::app
