// What find_label_issues and the estimates refuse. Each error names the argument, the place, the
// value and the rule.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/row_scan.hpp"

namespace tusker::confident {

/// One label for each row, at least one row and two columns.
Result<void> check_size(std::size_t rows, std::size_t columns, std::size_t labels);

/// The same, and each label is below the number of columns.
Result<void> check_shape(std::size_t rows, std::size_t columns, std::span<const ClassId> labels);

/// Labels of the rows first, first + 1, …: each below the number of columns.
Result<void> check_labels(std::span<const ClassId> labels, std::size_t first, std::size_t columns);

/// Everything but the probabilities themselves and whether labels are in range.
Result<void> check_input(std::size_t rows, std::size_t columns, std::span<const ClassId> labels,
                         const LabelIssueOptions& options);

/// What the scan saw in the probabilities; what is no error is appended to `warnings`.
Result<void> judge(const RowChecks& checks, const LabelIssueOptions& options,
                   std::vector<std::string>& warnings);

}  // namespace tusker::confident
