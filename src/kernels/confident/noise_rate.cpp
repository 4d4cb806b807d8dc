// A class pair's keys are p[given] - p[other] over all rows given that class, and few rows have to
// be asked. Those whose most probable class is `other` have their key from the scan; mostly they
// are as many as wanted, and the last wanted of their keys is a limit for all others. A contested
// row has to be read if the least key that it can have to any class but its most probable one is
// below the highest limit; it is read once, for all classes together. Rows that agree have keys
// from 0 upwards: they matter only to keys behind theirs. Only where a cut runs through equal keys
// does NumPy's order need all of them.
#include "kernels/confident/noise_rate.hpp"

#include <algorithm>
#include <limits>

#include "kernels/confident/low_margins.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

template <class T>
constexpr T kNone = std::numeric_limits<T>::lowest();
template <class T>
constexpr T kAny = std::numeric_limits<T>::max();

/// Rows that are on their way from memory while one is looked at.
constexpr std::size_t kReadAhead = 8;

/// Whole rows are looked at if at least one in so many classes is wanted.
constexpr std::size_t kWorthALook = 8;

/// Has the first bytes of a row fetched; behind them the processor reads on by itself. In a
/// function that is called and not inlined, the compiler takes it for having no effect.
[[gnu::always_inline]] inline void prefetch(std::span<const std::byte> row) {
    constexpr std::size_t kBytes = 512;
    constexpr std::size_t kLine = 64;
    for (std::size_t at = 0; at < std::min(kBytes, row.size()); at += kLine)
        __builtin_prefetch(&row[at]);
}

}  // namespace

template <class Order, class T>
void NoiseRatePruner<Order, T>::mark(const RowsOfClass<T>& rows,
                                     std::span<const SparseEntry<std::int64_t>> counts,
                                     std::uint8_t mark, std::span<std::uint8_t> marks) {
    mark_ = mark;
    marks_ = marks;
    gather(rows, counts);
    for (const ClassId other : others_) mark_lowest(rows, other);
    for (const ClassId other : others_) {
        wanted_[other] = 0;
        tied_[other] = kNotCut;
        candidates_[other].clear();
    }
    others_.clear();
    agreeing_.clear();
    agreeing_known_ = false;
}

/// All contested rows that may be wanted, and some more.
template <class Order, class T>
void NoiseRatePruner<Order, T>::gather(const RowsOfClass<T>& rows,
                                       std::span<const SparseEntry<std::int64_t>> counts) {
    for (const auto& entry : counts) {
        if (entry.column == rows.given || entry.value <= 0) continue;
        others_.push_back(entry.column);
        wanted_[entry.column] = std::min(static_cast<std::size_t>(entry.value), rows.count);
    }
    for (std::size_t i = 0; i < rows.contested.size(); ++i) {
        const auto& row = rows.contested[i];
        if (wanted_[row.top] > 0)
            candidates_[row.top].push_back({row.self - row.largest, static_cast<Place>(2 * i + 1)});
    }
    // With two classes there is one other.
    if (probs_.columns() > 2 && !others_.empty()) add_runners_up(rows);
}

/// Of each wanted class the key that the m-th of its known rows has; the highest of all.
template <class Order, class T>
T NoiseRatePruner<Order, T>::set_limits() {
    std::ranges::fill(limits_, kNone<T>);
    T highest = kNone<T>;
    for (const ClassId other : others_) {
        limits_[other] = kAny<T>;
        lower_limit(other);
        highest = std::max(highest, limits_[other]);
    }
    return highest;
}

/// Once there are as many candidates as are wanted; and again when there are twice as many.
template <class Order, class T>
void NoiseRatePruner<Order, T>::lower_limit(ClassId other) {
    auto& candidates = candidates_[other];
    const std::size_t m = wanted_[other];
    if (candidates.size() < m) {
        lower_at_[other] = m;
        return;
    }
    tied_[other] = cut_lowest(std::span(candidates), m) ? 1 : 0;
    limits_[other] = candidates[m - 1].key;
    lower_at_[other] = 2 * candidates.size();
}

template <class Order, class T>
void NoiseRatePruner<Order, T>::add_runners_up(const RowsOfClass<T>& rows) {
    const T highest = set_limits();
    to_read_.clear();
    for (std::size_t i = 0; i < rows.contested.size(); ++i) {
        const T bound = rows.contested[i].self - rows.contested[i].second;
        if (bound <= highest) to_read_.push_back({bound, static_cast<Place>(i)});
    }
    if (others_.size() * kWorthALook < probs_.columns())
        look_at_wanted(rows);
    else
        look_at_all(rows);
}

/// Where many classes are wanted.
template <class Order, class T>
void NoiseRatePruner<Order, T>::look_at_all(const RowsOfClass<T>& rows) {
    for (std::size_t n = 0; n < to_read_.size(); ++n) {
        if (n + kReadAhead < to_read_.size())
            prefetch(probs_.bytes(rows.contested[to_read_[n + kReadAhead].position].row));
        const std::size_t i = to_read_[n].position;
        const auto& row = rows.contested[i];
        const auto p = probs_.template row<T>(row.row, row_);
        const std::size_t found = find_low_margins<T>(p, row.self, limits_, low_);
        for (const ClassId other : std::span(low_).first(found)) add(i, row, p[other], other);
    }
}

