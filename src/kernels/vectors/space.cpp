// How a key of the matrix product bounds a distance from below.
//
// Let x, y be rows in the frame, x~, y~ rounded to U with precision u, p = fl(x~ · y~). Then
//   |p - x~·y~| <= d u |x~||y~| (1 + …)          (sum of d products in order, Higham 2002, § 3.1)
//   |x~ - x| <= u |x|.
// Cosine: |x| = 1 (or 0), so distance = 1 - x·y >= 1 - p - (d + 3) u (1 + …) = reach - p.
// Euclidean: ½|x - y|² >= ½|x~ - y~|² - 4 u (½|x~|² + ½|y~|²), and |x~||y~| <= ½|x~|² + ½|y~|², so
//   ½|x - y|² >= (1 - s)(½|x~|² + ½|y~|²) - p,  s = (d + 8) u (1 + …) with the rounding of
//   key = p - offset and offset = (1 - s) ½|y~|² itself, that is >= reach - key.
// kSlack widens both, so that the distance *computed* in doubles is bounded too where U is double;
// products that underflow lose at most the least normal number each.
#include "kernels/vectors/space.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace tusker::vectors {
namespace {

constexpr std::size_t kBlockRows = 256;

// Eight sums, so that the order of additions is the same for every width of vectors. Below eight
// columns it is simply the order of columns.
template <class Term>
double sum_of(std::size_t n, const Term& term) {
    double sums[8] = {};
    std::size_t c = 0;
    for (; c + 8 <= n; c += 8)
        for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += term(c + lane);
    double sum =
        ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    for (; c < n; ++c) sum += term(c);
    return sum;
}

template <class U>
double slack(std::size_t dims) {
    constexpr double kPrecision = std::numeric_limits<U>::epsilon() / 2;
    constexpr double kSlack = sizeof(U) == sizeof(float) ? 1.1 : 3;
    return kSlack * (static_cast<double>(dims) + 16) * kPrecision;
}

template <class U>
double underflow(std::size_t dims) {
    return 2 * static_cast<double>(dims) * static_cast<double>(std::numeric_limits<U>::min());
}

template <class U>
U round_down(double value) {
    const auto rounded = static_cast<U>(value);
    return std::nextafter(rounded, -std::numeric_limits<U>::infinity());
}

/// The middle of each column over at most 255 rows, evenly spread.
template <class T>
std::vector<double> middle_of(MatrixView<const T> rows) {
    const std::size_t sampled = std::min<std::size_t>(rows.rows(), 255);
    std::vector<double> middle(rows.columns());
    std::vector<T> values(sampled);
    for (std::size_t c = 0; c < middle.size(); ++c) {
        for (std::size_t i = 0; i < sampled; ++i)
            values[i] = rows.row(i * rows.rows() / sampled)[c];
        const auto half = values.begin() + static_cast<std::ptrdiff_t>(sampled / 2);
        std::ranges::nth_element(values, half);
        middle[c] = static_cast<double>(*half);
    }
    return middle;
}

}  // namespace

template <class T>
Result<FeatureRows<T>> check_features(MatrixView<const T> rows, const char* argument,
                                      const Pool& pool) {
    if (rows.rows() == 0 || rows.columns() == 0)
        return invalid(fmt::format("{} has shape ({}, {}): must have a row and a column", argument,
                                   rows.rows(), rows.columns()));
    if (rows.rows() > std::numeric_limits<Row>::max())
        return invalid(fmt::format("{} has {} rows: at most {}", argument, rows.rows(),
                                   std::numeric_limits<Row>::max()));
    FeatureRows<T> checked{rows, std::vector<double>(rows.rows())};
    pool.for_each((rows.rows() + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
        const std::size_t end = std::min(rows.rows(), (block + 1) * kBlockRows);
        for (std::size_t i = block * kBlockRows; i < end; ++i) {
            const auto row = rows.row(i);
            const double squares = sum_of(row.size(), [&](std::size_t c) {
                const auto x = static_cast<double>(row[c]);
                return x * x;
            });
            // Below the normal numbers the digits of a length are lost: such a row counts as zeros.
            // 0 · NaN is NaN.
            checked.inverse_lengths[i] = squares >= std::numeric_limits<double>::min()
                                             ? 1 / std::sqrt(squares)
                                             : 0 * squares;
        }
    });
    // 1 / sqrt(infinity) is 0, as for a row of zeros: those are looked at.
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        if (checked.inverse_lengths[i] > 0) continue;
        const auto row = rows.row(i);
        for (std::size_t c = 0; c < row.size(); ++c)
            if (!std::isfinite(row[c]))
                return invalid(fmt::format("{}[{}][{}] = {}: must be finite", argument, i, c,
                                           static_cast<double>(row[c])));
        if (std::ranges::any_of(row, [](T x) { return std::abs(static_cast<double>(x)) > 1; }))
            return invalid(fmt::format(
                "{}[{}]: the sum of its squares must be below the largest double", argument, i));
    }
    return checked;
}

template <class T>
Space Space::around(const FeatureRows<T>& rows, Metric metric) {
    Space space;
    space.metric_ = metric;
    if (metric == Metric::Euclidean) {
        space.origin_ = middle_of(rows.rows);
        space.scale_ = std::numeric_limits<double>::min();
        space.widen(rows);
    }
    return space;
}

