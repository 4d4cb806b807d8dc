// The prune filters flag, per class or pair of classes, the m lowest of some keys. A pair's keys
// are p[given] - p[other] over all rows given that class, but almost no row has to be asked: where
// `other` is a row's most probable class its key is known from the scan, and where it is not the
// key is at least p[given] less the row's second largest probability. In order of that bound rows
// can stop as soon as it passes the m-th lowest key found; rows that agree with their label, most
// of them, are not even asked for their bound. Only where a cut runs through equal keys does
// NumPy's order need all of them.
#include "kernels/confident/filters.hpp"

#include <algorithm>
#include <optional>

#include "kernels/confident/joint.hpp"
#include "kernels/confident/lowest.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/removal.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

/// Rows in ascending order of a bound, sorted only as far as they are asked for.
template <class T>
class RowsByBound {
public:
    RowsByBound() = default;
    explicit RowsByBound(std::vector<Keyed<T>> rows) : rows_(std::move(rows)) {}
    std::size_t size() const { return rows_.size(); }
    const Keyed<T>& operator[](std::size_t i) {
        if (i >= sorted_) sort_further();
        return rows_[i];
    }

private:
    void sort_further() {
        const std::size_t next = std::min(rows_.size(), std::max<std::size_t>(64, 2 * sorted_));
        const auto begin = rows_.begin() + static_cast<std::ptrdiff_t>(sorted_);
        const auto end = rows_.begin() + static_cast<std::ptrdiff_t>(next);
        if (end != rows_.end()) std::nth_element(begin, end, rows_.end());
        std::sort(begin, end);
        sorted_ = next;
    }

    std::vector<Keyed<T>> rows_;
    std::size_t sorted_ = 0;
};

/// A row whose label agrees is never a label issue.
template <class T>
void mark_unless_agreeing(const FilterInput<T>& input, Row row, std::uint8_t mark, Flags& flags) {
    if (!input.facts.agrees[row]) flags[row] |= mark;
}

/// Flags rows of one given class by the margins to each other class.
template <class Order, class T>
class NoiseRatePruner {
public:
    NoiseRatePruner(const FilterInput<T>& input, ClassId given, std::uint8_t mark, Flags& flags)
        : input_(input), rows_(input.rows.of(given)), given_(given), mark_(mark), flags_(flags) {
        std::vector<Keyed<T>> bounds;
        for (const Row row : rows_) {
            const ClassId top = input.facts.top[row];
            if (top == given) continue;
            const T self = input.facts.self[row];
            known_.push_back({top, {self - input.facts.other[row], row}});
            bounds.push_back({self - input.facts.second[row], row});
        }
        // With two classes there is one other.
        if (!std::ranges::is_sorted(known_, {}, &KnownKey::top))
            std::ranges::sort(known_, {}, &KnownKey::top);
        by_bound_ = RowsByBound<T>(std::move(bounds));
    }

    /// Flags the `m` rows with the lowest p[given] - p[other].
    void flag(ClassId other, std::size_t m) {
        m = std::min(m, rows_.size());
        candidates_.clear();
        lowest_keys_.clear();
        const auto known = std::ranges::equal_range(known_, other, {}, &KnownKey::top);
        for (const auto& [top, key] : known) consider(key, m);
        consider_by_bound(by_bound_, other, m);
        // Rows whose most probable class is the given one have keys from 0 upwards. They take
        // places among the m lowest, but are no label issues: they matter only to keys behind
        // theirs.
        if (lowest_keys_.empty()) return;
        if (lowest_keys_.front() >= 0) {
            if (!agreeing_by_bound_)
                agreeing_by_bound_.emplace(agreeing_bounds(input_, rows_, given_));
            consider_by_bound(*agreeing_by_bound_, other, m);
        }
        m = std::min(m, candidates_.size());
        const bool tied = cut_lowest(std::span(candidates_), m);
        if (tied && !Order::kTiesByIndex) return flag_by_all_keys(other, m);
        for (std::size_t i = 0; i < m; ++i)
            mark_unless_agreeing(input_, candidates_[i].position, mark_, flags_);
    }

private:
    /// A row's key to its most probable class.
    struct KnownKey {
        ClassId top;
        Keyed<T> key;
    };

