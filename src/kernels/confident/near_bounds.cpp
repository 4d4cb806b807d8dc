// Rounded subtraction is monotone, so the values with |p - centre| < radius are an interval: both
// ends within it, all between are. While rows are gathered, a class with more than enough of them
// keeps the nearer half and lowers its radius; of many equally near rows it may have to drop all.
#include "kernels/confident/near_bounds.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace tusker::confident {
namespace {

/// So many labels may move into or out of a class, whatever their probabilities, before a column
/// has to be read.
constexpr double kMovesCovered = 64;

/// Never down to half the bound: most rows' probabilities of a class are next to zero.
template <class T>
T radius_for(T bound, std::size_t count) {
    const double moves = kMovesCovered / (static_cast<double>(count) + kMovesCovered);
    return std::min(static_cast<T>(moves), bound / 2);
}

std::size_t most_kept(std::size_t count) { return 2 * count + 256; }

template <class T>
T distance(T p, T centre) {
    return std::abs(p - centre);
}

}  // namespace

template <class T>
bool NearBounds<T>::Near::covers(T p) const {
    return distance(p, centre) < radius;
}

template <class T>
void NearBounds<T>::Near::add(T p, std::size_t row, std::size_t most) {
    rows.push_back({p, static_cast<Row>(row)});
    if (rows.size() >= 2 * most) keep_nearest(most);
}

template <class T>
void NearBounds<T>::Near::keep_nearest(std::size_t most) {
    if (rows.size() <= most) return;
    const auto cut = rows.begin() + static_cast<std::ptrdiff_t>(most);
    const auto by_distance = [&](const Keyed<T>& row) { return distance(row.key, centre); };
    std::ranges::nth_element(rows, cut, {}, by_distance);
    radius = by_distance(*cut);
    std::erase_if(rows, [&](const Keyed<T>& row) { return !covers(row.key); });
}

template <class T>
void NearBounds<T>::Near::join(std::span<const Near> shares, std::size_t most) {
    rows.clear();
    for (const Near& share : shares) radius = std::min(radius, share.radius);
    for (const Near& share : shares)
        std::ranges::copy_if(share.rows, std::back_inserter(rows),
                             [&](const Keyed<T>& row) { return covers(row.key); });
    keep_nearest(most);
    std::ranges::sort(rows, std::less{});
    rows.shrink_to_fit();
}

template <class T>
NearBounds<T>::NearBounds(const Probabilities& probs, std::span<const T> bounds,
                          std::span<const std::size_t> counts, const Pool& pool)
    : probs_(&probs) {
    for (std::size_t k = 0; k < bounds.size(); ++k)
        near_.push_back({bounds[k], radius_for(bounds[k], counts[k]), {}});
    const std::size_t shares = pool.threads();
    // [K] of each share; a class's shares stand side by side in the end.
    std::vector<std::vector<Near>> found(shares, near_);
    pool.for_each(shares, [&](std::size_t share) {
        auto& mine = found[share];
        std::vector<T> radius;
        for (const Near& near : mine) radius.push_back(near.radius);
        const std::size_t first = probs.rows() * share / shares;
        const std::size_t end = probs.rows() * (share + 1) / shares;
        probs.read<T>(first, end - first, [&](MatrixView<const T> block, std::size_t row) {
            for (std::size_t i = 0; i < block.rows(); ++i) {
                const auto p = block.row(i);
                for (std::size_t k = 0; k < p.size(); ++k) {
                    if (!(distance(p[k], bounds[k]) < radius[k])) continue;
                    mine[k].add(p[k], row + i, most_kept(counts[k]));
                    radius[k] = mine[k].radius;
                }
            }
        });
    });
    pool.for_each(near_.size(), [&](std::size_t k) {
        std::vector<Near> of_class;
        for (auto& share : found) of_class.push_back(std::move(share[k]));
        near_[k].join(of_class, most_kept(counts[k]));
    });
}

/// Rows with low <= p[k] < high; and gathers anew which are near.
template <class T>
std::vector<Row> NearBounds<T>::read_column(ClassId k, T low, T high, Near& near, std::size_t count,
                                            const Pool& pool) const {
    const std::size_t shares = pool.threads();
    std::vector<Near> found(shares, near);
    std::vector<std::vector<Row>> between(shares);
    pool.for_each(shares, [&](std::size_t share) {
        const std::size_t end = probs_->rows() * (share + 1) / shares;
        for (std::size_t i = probs_->rows() * share / shares; i < end; ++i) {
            const T p = probs_->at<T>(i, k);
            if (p >= low && p < high) between[share].push_back(static_cast<Row>(i));
            if (found[share].covers(p)) found[share].add(p, i, most_kept(count));
        }
    });
    near.join(found, most_kept(count));
    for (std::size_t share = 1; share < shares; ++share)
        between[0].insert(between[0].end(), between[share].begin(), between[share].end());
    return std::move(between[0]);
}

template <class T>
std::vector<Row> NearBounds<T>::rows_between(ClassId k, T old_bound, T new_bound, std::size_t count,
                                             const Pool& pool) {
    const T low = std::min(old_bound, new_bound);
    const T high = std::max(old_bound, new_bound);
    Near& near = near_[k];
    if (!covers(k, old_bound, new_bound)) {
        near = {new_bound, radius_for(new_bound, count), {}};
        return read_column(k, low, high, near, count, pool);
    }
    std::vector<Row> rows;
    const auto begin = std::ranges::lower_bound(near.rows, low, {}, &Keyed<T>::key);
    for (auto it = begin; it != near.rows.end() && it->key < high; ++it)
        rows.push_back(it->position);
    return rows;
}

template class NearBounds<float>;
template class NearBounds<double>;

}  // namespace tusker::confident
