// The search: one product in single precision over all pairs keeps for each row a few more than k
// candidates; their exact distances are taken; then either the worst key kept proves that no other
// row can be as near as the k-th, or the row is searched again in double precision, with the k-th
// distance found so far as the limit, so that all candidates are seen.
//
// Of few columns under the Euclidean metric (where maps and planes live) a tree of boxes is faster
// than any product, and exact by itself.
//
// Equal rows are searched as one (a group), so neither a thousand copies of a row nor a constant
// matrix costs a second pass.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "kernels/vectors/box_tree.hpp"
#include "kernels/vectors/candidates.hpp"
#include "kernels/vectors/distinct_rows.hpp"
#include "kernels/vectors/inner_products.hpp"
#include "kernels/vectors/scan.hpp"
#include "kernels/vectors/space.hpp"
#include "kernels/vectors/vectors.hpp"

namespace tusker::vectors {
namespace {

// So many candidates more than k are kept. On 50,000 random rows of 512 columns a few rows in a
// thousand then need the second pass.
constexpr std::size_t kSpare = 8;
// So many blocks of queries share a packed block of rows; fewer where all rows may be candidates.
constexpr std::size_t kGroupBlocks = 16;
constexpr std::size_t kSecondGroupBlocks = 4;
// No row has this number.
constexpr Row kNoRow = std::numeric_limits<Row>::max();

std::size_t blocks_of(std::size_t rows, std::size_t block_rows) {
    return (rows + block_rows - 1) / block_rows;
}

struct Near {
    double distance;
    Row row;
    auto operator<=>(const Near&) const = default;
};

template <class T>
class Search {
public:
    /// `queries` null: the rows ask for each other, a group of equal ones once.
    Search(const FeatureRows<T>& rows, const FeatureRows<T>* queries, std::size_t k, Metric metric,
           const Pool& pool, Course& course)
        : rows_(rows),
          queries_(queries != nullptr ? *queries : rows),
          among_themselves_(queries == nullptr),
          k_(k),
          metric_(metric),
          space_(Space::around(rows, metric)),
          distinct_(find_distinct_rows(rows.rows, pool)),
          pool_(pool),
          course_(course) {
        for (std::size_t g = 0; g < distinct_.count(); ++g)
            firsts_.push_back(distinct_.group(g)[0]);
        if (queries != nullptr) {
            space_.widen(*queries);
            asking_.resize(queries->rows.rows());
            std::iota(asking_.begin(), asking_.end(), Row{0});
        } else {
            asking_ = firsts_;
        }
        found_.k = k;
        found_.distances.resize(queries_.rows.rows() * k);
        found_.rows.resize(queries_.rows.rows() * k);
    }

    Result<Neighbors> run() {
        if (metric_ == Metric::Euclidean && rows_.rows.columns() <= kBoxTreeColumns) {
            search_in_tree();
        } else {
            const auto unproven = search_in_single_precision();
            if (!unproven.empty() && !course_.stopped()) search_again(unproven);
        }
        if (course_.stopped()) return fail(ErrorCode::Cancelled, "the search was cancelled");
        course_.end();
        return std::move(found_);
    }

private:
    /// A query (its position in asking_) that needs the second pass, and a distance within which
    /// its neighbours are known to lie.
    struct Unproven {
        Row query;
        double within;
    };

    void search_in_tree() {
        constexpr std::size_t kBlockQueries = 256;
        const BoxTree tree(rows_, firsts_);
        const std::size_t blocks = blocks_of(asking_.size(), kBlockQueries);
        course_.expect(blocks);
        pool_.for_each(blocks, [&](std::size_t block) {
            if (course_.stopped()) return;
            const std::size_t end = std::min(asking_.size(), (block + 1) * kBlockQueries);
            std::vector<Row> groups;
            for (std::size_t i = block * kBlockQueries; i < end; ++i) {
                const auto values = queries_.rows.row(asking_[i]);
                const std::vector<double> exact(values.begin(), values.end());
                const auto query = static_cast<Row>(i);
                groups.clear();
                tree.find(exact, needed(query), among_themselves_ ? query : kNoRow, groups);
                write(query, nearest(query, groups));
            }
            course_.advance();
        });
    }

