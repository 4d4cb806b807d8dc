#include "kernels/vectors/scan.hpp"

#include <algorithm>

namespace tusker::vectors {
namespace {

// Packing costs some percent of the products it serves when so many blocks (8 MiB) meet as many
// others.
constexpr std::size_t kGroupBlocks = 16;

template <class U>
Panels<U> packed(const PackedRows<U>& rows, std::size_t begin, std::size_t end) {
    Panels<U> panels(end - begin, rows.dims);
    panels.begin = begin;
    rows.pack(begin, end, panels);
    return panels;
}

/// A group of blocks meets another, or itself.
template <class U>
class PairScan {
public:
    PairScan(const PackedRows<U>& rows, BestCandidates<U>& best, Course& course)
        : rows_(rows), best_(best), course_(course), turns_(rows.blocks()) {}

    /// Groups of `size` blocks; `all` holds every row, or is null: groups pack their own.
    void meet(std::size_t left, std::size_t right, std::size_t size, const Panels<U>* all) {
        Panels<U> left_own;
        Panels<U> right_own;
        if (all == nullptr) left_own = packed(rows_, begin_of(left, size), end_of(left, size));
        if (all == nullptr && left != right)
            right_own = packed(rows_, begin_of(right, size), end_of(right, size));
        const Panels<U>& left_panels = all != nullptr ? *all : left_own;
        const Panels<U>& right_panels = all != nullptr  ? *all
                                        : left != right ? right_own
                                                        : left_own;
        const std::size_t blocks = rows_.blocks();
        for (std::size_t j = right * size; j < std::min((right + 1) * size, blocks); ++j)
            for (std::size_t i = left * size; i < std::min((left + 1) * size, blocks); ++i) {
                if (left == right && i > j) continue;
                if (course_.stopped()) return;
                scan_blocks(i, left_panels, j, right_panels);
                course_.advance();
            }
    }

private:
    std::size_t begin_of(std::size_t group, std::size_t size) const {
        return group * size * rows_.block_rows;
    }
    std::size_t end_of(std::size_t group, std::size_t size) const {
        return std::min(begin_of(group + 1, size), rows_.padded);
    }

    void scan_blocks(std::size_t left, const Panels<U>& left_panels, std::size_t right,
                     const Panels<U>& right_panels) {
        const std::unique_lock first(turns_[std::min(left, right)]);
        std::unique_lock<std::mutex> second;
        if (left != right) second = std::unique_lock(turns_[std::max(left, right)]);
        const U* offsets = rows_.offsets.data();
        scan_tile<U>({.dims = rows_.dims,
                      .left = {.panels = left_panels,
                               .begin = left * rows_.block_rows,
                               .end = rows_.block_end(left),
                               .offsets = offsets,
                               .limits = best_.limits()},
                      .right = {.panels = right_panels,
                                .begin = right * rows_.block_rows,
                                .end = rows_.block_end(right),
                                .offsets = offsets,
                                .limits = left != right ? best_.limits() : nullptr}},
                     keep_);
    }

    const PackedRows<U>& rows_;
    BestCandidates<U>& best_;
    Course& course_;
    std::vector<std::mutex> turns_;  // one for the candidates of each block
    const Hits<U> keep_ = [this](std::span<const Hit<U>> hits) {
        for (const auto& [query, other, key] : hits)
            if (query != other) best_.offer(query, key, other);
    };
};

}  // namespace

void Course::advance() {
    ++done_;
    if (!progress_) return;
    const std::unique_lock turn(mutex_, std::try_to_lock);
    if (turn) progress_(done_, total_);
}

void Course::end() const {
    if (progress_) progress_(total_, total_);
}

template <class U>
void scan_pairs(const PackedRows<U>& rows, BestCandidates<U>& best, const Pool& pool,
                Course& course) {
    const std::size_t blocks = rows.blocks();
    course.expect(blocks * (blocks + 1) / 2);
    PairScan<U> scan(rows, best, course);
    // Where the groups that all threads hold would be as much as all rows, all are packed at once.
    const bool at_once = 2 * kGroupBlocks * pool.threads() >= blocks;
    Panels<U> all;
    if (at_once) {
        all = Panels<U>(rows.padded, rows.dims);
        pool.for_each(blocks, [&](std::size_t block) {
            rows.pack(block * rows.block_rows, rows.block_end(block), all);
        });
    }
    const std::size_t size = at_once ? 1 : kGroupBlocks;
    const std::size_t groups = (blocks + size - 1) / size;
    // Task t pairs group g with the one `step` further, in a circle; the last step of an even
    // circle would meet each pair twice.
    pool.for_each(groups * (groups + 1) / 2, [&](std::size_t task) {
        const std::size_t left = task % groups;
        scan.meet(left, (left + task / groups) % groups, size, at_once ? &all : nullptr);
    });
}

template <class U>
void scan_queries(const PackedRows<U>& queries, std::size_t begin, std::size_t end, const U* limits,
                  const PackedRows<U>& rows, const Hits<U>& found, const Course& course) {
    const Panels<U> asking = packed(queries, begin, end);
    Panels<U> block(rows.block_rows, rows.dims);
    for (std::size_t b = 0; b < rows.blocks() && !course.stopped(); ++b) {
        block.begin = b * rows.block_rows;
        rows.pack(block.begin, rows.block_end(b), block);
        scan_tile<U>({.dims = rows.dims,
                      .left = {.panels = asking,
                               .begin = begin,
                               .end = end,
                               .offsets = queries.offsets.data(),
                               .limits = limits},
                      .right = {.panels = block,
                                .begin = b * rows.block_rows,
                                .end = rows.block_end(b),
                                .offsets = rows.offsets.data(),
                                .limits = nullptr}},
                     found);
    }
}

template void scan_pairs(const PackedRows<float>&, BestCandidates<float>&, const Pool&, Course&);
template void scan_queries(const PackedRows<float>&, std::size_t, std::size_t, const float*,
                           const PackedRows<float>&, const Hits<float>&, const Course&);
template void scan_queries(const PackedRows<double>&, std::size_t, std::size_t, const double*,
                           const PackedRows<double>&, const Hits<double>&, const Course&);

}  // namespace tusker::vectors
