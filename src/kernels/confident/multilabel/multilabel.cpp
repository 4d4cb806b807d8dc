#include "kernels/confident/multilabel/multilabel.hpp"

#include <algorithm>
#include <array>
#include <mutex>

#include <fmt/format.h>

#include "kernels/confident/lowest.hpp"
#include "kernels/confident/multilabel/class_block.hpp"
#include "kernels/confident/multilabel/rules.hpp"
#include "kernels/confident/multilabel/scores.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::multilabel {
namespace {

using confident::NumpyOrder;
using confident::SoundOrder;

bool prunes(FilterBy filter) {
    return filter == FilterBy::PruneByNoiseRate || filter == FilterBy::PruneByClass ||
           filter == FilterBy::Both;
}

// --- Passes -------------------------------------------------------------------------------------

/// Counts rows of all blocks and passes; says when to stop.
class Watch {
public:
    Watch(std::size_t total, const std::stop_token& stop, const Progress& progress)
        : total_(total), stop_(stop), progress_(progress) {}

    bool after(std::size_t rows) {
        if (stop_.stop_requested()) return false;
        if (progress_) {
            const std::lock_guard lock(mutex_);
            done_ += rows;
            progress_(done_, total_);
        }
        return true;
    }

private:
    std::size_t total_;
    const std::stop_token& stop_;
    const Progress& progress_;
    std::mutex mutex_;  // guards done_, and keeps calls of progress_ in order
    std::size_t done_ = 0;
};

Pair<Pair<double>> in_double(const Joint& joint) {
    return {{{static_cast<double>(joint[0][0]), static_cast<double>(joint[0][1])},
             {static_cast<double>(joint[1][0]), static_cast<double>(joint[1][1])}}};
}

Result<void> judge(const std::optional<RefusedValue>& refused) {
    if (!refused) return {};
    return invalid(
        fmt::format("probabilities[{}, {}] = {}: Values in pred_probs must be between 0 and 1.",
                    refused->row, refused->column, refused->value));
}

void keep_earlier(std::optional<RefusedValue>& mine, const std::optional<RefusedValue>& other) {
    if (other &&
        (!mine || std::pair(other->row, other->column) < std::pair(mine->row, mine->column)))
        mine = other;
}

/// The joints that the prune filters use for the classes of a block: the caller's, else estimated.
template <class Order, class T>
std::vector<Pair<Pair<double>>> joints_of(const ClassBlock<Order, T>& block,
                                          const MultilabelOptions& options, Watch& watch) {
    std::vector<Pair<Pair<double>>> joints(block.class_count());
    if (!prunes(options.filter_by)) return joints;
    if (!options.joints.empty()) {
        std::copy_n(options.joints.begin() + static_cast<std::ptrdiff_t>(block.first_class()),
                    joints.size(), joints.begin());
        return joints;
    }
    const auto counted = block.count_joints([&](std::size_t rows) { return watch.after(rows); });
    for (std::size_t j = 0; j < joints.size(); ++j)
        joints[j] = in_double(calibrate(at_least_one(counted[j]), block.counts(j)));
    return joints;
}

template <class Order, class T>
Result<LabelBits> flag_in_order(MatrixView<const T> probs, const LabelBits& labels,
                                const MultilabelOptions& options, const Pool& pool,
                                const std::stop_token& stop, const Progress& progress) {
    TUSKER_TRY(check_shapes(probs.rows(), probs.columns(), labels));
    TUSKER_TRY(check_options(options, probs.columns()));
    const auto counts = labels.count_rows();
    TUSKER_TRY(check_counts(counts, probs.rows(), options));
    const bool two_passes = prunes(options.filter_by) && options.joints.empty();
    Watch watch(labels.block_count() * probs.rows() * (two_passes ? 2 : 1), stop, progress);

    LabelBits flags(probs.rows(), probs.columns());
    std::mutex mutex;  // guards `refused`
    std::optional<RefusedValue> refused;
    pool.for_each(labels.block_count(), [&](std::size_t b) {
        ClassBlock<Order, T> block(probs, labels, counts, b);
        const auto found = block.scan([&](std::size_t rows) { return watch.after(rows); });
        if (found) {
            const std::lock_guard lock(mutex);
            keep_earlier(refused, found);
        }
        if (found || stop.stop_requested()) return;
        const auto joints = joints_of(block, options, watch);
        if (stop.stop_requested()) return;
        for (std::size_t j = 0; j < block.class_count(); ++j)
            for (const Row row : block.flag(j, joints[j], options))
                flags.set(row, block.first_class() + j);
    });
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, "finding label issues was cancelled");
    TUSKER_TRY(judge(refused));
    return flags;
}

