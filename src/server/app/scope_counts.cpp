#include "server/app/scope_counts.hpp"

namespace tusker::app {

ScopeCounts count_scope(const catalog::Version& version, const catalog::RunTable* run,
                        const columns::Bitmap& items, const ScopeCounts* whole, const Pool& pool) {
    ScopeCounts counts;
    counts.journal_no = version.journal_no;
    counts.labels = query::count_labels(version.annotations, *version.labels, items, pool);
    counts.objects_per_item = query::count_objects_per_item(version.annotations, items, pool);
    counts.areas = query::count_areas(version.annotations, items, pool);
    if (run != nullptr) {
        counts.run_id = run->run_id;
        counts.confidences = query::count_confidences(run->predictions, items, pool);
    }
    if (whole != nullptr) {
        for (const auto& [key, facet] : whole->metadata)
            counts.metadata.emplace(
                key, query::count_metadata(version.items, key, items, pool, facet.numbers.edges));
        return counts;
    }
    for (const query::MetadataKey& key : query::metadata_keys_with_types(version.items))
        counts.metadata.emplace(key.key,
                                query::count_metadata(version.items, key.key, items, pool));
    return counts;
}

std::shared_ptr<const ScopeCounts> WholeCounts::of(const catalog::Version& version,
                                                   const catalog::RunTable* run, const Pool& pool) {
    const std::string run_id = run != nullptr ? run->run_id : "";
    {
        const std::lock_guard lock(mutex_);
        const auto known = newest_.find(version.dataset_id);
        if (known != newest_.end() && known->second->journal_no == version.journal_no &&
            known->second->run_id == run_id)
            return known->second;
    }
    auto counts = std::make_shared<const ScopeCounts>(
        count_scope(version, run, *version.living, nullptr, pool));
    const std::lock_guard lock(mutex_);
    newest_[version.dataset_id] = counts;
    return counts;
}

}  // namespace tusker::app
