// Distances between rows in double precision, in an order of operations that no machine changes,
// and the same rows as the matrix product wants them.
#pragma once

#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "base/pool.hpp"
#include "kernels/vectors/inner_products.hpp"
#include "kernels/vectors/vectors.hpp"

namespace tusker::vectors {

/// Rows of features that passed the checks, with what a distance needs of each.
template <class T>
struct FeatureRows {
    MatrixView<const T> rows;
    std::vector<double> inverse_lengths;  // [N]; 0 for a row of zeros
};

/// At least a row and a column, finite. Errors name `argument`, row, column, value and rule.
template <class T>
Result<FeatureRows<T>> check_features(MatrixView<const T> rows, const char* argument,
                                      const Pool& pool);

/// The metric, and the frame in which rows are multiplied. Moving the origin among the rows keeps
/// the product's rounding small beside Euclidean distances; any origin gives the same answers.
class Space {
public:
    template <class T>
    static Space around(const FeatureRows<T>& rows, Metric metric);
    /// Make room for more rows: the frame holds values up to 1.
    template <class T>
    void widen(const FeatureRows<T>& rows);

    /// Exact but for the rounding of doubles; 0 for equal rows unless they are zeros under Cosine.
    template <class T>
    double distance(const FeatureRows<T>& a, std::size_t i, const FeatureRows<T>& b,
                    std::size_t j) const;

    /// The chosen rows in the frame, rounded to U, with keys that bound distances from below:
    /// distance(i, j) >= least_distance(i, key) for key = inner product - offsets[j].
    /// Refers to this, `rows` and `chosen`.
    template <class U, class T>
    PackedRows<U> packed(const FeatureRows<T>& rows, std::span<const Row> chosen,
                         const Pool& pool) const;
    template <class U>
    double least_distance(const PackedRows<U>& packed, std::size_t i, U key) const;
    /// No key of a row at this distance or nearer is below this one.
    template <class U>
    U least_key(const PackedRows<U>& packed, std::size_t i, double distance) const;

private:
    /// value(column, x), rounded to U, of one row.
    template <class U, class T, class Write>
    void each_value(const FeatureRows<T>& rows, Row row, const Write& write) const;

    Metric metric_ = Metric::Cosine;
    std::vector<double> origin_;  // [D] under Euclidean, else empty
    double scale_ = 1;            // a power of two
};

}  // namespace tusker::vectors
