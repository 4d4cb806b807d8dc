// What labels were before people corrected them.
#pragma once

#include <span>
#include <string>
#include <unordered_map>

#include "catalog/catalog.hpp"

namespace tusker::formats {

/// The label as it was given first, and the last correction that stands.
struct Origin {
    const std::string* given;
    const catalog::Correction* last;
};

/// Borrows `corrections` (newest first); rows that were never corrected, or back again, have none.
class Origins {
public:
    explicit Origins(std::span<const catalog::Correction> corrections) {
        for (const catalog::Correction& correction : corrections) {
            if (correction.undone || correction.given == correction.label) continue;
            const auto [origin, is_last] = rows_.try_emplace(
                correction.annotation.row_no, Origin{&correction.given, &correction});
            if (!is_last) origin->second.given = &correction.given;
        }
    }
    /// Null if the label is the given one.
    const Origin* find(catalog::RowNo row, const std::string& label) const {
        const auto origin = rows_.find(row);
        if (origin == rows_.end() || *origin->second.given == label) return nullptr;
        return &origin->second;
    }
    const std::unordered_map<catalog::RowNo, Origin>& rows() const { return rows_; }

private:
    std::unordered_map<catalog::RowNo, Origin> rows_;
};

}  // namespace tusker::formats
