// For each class the rows whose probability of it is near its bound: those that change what they
// are confident in when the bound moves a little.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/lowest.hpp"
#include "kernels/confident/probabilities.hpp"

namespace tusker::confident {

/// Keeps at most 2 · n_k + 256 rows of class k with n_k rows: O(N + K) altogether, 8 or 16 bytes
/// each. Where a bound moves further than what is kept reaches, one column of the probabilities is
/// read again, and what is near the bound now is kept. So what is kept decides speed, never a
/// result.
template <class T>
class NearBounds {
public:
    /// Reads all probabilities once. `probs` outlives it.
    ///
    /// bounds  [K]
    /// counts  [K] rows given each class: a bound moves by at most 1 / count with one label
    NearBounds(const Probabilities& probs, std::span<const T> bounds,
               std::span<const std::size_t> counts, const Pool& pool);

    /// No column has to be read for these two.
    bool covers(ClassId k, T old_bound, T new_bound) const {
        return near_[k].covers(old_bound) && near_[k].covers(new_bound);
    }

    /// Rows whose p[k] lies between two bounds of class k: >= one of them and < the other. In no
    /// order. `count` as above, as it is now.
    std::vector<Row> rows_between(ClassId k, T old_bound, T new_bound, std::size_t count,
                                  const Pool& pool);

private:
    /// All rows with |p - centre| < radius.
    struct Near {
        T centre = 0;
        T radius = 0;
        std::vector<Keyed<T>> rows;

        bool covers(T p) const;
        /// Takes a row that it covers. Where there are many more than `most`, the nearest stay.
        void add(T p, std::size_t row, std::size_t most);
        void keep_nearest(std::size_t most);
        /// Becomes what several are together, by ascending p. All have this one's centre.
        void join(std::span<const Near> shares, std::size_t most);
    };

    std::vector<Row> read_column(ClassId k, T low, T high, Near& near, std::size_t count,
                                 const Pool& pool) const;

    const Probabilities* probs_;
    std::vector<Near> near_;  // [K]
};

}  // namespace tusker::confident
