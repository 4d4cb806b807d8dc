// A filter flags only rows that disagree with their label, and the lowest of a class are those that
// disagree most: what is lowest falls with p, and so does agreement. So the first pass keeps the
// disagreeing rows, and the rows that agree need never be asked. Only where a cut runs through
// equal keys does NumPy's order need the keys of all rows.
#include "kernels/confident/multilabel/class_block.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "kernels/confident/lowest.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::multilabel {
namespace {

using confident::Keyed;
using confident::NumpyOrder;
using confident::SoundOrder;

/// Rows between two looks at whether to go on.
constexpr std::size_t kPieceRows = 4096;

template <class T>
bool is_probability(T p) {
    const auto value = static_cast<double>(p);
    return value >= -1e-6 && value <= 1 + 1e-6;
}

template <class T>
T mean_of(T sum, std::size_t count) {
    return static_cast<T>(static_cast<double>(sum) / static_cast<double>(count));
}

std::vector<Row> in_both(std::vector<Row> a, std::vector<Row> b) {
    std::ranges::sort(a);
    std::ranges::sort(b);
    std::vector<Row> both;
    std::ranges::set_intersection(a, b, std::back_inserter(both));
    return both;
}

}  // namespace

template <class Order, class T>
Thresholds ClassFacts<Order, T>::thresholds(Pair<std::size_t> counts) const {
    return thresholds_of<T>({mean_of(self_confidence[0].value(), counts[0]),
                             mean_of(self_confidence[1].value(), counts[1])},
                            counts);
}

template <class Order, class T>
ClassBlock<Order, T>::ClassBlock(MatrixView<const T> probs, const LabelBits& labels,
                                 std::span<const std::size_t> counts, std::size_t block)
    : probs_(probs),
      labels_(labels),
      counts_(counts),
      first_(block * LabelBits::kBlockClasses),
      words_(labels.block(block)),
      facts_(std::min(LabelBits::kBlockClasses, probs.columns() - first_)) {}

template <class Order, class T>
std::optional<RefusedValue> ClassBlock<Order, T>::scan(const AfterRows& after_rows) {
    for (std::size_t begin = 0; begin < probs_.rows(); begin += kPieceRows) {
        const std::size_t end = std::min(probs_.rows(), begin + kPieceRows);
        for (std::size_t i = begin; i < end; i += kTileRows)
            if (const auto refused = scan_tile(i, std::min(kTileRows, end - i))) return refused;
        if (!after_rows(end - begin)) break;
    }
    return std::nullopt;
}

template <class Order, class T>
std::optional<RefusedValue> ClassBlock<Order, T>::scan_tile(std::size_t begin, std::size_t rows) {
    std::array<T, LabelBits::kBlockClasses * kTileRows> tile;
    load_tile(&probs_.row(begin)[first_], probs_.columns(), rows, facts_.size(), tile.data());
    const auto given = transpose_bits(words_.subspan(begin, rows));
    const std::uint64_t valid = ~std::uint64_t{0} >> (kTileRows - rows);
    SelfConfidences<T> own;
    std::optional<RefusedValue> refused;
    for (std::size_t j = 0; j < facts_.size(); ++j) {
        const T* column = tile.data() + j * kTileRows;
        auto found = scan_column(column, given[j], valid, own);
        const auto first_outside = static_cast<std::size_t>(std::countr_zero(found.outside));
        if (found.outside != 0 && (!refused || begin + first_outside < refused->row))
            refused = {begin + first_outside, first_ + j,
                       static_cast<double>(column[first_outside])};
        auto& facts = facts_[j];
        const auto present = static_cast<std::size_t>(std::popcount(given[j]));
        facts.self_confidence[0].add(std::span<const T>(own.of_absent).first(rows - present));
        if (present != 0)
            facts.self_confidence[1].add(std::span<const T>(own.of_present).first(present));
        for (; found.disagreeing != 0; found.disagreeing &= found.disagreeing - 1) {
            const auto i = static_cast<std::size_t>(std::countr_zero(found.disagreeing));
            facts.disagreeing[given[j] >> i & 1].push_back(
                {column[i], static_cast<Row>(begin + i)});
        }
    }
    return refused;
}

