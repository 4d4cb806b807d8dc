// Counting is exact and thresholds are summed in the order asked for. Calibration is not: an entry
// of exactly one half rounds up or down by the last bit of a sum, and classes with equal counts
// compete for the last example of a row. No choice is better than another there, and both orders
// make cleanlab's, so that they differ only where scores of rows tie.
#include "kernels/confident/joint.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <type_traits>
#include <utility>

#include "kernels/confident/lowest.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

using Count = SparseEntry<std::int64_t>;
using Real = PlacedValue;

/// A class that no row is given: beyond every probability.
constexpr double kUnreachable = 2;
constexpr double kLeastThreshold = 2e-6;
constexpr double kThresholdSlack = 1e-6;
constexpr double kTiny = 1e-100;

template <class Work>
void for_each_class(std::size_t classes, const Pool& pool, Work&& work) {
    for_each_class_block(classes, pool, [&](std::size_t first, std::size_t end) {
        for (std::size_t k = first; k < end; ++k) work(k);
    });
}

/// The least T that is >= x.
template <class T>
T round_up_to(double x) {
    const T near = static_cast<T>(x);
    return static_cast<double>(near) < x ? std::nextafter(near, std::numeric_limits<T>::infinity())
                                         : near;
}

}  // namespace

template <class Order, class T>
Thresholds confident_thresholds(std::span<const T> self, std::span<const ClassId> labels,
                                std::size_t classes, const Pool& pool) {
    const ByClass<T> by_class(labels, classes, pool, [&](std::size_t i) { return self[i]; });
    std::vector<T> means(classes);
    for_each_class(classes, pool,
                   [&](std::size_t k) { means[k] = mean_confidence<Order, T>(by_class.of(k)); });
    return thresholds_of<T>(means, by_class.counts());
}

template <class Order, class T>
T mean_confidence(std::span<const T> self_of_class) {
    return static_cast<T>(static_cast<double>(Order::sum(self_of_class)) /
                          static_cast<double>(self_of_class.size()));
}

template <class T>
Thresholds thresholds_of(std::span<const T> means, std::span<const std::size_t> counts) {
    Thresholds thresholds{{}, std::is_same_v<T, double>, {counts.begin(), counts.end()}};
    for (const std::size_t count : counts) thresholds.in_double |= count == 0;
    for (std::size_t k = 0; k < counts.size(); ++k) {
        const auto mean = static_cast<double>(means[k]);
        // cleanlab's vector of thresholds is float64 as soon as it holds the 2 of a missing class.
        const double least = thresholds.in_double
                                 ? kLeastThreshold
                                 : static_cast<double>(static_cast<T>(kLeastThreshold));
        thresholds.values.push_back(counts[k] == 0 ? kUnreachable : std::max(mean, least));
    }
    return thresholds;
}

template <class T>
std::vector<T> bounds_of(const Thresholds& thresholds) {
    std::vector<T> bounds;
    bounds.reserve(thresholds.values.size());
    for (const double threshold : thresholds.values) {
        bounds.push_back(thresholds.in_double
                             ? round_up_to<T>(threshold - kThresholdSlack)
                             : static_cast<T>(threshold) - static_cast<T>(kThresholdSlack));
    }
    return bounds;
}

template <class T>
Guesser<T>::Guesser(const Probabilities& probs, std::span<const T> bounds)
    : probs_(probs), bounds_(bounds), row_(bounds.size()) {
    for (std::size_t k = 0; k < bounds.size(); ++k)
        in_order_.push_back({bounds[k], static_cast<ClassId>(k)});
    std::ranges::sort(in_order_, std::less{});
    least_bound_ = in_order_.front().key;
}

template <class T>
ClassId Guesser<T>::look(Row row, ClassId top, bool top_is_confident, T second) {
    const auto p = probs_.row<T>(row, row_);
    ClassId other = kNoClass;
    for (const auto& [bound, k] : in_order_) {
        if (bound > second) break;
        if (k == top || !(p[k] >= bound)) continue;
        if (top_is_confident || other != kNoClass) return top;
        other = k;
    }
    return top_is_confident ? top : other;
}

template <class T>
ClassId Guesser<T>::guess(Row row, ClassId top) {
    const auto p = probs_.row<T>(row, row_);
    ClassId guess = kNoClass;
    for (std::size_t k = 0; k < p.size(); ++k) {
        if (!(p[k] >= bounds_[k])) continue;
        if (guess != kNoClass) return top;
        guess = static_cast<ClassId>(k);
    }
    return guess;
}