    static std::vector<Keyed<T>> agreeing_bounds(const FilterInput<T>& input,
                                                 std::span<const Row> rows, ClassId given) {
        std::vector<Keyed<T>> result;
        for (const Row row : rows)
            if (input.facts.top[row] == given)
                result.push_back({input.facts.self[row] - input.facts.second[row], row});
        return result;
    }

    void consider_by_bound(RowsByBound<T>& by_bound, ClassId other, std::size_t m) {
        for (std::size_t i = 0; i < by_bound.size(); ++i) {
            const auto [bound, row] = by_bound[i];
            if (lowest_keys_.size() == m && bound > lowest_keys_.front()) break;
            if (input_.facts.top[row] != other) consider({key_of(row, other), row}, m);
        }
    }

    T key_of(Row row, ClassId other) const {
        return input_.facts.self[row] - input_.probs.template at<T>(row, other);
    }

    /// Keeps a row that may be among the m lowest. lowest_keys_ is a heap of the m lowest keys so
    /// far, the highest of them in front.
    void consider(const Keyed<T>& row, std::size_t m) {
        if (lowest_keys_.size() == m) {
            if (row.key > lowest_keys_.front()) return;
            std::ranges::pop_heap(lowest_keys_);
            lowest_keys_.pop_back();
        }
        lowest_keys_.push_back(row.key);
        std::ranges::push_heap(lowest_keys_);
        candidates_.push_back(row);
    }

    void flag_by_all_keys(ClassId other, std::size_t m) {
        std::vector<T> keys(rows_.size());
        for (std::size_t i = 0; i < rows_.size(); ++i) keys[i] = key_of(rows_[i], other);
        const auto order = Order::argsort(std::span<const T>(keys));
        for (std::size_t i = 0; i < m; ++i)
            mark_unless_agreeing(input_, rows_[order[i]], mark_, flags_);
    }

    const FilterInput<T>& input_;
    std::span<const Row> rows_;
    ClassId given_;
    std::uint8_t mark_;
    Flags& flags_;
    std::vector<KnownKey> known_;  // by class
    RowsByBound<T> by_bound_;      // most probable class another
    std::optional<RowsByBound<T>> agreeing_by_bound_;
    std::vector<Keyed<T>> candidates_;
    std::vector<T> lowest_keys_;
};

/// A class of one row is never pruned, whatever min_examples_per_class says.
bool may_prune(std::size_t rows, const LabelIssueOptions& options) {
    return rows > options.min_examples_per_class && rows > 1;
}

/// Adds `mark` to the rows of one class that prune_by_class flags.
template <class Order, class T>
void mark_by_class(const FilterInput<T>& input, ClassId given,
                   const SparseSquare<std::int64_t>& counts, std::uint8_t mark, Flags& flags) {
    const auto rows = input.rows.of(given);
    const std::int64_t pruned = static_cast<std::int64_t>(rows.size()) - counts.at(given, given);
    if (pruned < 1) return;
    std::vector<T> keys;
    keys.reserve(rows.size());
    for (const Row row : rows) keys.push_back(input.facts.self[row]);
    for (const auto i : lowest<Order>(std::span<const T>(keys), static_cast<std::size_t>(pruned)))
        mark_unless_agreeing(input, rows[i], mark, flags);
}

/// The same of those that prune_by_noise_rate flags.
template <class Order, class T>
void mark_by_noise_rate(const FilterInput<T>& input, ClassId given,
                        const SparseSquare<std::int64_t>& counts, std::uint8_t mark, Flags& flags) {
    NoiseRatePruner<Order, T> pruner(input, given, mark, flags);
    for (const auto& entry : counts.row(given)) {
        if (entry.column != given && entry.value > 0)
            pruner.flag(entry.column, static_cast<std::size_t>(entry.value));
    }
}

template <class T>
Flags confidently_another(const FilterInput<T>& input) {
    Flags flags(input.labels.size());
    for (std::size_t i = 0; i < flags.size(); ++i) {
        const ClassId guess = input.guesses[i];
        flags[i] = guess != kNoClass && guess != input.labels[i] && !input.facts.agrees[i] ? 1 : 0;
    }
    return flags;
}

