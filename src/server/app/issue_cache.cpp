#include "server/app/issue_cache.hpp"

namespace tusker::app {
namespace {

/// Made outside the lock: two may make the same, one of which is kept.
template <class Map, class Make>
typename Map::mapped_type find_or_make(std::mutex& mutex, Map& kept, const std::string& id,
                                       std::size_t kept_max, Make make) {
    {
        const std::lock_guard lock(mutex);
        if (const auto known = kept.find(id); known != kept.end()) return known->second;
    }
    auto fresh = make();
    const std::lock_guard lock(mutex);
    if (kept.size() >= kept_max) kept.clear();
    kept[id] = fresh;
    return fresh;
}

}  // namespace

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
    return find_or_make(mutex_, issues_, finding.id, kFindingsMax, [&] {
        return std::make_shared<const RankedIssues>(label_issues::found_issues(finding));
    });
}

std::shared_ptr<const label_issues::Ranking> IssueCache::ranking(const catalog::Finding& finding) {
    constexpr std::size_t kRankingsMax = 4;
    return find_or_make(mutex_, rankings_, finding.id, kRankingsMax, [&] {
        return std::make_shared<const label_issues::Ranking>(label_issues::rank_rows(finding));
    });
}

}  // namespace tusker::app
