#include "kernels/confident/removal.hpp"

#include <cmath>
#include <vector>

#include "kernels/confident/joint.hpp"
#include "kernels/confident/numpy_order.hpp"

namespace tusker::confident {
namespace {

using Count = SparseEntry<std::int64_t>;

/// taken[i][g]: rows given g that are taken as i, in a full matrix: shares of a zero sum are not
/// zero but undefined.
std::vector<double> transposed(const SparseSquare<std::int64_t>& counts) {
    const std::size_t classes = counts.size();
    std::vector<double> taken(classes * classes);
    for (std::size_t g = 0; g < classes; ++g)
        for (const auto& entry : counts.row(g))
            taken[entry.column * classes + g] = static_cast<double>(entry.value);
    return taken;
}

/// Integers near one row of counts; entries that are no number are left out.
std::vector<Count> round_row(std::span<const double> row) {
    std::vector<PlacedValue> entries;
    bool all_finite = true;
    for (std::size_t j = 0; j < row.size(); ++j) {
        all_finite &= std::isfinite(row[j]);
        if (std::isfinite(row[j]) && row[j] != 0) entries.push_back({j, row[j]});
    }
    if (all_finite) return round_keeping_sum(entries, row.size());
    std::vector<Count> rounded;
    rounded.reserve(entries.size());
    for (const auto& entry : entries)
        rounded.push_back({static_cast<std::uint32_t>(entry.position),
                           static_cast<std::int64_t>(std::nearbyint(entry.value))});
    return rounded;
}

}  // namespace

SparseSquare<std::int64_t> scale_to_removal(const SparseSquare<std::int64_t>& counts,
                                            std::span<const double> removed,
                                            std::span<const std::size_t> given, const Pool& pool) {
    const std::size_t classes = counts.size();
    std::vector<double> taken = transposed(counts);
    std::vector<double> sums(classes);
    for (std::size_t i = 0; i < classes; ++i)
        sums[i] = NumpyOrder::sum(std::span<const double>(taken).subspan(i * classes, classes));
    std::vector<std::vector<Count>> rounded(classes);
    pool.for_each(classes, [&](std::size_t i) {
        const auto row = std::span(taken).subspan(i * classes, classes);
        for (std::size_t j = 0; j < classes; ++j) row[j] /= sums[j];
        const double noise = NumpyOrder::sum(std::span<const double>(row)) - row[i];
        for (double& value : row) value = value * removed[i] / noise;
        row[i] = static_cast<double>(given[i]) - removed[i];
        rounded[i] = round_row(row);
    });
    std::vector<std::vector<Count>> result(classes);
    for (std::size_t i = 0; i < classes; ++i)
        for (const auto& entry : rounded[i])
            result[entry.column].push_back({static_cast<std::uint32_t>(i), entry.value});
    return SparseSquare<std::int64_t>(result);
}

}  // namespace tusker::confident
