// All counts that the app draws of a set of items, and the same of the whole dataset, kept for the
// newest Version: histograms show a scope on the whole.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/pool.hpp"
#include "query/facets.hpp"

namespace tusker::app {

struct ScopeCounts {
    std::uint64_t journal_no = 0;
    std::string run_id;
    std::vector<query::LabelCount> labels;  // by code
    std::vector<std::uint64_t> objects_per_item;
    query::Histogram areas;
    query::Histogram confidences;  // of the run's predictions; empty without one
    std::map<std::string, query::MetadataFacet> metadata;
};

/// `whole` gives the bins of metadata; null: found from the items.
ScopeCounts count_scope(const catalog::Version& version, const catalog::RunTable* run,
                        const columns::Bitmap& items, const ScopeCounts* whole, const Pool& pool);

/// Thread safety: may be called from several threads; two may count the same.
class WholeCounts {
public:
    std::shared_ptr<const ScopeCounts> of(const catalog::Version& version,
                                          const catalog::RunTable* run, const Pool& pool);

private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<const ScopeCounts>> newest_;
};

}  // namespace tusker::app