// --- The filters that choose whole rows
// -----------------------------------------------------------

struct LowRows {
    std::vector<Row> worst_first;  // by aggregated self-confidence
    LabelBits confident;           // the classes on which the model confidently disagrees
};

/// As many rows as have a class on which the model confidently disagrees, by least aggregated
/// self-confidence, whichever of the two filters it is: of two probabilities that sum to 1 the
/// margin says the same.
template <class Order, class T>
Result<LowRows> choose_low_rows(MatrixView<const T> probs, const LabelBits& labels,
                                const MultilabelOptions& options, const Pool& pool,
                                const std::stop_token& stop, const Progress& progress) {
    MultilabelOptions by_class = options;
    by_class.filter_by = FilterBy::ConfidentLearning;
    LowRows low;
    low.confident =
        TUSKER_TRY((flag_in_order<Order, T>(probs, labels, by_class, pool, stop, progress)));
    if (options.order == confident::Order::Cleanlab) TUSKER_TRY(check_indicator(labels));
    const auto scores = TUSKER_TRY(score_rows<T>(probs, labels, Scoring{}, options.order, pool));
    low.worst_first = Order::argsort(std::span<const double>(scores));
    low.worst_first.resize(low.confident.rows_with_any().size());
    return low;
}

/// cleanlab scores the chosen rows in order of rows, with thresholds of these rows alone, and takes
/// the order of those scores for places in its list of rows, worst first.
template <class T>
Result<std::vector<Row>> permute_as_cleanlab(MatrixView<const T> probs, const LabelBits& labels,
                                             std::span<const Row> worst_first,
                                             const MultilabelOptions& options, const Pool& pool,
                                             std::vector<double>& scores) {
    std::vector<Row> rows(worst_first.begin(), worst_first.end());
    std::ranges::sort(rows);
    std::vector<T> values;
    values.reserve(rows.size() * probs.columns());
    for (const Row row : rows)
        values.insert(values.end(), probs.row(row).begin(), probs.row(row).end());
    const LabelBits taken = labels.take(rows);
    TUSKER_TRY(check_indicator(taken));
    const auto by_row =
        TUSKER_TRY(score_rows<T>(MatrixView<const T>(values, rows.size(), probs.columns()), taken,
                                 options.scoring, options.order, pool));
    std::vector<Row> ranked;
    for (const auto i : NumpyOrder::argsort(std::span<const double>(by_row))) {
        const Row row = worst_first[i];
        ranked.push_back(row);
        scores.push_back(
            by_row[static_cast<std::size_t>(std::ranges::lower_bound(rows, row) - rows.begin())]);
    }
    return ranked;
}

// --- The story ----------------------------------------------------------------------------------

template <class Order, class T>
Result<std::vector<Row>> flag_rows_in_order(MatrixView<const T> probs, const LabelBits& labels,
                                            const MultilabelOptions& options, const Pool& pool,
                                            const std::stop_token& stop, const Progress& progress) {
    if (chooses_whole_rows(options.filter_by)) {
        auto low =
            TUSKER_TRY((choose_low_rows<Order, T>(probs, labels, options, pool, stop, progress)));
        std::ranges::sort(low.worst_first);
        return low.worst_first;
    }
    const auto flags =
        TUSKER_TRY((flag_in_order<Order, T>(probs, labels, options, pool, stop, progress)));
    return flags.rows_with_any();
}

MultilabelIssue issue_of(Row row, double score, const LabelBits& labels, const LabelBits& flags) {
    MultilabelIssue issue{row, score, {}, {}};
    for (const ClassId k : flags.classes_of(row))
        (labels.has(row, k) ? issue.wrongly_given : issue.wrongly_missing).push_back(k);
    return issue;
}