    std::vector<Unproven> search_in_single_precision() {
        const auto packed = space_.packed<float>(rows_, firsts_, pool_);
        const std::size_t keep = std::min(k_ + kSpare, std::max<std::size_t>(firsts_.size(), 1));
        if (among_themselves_) {
            BestCandidates<float> best(packed.rows, packed.padded, keep);
            scan_pairs(packed, best, pool_, course_);
            return finish_all(packed, best);
        }
        const auto asking = space_.packed<float>(queries_, asking_, pool_);
        BestCandidates<float> best(asking.rows, asking.padded, keep);
        for_groups(asking, kGroupBlocks, [&](std::size_t begin, std::size_t end) {
            scan_queries<float>(
                asking, begin, end, best.limits(), packed,
                [&](auto hits) {
                    for (const auto& hit : hits) best.offer(hit.query, hit.key, hit.other);
                },
                course_);
        });
        return finish_all(asking, best);
    }

    void search_again(std::span<const Unproven> unproven) {
        std::vector<Row> asking;
        for (const auto& [query, within] : unproven) asking.push_back(asking_[query]);
        const auto packed = space_.packed<double>(rows_, firsts_, pool_);
        const auto queries = space_.packed<double>(queries_, asking, pool_);
        std::vector<double> limits(queries.padded, std::numeric_limits<double>::infinity());
        for (std::size_t i = 0; i < queries.rows; ++i)
            limits[i] = std::nextafter(space_.least_key(queries, i, unproven[i].within),
                                       -std::numeric_limits<double>::infinity());
        for_groups(queries, kSecondGroupBlocks, [&](std::size_t begin, std::size_t end) {
            std::vector<std::vector<Row>> candidates(end - begin);
            scan_queries<double>(
                queries, begin, end, limits.data(), packed,
                [&](auto hits) {
                    for (const auto& hit : hits) candidates[hit.query - begin].push_back(hit.other);
                },
                course_);
            if (course_.stopped()) return;
            for (std::size_t i = begin; i < std::min(end, queries.rows); ++i)
                write(unproven[i].query, nearest(unproven[i].query, candidates[i - begin]));
        });
    }

    /// work(begin, end) for groups of at most `most` blocks of queries, enough for all threads.
    template <class U, class Work>
    void for_groups(const PackedRows<U>& queries, std::size_t most, const Work& work) {
        const std::size_t blocks = queries.blocks();
        const std::size_t size = std::clamp<std::size_t>(blocks / pool_.threads(), 1, most);
        const std::size_t groups = blocks_of(blocks, size);
        course_.expect(groups);
        pool_.for_each(groups, [&](std::size_t group) {
            if (course_.stopped()) return;
            const std::size_t begin = group * size * queries.block_rows;
            work(begin, std::min(begin + size * queries.block_rows, queries.padded));
            course_.advance();
        });
    }

    std::vector<Unproven> finish_all(const PackedRows<float>& asking, BestCandidates<float>& best) {
        constexpr std::size_t kBlockQueries = 256;
        const std::size_t blocks = blocks_of(asking.rows, kBlockQueries);
        std::vector<std::vector<Unproven>> unproven(blocks);
        pool_.for_each(blocks, [&](std::size_t block) {
            if (course_.stopped()) return;
            const std::size_t end = std::min(asking.rows, (block + 1) * kBlockQueries);
            std::vector<Row> candidates;
            for (std::size_t i = block * kBlockQueries; i < end; ++i) {
                candidates.clear();
                for (const auto& candidate : best.best(i)) candidates.push_back(candidate.row);
                const auto query = static_cast<Row>(i);
                const auto near = nearest(query, candidates);
                const float limit = best.limits()[i];
                const bool seen_all = limit == -std::numeric_limits<float>::infinity();
                if (seen_all || near.empty() ||
                    space_.least_distance(asking, i, limit) > near.back().distance)
                    write(query, near);
                else
                    unproven[block].push_back({query, near.back().distance});
            }
        });
        std::vector<Unproven> all;
        for (const auto& part : unproven) all.insert(all.end(), part.begin(), part.end());
        return all;
    }

    /// How many neighbours a query needs beside its equals.
    std::size_t needed(Row query) const {
        const std::size_t equals = among_themselves_ ? distinct_.group(query).size() - 1 : 0;
        return k_ - std::min(k_, equals);
    }

