// Label issues of rows that come in blocks: scan each block, anywhere and in any order, merge the
// scans, finish once. However the rows were split and merged the result is the same to the last
// bit, in either order: what a scan keeps is a few numbers for each row, and everything that is
// summed is summed at the end, in order of rows.
#pragma once

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/probabilities.hpp"
#include "kernels/confident/scanned_rows.hpp"

namespace tusker::confident {

/// T is the type that is computed in: double if any block of rows is, else float.
///
/// Memory: 8 bytes a row scanned for float, 16 for double, and 24 or 40 more for a contested one;
/// finish takes at most that again for a while, besides 24 for each label issue and what K × K
/// classes with rows in common need.
template <class T>
class PartialScan {
public:
    /// labels  [N] of all rows, also of those that another scan reads; they outlive the scan
    PartialScan(std::span<const ClassId> labels, std::size_t classes)
        : labels_(labels), classes_(classes) {}

    /// Reads the rows first, first + 1, … once. Errors: not K columns, rows without a label, a
    /// label out of range, rows that are scanned already; wrong values are said by finish.
    /// Cancelled if `stop` is requested; nothing is added then.
    Result<void> scan(std::size_t first, const Probabilities& rows, const Pool& pool,
                      const std::stop_token& stop = {}, const Progress& progress = {});

    /// Takes what another scan over the same labels has seen. Error: other labels, or a row that
    /// both have scanned.
    Result<void> merge(PartialScan other);

    /// What find_label_issues finds in all N rows, of which a few are read again. Error: a row that
    /// was not scanned, and those of find_label_issues. The scan is used up.
    Result<LabelIssues> finish(const Probabilities& all, const LabelIssueOptions& options,
                               const Pool& pool) &&;

private:
    /// Rows that follow each other; numbered, where contested, among all.
    struct Run {
        std::size_t first = 0;
        ScannedRows<T> rows;
        std::size_t end() const { return first + rows.size(); }
    };

    Result<void> add(Run run);
    Result<ScannedRows<T>> take_all();

    std::span<const ClassId> labels_;
    std::size_t classes_;
    std::vector<Run> runs_;  // ascending, none overlap
    RowChecks checks_;
};

}  // namespace tusker::confident