std::vector<ClassSummary> summarize(const LabelBits& labels, const LabelBits& flags) {
    std::vector<ClassSummary> classes(labels.classes());
    const auto counts = labels.count_rows();
    for (std::size_t k = 0; k < classes.size(); ++k) classes[k].given = counts[k];
    for (std::size_t i = 0; i < labels.rows(); ++i)
        for (const ClassId k : flags.classes_of(i))
            ++(labels.has(i, k) ? classes[k].wrongly_given : classes[k].wrongly_missing);
    return classes;
}

struct Ranking {
    RankedRows ranked;
    LabelBits flags;
};

template <class Order, class T>
Result<Ranking> rank_in_order(MatrixView<const T> probs, const LabelBits& labels,
                              const MultilabelOptions& options, const Pool& pool,
                              const std::stop_token& stop, const Progress& progress) {
    Ranking made;
    auto& [ranked, scores] = made.ranked;
    const bool whole_rows = chooses_whole_rows(options.filter_by);
    if (whole_rows) {
        auto low =
            TUSKER_TRY((choose_low_rows<Order, T>(probs, labels, options, pool, stop, progress)));
        made.flags = std::move(low.confident);
        ranked = std::move(low.worst_first);
    } else {
        made.flags =
            TUSKER_TRY((flag_in_order<Order, T>(probs, labels, options, pool, stop, progress)));
        ranked = made.flags.rows_with_any();
    }
    if (options.order == confident::Order::Cleanlab) TUSKER_TRY(check_indicator(labels));
    if (whole_rows && options.order == confident::Order::Cleanlab) {
        ranked = TUSKER_TRY(permute_as_cleanlab(probs, labels, ranked, options, pool, scores));
        return made;
    }
    std::ranges::sort(ranked);
    const auto by_row =
        TUSKER_TRY(score_rows<T>(probs, labels, ranked, options.scoring, options.order, pool));
    std::vector<Row> in_order;
    for (const auto i : Order::argsort(std::span<const double>(by_row), &pool)) {
        in_order.push_back(ranked[i]);
        scores.push_back(by_row[i]);
    }
    ranked = std::move(in_order);
    return made;
}

template <class Order, class T>
Result<MultilabelIssues> find_in_order(MatrixView<const T> probs, const LabelBits& labels,
                                       const MultilabelOptions& options, const Pool& pool,
                                       const std::stop_token& stop, const Progress& progress) {
    const Ranking made =
        TUSKER_TRY((rank_in_order<Order, T>(probs, labels, options, pool, stop, progress)));
    const auto& [rows, scores] = made.ranked;
    MultilabelIssues issues{{}, summarize(labels, made.flags), probs.rows()};
    issues.ranked.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        issues.ranked.push_back(issue_of(rows[i], scores[i], labels, made.flags));
    return issues;
}

template <class Order, class T>
Result<ClassJoints> estimate_in_order(MatrixView<const T> probs, const LabelBits& labels,
                                      const Pool& pool) {
    TUSKER_TRY(check_shapes(probs.rows(), probs.columns(), labels));
    const auto counts = labels.count_rows();
    ClassJoints result;
    result.thresholds.resize(probs.columns());
    result.counted.resize(probs.columns());
    result.calibrated.resize(probs.columns());
    const auto go_on = [](std::size_t) { return true; };
    std::mutex mutex;  // guards `refused`
    std::optional<RefusedValue> refused;
    pool.for_each(labels.block_count(), [&](std::size_t b) {
        ClassBlock<Order, T> block(probs, labels, counts, b);
        if (const auto found = block.scan(go_on)) {
            const std::lock_guard lock(mutex);
            keep_earlier(refused, found);
            return;
        }
        const auto counted = block.count_joints(go_on);
        for (std::size_t j = 0; j < block.class_count(); ++j) {
            const std::size_t k = block.first_class() + j;
            result.thresholds[k] = block.thresholds(j);
            result.counted[k] = at_least_one(counted[j]);
            result.calibrated[k] = calibrate(result.counted[k], block.counts(j));
        }
    });
    TUSKER_TRY(judge(refused));
    return result;
}

}  // namespace

