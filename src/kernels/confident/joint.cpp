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

/// work(first class, end) for blocks of classes: so many that each thread has some, so few that
/// each is worth handing out.
template <class Work>
void for_each_class_block(std::size_t classes, const Pool& pool, Work&& work) {
    const std::size_t at_once = std::clamp<std::size_t>(classes / 64, 1, 16);
    pool.for_each((classes + at_once - 1) / at_once, [&](std::size_t block) {
        work(block * at_once, std::min(classes, (block + 1) * at_once));
    });
}

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
Thresholds confident_thresholds(std::span<const T> self, const ClassRows& rows, const Pool& pool) {
    std::vector<T> means(rows.classes());
    for_each_class(rows.classes(), pool,
                   [&](std::size_t k) { means[k] = mean_confidence<Order, T>(self, rows.of(k)); });
    return thresholds_of<T>(means, rows);
}

template <class Order, class T>
T mean_confidence(std::span<const T> self, std::span<const Row> rows) {
    typename Order::template Sum<T> sum;
    for (const Row row : rows) sum.add(self[row]);
    return static_cast<T>(static_cast<double>(sum.value()) / static_cast<double>(rows.size()));
}

template <class T>
Thresholds thresholds_of(std::span<const T> means, const ClassRows& rows) {
    const std::size_t classes = rows.classes();
    Thresholds thresholds{std::vector<double>(classes), std::is_same_v<T, double>};
    for (std::size_t k = 0; k < classes; ++k) thresholds.in_double |= rows.count(k) == 0;
    for (std::size_t k = 0; k < classes; ++k) {
        const auto mean = static_cast<double>(means[k]);
        // cleanlab's vector of thresholds is float64 as soon as it holds the 2 of a missing class.
        const double least = thresholds.in_double
                                 ? kLeastThreshold
                                 : static_cast<double>(static_cast<T>(kLeastThreshold));
        thresholds.values[k] = rows.count(k) == 0 ? kUnreachable : std::max(mean, least);
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

template <class Order, class T>
std::vector<T> confident_bounds(std::span<const T> self, const ClassRows& rows, const Pool& pool) {
    return bounds_of<T>(confident_thresholds<Order, T>(self, rows, pool));
}

namespace {

/// Classes by ascending bound, so that those a probability may reach stand in front.
template <class T>
class BoundsInOrder {
public:
    explicit BoundsInOrder(std::span<const T> bounds) {
        for (std::size_t k = 0; k < bounds.size(); ++k)
            in_order_.push_back({bounds[k], static_cast<ClassId>(k)});
        std::ranges::sort(in_order_, std::less{});
    }
    std::span<const Keyed<T>> up_to(T probability) const {
        const auto end = std::ranges::upper_bound(in_order_, probability, {}, &Keyed<T>::key);
        return std::span(in_order_).first(static_cast<std::size_t>(end - in_order_.begin()));
    }

private:
    std::vector<Keyed<T>> in_order_;
};

template <class T>
ClassId guess_among(std::span<const T> p, ClassId top, bool top_is_confident,
                    std::span<const Keyed<T>> reachable) {
    ClassId other = kNoClass;
    for (const auto& [bound, k] : reachable) {
        if (k == top || !(p[k] >= bound)) continue;
        if (top_is_confident || other != kNoClass) return top;
        other = k;
    }
    return top_is_confident ? top : other;
}

}  // namespace

template <class T>
ClassId guess_class(std::span<const T> p, ClassId top, std::span<const T> bounds) {
    ClassId guess = kNoClass;
    for (std::size_t k = 0; k < p.size(); ++k) {
        if (!(p[k] >= bounds[k])) continue;
        if (guess != kNoClass) return top;
        guess = static_cast<ClassId>(k);
    }
    return guess;
}

template <class T>
LargeVector<ClassId> guess_classes(const Probabilities& probs, const RowFacts<T>& facts,
                                   std::span<const T> bounds, const Pool& pool) {
    constexpr std::size_t kBlockRows = 4096;
    const BoundsInOrder<T> in_order(bounds);
    LargeVector<ClassId> guesses(probs.rows());
    pool.for_each((probs.rows() + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
        const std::size_t end = std::min(probs.rows(), (block + 1) * kBlockRows);
        std::vector<T> widened(probs.columns());
        for (std::size_t i = block * kBlockRows; i < end; ++i) {
            const ClassId top = facts.top[i];
            const bool top_is_confident = std::max(facts.self[i], facts.other[i]) >= bounds[top];
            const auto reachable = in_order.up_to(facts.second[i]);
            guesses[i] = reachable.empty() ? (top_is_confident ? top : kNoClass)
                                           : guess_among(probs.row<T>(i, widened), top,
                                                         top_is_confident, reachable);
        }
    });
    return guesses;
}

SparseSquare<std::int64_t> count_joint(std::span<const ClassId> guesses, const ClassRows& rows,
                                       const Pool& pool) {
    const std::size_t classes = rows.classes();
    std::vector<std::vector<Count>> counted(classes);
    for_each_class_block(classes, pool, [&](std::size_t first, std::size_t end) {
        JointRowCounter counter(classes);
        for (std::size_t given = first; given < end; ++given)
            counted[given] = counter.count(guesses, rows.of(given), static_cast<ClassId>(given));
    });
    return SparseSquare<std::int64_t>(counted);
}

std::vector<Count> JointRowCounter::count(std::span<const ClassId> guesses,
                                          std::span<const Row> rows, ClassId given) {
    met_.clear();
    for (const Row row : rows) {
        const ClassId guess = guesses[row];
        if (guess != kNoClass && count_[guess]++ == 0) met_.push_back(guess);
    }
    if (count_[given] == 0) {
        count_[given] = 1;
        met_.push_back(given);
    }
    std::ranges::sort(met_);
    std::vector<Count> counted;
    counted.reserve(met_.size());
    for (const ClassId guess : met_) counted.push_back({guess, std::exchange(count_[guess], 0)});
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

SparseSquare<std::int64_t> calibrate(const SparseSquare<std::int64_t>& joint, const ClassRows& rows,
                                     const Pool& pool) {
    // cleanlab counts the joint into the transpose of a matrix that lies row after row.
    return calibrate({in_reals(joint), Layout::Columns}, rows.counts(), pool);
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

template LargeVector<ClassId> guess_classes(const Probabilities&, const RowFacts<float>&,
                                            std::span<const float>, const Pool&);
template LargeVector<ClassId> guess_classes(const Probabilities&, const RowFacts<double>&,
                                            std::span<const double>, const Pool&);
template ClassId guess_class(std::span<const float>, ClassId, std::span<const float>);
template ClassId guess_class(std::span<const double>, ClassId, std::span<const double>);
template float mean_confidence<SoundOrder>(std::span<const float>, std::span<const Row>);
template double mean_confidence<SoundOrder>(std::span<const double>, std::span<const Row>);
template Thresholds thresholds_of(std::span<const float>, const ClassRows&);
template Thresholds thresholds_of(std::span<const double>, const ClassRows&);
template Thresholds confident_thresholds<SoundOrder>(std::span<const float>, const ClassRows&,
                                                     const Pool&);
template Thresholds confident_thresholds<SoundOrder>(std::span<const double>, const ClassRows&,
                                                     const Pool&);
template Thresholds confident_thresholds<NumpyOrder>(std::span<const float>, const ClassRows&,
                                                     const Pool&);
template Thresholds confident_thresholds<NumpyOrder>(std::span<const double>, const ClassRows&,
                                                     const Pool&);
template std::vector<float> bounds_of(const Thresholds&);
template std::vector<double> bounds_of(const Thresholds&);
template std::vector<float> confident_bounds<SoundOrder>(std::span<const float>, const ClassRows&,
                                                         const Pool&);
template std::vector<double> confident_bounds<SoundOrder>(std::span<const double>, const ClassRows&,
                                                          const Pool&);
template std::vector<float> confident_bounds<NumpyOrder>(std::span<const float>, const ClassRows&,
                                                         const Pool&);
template std::vector<double> confident_bounds<NumpyOrder>(std::span<const double>, const ClassRows&,
                                                          const Pool&);

}  // namespace tusker::confident
