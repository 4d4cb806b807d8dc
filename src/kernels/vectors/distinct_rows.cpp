#include "kernels/vectors/distinct_rows.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace tusker::vectors {
namespace {

// Rows of a block are hashed by one thread.
constexpr std::size_t kBlockRows = 1024;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
    // The odd constant is 2^64 / golden ratio, as in Knuth's multiplicative hashing.
    return std::rotl(hash ^ value, 29) * 0x9E3779B97F4A7C15ULL;
}

// Adding zero turns -0 into 0, so that what compares equal hashes equal. Four lanes, because each
// step waits for the multiplication before it.
template <class T>
std::uint64_t hash_of(std::span<const T> row) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    std::uint64_t lanes[4] = {1, 2, 3, 4};
    std::size_t i = 0;
    for (; i + 4 <= row.size(); i += 4)
        for (std::size_t lane = 0; lane < 4; ++lane)
            lanes[lane] = mix(lanes[lane], std::bit_cast<Bits>(row[i + lane] + T{0}));
    for (; i < row.size(); ++i) lanes[0] = mix(lanes[0], std::bit_cast<Bits>(row[i] + T{0}));
    return mix(mix(mix(lanes[0], lanes[1]), lanes[2]), lanes[3]);
}

struct Hashed {
    std::uint64_t hash;
    Row row;
    auto operator<=>(const Hashed&) const = default;
};

/// Calls found(first, equal) for each row but the first of a set of equal ones. `run` has one hash.
template <class T, class Found>
void split_run(MatrixView<const T> rows, std::span<const Hashed> run, const Found& found) {
    std::vector<Row> firsts;
    for (const auto& [hash, row] : run) {
        const auto same = std::ranges::find_if(
            firsts, [&](Row first) { return std::ranges::equal(rows.row(first), rows.row(row)); });
        if (same == firsts.end())
            firsts.push_back(row);
        else
            found(*same, row);
    }
}

}  // namespace

template <class T>
DistinctRows find_distinct_rows(MatrixView<const T> rows, const Pool& pool) {
    const std::size_t n = rows.rows();
    std::vector<Hashed> hashed(n);
    pool.for_each((n + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
        const std::size_t end = std::min(n, (block + 1) * kBlockRows);
        for (std::size_t i = block * kBlockRows; i < end; ++i)
            hashed[i] = {hash_of(rows.row(i)), static_cast<Row>(i)};
    });
    std::ranges::sort(hashed);
    std::vector<Row> first(n);
    std::iota(first.begin(), first.end(), Row{0});
    for (std::size_t begin = 0; begin < n;) {
        std::size_t end = begin + 1;
        while (end < n && hashed[end].hash == hashed[begin].hash) ++end;
        if (end - begin > 1)
            split_run(rows, std::span(hashed).subspan(begin, end - begin),
                      [&](Row same, Row row) { first[row] = same; });
        begin = end;
    }
    DistinctRows distinct;
    std::vector<Row> group(n);
    distinct.offsets.push_back(0);
    for (std::size_t i = 0; i < n; ++i) {
        if (first[i] == i) {
            group[i] = static_cast<Row>(distinct.offsets.size() - 1);
            distinct.offsets.push_back(0);
        } else {
            group[i] = group[first[i]];
        }
        ++distinct.offsets[group[i] + 1];
    }
    std::partial_sum(distinct.offsets.begin(), distinct.offsets.end(), distinct.offsets.begin());
    std::vector<std::size_t> next(distinct.offsets.begin(), distinct.offsets.end() - 1);
    distinct.members.resize(n);
    for (std::size_t i = 0; i < n; ++i) distinct.members[next[group[i]]++] = static_cast<Row>(i);
    return distinct;
}

template DistinctRows find_distinct_rows(MatrixView<const float>, const Pool&);
template DistinctRows find_distinct_rows(MatrixView<const double>, const Pool&);

}  // namespace tusker::vectors
