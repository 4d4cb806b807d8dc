// What is kept of each row once it was scanned. Where the given class is the most probable one, as
// it is in most rows, two numbers say all that label issues depend on; the other rows are contested
// and kept in a list of their own, for only they can be label issues.
#pragma once

#include <algorithm>
#include <span>
#include <stop_token>
#include <vector>

#include "base/error.hpp"
#include "base/large_vector.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/probabilities.hpp"
#include "kernels/confident/row_scan.hpp"

namespace tusker::confident {

/// A row whose most probable class is another than the given one.
template <class T>
struct Contested {
    Row row = 0;
    ClassId top = 0;      // the most probable class, the first of equals
    T self = 0;           // p[given]
    T largest = 0;        // p[top]
    T second = 0;         // no class but `top` exceeds it
    bool agrees = false;  // all the same never an issue: see RowFacts::agrees
};

/// N rows. The most probable class of a row that is not contested is the given one, and it agrees.
template <class T>
struct ScannedRows {
    LargeVector<T> self;                  // [N] p[given]
    LargeVector<T> second;                // [N] no class but the most probable one exceeds it
    LargeVector<Contested<T>> contested;  // ascending

    std::size_t size() const { return self.size(); }
    /// The first contested row from `row` on.
    auto contested_from(std::size_t row) const {
        return std::ranges::lower_bound(contested, row, {}, &Contested<T>::row);
    }
};

/// What is known of a row, contested or not.
template <class T>
struct SeenRow {
    Row row;
    ClassId given;
    ClassId top;
    T self;
    T other;  // the largest probability of another class than the given one
};

template <class T>
SeenRow<T> seen_row(const Contested<T>& contested, ClassId given) {
    return {contested.row, given, contested.top, contested.self, contested.largest};
}

/// Looks rows up that ascend from call to call.
template <class T>
class RowWalk {
public:
    RowWalk(const ScannedRows<T>& rows, std::span<const ClassId> labels, std::size_t first = 0)
        : rows_(rows), labels_(labels), next_(rows.contested_from(first)) {}

    SeenRow<T> at(Row row) {
        while (next_ != rows_.contested.end() && next_->row < row) ++next_;
        if (next_ != rows_.contested.end() && next_->row == row)
            return seen_row(*next_, labels_[row]);
        return {row, labels_[row], labels_[row], rows_.self[row], rows_.second[row]};
    }

private:
    const ScannedRows<T>& rows_;
    std::span<const ClassId> labels_;
    typename LargeVector<Contested<T>>::const_iterator next_;
};

/// Adds those of the rows first, first + 1, … that are contested.
///
/// facts   of these rows; labels [facts] theirs
template <class T>
void add_contested(const RowFacts<T>& facts, std::span<const ClassId> labels, std::size_t first,
                   LargeVector<Contested<T>>& contested);

template <class T>
struct Scan {
    ScannedRows<T> rows;  // unless checks.refused
    RowChecks checks;
};

/// Reads all probabilities once.
///
/// probs   [N × K]
/// labels  [N], each < K
/// Cancelled if `stop` is requested.
template <class T>
Result<Scan<T>> scan_all(const Probabilities& probs, std::span<const ClassId> labels,
                         const Pool& pool, const std::stop_token& stop = {},
                         const Progress& progress = {});

template <class T>
struct FactsScan {
    RowFacts<T> facts;  // unless checks.refused
    RowChecks checks;
};

/// The same for those who need all facts of all rows.
template <class T>
Result<FactsScan<T>> scan_facts(const Probabilities& probs, std::span<const ClassId> labels,
                                const Pool& pool, const std::stop_token& stop = {},
                                const Progress& progress = {});

}  // namespace tusker::confident
