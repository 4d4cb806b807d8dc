#include "kernels/confident/filters.hpp"

#include <algorithm>
#include <mutex>
#include <optional>

#include "kernels/confident/lowest.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/removal.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

/// The rows of each class, sorted when they are first asked for: mostly nobody does.
class RowsWhenAsked {
public:
    RowsWhenAsked(std::span<const ClassId> labels, std::size_t classes, const Pool& pool)
        : labels_(labels), classes_(classes), pool_(pool) {}

    std::span<const Row> of(std::size_t k) {
        std::call_once(sorted_, [&] { rows_.emplace(labels_, classes_, pool_); });
        return rows_->of(k);
    }

private:
    std::span<const ClassId> labels_;
    std::size_t classes_;
    const Pool& pool_;
    std::once_flag sorted_;
    std::optional<ClassRows> rows_;
};

/// A class of one row is never pruned, whatever min_examples_per_class says.
bool may_prune(std::size_t rows, const LabelIssueOptions& options) {
    return rows > options.min_examples_per_class && rows > 1;
}

/// Rows confident in another class, unless they agree: those are not contested, or say so.
template <class T>
std::vector<SeenRow<T>> confidently_another(const FilterInput<T>& input) {
    std::vector<SeenRow<T>> flagged;
    auto contested = input.rows.contested.begin();
    const auto end = input.rows.contested.end();
    for (const auto& [row, guess] : input.confident.elsewhere) {
        while (contested != end && contested->row < row) ++contested;
        if (contested != end && contested->row == row && !contested->agrees)
            flagged.push_back(seen_row(*contested, input.labels[row]));
    }
    return flagged;
}

template <class T>
std::vector<SeenRow<T>> predicted_another(const FilterInput<T>& input) {
    std::vector<SeenRow<T>> flagged;
    for (const auto& row : input.rows.contested)
        if (!row.agrees) flagged.push_back(seen_row(row, input.labels[row.row]));
    return flagged;
}

/// As many as are confidently another class, by least score; agreeing rows may be among them.
template <class Order, class T>
std::vector<SeenRow<T>> low_scores(const FilterInput<T>& input, std::span<const T> scores) {
    auto rows = lowest<Order>(scores, confidently_another(input).size());
    std::ranges::sort(rows);
    std::vector<SeenRow<T>> flagged;
    flagged.reserve(rows.size());
    RowWalk<T> walk(input.rows, input.labels);
    for (const Row row : rows) flagged.push_back(walk.at(row));
    return flagged;
}

template <class T>
std::vector<T> margins(const FilterInput<T>& input) {
    std::vector<T> margins(input.labels.size());
    RowWalk<T> walk(input.rows, input.labels);
    for (std::size_t i = 0; i < margins.size(); ++i) {
        const auto seen = walk.at(static_cast<Row>(i));
        margins[i] = normalized_margin(seen.self, seen.other);
    }
    return margins;
}

template <class Order, class T>
std::vector<SeenRow<T>> prune(const FilterInput<T>& input, const LabelIssueOptions& options,
                              const Pool& pool) {
    const auto counts = counts_to_prune(input.calibrated, input.labels_per_class, options, pool);
    const std::size_t classes = counts.size();
    const auto& contested = input.rows.contested;
    std::vector<ClassId> given;
    given.reserve(contested.size());
    for (const auto& row : contested) given.push_back(input.labels[row.row]);
    const ByClass<Contested<T>> by_class(given, classes, pool,
                                         [&](std::size_t i) { return contested[i]; });
    RowsWhenAsked rows(input.labels, classes, pool);
    std::vector<std::uint8_t> flags(contested.size());  // of by_class
    for_each_class_block(classes, pool, [&](std::size_t first, std::size_t end) {
        ClassPruner<Order, T> pruner(input.probs, input.rows.self, input.rows.second, counts,
                                     options);
        for (std::size_t k = first; k < end; ++k) {
            pruner.flag({static_cast<ClassId>(k), input.labels_per_class[k], by_class.of(k),
                         [&rows, k] { return rows.of(k); }},
                        std::span(flags).subspan(by_class.begin_of(k), by_class.count(k)));
        }
    });
    std::vector<SeenRow<T>> flagged;
    std::vector<std::size_t> next;
    next.reserve(classes);
    for (std::size_t k = 0; k < classes; ++k) next.push_back(by_class.begin_of(k));
    for (std::size_t i = 0; i < contested.size(); ++i)
        if (flags[next[given[i]]++] != 0) flagged.push_back(seen_row(contested[i], given[i]));
    return flagged;
}

}  // namespace