namespace {

/// Of the rows [begin, end).
template <class T>
ConfidentRows confident_share(Guesser<T>& guesser, std::span<const ClassId> labels,
                              const ScannedRows<T>& rows, std::size_t classes, std::size_t begin,
                              std::size_t end) {
    ConfidentRows found;
    found.own.resize(classes);
    const auto count = [&](std::size_t row, ClassId guess) {
        if (guess == kNoClass) return;
        if (guess == labels[row])
            ++found.own[guess];
        else
            found.elsewhere.push_back({static_cast<Row>(row), guess});
    };
    auto contested = rows.contested_from(begin);
    for (std::size_t i = begin; i < end; ++i) {
        const std::size_t next =
            contested == rows.contested.end() ? end : std::min<std::size_t>(end, contested->row);
        for (; i < next; ++i) {
            // Whether a row is confident is chance; a branch on it would often go wrong.
            if (guesser.needs_a_look(rows.second[i]))
                count(i,
                      guesser.guess(static_cast<Row>(i), labels[i], rows.self[i], rows.second[i]));
            else
                found.own[labels[i]] += guesser.is_confident_in(labels[i], rows.self[i]) ? 1 : 0;
        }
        if (i == end) break;
        count(i,
              guesser.guess(contested->row, contested->top, contested->largest, contested->second));
        ++contested;
    }
    return found;
}

}  // namespace

template <class T>
ConfidentRows confident_rows(const Probabilities& probs, std::span<const ClassId> labels,
                             const ScannedRows<T>& rows, std::span<const T> bounds,
                             const Pool& pool) {
    // Each share has K counters: not more shares than keep all threads busy to the end.
    const std::size_t shares = std::clamp<std::size_t>(labels.size() / 4096, 1, 4 * pool.threads());
    std::vector<ConfidentRows> found(shares);
    pool.for_each(shares, [&](std::size_t share) {
        Guesser<T> guesser(probs, bounds);
        found[share] =
            confident_share(guesser, labels, rows, bounds.size(), labels.size() * share / shares,
                            labels.size() * (share + 1) / shares);
    });
    ConfidentRows all = std::move(found.front());
    for (const auto& more : std::span(found).subspan(1)) {
        std::ranges::transform(all.own, more.own, all.own.begin(), std::plus{});
        all.elsewhere.insert(all.elsewhere.end(), more.elsewhere.begin(), more.elsewhere.end());
    }
    return all;
}

SparseSquare<std::int64_t> count_joint(const ConfidentRows& confident,
                                       std::span<const ClassId> labels, const Pool& pool) {
    const std::size_t classes = confident.own.size();
    std::vector<ClassId> given;
    given.reserve(confident.elsewhere.size());
    for (const auto& [row, guess] : confident.elsewhere) given.push_back(labels[row]);
    const ByClass<ClassId> guesses(given, classes, pool,
                                   [&](std::size_t i) { return confident.elsewhere[i].guess; });
    std::vector<std::vector<Count>> counted(classes);
    for_each_class_block(classes, pool, [&](std::size_t first, std::size_t end) {
        JointRowCounter counter(classes);
        for (std::size_t k = first; k < end; ++k) {
            counter.add(static_cast<ClassId>(k), confident.own[k]);
            for (const ClassId guess : guesses.of(k)) counter.add(guess);
            counted[k] = counter.take(static_cast<ClassId>(k));
        }
    });
    return SparseSquare<std::int64_t>(counted);
}

std::vector<Count> JointRowCounter::take(ClassId given) {
    if (count_[given] == 0) add(given);
    std::ranges::sort(met_);
    std::vector<Count> counted;
    counted.reserve(met_.size());
    for (const ClassId guess : met_) counted.push_back({guess, std::exchange(count_[guess], 0)});
    met_.clear();
    return counted;
}

