// prune_by_noise_rate within one given class: of each other class as many rows as the counts say,
// by largest margin.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/confident/confident.hpp"
#include "kernels/confident/lowest.hpp"
#include "kernels/confident/probabilities.hpp"
#include "kernels/confident/scanned_rows.hpp"
#include "kernels/confident/sparse_square.hpp"

namespace tusker::confident {

/// The rows given one class.
template <class T>
struct RowsOfClass {
    ClassId given = 0;
    std::size_t count = 0;
    std::span<const Contested<T>> contested;  // of these rows, ascending
    /// All of them, ascending. Asked for only where ties or rows that agree matter.
    std::function<std::span<const Row>()> all;
};

/// Marks rows of one class after another; for one thread. Keeps memory between calls.
template <class Order, class T>
class NoiseRatePruner {
public:
    /// self, second  [N] as ScannedRows has them
    NoiseRatePruner(const Probabilities& probs, std::span<const T> self, std::span<const T> second)
        : probs_(probs),
          self_(self),
          second_(second),
          wanted_(probs.columns()),
          limits_(probs.columns()),
          lower_at_(probs.columns()),
          tied_(probs.columns(), kNotCut),
          candidates_(probs.columns()),
          low_(probs.columns()),
          row_(probs.columns()) {}

    /// Adds `mark` to the contested rows that are flagged: for each entry the `value` rows with the
    /// lowest p[given] - p[column], unless they agree.
    ///
    /// marks  one for each contested row
    void mark(const RowsOfClass<T>& rows, std::span<const SparseEntry<std::int64_t>> counts,
              std::uint8_t mark, std::span<std::uint8_t> marks);

private:
    /// Where a row stands among the contested ones of its class: 2 i + 1 is the i-th, 2 i lies
    /// before it.
    using Place = std::uint32_t;

    void gather(const RowsOfClass<T>& rows, std::span<const SparseEntry<std::int64_t>> counts);
    T set_limits();
    void lower_limit(ClassId other);
    void add_runners_up(const RowsOfClass<T>& rows);
    void look_at_all(const RowsOfClass<T>& rows);
    void look_at_wanted(const RowsOfClass<T>& rows);
    void add(std::size_t contested, const Contested<T>& row, T p, ClassId other);
    void add_agreeing(const RowsOfClass<T>& rows, ClassId other, std::size_t m);
    void mark_lowest(const RowsOfClass<T>& rows, ClassId other);
    void mark_by_all_keys(const RowsOfClass<T>& rows, ClassId other, std::size_t m);
    void mark_one(std::size_t contested, const RowsOfClass<T>& rows) {
        if (!rows.contested[contested].agrees) marks_[contested] |= mark_;
    }

    static constexpr std::uint8_t kNotCut = 2;  // the wanted candidates are not in front yet

    const Probabilities& probs_;
    std::span<const T> self_;
    std::span<const T> second_;
    std::uint8_t mark_ = 0;
    std::span<std::uint8_t> marks_;

    // Of the class at hand. [K] each; as they were at first between calls.
    std::vector<std::size_t> wanted_;    // rows to flag
    std::vector<T> limits_;              // a key above it is not among them
    std::vector<std::size_t> lower_at_;  // so many candidates lower the limit
    std::vector<std::uint8_t> tied_;     // whether the wanted candidates, in front, tie with others
    std::vector<std::vector<Keyed<T>>> candidates_;  // keys, by Place
    std::vector<Keyed<T>> agreeing_;  // bounds of the rows that agree, ascending, by row
    bool agreeing_known_ = false;
    std::vector<ClassId> others_;  // that are wanted
    // Scratch.
    std::vector<Keyed<T>> to_read_;  // contested rows by the least key they may have
    std::vector<ClassId> low_;       // [K]
    std::vector<T> row_;             // [K]
};

}  // namespace tusker::confident
