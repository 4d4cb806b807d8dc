// For each query the rows that may be among its nearest.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "kernels/vectors/vectors.hpp"

namespace tusker::vectors {

template <class T>
struct Candidate {
    T key;  // the larger, the nearer
    Row row;
};

/// The `keep` best of what each query was offered, by key. Not thread-safe; different queries may
/// be offered to from different threads.
template <class T>
class BestCandidates {
public:
    /// limits beyond `queries` up to `padded` are infinite: nothing passes them.
    BestCandidates(std::size_t queries, std::size_t padded, std::size_t keep);

    /// A key at or below its query's limit cannot be among the best.
    const T* limits() const { return limits_.data(); }
    void offer(std::size_t query, T key, Row row) {
        if (!(key > limits_[query])) return;
        lists_[query * capacity() + counts_[query]] = {key, row};
        if (++counts_[query] == capacity()) cut(query);
    }
    /// At most `keep`, in no order. What was offered and is not here has a key at or below
    /// limits()[query].
    std::span<const Candidate<T>> best(std::size_t query);

private:
    std::size_t capacity() const { return 2 * keep_; }
    void cut(std::size_t query);

    std::size_t keep_;
    std::vector<Candidate<T>> lists_;  // [Q × capacity]
    std::vector<std::uint32_t> counts_;
    std::vector<T> limits_;
};

}  // namespace tusker::vectors
