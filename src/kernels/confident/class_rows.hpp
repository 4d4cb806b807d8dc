// The rows of each given class, ascending.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

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

private:
    std::vector<std::size_t> begins_;
    std::vector<Row> rows_;
};

}  // namespace tusker::confident