namespace {

/// Which `m` of a row's K entries are moved by one when its integers miss the row's sum: the
/// largest remainders upwards, the smallest downwards. Classes with equal counts have equal
/// remainders, and none of them has a better claim: both orders choose as cleanlab does, so that
/// they differ only where scores of rows tie.
std::vector<ClassId> entries_to_move(std::span<const Real> remainders, std::size_t classes, bool up,
                                     std::size_t m) {
    // Mostly a row's few entries decide, the m-th standing clear of the next and of all the zeros.
    std::vector<Keyed<double>> keyed;
    for (const auto& entry : remainders) {
        const double key = up ? -entry.value : entry.value;
        if (key < 0) keyed.push_back({key, static_cast<ClassId>(entry.position)});
    }
    if (keyed.size() >= m && !cut_lowest(std::span(keyed), m)) {
        std::vector<ClassId> columns(m);
        for (std::size_t i = 0; i < m; ++i) columns[i] = keyed[i].position;
        return columns;
    }
    std::vector<double> dense(classes);
    for (const auto& entry : remainders) dense[entry.position] = entry.value;
    auto order = NumpyOrder::argsort(std::span<const double>(dense));
    if (up) std::ranges::reverse(order);
    order.resize(m);
    return order;
}

}  // namespace

std::vector<Count> round_keeping_sum(std::span<const Real> reals, std::size_t length) {
    std::vector<Count> counts;
    std::int64_t sum = 0;
    for (const auto& entry : reals) {
        counts.push_back({static_cast<ClassId>(entry.position),
                          static_cast<std::int64_t>(std::nearbyint(entry.value))});
        sum += counts.back().value;
    }
    const auto target = static_cast<std::int64_t>(std::nearbyint(NumpyOrder::sum(reals, length)));
    while (sum != target) {
        const bool up = target > sum;
        const std::size_t m = std::min(static_cast<std::size_t>(std::abs(target - sum)), length);
        std::vector<Real> remainders;
        for (std::size_t i = 0, j = 0; i < counts.size(); ++i) {
            // An entry that an earlier round added was zero in `reals`.
            const bool real = j < reals.size() && reals[j].position == counts[i].column;
            const double value = real ? reals[j++].value : 0.0;
            remainders.push_back({counts[i].column, value - static_cast<double>(counts[i].value)});
        }
        for (const ClassId column : entries_to_move(remainders, length, up, m)) {
            auto place = std::ranges::lower_bound(counts, column, {}, &Count::column);
            if (place == counts.end() || place->column != column)
                place = counts.insert(place, Count{column, 0});
            place->value += up ? 1 : -1;
        }
        sum += (up ? 1 : -1) * static_cast<std::int64_t>(m);
    }
    return counts;
}

