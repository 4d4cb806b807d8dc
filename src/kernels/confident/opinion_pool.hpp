// Several opinions on each row (models' probabilities, votes of its neighbours) made one: their
// product, each to a power, scaled to sum 1. The powers are those under which the given labels are
// most likely, where some of them may have nothing to do with their rows; an opinion that says
// nothing new gets a power near 0, one that is too timid a power above 1.
//
// Source: logarithmic opinion pool; Genest, Zidek, "Combining Probability Distributions",
// Statistical Science 1 (1986).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::confident {

/// The nearest other rows of each row, nearest first.
struct Neighbors {
    MatrixView<const std::int64_t> rows;  // [N × n]
    MatrixView<const double> distances;   // [N × n], finite, >= 0
    bool empty() const { return rows.columns() == 0; }
};

/// What is said of each row. The views outlive it.
template <class T>
class Opinions {
public:
    /// models  [N × K] each
    Opinions(std::span<const MatrixView<const T>> models, const Neighbors& neighbors,
             std::span<const ClassId> labels, std::size_t classes);

    std::size_t count() const { return models_.size() + vote_sizes_.size(); }
    std::size_t rows() const { return labels_.size(); }
    std::size_t classes() const { return shares_.size(); }
    /// Logarithms of opinion `o` on a row, each at least ln 1e-6.
    void log_row(std::size_t o, std::size_t row, std::span<double> out) const;

private:
    /// Shares of the labels of the nearest rows, weighted by distance; the shares of all rows count
    /// as one neighbour more.
    void vote(std::size_t neighbors, std::size_t row, std::span<double> out) const;

    std::span<const MatrixView<const T>> models_;
    const Neighbors& neighbors_;
    std::span<const ClassId> labels_;
    std::vector<double> shares_;           // [K] of the labels of all rows
    std::vector<std::size_t> vote_sizes_;  // how many neighbours vote, an opinion each
};

/// How opinions are pooled.
struct Pooling {
    std::vector<double> powers;  // [count], each >= 0
    /// The chance that a given label has nothing to do with its row, each class as likely.
    double stray = 0;
};

/// Found on at most a million values, from evenly spaced rows.
template <class T>
Pooling fit_pooling(const Opinions<T>& opinions, std::span<const ClassId> labels, const Pool& pool);

/// [N × K] the pooled probabilities.
template <class T>
std::vector<float> pool_opinions(const Opinions<T>& opinions, std::span<const double> powers,
                                 const Pool& pool);

}  // namespace tusker::confident