template <class Order, class T>
std::vector<Joint> ClassBlock<Order, T>::count_joints(const AfterRows& after_rows) const {
    const std::size_t classes = facts_.size();
    std::vector<Pair<T>> bounds;
    bounds.reserve(classes);
    for (std::size_t j = 0; j < classes; ++j) bounds.push_back(bounds_of<T>(thresholds(j)));
    std::vector<T> absent_bounds;
    std::vector<T> present_bounds;
    for (const Pair<T>& bound : bounds) {
        absent_bounds.push_back(bound[0]);
        present_bounds.push_back(bound[1]);
    }
    // Few labels are given: all rows are counted alike, and those given a class once more.
    std::vector<std::int64_t> absent(classes);
    std::vector<std::int64_t> present(classes);
    std::vector<Joint> joints(classes);
    for (std::size_t begin = 0; begin < probs_.rows(); begin += kPieceRows) {
        const std::size_t end = std::min(probs_.rows(), begin + kPieceRows);
        for (std::size_t i = begin; i < end; i += kTileRows) {
            const std::size_t rows = std::min(kTileRows, end - i);
            count_guesses<T>(&probs_.row(i)[first_], probs_.columns(), rows, absent_bounds,
                             present_bounds, absent, present);
            for (std::size_t row = i; row < i + rows; ++row)
                for (std::uint64_t word = words_[row]; word != 0; word &= word - 1) {
                    const auto j = static_cast<std::size_t>(std::countr_zero(word));
                    if (const auto guessed = guess(probs_.row(row)[first_ + j], bounds[j]))
                        ++joints[j][1][*guessed ? 1 : 0];
                }
        }
        if (!after_rows(end - begin)) break;
    }
    for (std::size_t j = 0; j < classes; ++j)
        joints[j][0] = {absent[j] - joints[j][1][0], present[j] - joints[j][1][1]};
    return joints;
}

template <class Order, class T>
std::vector<Row> ClassBlock<Order, T>::flag(std::size_t j, const Pair<Pair<double>>& joint,
                                            const MultilabelOptions& options) const {
    switch (options.filter_by) {
        case FilterBy::PruneByNoiseRate:
        case FilterBy::PruneByClass:
        case FilterBy::Both:
            return prune(j, joint, options);
        case FilterBy::PredictedNeqGiven: {
            std::vector<Row> rows;
            for (const auto& rows_given : facts_[j].disagreeing)
                for (const auto& [p, row] : rows_given) rows.push_back(row);
            return rows;
        }
        case FilterBy::ConfidentLearning:
            return confident_in_other(j);
        case FilterBy::LowSelfConfidence:
        case FilterBy::LowNormalizedMargin:
            return lowest_of_all(j, confident_in_other(j).size(), options.filter_by);
    }
    return {};
}

template <class Order, class T>
std::vector<Row> ClassBlock<Order, T>::confident_in_other(std::size_t j) const {
    const auto bounds = bounds_of<T>(thresholds(j));
    std::vector<Row> rows;
    for (const bool given : {false, true})
        for (const auto& [p, row] : facts_[j].disagreeing[given ? 1 : 0]) {
            const auto guessed = guess(p, bounds);
            if (guessed && *guessed != given) rows.push_back(row);
        }
    return rows;
}

template <class Order, class T>
std::vector<Row> ClassBlock<Order, T>::lowest_of_all(std::size_t j, std::size_t m,
                                                     FilterBy filter) const {
    std::vector<T> scores(words_.size());
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const T p = probs_.row(i)[first_ + j];
        const bool given = (words_[i] >> j & 1) != 0;
        const T self = probability(p, given);
        scores[i] = filter == FilterBy::LowSelfConfidence
                        ? self
                        : confident::normalized_margin(self, probability(p, !given));
    }
    return confident::lowest<Order>(std::span<const T>(scores), m);
}

