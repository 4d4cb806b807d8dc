#include "server/app/issue_cache.hpp"

namespace tusker::app {

Result<std::shared_ptr<const DatasetDecisions>> IssueCache::decisions(
    const catalog::Catalog& catalog, const catalog::Version& version) {
    {
        const std::lock_guard lock(mutex_);
        const auto known = decisions_.find(version.dataset_id);
        if (known != decisions_.end() && known->second->journal_no() == version.journal_no)
            return known->second;
    }
    auto fresh = std::make_shared<const DatasetDecisions>(
        version.journal_no, TUSKER_TRY(catalog.corrections(version.dataset_id)));
    const std::lock_guard lock(mutex_);
    decisions_[version.dataset_id] = fresh;
    return fresh;
}

std::shared_ptr<const RankedIssues> IssueCache::issues(const catalog::Finding& finding) {
    constexpr std::size_t kFindingsMax = 64;
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = issues_.find(finding.id); known != issues_.end())
            return known->second;
    }
    auto fresh = std::make_shared<const RankedIssues>(label_issues::found_issues(finding));
    const std::lock_guard lock(mutex_);
    if (issues_.size() >= kFindingsMax) issues_.clear();
    issues_[finding.id] = fresh;
    return fresh;
}

}  // namespace tusker::app
