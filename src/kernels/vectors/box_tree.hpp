// Nearest rows where columns are few: boxes in boxes, most of which a search never opens.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/vectors/space.hpp"
#include "kernels/vectors/vectors.hpp"

namespace tusker::vectors {

/// Up to so many columns the tree is used. Above, a search opens so many boxes that the matrix
/// product is faster: on 50,000 random rows both take the same time with six columns. Below eight,
/// sums here and in Space::distance have one order.
inline constexpr std::size_t kBoxTreeColumns = 6;

/// Rows halved again and again at the middle of the widest side of their bounding box. Immutable
/// once built, so any number of threads may search.
class BoxTree {
public:
    /// rows  [N × D], 1 <= D <= kBoxTreeColumns; chosen: at least one of them
    template <class T>
    BoxTree(const FeatureRows<T>& rows, std::span<const Row> chosen);

    /// Appends the positions in `chosen` of the `count` nearest to a query by Euclidean distance,
    /// then by position, in no order; fewer if there are fewer. `except` is left out.
    ///
    /// query  [D]; distances are computed as by Space::distance, to the last bit
    void find(std::span<const double> query, std::size_t count, Row except,
              std::vector<Row>& found) const;

private:
    struct Search;

    void build(std::size_t node, std::size_t begin, std::size_t end);
    double least_squares(std::size_t node, std::span<const double> query) const;
    void visit(std::size_t node, std::size_t begin, std::size_t end, Search& search) const;

    std::size_t dims_;
    std::vector<Row> positions_;   // [chosen] in the tree's order
    std::vector<double> values_;   // [chosen × D] the rows, in the same order
    std::vector<double> corners_;  // [nodes × 2 × D] least and largest values; children of node i
                                   // are 2i + 1 and 2i + 2
};

}  // namespace tusker::vectors
