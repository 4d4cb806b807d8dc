// What find_label_issues refuses. Each error names the argument, the place, the value and the rule.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/row_scan.hpp"

namespace tusker::confident {

/// Everything but the probabilities themselves.
Result<void> check_input(std::size_t rows, std::size_t columns, std::span<const ClassId> labels,
                         const LabelIssueOptions& options);

/// What the scan saw in the probabilities; what is no error is appended to `warnings`.
Result<void> judge(const RowChecks& checks, const LabelIssueOptions& options,
                   std::vector<std::string>& warnings);

}  // namespace tusker::confident
