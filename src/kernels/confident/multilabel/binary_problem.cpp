// Sums of two numbers have one order, so that both orders share this arithmetic. It is cleanlab's
// to the last bit, because integers are rounded from it.
#include "kernels/confident/multilabel/binary_problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace tusker::multilabel {
namespace {

constexpr double kUnreachable = 2;
constexpr double kLeastThreshold = 2e-6;
constexpr double kThresholdSlack = 1e-6;
constexpr double kTiny = 1e-100;

/// The least T that is >= x.
template <class T>
T round_up_to(double x) {
    const T near = static_cast<T>(x);
    return static_cast<double>(near) < x ? std::nextafter(near, std::numeric_limits<T>::infinity())
                                         : near;
}

/// Integers near `reals` whose sum is the rounded sum: if nearest integers miss it, the largest
/// remainders are moved up, or the smallest down; of equal ones the second up, the first down.
Pair<std::int64_t> round_keeping_sum(Pair<double> reals) {
    Pair<double> whole = {std::nearbyint(reals[0]), std::nearbyint(reals[1])};
    const double target = std::nearbyint(reals[0] + reals[1]);
    while (whole[0] + whole[1] != target) {
        const double missing = target - (whole[0] + whole[1]);
        const double step = missing < 0 ? -1 : 1;
        const bool second_is_larger = reals[1] - whole[1] >= reals[0] - whole[0];
        const std::size_t first_moved = (step > 0) == second_is_larger ? 1 : 0;
        whole[first_moved] += step;
        if (std::abs(missing) > 1) whole[1 - first_moved] += step;
    }
    return {static_cast<std::int64_t>(whole[0]), static_cast<std::int64_t>(whole[1])};
}

/// Spreads num_to_remove as the counts do: [true][given], each column divided by the sum of the row
/// of the same number, as cleanlab does.
PruneCounts remove_exactly(const PruneCounts& pruned, Pair<std::size_t> counts,
                           double num_to_remove) {
    const Pair<Pair<double>> by_truth = {
        {{static_cast<double>(pruned.left[0]), static_cast<double>(pruned.wrong[1])},
         {static_cast<double>(pruned.wrong[0]), static_cast<double>(pruned.left[1])}}};
    const Pair<double> sums = {by_truth[0][0] + by_truth[0][1], by_truth[1][0] + by_truth[1][1]};
    const Pair<double> removed = {num_to_remove, 0.0};
    PruneCounts result;
    for (std::size_t truth = 0; truth < 2; ++truth) {
        const std::size_t other = 1 - truth;
        const Pair<double> share = {by_truth[truth][0] / sums[0], by_truth[truth][1] / sums[1]};
        const double noise = (share[0] + share[1]) - share[truth];
        const double wrong = share[other] * removed[truth] / noise;
        const double left = static_cast<double>(counts[truth]) - removed[truth];
        // Where there is no noise to spread there is nothing to remove: 0 / 0.
        if (std::isnan(wrong) || std::isinf(wrong)) {
            result.left[truth] = static_cast<std::int64_t>(std::nearbyint(left));
            continue;
        }
        const auto row =
            round_keeping_sum(truth == 0 ? Pair<double>{left, wrong} : Pair<double>{wrong, left});
        result.left[truth] = row[truth];
        result.wrong[other] = row[other];
    }
    return result;
}

}  // namespace

template <class T>
Thresholds thresholds_of(Pair<T> means, Pair<std::size_t> counts) {
    Thresholds thresholds;
    thresholds.in_double = std::is_same_v<T, double> || counts[0] == 0 || counts[1] == 0;
    for (std::size_t given = 0; given < 2; ++given) {
        const double mean = counts[given] == 0 ? kUnreachable : static_cast<double>(means[given]);
        const double least = thresholds.in_double
                                 ? kLeastThreshold
                                 : static_cast<double>(static_cast<T>(kLeastThreshold));
        thresholds.values[given] = std::max(mean, least);
    }
    return thresholds;
}

template <class T>
Pair<T> bounds_of(const Thresholds& thresholds) {
    Pair<T> bounds;
    for (std::size_t given = 0; given < 2; ++given)
        bounds[given] =
            thresholds.in_double
                ? round_up_to<T>(thresholds.values[given] - kThresholdSlack)
                : static_cast<T>(thresholds.values[given]) - static_cast<T>(kThresholdSlack);
    return bounds;
}

Joint at_least_one(Joint joint) {
    for (std::size_t k = 0; k < 2; ++k) joint[k][k] = std::max<std::int64_t>(joint[k][k], 1);
    return joint;
}

Joint calibrate(const Joint& joint, Pair<std::size_t> counts) {
    Pair<Pair<double>> scaled{};
    for (std::size_t given = 0; given < 2; ++given) {
        const auto row_sum = static_cast<double>(joint[given][0] + joint[given][1]);
        for (std::size_t guessed = 0; guessed < 2; ++guessed)
            scaled[given][guessed] = static_cast<double>(joint[given][guessed]) /
                                     std::max(row_sum, kTiny) * static_cast<double>(counts[given]);
    }
    // Column after column: so they lie in memory where cleanlab adds them.
    const double total = scaled[0][0] + scaled[1][0] + scaled[0][1] + scaled[1][1];
    const auto n = static_cast<double>(counts[0] + counts[1]);
    Joint result{};
    for (std::size_t given = 0; given < 2; ++given)
        result[given] = round_keeping_sum({scaled[given][0] / std::max(total, kTiny) * n,
                                           scaled[given][1] / std::max(total, kTiny) * n});
    return result;
}

PruneCounts prune_counts(const Pair<Pair<double>>& joint, Pair<std::size_t> counts,
                         const PruneRule& rule) {
    const auto least = static_cast<double>(rule.min_examples_per_class);
    PruneCounts result;
    for (std::size_t given = 0; given < 2; ++given) {
        const double diagonal = joint[given][given];
        const double other = joint[given][1 - given];
        const double nonzero = (diagonal != 0 ? 1.0 : 0.0) + (other != 0 ? 1.0 : 0.0);
        const double kept = std::max(diagonal, least);
        const double taken = std::max(other - (kept - diagonal) / std::max(nonzero - 1, 1.0), 0.0);
        const double scaled = taken * rule.frac_noise;
        result.wrong[given] = static_cast<std::int64_t>(scaled);
        result.left[given] = static_cast<std::int64_t>(kept + (taken - scaled));
    }
    if (rule.num_to_remove) return remove_exactly(result, counts, *rule.num_to_remove);
    return result;
}

template Thresholds thresholds_of(Pair<float>, Pair<std::size_t>);
template Thresholds thresholds_of(Pair<double>, Pair<std::size_t>);
template Pair<float> bounds_of(const Thresholds&);
template Pair<double> bounds_of(const Thresholds&);

}  // namespace tusker::multilabel