template <class T>
Flags predicted_another(const FilterInput<T>& input) {
    Flags flags(input.labels.size());
    for (std::size_t i = 0; i < flags.size(); ++i)
        flags[i] = input.facts.top[i] != input.labels[i] && !input.facts.agrees[i] ? 1 : 0;
    return flags;
}

/// As many as are confidently another class, by least score; agreeing rows may be among them.
template <class Order, class T>
Flags low_scores(const FilterInput<T>& input, std::span<const T> scores) {
    const auto confident = confidently_another(input);
    const auto m = static_cast<std::size_t>(std::ranges::count(confident, 1));
    Flags flags(input.labels.size());
    for (const auto i : lowest<Order>(scores, m)) flags[i] = 1;
    return flags;
}

}  // namespace

bool prunes(FilterBy filter) {
    return filter == FilterBy::PruneByNoiseRate || filter == FilterBy::PruneByClass ||
           filter == FilterBy::Both;
}

SparseSquare<std::int64_t> counts_to_prune(const SparseSquare<std::int64_t>& calibrated,
                                           const ClassRows& rows, const LabelIssueOptions& options,
                                           const Pool& pool) {
    auto counts = options.joint ? prune_counts(*options.joint, options, pool)
                                : prune_counts(calibrated, options, pool);
    if (options.num_to_remove_per_class.empty()) return counts;
    return scale_to_removal(counts, options.num_to_remove_per_class, rows, pool);
}

template <class Order, class T>
void prune_class(const FilterInput<T>& input, ClassId given,
                 const SparseSquare<std::int64_t>& counts, const LabelIssueOptions& options,
                 Flags& flags) {
    if (!may_prune(input.rows.count(given), options)) return;
    if (options.filter_by == FilterBy::PruneByNoiseRate)
        return mark_by_noise_rate<Order>(input, given, counts, 1, flags);
    if (options.filter_by == FilterBy::PruneByClass)
        return mark_by_class<Order>(input, given, counts, 1, flags);
    constexpr std::uint8_t kByNoiseRate = 1;
    constexpr std::uint8_t kByClass = 2;
    mark_by_noise_rate<Order>(input, given, counts, kByNoiseRate, flags);
    mark_by_class<Order>(input, given, counts, kByClass, flags);
    for (const Row row : input.rows.of(given))
        flags[row] = flags[row] == kByNoiseRate + kByClass ? 1 : 0;
}

namespace {

template <class Order, class T>
Flags prune(const FilterInput<T>& input, const LabelIssueOptions& options, const Pool& pool) {
    const auto counts = counts_to_prune(input.calibrated, input.rows, options, pool);
    Flags flags(input.labels.size());
    pool.for_each(counts.size(), [&](std::size_t given) {
        prune_class<Order>(input, static_cast<ClassId>(given), counts, options, flags);
    });
    return flags;
}

}  // namespace

template <class Order, class T>
Flags flag_rows(const FilterInput<T>& input, const LabelIssueOptions& options, const Pool& pool) {
    switch (options.filter_by) {
        case FilterBy::PruneByNoiseRate:
        case FilterBy::PruneByClass:
        case FilterBy::Both:
            return prune<Order>(input, options, pool);
        case FilterBy::ConfidentLearning:
            return confidently_another(input);
        case FilterBy::PredictedNeqGiven:
            return predicted_another(input);
        case FilterBy::LowSelfConfidence:
            return low_scores<Order, T>(input, input.facts.self);
        case FilterBy::LowNormalizedMargin:
            return low_scores<Order, T>(input, normalized_margins(input.facts));
    }
    return {};
}

#define TUSKER_INSTANTIATE(ORDER, T)                                                              \
    template void prune_class<ORDER>(const FilterInput<T>&, ClassId,                              \
                                     const SparseSquare<std::int64_t>&, const LabelIssueOptions&, \
                                     Flags&);                                                     \
    template Flags flag_rows<ORDER>(const FilterInput<T>&, const LabelIssueOptions&, const Pool&);
TUSKER_INSTANTIATE(SoundOrder, float)
TUSKER_INSTANTIATE(SoundOrder, double)
TUSKER_INSTANTIATE(NumpyOrder, float)
TUSKER_INSTANTIATE(NumpyOrder, double)
#undef TUSKER_INSTANTIATE

}  // namespace tusker::confident
