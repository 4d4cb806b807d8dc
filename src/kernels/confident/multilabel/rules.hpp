// What the multi-label kernels refuse. Each error names the argument, the value and the rule.
#pragma once

#include <cstddef>
#include <span>

#include "base/error.hpp"
#include "kernels/confident/multilabel/label_bits.hpp"
#include "kernels/confident/multilabel/multilabel.hpp"

namespace tusker::multilabel {

bool chooses_whole_rows(FilterBy filter);

/// rows, columns  of the probabilities: as the labels', at least one of each
Result<void> check_shapes(std::size_t rows, std::size_t columns, const LabelBits& labels);

/// counts  [K] rows that have each class; only cleanlab's order refuses any
Result<void> check_counts(std::span<const std::size_t> counts, std::size_t rows,
                          const MultilabelOptions& options);

Result<void> check_options(const MultilabelOptions& options, std::size_t classes);

/// cleanlab ranks only label matrices that hold both a 0 and a 1 and have two columns or more.
Result<void> check_indicator(const LabelBits& labels);

}  // namespace tusker::multilabel
