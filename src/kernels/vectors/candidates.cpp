#include "kernels/vectors/candidates.hpp"

#include <algorithm>

namespace tusker::vectors {

template <class T>
BestCandidates<T>::BestCandidates(std::size_t queries, std::size_t padded, std::size_t keep)
    : keep_(keep),
      lists_(queries * 2 * keep),
      counts_(queries),
      limits_(padded, std::numeric_limits<T>::infinity()) {
    std::fill_n(limits_.begin(), queries, -std::numeric_limits<T>::infinity());
}

template <class T>
void BestCandidates<T>::cut(std::size_t query) {
    const auto list = std::span(lists_).subspan(query * capacity(), counts_[query]);
    const auto nth = list.begin() + static_cast<std::ptrdiff_t>(keep_ - 1);
    std::ranges::nth_element(list, nth, std::ranges::greater(), &Candidate<T>::key);
    limits_[query] = nth->key;
    counts_[query] = static_cast<std::uint32_t>(keep_);
}

template <class T>
std::span<const Candidate<T>> BestCandidates<T>::best(std::size_t query) {
    if (counts_[query] > keep_) cut(query);
    return std::span(lists_).subspan(query * capacity(), counts_[query]);
}

template class BestCandidates<float>;
template class BestCandidates<double>;

}  // namespace tusker::vectors