namespace {

/// The sum over all entries, column after column: so they lie in memory where cleanlab adds them.
double sum_by_columns(const std::vector<std::vector<Real>>& rows) {
    const std::size_t classes = rows.size();
    std::vector<std::size_t> next(classes + 1);
    for (const auto& row : rows)
        for (const auto& entry : row) ++next[entry.position + 1];
    for (std::size_t k = 0; k < classes; ++k) next[k + 1] += next[k];
    std::vector<Real> placed(next[classes]);
    for (std::size_t i = 0; i < classes; ++i)
        for (const auto& entry : rows[i])
            placed[next[entry.position]++] = {entry.position * classes + i, entry.value};
    return NumpyOrder::sum(std::span<const Real>(placed), classes * classes);
}

double sum_by_rows(const std::vector<std::vector<Real>>& rows) {
    std::vector<Real> placed;
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (const auto& entry : rows[i])
            placed.push_back({i * rows.size() + entry.position, entry.value});
    return NumpyOrder::sum(std::span<const Real>(placed), rows.size() * rows.size());
}

/// The sum of one row: where rows lie in one piece NumPy adds pairwise, else column after column.
double sum_of(std::span<const Real> entries, std::size_t classes, Layout layout) {
    if (layout == Layout::Rows) return NumpyOrder::sum(entries, classes);
    double sum = 0;
    for (const auto& entry : entries) sum += entry.value;
    return sum;
}

double row_sum(const GivenJoint& joint, std::size_t given) {
    std::vector<Real> entries;
    for (const auto& entry : joint.counts.row(given))
        entries.push_back({entry.column, entry.value});
    return sum_of(entries, joint.counts.size(), joint.layout);
}

SparseSquare<double> in_reals(const SparseSquare<std::int64_t>& counts) {
    std::vector<std::vector<SparseEntry<double>>> rows(counts.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (const auto& entry : counts.row(i))
            rows[i].push_back({entry.column, static_cast<double>(entry.value)});
    return SparseSquare<double>(rows);
}

}  // namespace

SparseSquare<std::int64_t> calibrate(const GivenJoint& joint, std::span<const std::size_t> counts,
                                     const Pool& pool) {
    const std::size_t classes = joint.counts.size();
    std::vector<std::vector<Real>> scaled(classes);
    double n = 0;
    for (std::size_t given = 0; given < classes; ++given) {
        const double divisor = std::max(row_sum(joint, given), kTiny);
        const auto count = static_cast<double>(counts[given]);
        for (const auto& entry : joint.counts.row(given))
            scaled[given].push_back({entry.column, entry.value / divisor * count});
        n += count;
    }
    const double sum =
        joint.layout == Layout::Columns ? sum_by_columns(scaled) : sum_by_rows(scaled);
    const double total = std::max(sum, kTiny);
    std::vector<std::vector<Count>> rounded(classes);
    for_each_class(classes, pool, [&](std::size_t given) {
        for (auto& entry : scaled[given]) entry.value = entry.value / total * n;
        rounded[given] = round_keeping_sum(scaled[given], classes);
    });
    return SparseSquare<std::int64_t>(rounded);
}

SparseSquare<std::int64_t> calibrate(const SparseSquare<std::int64_t>& joint,
                                     std::span<const std::size_t> counts, const Pool& pool) {
    // cleanlab counts the joint into the transpose of a matrix that lies row after row.
    return calibrate({in_reals(joint), Layout::Columns}, counts, pool);
}

SparseSquare<std::int64_t> prune_counts(const GivenJoint& joint, const LabelIssueOptions& options,
                                        const Pool& pool) {
    const std::size_t classes = joint.counts.size();
    const auto least = static_cast<double>(options.min_examples_per_class);
    std::vector<std::vector<Count>> result(classes);
    for_each_class(classes, pool, [&](std::size_t given) {
        const auto counts = joint.counts.row(given);
        const auto own = static_cast<ClassId>(given);
        const double diagonal = joint.counts.at(given, own);
        const auto nonzero =
            std::ranges::count_if(counts, [](const auto& e) { return e.value != 0; });
        const double kept = std::max(diagonal, least);
        const double lowered_by =
            (kept - diagonal) / std::max(static_cast<double>(nonzero) - 1.0, 1.0);
        std::vector<Real> given_up;  // what frac_noise takes from each other class
        for (const auto& entry : counts) {
            if (entry.column == own) continue;
            const double taken = std::max(entry.value - lowered_by, 0.0);
            const double scaled = taken * options.frac_noise;
            given_up.push_back({entry.column, taken - scaled});
            const auto whole = static_cast<std::int64_t>(scaled);
            if (whole > 0) result[given].push_back({entry.column, whole});
        }
        const auto left = static_cast<std::int64_t>(kept + sum_of(given_up, classes, joint.layout));
        auto& row = result[given];
        row.insert(std::ranges::lower_bound(row, own, {}, &Count::column), Count{own, left});
    });
    return SparseSquare<std::int64_t>(result);
}

SparseSquare<std::int64_t> prune_counts(const SparseSquare<std::int64_t>& calibrated,
                                        const LabelIssueOptions& options, const Pool& pool) {
    return prune_counts({in_reals(calibrated), Layout::Rows}, options, pool);
}

#define TUSKER_INSTANTIATE(ORDER, T)                                                              \
    template T mean_confidence<ORDER>(std::span<const T>);                                        \
    template Thresholds confident_thresholds<ORDER>(std::span<const T>, std::span<const ClassId>, \
                                                    std::size_t, const Pool&);
TUSKER_INSTANTIATE(SoundOrder, float)
TUSKER_INSTANTIATE(SoundOrder, double)
TUSKER_INSTANTIATE(NumpyOrder, float)
TUSKER_INSTANTIATE(NumpyOrder, double)
#undef TUSKER_INSTANTIATE
#define TUSKER_INSTANTIATE(T)                                                             \
    template Thresholds thresholds_of(std::span<const T>, std::span<const std::size_t>);  \
    template std::vector<T> bounds_of(const Thresholds&);                                 \
    template class Guesser<T>;                                                            \
    template ConfidentRows confident_rows(const Probabilities&, std::span<const ClassId>, \
                                          const ScannedRows<T>&, std::span<const T>, const Pool&);
TUSKER_INSTANTIATE(float)
TUSKER_INSTANTIATE(double)
#undef TUSKER_INSTANTIATE

}  // namespace tusker::confident