template <class Order, class T>
std::vector<Row> ClassBlock<Order, T>::prune(std::size_t j, const Pair<Pair<double>>& joint,
                                             const MultilabelOptions& options) const {
    PruneRule rule{options.min_examples_per_class, options.frac_noise, std::nullopt};
    if (!options.num_to_remove_per_class.empty())
        rule.num_to_remove = options.num_to_remove_per_class[first_ + j];
    const auto pruned = prune_counts(joint, counts(j), rule);
    std::vector<Row> flagged;
    for (const bool given : {false, true}) {
        const std::size_t g = given ? 1 : 0;
        const std::size_t rows = counts(j)[g];
        // A class of one row is never pruned, whatever min_examples_per_class says.
        if (rows <= options.min_examples_per_class || rows <= 1) continue;
        const auto margin = [given](T p) {
            return -(probability(p, !given) - probability(p, given));
        };
        const auto self_confidence = [given](T p) { return probability(p, given); };
        std::vector<Row> chosen;
        if (options.filter_by != FilterBy::PruneByClass)
            chosen = lowest_disagreeing(j, given, pruned.wrong[g], margin);
        if (options.filter_by != FilterBy::PruneByNoiseRate) {
            const auto by_class = lowest_disagreeing(
                j, given, static_cast<std::int64_t>(rows) - pruned.left[g], self_confidence);
            chosen = options.filter_by == FilterBy::Both ? in_both(chosen, by_class) : by_class;
        }
        flagged.insert(flagged.end(), chosen.begin(), chosen.end());
    }
    return flagged;
}

/// The disagreeing among the m rows with the lowest keys of those given `given`.
template <class Order, class T>
template <class Key>
std::vector<Row> ClassBlock<Order, T>::lowest_disagreeing(std::size_t j, bool given, std::int64_t m,
                                                          const Key& key) const {
    if (m < 1) return {};
    const auto& disagreeing = facts_[j].disagreeing[given ? 1 : 0];
    std::vector<Keyed<T>> keyed;
    keyed.reserve(disagreeing.size());
    for (const auto& [p, row] : disagreeing) keyed.push_back({key(p), row});
    const auto wanted = static_cast<std::size_t>(m);
    if (wanted < keyed.size()) {
        [[maybe_unused]] const bool tied = confident::cut_lowest(std::span(keyed), wanted);
        if constexpr (!Order::kTiesByIndex)
            if (tied) return lowest_by_all_keys(j, given, wanted, key);
        keyed.resize(wanted);
    }
    std::vector<Row> rows;
    rows.reserve(keyed.size());
    for (const auto& chosen : keyed) rows.push_back(chosen.position);
    return rows;
}

template <class Order, class T>
template <class Key>
std::vector<Row> ClassBlock<Order, T>::lowest_by_all_keys(std::size_t j, bool given, std::size_t m,
                                                          const Key& key) const {
    std::vector<Row> rows;
    std::vector<T> keys;
    for (std::size_t i = 0; i < words_.size(); ++i) {
        if (((words_[i] >> j & 1) != 0) != given) continue;
        rows.push_back(static_cast<Row>(i));
        keys.push_back(key(probs_.row(i)[first_ + j]));
    }
    std::vector<Row> chosen;
    for (const auto i : Order::lowest(std::span<const T>(keys), m)) {
        const Row row = rows[i];
        if (!agrees(probs_.row(row)[first_ + j], given)) chosen.push_back(row);
    }
    return chosen;
}

template struct ClassFacts<SoundOrder, float>;
template struct ClassFacts<SoundOrder, double>;
template struct ClassFacts<NumpyOrder, float>;
template struct ClassFacts<NumpyOrder, double>;
template class ClassBlock<SoundOrder, float>;
template class ClassBlock<SoundOrder, double>;
template class ClassBlock<NumpyOrder, float>;
template class ClassBlock<NumpyOrder, double>;

}  // namespace tusker::multilabel
