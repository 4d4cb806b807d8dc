// One class of a multi-label dataset as a problem of two: 0 = absent, 1 = present. All that
// confident learning does with a K × K joint is here a few numbers.
//
// Of a row and class only p, the probability of "present", is kept; that of "absent" is 1 - p in T.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tusker::multilabel {

/// Anything of "absent" and "present", in this order.
template <class T>
using Pair = std::array<T, 2>;

/// [given][guessed] how many rows given this are confidently that.
using Joint = Pair<Pair<std::int64_t>>;

template <class T>
T probability(T p, bool present) {
    return present ? p : T{1} - p;
}

/// Never an issue: what is given is the more probable once 1e-6 is added to it. Of equals "absent"
/// counts as the more probable, being the first.
template <class T>
bool agrees(T p, bool given) {
    const T absent = T{1} - p;
    const T slack = static_cast<T>(1e-6);
    return given ? p + slack > absent : absent + slack >= p;
}

/// Mean self-confidence of the rows given "absent" and of those given "present", at least 2e-6; 2
/// where there are none.
struct Thresholds {
    Pair<double> values{};
    /// cleanlab compares and subtracts them in float64: T is double, or one has no rows.
    bool in_double = false;
};

/// means  exact; ignored where counts is 0
template <class T>
Thresholds thresholds_of(Pair<T> means, Pair<std::size_t> counts);

/// The least T at which a row is confident: p >= bound says what the definition says in its own
/// type.
template <class T>
Pair<T> bounds_of(const Thresholds& thresholds);

/// What a row is confident in; of both the more probable; empty for neither.
template <class T>
std::optional<bool> guess(T p, const Pair<T>& bounds) {
    const T absent = T{1} - p;
    const bool confident_absent = absent >= bounds[0];
    const bool confident_present = p >= bounds[1];
    if (confident_absent && confident_present) return p > absent;
    if (!confident_absent && !confident_present) return std::nullopt;
    return confident_present;
}

/// Each diagonal entry at least 1.
Joint at_least_one(Joint joint);

/// Scales each row to the number of rows given that and rounds, in cleanlab's arithmetic.
Joint calibrate(const Joint& joint, Pair<std::size_t> counts);

struct PruneRule {
    std::size_t min_examples_per_class = 1;
    double frac_noise = 1.0;
    /// So many of the rows given "absent" are pruned, and none of the others.
    std::optional<double> num_to_remove;
};

/// For each of the two that may be given: how many rows the prune filters take as wrong by noise
/// rate, and how many they leave by class.
struct PruneCounts {
    Pair<std::int64_t> wrong{};
    Pair<std::int64_t> left{};
};

/// joint  a calibrated one, or the caller's own as it is
PruneCounts prune_counts(const Pair<Pair<double>>& joint, Pair<std::size_t> counts,
                         const PruneRule& rule);

}  // namespace tusker::multilabel
