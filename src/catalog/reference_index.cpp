#include "catalog/reference_index.hpp"

#include <bit>
#include <limits>

#include "base/checksum.hpp"

namespace tusker::catalog {
namespace {

constexpr std::uint64_t kFree = std::numeric_limits<std::uint64_t>::max();  // no item has this no

/// The item's reference id; empty if the item is not in the table.
std::string_view reference_of(const columns::Table& items, ItemNo item) {
    const auto place = items.find({item, 0});
    if (!place) return {};
    const auto& segment = *items.parts()[place->part].segment;
    const auto* column = segment.find(column::kReferenceId, columns::Type::Text);
    const auto index = column->index_of(place->row);
    return index ? column->text(*index) : std::string_view();
}

}  // namespace

ReferenceIndex::ReferenceIndex(std::size_t items)
    : slots_(std::bit_ceil(std::max<std::size_t>(16, items * 3 / 2 + 1))) {
    for (auto& slot : slots_) slot.store(kFree, std::memory_order_relaxed);
}

std::uint32_t ReferenceIndex::hash_of(std::string_view reference_id) {
    return static_cast<std::uint32_t>(checksum(reference_id));
}

std::optional<ItemNo> ReferenceIndex::find(const Version& version,
                                           std::string_view reference_id) const {
    const std::uint32_t hash = hash_of(reference_id);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
        const std::uint64_t slot = slots_[at].load(std::memory_order_acquire);
        if (slot == kFree) return std::nullopt;
        const auto item = static_cast<ItemNo>(slot);
        if (slot >> 32U == hash && item < version.items_end && version.living->contains(item) &&
            reference_of(version.items, item) == reference_id)
            return item;
    }
}

void ReferenceIndex::insert(std::uint32_t hash, ItemNo item) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].load(std::memory_order_relaxed) != kFree) at = (at + 1) & mask;
    slots_[at].store(std::uint64_t{hash} << 32U | item, std::memory_order_release);
    ++used_;
}

std::shared_ptr<ReferenceIndex> ReferenceIndex::grown(const columns::Bitmap& living,
                                                      std::size_t more) const {
    auto larger = std::make_shared<ReferenceIndex>((living.size() + more) * 2);
    for (const auto& stored : slots_) {
        const std::uint64_t slot = stored.load(std::memory_order_relaxed);
        if (slot == kFree) continue;
        const auto item = static_cast<ItemNo>(slot);
        if (living.contains(item)) larger->insert(static_cast<std::uint32_t>(slot >> 32U), item);
    }
    return larger;
}

}  // namespace tusker::catalog
