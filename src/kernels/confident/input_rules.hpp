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

/// One label for each row, below the number of columns; at least one row and two columns.
Result<void> check_shape(std::size_t rows, std::size_t columns, std::span<const ClassId> labels);

/// Everything but the probabilities themselves.
Result<void> check_input(std::size_t rows, std::size_t columns, std::span<const ClassId> labels,
                         const LabelIssueOptions& options);

/// What the scan saw in the probabilities; what is no error is appended to `warnings`.
Result<void> judge(const RowChecks& checks, const LabelIssueOptions& options,
                   std::vector<std::string>& warnings);

}  // namespace tusker::confident