    /// The needed nearest rows of the candidate groups.
    std::vector<Near> nearest(Row query, std::span<const Row> groups) const {
        std::vector<Near> near;
        const std::size_t count = needed(query);
        if (count == 0) return near;
        for (const Row group : groups) {
            if (among_themselves_ && group == query) continue;
            const double distance =
                space_.distance(queries_, asking_[query], rows_, firsts_[group]);
            for (const Row row : distinct_.group(group)) near.push_back({distance, row});
        }
        const auto end = near.begin() + static_cast<std::ptrdiff_t>(std::min(count, near.size()));
        std::partial_sort(near.begin(), end, near.end());
        near.erase(end, near.end());
        return near;
    }

    void write(Row query, std::span<const Near> near) {
        if (!among_themselves_) return write_row(asking_[query], {}, near);
        const auto equals = distinct_.group(query);
        for (const Row row : equals) write_row(row, equals, near);
    }

    void write_row(Row row, std::span<const Row> equals, std::span<const Near> near) {
        const std::size_t begin = row * k_;
        std::size_t count = 0;
        for (const Row equal : equals) {
            if (equal == row) continue;
            if (count == k_) return;
            found_.distances[begin + count] = 0;
            found_.rows[begin + count++] = equal;
        }
        for (const auto& [distance, other] : near) {
            found_.distances[begin + count] = distance;
            found_.rows[begin + count++] = other;
        }
    }

    const FeatureRows<T>& rows_;
    const FeatureRows<T>& queries_;
    bool among_themselves_;
    std::size_t k_;
    Metric metric_;
    Space space_;
    DistinctRows distinct_;
    const Pool& pool_;
    Course& course_;
    std::vector<Row> firsts_;  // the first row of each group
    std::vector<Row> asking_;  // rows of queries_: one of each group, or all
    Neighbors found_;
};

template <class T>
Result<Neighbors> find(MatrixView<const T> rows, std::size_t k, Metric metric, const Pool& pool,
                       const std::stop_token& stop, const Progress& progress) {
    const auto features = TUSKER_TRY(check_features(rows, "features", pool));
    if (k < 1 || k >= rows.rows())
        return invalid(fmt::format("k = {}: must be at least 1 and below the number of rows, {}", k,
                                   rows.rows()));
    Course course(stop, progress);
    return Search<T>(features, nullptr, k, metric, pool, course).run();
}

template <class T>
Result<Neighbors> find_among(MatrixView<const T> rows, MatrixView<const T> queries, std::size_t k,
                             Metric metric, const Pool& pool, const std::stop_token& stop,
                             const Progress& progress) {
    const auto features = TUSKER_TRY(check_features(rows, "features", pool));
    const auto asking = TUSKER_TRY(check_features(queries, "queries", pool));
    if (queries.columns() != rows.columns())
        return invalid(fmt::format("queries have {} columns: must be {}, as features",
                                   queries.columns(), rows.columns()));
    if (k < 1 || k > rows.rows())
        return invalid(fmt::format("k = {}: must be at least 1 and at most the number of rows, {}",
                                   k, rows.rows()));
    Course course(stop, progress);
    return Search<T>(features, &asking, k, metric, pool, course).run();
}

}  // namespace

std::size_t default_neighbors(std::size_t rows) {
    return std::min<std::size_t>(10, rows == 0 ? 0 : rows - 1);
}

Metric default_metric(std::size_t columns) {
    return columns > 3 ? Metric::Cosine : Metric::Euclidean;
}

Result<Neighbors> find_neighbors(MatrixView<const float> rows, std::size_t k, Metric metric,
                                 const Pool& pool, const std::stop_token& stop,
                                 const Progress& progress) {
    return find(rows, k, metric, pool, stop, progress);
}
Result<Neighbors> find_neighbors(MatrixView<const double> rows, std::size_t k, Metric metric,
                                 const Pool& pool, const std::stop_token& stop,
                                 const Progress& progress) {
    return find(rows, k, metric, pool, stop, progress);
}
Result<Neighbors> find_neighbors_among(MatrixView<const float> rows,
                                       MatrixView<const float> queries, std::size_t k,
                                       Metric metric, const Pool& pool, const std::stop_token& stop,
                                       const Progress& progress) {
    return find_among(rows, queries, k, metric, pool, stop, progress);
}
Result<Neighbors> find_neighbors_among(MatrixView<const double> rows,
                                       MatrixView<const double> queries, std::size_t k,
                                       Metric metric, const Pool& pool, const std::stop_token& stop,
                                       const Progress& progress) {
    return find_among(rows, queries, k, metric, pool, stop, progress);
}

}  // namespace tusker::vectors
