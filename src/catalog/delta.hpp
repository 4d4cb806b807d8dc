// Inside the room only: what one write changes, as bytes of the journal (docs/formats/journal.md)
// and as a step from one Version to the next. Writing and replaying take the same step.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/version.hpp"

namespace tusker::catalog {

enum class TableKind : std::uint8_t { Items = 1, Annotations = 2, Predictions = 3 };

struct TableDelta {
    TableKind kind = TableKind::Annotations;
    std::string run_id;                             // of Predictions
    std::vector<columns::RowKey> killed;            // rows that die or are replaced
    std::vector<ItemNo> killed_items;               // all their rows of this table die
    std::shared_ptr<const columns::Segment> added;  // may be null
};

struct Delta {
    ItemNo items_end = 0;               // afterwards
    RowNo rows_end = 0;                 // afterwards
    std::vector<std::string> labels;    // new ones, in the order of their codes
    std::vector<ItemNo> deleted_items;  // with their rows in all tables
    std::vector<TableDelta> tables;

    /// Compressed; the reader refuses what was changed.
    std::string encode() const;
    static Result<Delta> decode(std::string_view bytes);

    /// The Version after this; `before` stays as it is. Rows of runs that are gone are dropped.
    Version applied_to(const Version& before, std::uint64_t journal_no) const;
};

}  // namespace tusker::catalog
