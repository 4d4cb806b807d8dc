#include "storage/columns/table.hpp"

#include <algorithm>

#include "storage/columns/merge.hpp"

namespace tusker::columns {
namespace {

constexpr std::size_t kPartsOfATier = 8;
/// Larger parts are left alone: merging one holds up its dataset's writers for seconds.
constexpr std::uint64_t kMergedRowsMax = 4'194'304;

std::uint64_t living(const Part& part) {
    return part.segment->rows() - (part.dead ? part.dead->size() : 0);
}

/// Tier t holds 8^t to 8^(t+1) - 1 rows.
int tier_of(std::uint64_t rows) {
    int tier = 0;
    while (rows >= kPartsOfATier) {
        rows /= kPartsOfATier;
        ++tier;
    }
    return tier;
}

/// Row of the key in one segment, dead or alive.
std::optional<std::uint32_t> find_row(const Segment& segment, RowKey key) {
    const auto [first, last] = segment.rows_of(key.item_no, key.item_no + 1);
    const auto numbers = segment.row_no();
    const auto at = std::lower_bound(numbers.begin() + first, numbers.begin() + last, key.row_no);
    if (at == numbers.begin() + last || *at != key.row_no) return std::nullopt;
    return static_cast<std::uint32_t>(at - numbers.begin());
}

/// Collects the deaths of one table and copies a part's bitmap at its first one.
class Deaths {
public:
    explicit Deaths(std::span<const Part> parts) : dead_(parts.size()), parts_(parts) {}
    Bitmap& of(std::size_t part) {
        if (!dead_[part])
            dead_[part] = parts_[part].dead ? std::make_shared<Bitmap>(*parts_[part].dead)
                                            : std::make_shared<Bitmap>();
        return *dead_[part];
    }
    bool is_alive(std::size_t part, std::uint32_t row) const {
        return dead_[part] ? !dead_[part]->contains(row) : parts_[part].is_alive(row);
    }
    std::vector<std::shared_ptr<Bitmap>> take() { return std::move(dead_); }

private:
    std::vector<std::shared_ptr<Bitmap>> dead_;
    std::span<const Part> parts_;
};

}  // namespace

std::optional<Place> Table::find(RowKey key) const {
    // Newest first: a row that was just written is looked up most often.
    for (std::size_t part = parts_.size(); part-- > 0;) {
        const auto row = find_row(*parts_[part].segment, key);
        if (row && parts_[part].is_alive(*row))
            return Place{static_cast<std::uint32_t>(part), *row};
    }
    return std::nullopt;
}

std::vector<Place> Table::rows_of(std::uint32_t item_no) const {
    std::vector<Place> places;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
        const auto [first, last] = parts_[part].segment->rows_of(item_no, item_no + 1);
        for (auto row = first; row < last; ++row)
            if (parts_[part].is_alive(row))
                places.push_back({static_cast<std::uint32_t>(part), row});
    }
    std::sort(places.begin(), places.end(), [this](Place a, Place b) {
        return parts_[a.part].segment->row_no()[a.row] < parts_[b.part].segment->row_no()[b.row];
    });
    return places;
}

Table Table::with(std::span<const RowKey> killed, std::span<const std::uint32_t> killed_items,
                  std::shared_ptr<const Segment> added) const {
    Table next = *this;
    Deaths deaths(parts_);
    for (const auto key : killed) {
        for (std::size_t part = 0; part < parts_.size(); ++part) {
            const auto row = find_row(*parts_[part].segment, key);
            if (!row || !deaths.is_alive(part, *row)) continue;
            deaths.of(part).add(*row);
            break;  // a key lives in one part only
        }
    }
    for (const auto item : killed_items) {
        for (std::size_t part = 0; part < parts_.size(); ++part) {
            const auto [first, last] = parts_[part].segment->rows_of(item, item + 1);
            if (first < last) deaths.of(part).add_range(first, last);
        }
    }
    auto dead = deaths.take();
    for (std::size_t part = 0; part < dead.size(); ++part)
        if (dead[part]) next.parts_[part].dead = std::move(dead[part]);
    if (added && added->rows() > 0) next.parts_.push_back({std::move(added), nullptr});
    next.merge_tiers();
    next.living_rows_ = 0;
    for (const auto& part : next.parts_) next.living_rows_ += living(part);
    return next;
}

void Table::merge_tiers() {
    std::erase_if(parts_, [](const Part& part) { return living(part) == 0; });
    // A part that is mostly dead costs memory and time without use.
    for (auto& part : parts_)
        if (part.dead && living(part) < part.segment->rows() / 2)
            part = {merge(std::span(&part, 1)), nullptr};
    for (;;) {
        std::vector<std::vector<std::size_t>> tiers;
        std::size_t full = 0;
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            const auto tier = static_cast<std::size_t>(tier_of(living(parts_[i])));
            if (tiers.size() <= tier) tiers.resize(tier + 1);
            tiers[tier].push_back(i);
        }
        for (full = 0; full < tiers.size(); ++full) {
            std::uint64_t rows = 0;
            for (const auto i : tiers[full]) rows += living(parts_[i]);
            if (tiers[full].size() >= kPartsOfATier && rows <= kMergedRowsMax) break;
        }
        if (full == tiers.size()) return;
        std::vector<Part> merged;
        std::vector<Part> kept;
        for (std::size_t i = 0; i < parts_.size(); ++i)
            (std::ranges::find(tiers[full], i) != tiers[full].end() ? merged : kept)
                .push_back(std::move(parts_[i]));
        kept.push_back({merge(merged), nullptr});
        parts_ = std::move(kept);
    }
}

}  // namespace tusker::columns
