#include <algorithm>

#include "kernels/vectors/distinct_rows.hpp"
#include "kernels/vectors/space.hpp"
#include "kernels/vectors/vectors.hpp"

namespace tusker::vectors {
namespace {

template <class T>
Result<std::vector<std::vector<Row>>> find_equal(MatrixView<const T> rows, const Pool& pool) {
    TUSKER_TRY(check_features(rows, "features", pool));
    const auto distinct = find_distinct_rows(rows, pool);
    std::vector<std::vector<Row>> sets;
    for (std::size_t g = 0; g < distinct.count(); ++g) {
        const auto group = distinct.group(g);
        if (group.size() > 1) sets.emplace_back(group.begin(), group.end());
    }
    return sets;
}

/// The list of one row of a set.
template <class T>
void put_first(std::span<T> distances, std::span<std::int64_t> rows, std::span<const Row> equals,
               Row self) {
    std::vector<std::pair<T, std::int64_t>> mended;
    for (const Row equal : equals) {
        if (mended.size() == rows.size()) break;
        if (equal != self) mended.emplace_back(T{0}, equal);
    }
    for (std::size_t i = 0; i < rows.size() && mended.size() < rows.size(); ++i)
        if (!std::ranges::binary_search(equals, rows[i], {},
                                        [](Row row) { return static_cast<std::int64_t>(row); }))
            mended.emplace_back(distances[i], rows[i]);
    for (std::size_t i = 0; i < mended.size(); ++i) std::tie(distances[i], rows[i]) = mended[i];
}

}  // namespace

Result<std::vector<std::vector<Row>>> find_equal_rows(MatrixView<const float> rows,
                                                      const Pool& pool) {
    return find_equal(rows, pool);
}
Result<std::vector<std::vector<Row>>> find_equal_rows(MatrixView<const double> rows,
                                                      const Pool& pool) {
    return find_equal(rows, pool);
}

template <class T>
void put_equal_rows_first(MatrixView<T> distances, MatrixView<std::int64_t> rows,
                          std::span<const std::vector<Row>> sets) {
    for (const auto& set : sets)
        for (const Row row : set) put_first(distances.row(row), rows.row(row), set, row);
}

template void put_equal_rows_first(MatrixView<float>, MatrixView<std::int64_t>,
                                   std::span<const std::vector<Row>>);
template void put_equal_rows_first(MatrixView<double>, MatrixView<std::int64_t>,
                                   std::span<const std::vector<Row>>);

}  // namespace tusker::vectors
