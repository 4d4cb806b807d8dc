// The rows of each given class, ascending.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/large_vector.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::confident {

class ClassRows {
public:
    ClassRows(std::span<const ClassId> labels, std::size_t classes)
        : begins_(classes + 1), rows_(labels.size()) {
        for (const ClassId label : labels) ++begins_[label + 1];
        for (std::size_t k = 0; k < classes; ++k) begins_[k + 1] += begins_[k];
        std::vector<std::size_t> next(begins_.begin(), begins_.end() - 1);
        for (std::size_t i = 0; i < labels.size(); ++i)
            rows_[next[labels[i]]++] = static_cast<Row>(i);
    }
    std::size_t classes() const { return begins_.size() - 1; }
    std::size_t count(std::size_t k) const { return begins_[k + 1] - begins_[k]; }
    std::span<const Row> of(std::size_t k) const {
        return std::span(rows_).subspan(begins_[k], count(k));
    }

    std::vector<std::size_t> counts() const {
        std::vector<std::size_t> counts(classes());
        for (std::size_t k = 0; k < counts.size(); ++k) counts[k] = count(k);
        return counts;
    }
    /// Takes a row out of one class and puts it into another. Moves what stands between them.
    void move(Row row, ClassId from, ClassId to) {
        if (from == to) return;
        const auto place = [&](ClassId k) {
            const auto begin = rows_.begin() + static_cast<std::ptrdiff_t>(begins_[k]);
            return std::lower_bound(begin, begin + static_cast<std::ptrdiff_t>(count(k)), row);
        };
        const auto old_place = place(from);
        const auto new_place = place(to);
        if (from < to) {
            std::rotate(old_place, old_place + 1, new_place);
            for (std::size_t k = from + 1; k <= to; ++k) --begins_[k];
        } else {
            std::rotate(new_place, old_place, old_place + 1);
            for (std::size_t k = to + 1; k <= from; ++k) ++begins_[k];
        }
    }

private:
    std::vector<std::size_t> begins_;
    LargeVector<Row> rows_;
};

}  // namespace tusker::confident
