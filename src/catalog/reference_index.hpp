// (reference_id -> item_no) for all Versions of a dataset: open addressing of 32-bit hashes, 8
// bytes a slot, about 12 an item. A hash only names candidates; the text in the Version's items
// decides.
//
// Thread safety: find may run in any thread while the one writer inserts. Invariants: (1) A slot is
// written once. (2) A Version never sees numbers from its items_end on, nor dead ones, so what
// later writers insert, or what a write left that failed, changes no answer. (3) A table that is
// too full is replaced by a larger one; Versions that hold the old one keep it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "catalog/version.hpp"

namespace tusker::catalog {

class ReferenceIndex {
public:
    /// Room for that many items without growing.
    explicit ReferenceIndex(std::size_t items);

    static std::uint32_t hash_of(std::string_view reference_id);

    /// The living item of `version` with that reference id.
    std::optional<ItemNo> find(const Version& version, std::string_view reference_id) const;

    bool has_room_for(std::size_t items) const { return (used_ + items) * 3 <= slots_.size() * 2; }
    /// Only the dataset's writer; has_room_for(1) must hold.
    void insert(std::uint32_t hash, ItemNo item);
    /// The same slots, less the dead, in a table with room for `more` others.
    std::shared_ptr<ReferenceIndex> grown(const columns::Bitmap& living, std::size_t more) const;

private:
    std::vector<std::atomic<std::uint64_t>> slots_;  // hash << 32 | item_no; kFree
    std::size_t used_ = 0;
};

}  // namespace tusker::catalog