template <class T>
void Space::widen(const FeatureRows<T>& rows) {
    if (metric_ == Metric::Cosine) return;
    double largest = 0;
    for (std::size_t i = 0; i < rows.rows.rows(); ++i)
        for (std::size_t c = 0; c < origin_.size(); ++c)
            largest =
                std::max(largest, std::abs(static_cast<double>(rows.rows.row(i)[c]) - origin_[c]));
    if (largest > scale_) scale_ = std::exp2(std::ceil(std::log2(largest)));
}

template <class T>
double Space::distance(const FeatureRows<T>& a, std::size_t i, const FeatureRows<T>& b,
                       std::size_t j) const {
    const auto x = a.rows.row(i);
    const auto y = b.rows.row(j);
    if (metric_ == Metric::Euclidean)
        return std::sqrt(sum_of(x.size(), [&](std::size_t c) {
            const double difference = static_cast<double>(x[c]) - static_cast<double>(y[c]);
            return difference * difference;
        }));
    const double to_x = a.inverse_lengths[i];
    const double to_y = b.inverse_lengths[j];
    if (to_x == 0 || to_y == 0) return 1;
    // 1 - cosine = half the squared difference of the unit vectors, which keeps its digits near 0.
    return std::min(2.0, sum_of(x.size(), [&](std::size_t c) {
                             const double difference = static_cast<double>(x[c]) * to_x -
                                                       static_cast<double>(y[c]) * to_y;
                             return difference * difference;
                         }) / 2);
}

template <class U, class T, class Write>
void Space::each_value(const FeatureRows<T>& rows, Row row, const Write& write) const {
    const auto values = rows.rows.row(row);
    if (metric_ == Metric::Cosine) {
        const double to_unit = rows.inverse_lengths[row];
        for (std::size_t c = 0; c < values.size(); ++c)
            write(c, static_cast<U>(static_cast<double>(values[c]) * to_unit));
    } else {
        for (std::size_t c = 0; c < values.size(); ++c)
            write(c, static_cast<U>((static_cast<double>(values[c]) - origin_[c]) / scale_));
    }
}

template <class U, class T>
PackedRows<U> Space::packed(const FeatureRows<T>& rows, std::span<const Row> chosen,
                            const Pool& pool) const {
    PackedRows<U> packed(chosen.size(), rows.rows.columns());
    const double kept = 1 - slack<U>(packed.dims);
    pool.for_each((packed.rows + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
        const std::size_t end = std::min(packed.rows, (block + 1) * kBlockRows);
        for (std::size_t i = block * kBlockRows; i < end; ++i) {
            if (metric_ == Metric::Cosine) {
                packed.offsets[i] = 0;
                packed.reach[i] = kept;
                continue;
            }
            double squares = 0;
            each_value<U>(rows, chosen[i], [&](std::size_t, U value) {
                squares += static_cast<double>(value) * static_cast<double>(value);
            });
            packed.offsets[i] = static_cast<U>(kept * squares / 2);
            packed.reach[i] = kept * squares / 2 - underflow<U>(packed.dims);
        }
    });
    packed.pack = [this, &rows, chosen, dims = packed.dims](std::size_t begin, std::size_t end,
                                                            Panels<U>& panels) {
        for (std::size_t i = begin; i < end; ++i) {
            if (i < chosen.size())
                each_value<U>(rows, chosen[i],
                              [&](std::size_t c, U value) { panels.at(i, c) = value; });
            else
                for (std::size_t c = 0; c < dims; ++c) panels.at(i, c) = 0;
        }
    };
    return packed;
}

template <class U>
double Space::least_distance(const PackedRows<U>& packed, std::size_t i, U key) const {
    const double least = packed.reach[i] - static_cast<double>(key);
    if (metric_ == Metric::Cosine) return least;
    // A little less, for the roundings of this line and of `distance`.
    return scale_ * std::sqrt(std::max(2 * least, 0.0)) * (1 - 1e-15);
}

template <class U>
U Space::least_key(const PackedRows<U>& packed, std::size_t i, double distance) const {
    if (metric_ == Metric::Cosine) return round_down<U>(packed.reach[i] - distance);
    const double scaled = distance / scale_ * (1 + 1e-15);
    return round_down<U>(packed.reach[i] - scaled * scaled / 2);
}

template Result<FeatureRows<float>> check_features(MatrixView<const float>, const char*,
                                                   const Pool&);
template Result<FeatureRows<double>> check_features(MatrixView<const double>, const char*,
                                                    const Pool&);
template Space Space::around(const FeatureRows<float>&, Metric);
template Space Space::around(const FeatureRows<double>&, Metric);
template void Space::widen(const FeatureRows<float>&);
template void Space::widen(const FeatureRows<double>&);
template double Space::distance(const FeatureRows<float>&, std::size_t, const FeatureRows<float>&,
                                std::size_t) const;
template double Space::distance(const FeatureRows<double>&, std::size_t, const FeatureRows<double>&,
                                std::size_t) const;
template PackedRows<float> Space::packed(const FeatureRows<float>&, std::span<const Row>,
                                         const Pool&) const;
template PackedRows<float> Space::packed(const FeatureRows<double>&, std::span<const Row>,
                                         const Pool&) const;
template PackedRows<double> Space::packed(const FeatureRows<float>&, std::span<const Row>,
                                          const Pool&) const;
template PackedRows<double> Space::packed(const FeatureRows<double>&, std::span<const Row>,
                                          const Pool&) const;
template double Space::least_distance(const PackedRows<float>&, std::size_t, float) const;
template double Space::least_distance(const PackedRows<double>&, std::size_t, double) const;
template float Space::least_key(const PackedRows<float>&, std::size_t, double) const;
template double Space::least_key(const PackedRows<double>&, std::size_t, double) const;

}  // namespace tusker::vectors
