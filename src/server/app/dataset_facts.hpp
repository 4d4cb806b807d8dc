// What the list of datasets and the schema say of a Version: counts over all its rows. Computed
// once a Version and kept for the newest of each dataset.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/version.hpp"

namespace tusker::app {

struct MetadataKey {
    std::set<std::string> types;  // "text", "number", "bool", "json"
    std::uint64_t items = 0;
};

struct DatasetFacts {
    std::uint64_t journal_no = 0;
    std::uint64_t unlabelled = 0;  // items without annotation and category
    std::uint64_t media_bytes = 0;
    std::vector<std::uint64_t> annotations_of_label;  // by label code
    std::map<std::string, MetadataKey> metadata;      // of items
    std::set<std::string> types;                      // "box", …
};

DatasetFacts compute_facts(const catalog::Version& version);

/// Thread safety: may be called from several threads; two may compute the same facts.
class FactsCache {
public:
    std::shared_ptr<const DatasetFacts> of(const catalog::Version& version);

private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<const DatasetFacts>> newest_;
};

}  // namespace tusker::app