/// Where few are: those of the rows with the lowest bounds first, which lower the limits, so that
/// little of the others has to be read.
template <class Order, class T>
void NoiseRatePruner<Order, T>::look_at_wanted(const RowsOfClass<T>& rows) {
    std::ranges::sort(to_read_, std::less{});
    for (std::size_t n = 0; n < to_read_.size(); ++n) {
        if (n + kReadAhead < to_read_.size()) {
            const auto& [bound, i] = to_read_[n + kReadAhead];
            const auto later = probs_.bytes(rows.contested[i].row);
            const std::size_t size = later.size() / probs_.columns();
            for (const ClassId other : others_)
                if (bound <= limits_[other]) __builtin_prefetch(&later[other * size]);
        }
        const auto& [bound, i] = to_read_[n];
        const auto& row = rows.contested[i];
        const auto p = probs_.template row<T>(row.row, row_);
        for (const ClassId other : others_)
            if (bound <= limits_[other] && row.self - p[other] <= limits_[other])
                add(i, row, p[other], other);
    }
}

/// A candidate, unless it is one already.
template <class Order, class T>
void NoiseRatePruner<Order, T>::add(std::size_t contested, const Contested<T>& row, T p,
                                    ClassId other) {
    if (other == row.top) return;
    candidates_[other].push_back({row.self - p, static_cast<Place>(2 * contested + 1)});
    tied_[other] = kNotCut;
    if (candidates_[other].size() >= lower_at_[other]) lower_limit(other);
}

/// Those that may be among the m lowest with the contested ones.
template <class Order, class T>
void NoiseRatePruner<Order, T>::add_agreeing(const RowsOfClass<T>& rows, ClassId other,
                                             std::size_t m) {
    const auto all = rows.all();
    if (!std::exchange(agreeing_known_, true)) {
        auto contested = rows.contested.begin();
        for (const Row row : all) {
            while (contested != rows.contested.end() && contested->row < row) ++contested;
            if (contested == rows.contested.end() || contested->row != row)
                agreeing_.push_back({self_[row] - second_[row], row});
        }
        std::ranges::sort(agreeing_, std::less{});
    }
    auto& candidates = candidates_[other];
    std::vector<T> lowest;  // a heap of the m lowest keys so far, the highest of them in front
    for (const auto& candidate : candidates) lowest.push_back(candidate.key);
    if (lowest.size() > m) {
        std::nth_element(lowest.begin(), lowest.begin() + static_cast<std::ptrdiff_t>(m),
                         lowest.end());
        lowest.resize(m);
    }
    std::ranges::make_heap(lowest);
    for (const auto& [bound, row] : agreeing_) {
        if (lowest.size() == m && bound > lowest.front()) break;
        const T key = self_[row] - probs_.template at<T>(row, other);
        const auto behind = std::ranges::lower_bound(rows.contested, row, {}, &Contested<T>::row);
        candidates.push_back({key, static_cast<Place>(2 * (behind - rows.contested.begin()))});
        if (lowest.size() < m) {
            lowest.push_back(key);
        } else if (key < lowest.front()) {
            std::ranges::pop_heap(lowest);
            lowest.back() = key;
        } else {
            continue;
        }
        std::ranges::push_heap(lowest);
    }
}

template <class Order, class T>
void NoiseRatePruner<Order, T>::mark_lowest(const RowsOfClass<T>& rows, ClassId other) {
    auto& candidates = candidates_[other];
    if (candidates.empty()) return;
    std::size_t m = wanted_[other];
    const auto lowest_ones = std::min(m, candidates.size());
    bool tied = tied_[other] == kNotCut ? cut_lowest(std::span(candidates), lowest_ones)
                                        : tied_[other] != 0;
    if (candidates[lowest_ones - 1].key >= 0) {
        add_agreeing(rows, other, m);
        m = std::min(m, candidates.size());
        tied = cut_lowest(std::span(candidates), m);
    }
    m = std::min(m, candidates.size());
    if (tied && !Order::kTiesByIndex) return mark_by_all_keys(rows, other, m);
    for (const auto& candidate : std::span(candidates).first(m))
        if (candidate.position % 2 == 1) mark_one(candidate.position / 2, rows);
}

template <class Order, class T>
void NoiseRatePruner<Order, T>::mark_by_all_keys(const RowsOfClass<T>& rows, ClassId other,
                                                 std::size_t m) {
    const auto all = rows.all();
    std::vector<T> keys(all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        keys[i] = self_[all[i]] - probs_.template at<T>(all[i], other);
    const auto order = Order::argsort(std::span<const T>(keys));
    for (std::size_t i = 0; i < m; ++i) {
        const Row row = all[order[i]];
        const auto place = std::ranges::lower_bound(rows.contested, row, {}, &Contested<T>::row);
        if (place != rows.contested.end() && place->row == row)
            mark_one(static_cast<std::size_t>(place - rows.contested.begin()), rows);
    }
}

template class NoiseRatePruner<SoundOrder, float>;
template class NoiseRatePruner<SoundOrder, double>;
template class NoiseRatePruner<NumpyOrder, float>;
template class NoiseRatePruner<NumpyOrder, double>;

}  // namespace tusker::confident
