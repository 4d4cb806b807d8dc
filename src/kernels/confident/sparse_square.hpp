// A K × K matrix with few entries, kept by rows. Confident joints are such: at K = 1000 nine in ten
// entries are zero, and whatever is done to all K² costs as much as reading the probabilities.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace tusker::confident {

template <class T>
struct SparseEntry {
    std::uint32_t column = 0;
    T value = 0;
};

/// One value of an array that is zero elsewhere.
struct PlacedValue {
    std::size_t position = 0;
    double value = 0;
};

/// Columns ascend within a row. An entry may be zero.
template <class T>
class SparseSquare {
public:
    using Entry = SparseEntry<T>;

    SparseSquare() = default;
    /// rows[i] holds row i, columns ascending.
    explicit SparseSquare(const std::vector<std::vector<Entry>>& rows) {
        std::size_t count = 0;
        for (const auto& row : rows) count += row.size();
        entries_.reserve(count);
        begins_.reserve(rows.size() + 1);
        for (const auto& row : rows) {
            entries_.insert(entries_.end(), row.begin(), row.end());
            begins_.push_back(entries_.size());
        }
    }

    std::size_t size() const { return begins_.size() - 1; }
    std::span<const Entry> row(std::size_t i) const {
        return std::span(entries_).subspan(begins_[i], begins_[i + 1] - begins_[i]);
    }
    std::span<Entry> row(std::size_t i) {
        return std::span(entries_).subspan(begins_[i], begins_[i + 1] - begins_[i]);
    }
    std::span<const Entry> entries() const { return entries_; }
    /// 0 where there is no entry.
    T at(std::size_t i, std::uint32_t column) const {
        const auto entries = row(i);
        const auto found = std::ranges::lower_bound(entries, column, {}, &Entry::column);
        return found != entries.end() && found->column == column ? found->value : T{0};
    }

private:
    std::vector<Entry> entries_;
    std::vector<std::size_t> begins_{0};  // one more than rows
};

}  // namespace tusker::confident
