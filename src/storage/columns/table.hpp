// Table: the living rows of one kind (items, annotations, predictions of a run) at one moment.
// Segments and, for each, a copy-on-write bitmap of dead rows; an update is a dead row here and a
// new row with the same numbers elsewhere. Immutable and cheap to copy; readers never wait.
#pragma once

#include <memory>
#include <vector>

#include "storage/columns/bitmap.hpp"
#include "storage/columns/segment.hpp"

namespace tusker::columns {

struct Part {
    std::shared_ptr<const Segment> segment;
    std::shared_ptr<const Bitmap> dead;  // null = all rows live

    bool is_alive(std::uint32_t row) const { return !dead || !dead->contains(row); }
};

/// Where a living row stands.
struct Place {
    std::uint32_t part;
    std::uint32_t row;
};

struct RowKey {
    std::uint32_t item_no;
    std::uint64_t row_no;
};

class Table {
public:
    std::span<const Part> parts() const { return parts_; }
    std::uint64_t living_rows() const { return living_rows_; }

    /// The living row with these numbers.
    std::optional<Place> find(RowKey key) const;
    /// Living rows of one item, in row_no order over all parts.
    std::vector<Place> rows_of(std::uint32_t item_no) const;

    /// A new table: rows of `killed` and all rows of items in `killed_items` die, then `added` (may
    /// be null) comes. Afterwards size tiers hold: eight parts of one size are merged into one of
    /// the next.
    Table with(std::span<const RowKey> killed, std::span<const std::uint32_t> killed_items,
               std::shared_ptr<const Segment> added) const;

private:
    void merge_tiers();
    std::vector<Part> parts_;
    std::uint64_t living_rows_ = 0;
};

}  // namespace tusker::columns
