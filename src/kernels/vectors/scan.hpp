// The order in which pairs of rows are multiplied, so that few of them are packed at a time and no
// two threads write one row's candidates.
#pragma once

#include <atomic>
#include <mutex>
#include <stop_token>

#include "base/pool.hpp"
#include "kernels/vectors/candidates.hpp"
#include "kernels/vectors/inner_products.hpp"
#include "kernels/vectors/vectors.hpp"

namespace tusker::vectors {

/// Counts what is done, and stops the search. Thread-safe but for expect().
class Course {
public:
    Course(const std::stop_token& stop, const Progress& progress)
        : stop_(stop), progress_(progress) {}

    void expect(std::size_t more) { total_ += more; }
    bool stopped() const { return stop_.stop_requested(); }
    void advance();
    void end() const;

private:
    const std::stop_token& stop_;
    const Progress& progress_;
    std::atomic<std::size_t> done_ = 0;
    std::size_t total_ = 0;
    std::mutex mutex_;
};

/// All pairs of one matrix, each product once: it serves both rows.
template <class U>
void scan_pairs(const PackedRows<U>& rows, BestCandidates<U>& best, const Pool& pool,
                Course& course);

/// Queries [begin, end) (whole blocks) against all rows of another matrix, on the calling thread.
/// limits  [queries.padded], infinite beyond the queries
template <class U>
void scan_queries(const PackedRows<U>& queries, std::size_t begin, std::size_t end, const U* limits,
                  const PackedRows<U>& rows, const Hits<U>& found, const Course& course);

}  // namespace tusker::vectors