template <class T>
Result<MultilabelIssues> find_label_issues(MatrixView<const T> probs, const LabelBits& labels,
                                           const MultilabelOptions& options, const Pool& pool,
                                           const std::stop_token& stop, const Progress& progress) {
    return options.order == Order::Sound
               ? find_in_order<SoundOrder, T>(probs, labels, options, pool, stop, progress)
               : find_in_order<NumpyOrder, T>(probs, labels, options, pool, stop, progress);
}

template <class T>
Result<RankedRows> rank_issues(MatrixView<const T> probs, const LabelBits& labels,
                               const MultilabelOptions& options, const Pool& pool) {
    auto made =
        TUSKER_TRY((options.order == Order::Sound
                        ? rank_in_order<SoundOrder, T>(probs, labels, options, pool, {}, {})
                        : rank_in_order<NumpyOrder, T>(probs, labels, options, pool, {}, {})));
    return std::move(made.ranked);
}

template <class T>
Result<LabelBits> flag_classes(MatrixView<const T> probs, const LabelBits& labels,
                               const MultilabelOptions& options, const Pool& pool,
                               const std::stop_token& stop, const Progress& progress) {
    return options.order == Order::Sound
               ? flag_in_order<SoundOrder, T>(probs, labels, options, pool, stop, progress)
               : flag_in_order<NumpyOrder, T>(probs, labels, options, pool, stop, progress);
}

template <class T>
Result<std::vector<std::vector<Row>>> rank_classes(MatrixView<const T> probs,
                                                   const LabelBits& labels,
                                                   const MultilabelOptions& options,
                                                   const Pool& pool) {
    const auto flags = TUSKER_TRY(flag_classes<T>(probs, labels, options, pool));
    return rank_flags<T>(probs, labels, flags, options.scoring, options.order, pool);
}

template <class T>
Result<std::vector<Row>> flag_rows(MatrixView<const T> probs, const LabelBits& labels,
                                   const MultilabelOptions& options, const Pool& pool,
                                   const std::stop_token& stop, const Progress& progress) {
    return options.order == Order::Sound
               ? flag_rows_in_order<SoundOrder, T>(probs, labels, options, pool, stop, progress)
               : flag_rows_in_order<NumpyOrder, T>(probs, labels, options, pool, stop, progress);
}

template <class T>
Result<ClassJoints> estimate_joints(MatrixView<const T> probs, const LabelBits& labels, Order order,
                                    const Pool& pool) {
    return order == Order::Sound ? estimate_in_order<SoundOrder, T>(probs, labels, pool)
                                 : estimate_in_order<NumpyOrder, T>(probs, labels, pool);
}

std::span<const std::string> aggregation_names() {
    static const std::array<std::string, 2> names = {"exponential_moving_average", "softmin"};
    return names;
}

std::optional<Aggregation::By> find_aggregation(std::string_view name) {
    const auto found = std::ranges::find(aggregation_names(), name);
    if (found == aggregation_names().end()) return std::nullopt;
    return static_cast<Aggregation::By>(found - aggregation_names().begin());
}

#define TUSKER_INSTANTIATE(T)                                                                     \
    template Result<MultilabelIssues> find_label_issues(MatrixView<const T>, const LabelBits&,    \
                                                        const MultilabelOptions&, const Pool&,    \
                                                        const std::stop_token&, const Progress&); \
    template Result<RankedRows> rank_issues(MatrixView<const T>, const LabelBits&,                \
                                            const MultilabelOptions&, const Pool&);               \
    template Result<LabelBits> flag_classes(MatrixView<const T>, const LabelBits&,                \
                                            const MultilabelOptions&, const Pool&,                \
                                            const std::stop_token&, const Progress&);             \
    template Result<std::vector<std::vector<Row>>> rank_classes(                                  \
        MatrixView<const T>, const LabelBits&, const MultilabelOptions&, const Pool&);            \
    template Result<std::vector<Row>> flag_rows(MatrixView<const T>, const LabelBits&,            \
                                                const MultilabelOptions&, const Pool&,            \
                                                const std::stop_token&, const Progress&);         \
    template Result<ClassJoints> estimate_joints(MatrixView<const T>, const LabelBits&, Order,    \
                                                 const Pool&);
TUSKER_INSTANTIATE(float)
TUSKER_INSTANTIATE(double)
#undef TUSKER_INSTANTIATE

}  // namespace tusker::multilabel
