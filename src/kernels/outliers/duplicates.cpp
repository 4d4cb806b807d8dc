#include "kernels/outliers/duplicates.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "kernels/confident/sound_order.hpp"
#include "kernels/outliers/quantiles.hpp"

namespace tusker::outliers {
namespace {

using confident::SoundOrder;

/// Both directions of a pair become one, with the smaller of their distances.
std::vector<NearDuplicatePair> pairs_within(const vectors::Neighbors& neighbors, double radius) {
    std::vector<NearDuplicatePair> pairs;
    for (std::size_t i = 0; i < neighbors.rows.size(); ++i) {
        if (!(neighbors.distances[i] < radius)) continue;
        const auto row = static_cast<Row>(i / neighbors.k);
        const Row other = neighbors.rows[i];
        pairs.push_back({std::min(row, other), std::max(row, other), neighbors.distances[i]});
    }
    const auto by_rows = [](const NearDuplicatePair& pair) {
        return std::tuple(pair.first, pair.second, pair.distance);
    };
    std::ranges::sort(pairs, {}, by_rows);
    const auto doubled = std::ranges::unique(pairs, {}, [](const NearDuplicatePair& pair) {
        return std::pair(pair.first, pair.second);
    });
    pairs.erase(doubled.begin(), doubled.end());
    std::ranges::stable_sort(pairs, {}, &NearDuplicatePair::distance);
    return pairs;
}

/// Each row points to a row of its set that is not above it; the least points to itself.
class Sets {
public:
    explicit Sets(std::size_t rows) : above_(rows) {
        std::iota(above_.begin(), above_.end(), Row{0});
    }
    Row least(Row row) {
        while (above_[row] != row) row = above_[row] = above_[above_[row]];
        return row;
    }
    void join(Row a, Row b) {
        const auto [low, high] = std::minmax({least(a), least(b)});
        above_[high] = low;
    }
    std::vector<std::vector<Row>> of_two_and_more() {
        std::vector<std::size_t> sizes(above_.size());
        for (Row row = 0; row < above_.size(); ++row) ++sizes[least(row)];
        std::vector<std::vector<Row>> sets;
        std::vector<std::size_t> place(above_.size());
        for (Row row = 0; row < above_.size(); ++row) {
            const Row first = least(row);
            if (sizes[first] < 2) continue;
            if (first == row) {
                place[first] = sets.size();
                sets.emplace_back();
            }
            sets[place[first]].push_back(row);
        }
        return sets;
    }

private:
    std::vector<Row> above_;
};

}  // namespace

Result<NearDuplicates> find_near_duplicates(const vectors::Neighbors& neighbors, double threshold) {
    if (!(threshold >= 0))
        return invalid(fmt::format("threshold = {}: must be at least 0", threshold));
    if (neighbors.k == 0 || neighbors.distances.empty())
        return invalid("neighbors are empty: there must be a row with a neighbour");
    const std::size_t rows = neighbors.distances.size() / neighbors.k;
    std::vector<double> nearest(rows);
    for (std::size_t i = 0; i < rows; ++i) nearest[i] = neighbors.distances[i * neighbors.k];
    NearDuplicates found;
    found.typical_distance = std::max(quantile(nearest, 0.5), 1e-6);
    found.radius = threshold * found.typical_distance;
    found.pairs = pairs_within(neighbors, found.radius);
    Sets sets(rows);
    for (const auto& pair : found.pairs) sets.join(pair.first, pair.second);
    found.sets = sets.of_two_and_more();
    for (const double distance : nearest)
        found.scores.push_back(
            distance <= 1e-8 ? 0 : 1 - SoundOrder::exp(-distance / found.typical_distance));
    return found;
}

}  // namespace tusker::outliers