bool prunes(FilterBy filter) {
    return filter == FilterBy::PruneByNoiseRate || filter == FilterBy::PruneByClass ||
           filter == FilterBy::Both;
}

SparseSquare<std::int64_t> counts_to_prune(const SparseSquare<std::int64_t>& calibrated,
                                           std::span<const std::size_t> labels_per_class,
                                           const LabelIssueOptions& options, const Pool& pool) {
    auto counts = options.joint ? prune_counts(*options.joint, options, pool)
                                : prune_counts(calibrated, options, pool);
    if (options.num_to_remove_per_class.empty()) return counts;
    return scale_to_removal(counts, options.num_to_remove_per_class, labels_per_class, pool);
}

template <class Order, class T>
void ClassPruner<Order, T>::flag(const RowsOfClass<T>& rows, std::span<std::uint8_t> flags) {
    std::ranges::fill(flags, std::uint8_t{0});
    if (!may_prune(rows.count, options_)) return;
    const auto counts = counts_.row(rows.given);
    if (options_.filter_by == FilterBy::PruneByNoiseRate)
        return by_noise_rate_.mark(rows, counts, 1, flags);
    if (options_.filter_by == FilterBy::PruneByClass) return mark_by_class(rows, 1, flags);
    constexpr std::uint8_t kByNoiseRate = 1;
    constexpr std::uint8_t kByClass = 2;
    by_noise_rate_.mark(rows, counts, kByNoiseRate, flags);
    mark_by_class(rows, kByClass, flags);
    for (std::uint8_t& flag : flags) flag = flag == kByNoiseRate + kByClass ? 1 : 0;
}

template <class Order, class T>
void ClassPruner<Order, T>::mark_by_class(const RowsOfClass<T>& rows, std::uint8_t mark,
                                          std::span<std::uint8_t> marks) const {
    const std::int64_t pruned =
        static_cast<std::int64_t>(rows.count) - counts_.at(rows.given, rows.given);
    if (pruned < 1) return;
    const auto all = rows.all();
    std::vector<T> keys;
    keys.reserve(all.size());
    for (const Row row : all) keys.push_back(self_[row]);
    for (const auto i : lowest<Order>(std::span<const T>(keys), static_cast<std::size_t>(pruned))) {
        const auto place = std::ranges::lower_bound(rows.contested, all[i], {}, &Contested<T>::row);
        if (place != rows.contested.end() && place->row == all[i] && !place->agrees)
            marks[static_cast<std::size_t>(place - rows.contested.begin())] |= mark;
    }
}

template <class Order, class T>
std::vector<SeenRow<T>> flag_rows(const FilterInput<T>& input, const LabelIssueOptions& options,
                                  const Pool& pool) {
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
            return low_scores<Order, T>(input, input.rows.self);
        case FilterBy::LowNormalizedMargin:
            return low_scores<Order, T>(input, margins(input));
    }
    return {};
}

#define TUSKER_INSTANTIATE(ORDER, T)                                         \
    template class ClassPruner<ORDER, T>;                                    \
    template std::vector<SeenRow<T>> flag_rows<ORDER>(const FilterInput<T>&, \
                                                      const LabelIssueOptions&, const Pool&);
TUSKER_INSTANTIATE(SoundOrder, float)
TUSKER_INSTANTIATE(SoundOrder, double)
TUSKER_INSTANTIATE(NumpyOrder, float)
TUSKER_INSTANTIATE(NumpyOrder, double)
#undef TUSKER_INSTANTIATE

}  // namespace tusker::confident
