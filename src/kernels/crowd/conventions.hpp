// The two ways of settling what the formulas of the papers leave open. Each kernel takes one of
// them as its parameter.
#pragma once

#include "kernels/confident/confident.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::crowd {

/// Tusker's own: double throughout, compensated sums, nothing left to chance.
struct Sound {
    using Order = confident::SoundOrder;
    static constexpr bool kAsCleanlab = false;
};

/// cleanlab 2.9.0 on NumPy 1.24.4, bit for bit, with three known defects:
/// - The labels of an item are counted by their rank among the item's labels instead of by class
///   (two votes for class 5 and one for 7 count as two for 0 and one for 1), so that shares are
///   wrong under quality method "agreement" and where temperatures are searched. Labels in an array
///   of integers, where nothing is missing, are counted by class.
/// - If every item is tied and nothing breaks the ties, majority vote fails.
/// - The product of a float32 probability and the model's weight is rounded to float32.
struct Cleanlab {
    using Order = confident::NumpyOrder;
    static constexpr bool kAsCleanlab = true;
};

/// work.template operator()<Conventions>()
template <class Work>
auto with_conventions(confident::Order order, const Work& work) {
    if (order == confident::Order::Cleanlab) return work.template operator()<Cleanlab>();
    return work.template operator()<Sound>();
}

/// cleanlab's CLIPPING_LOWER_BOUND: no weight and no error rate is below it.
inline constexpr double kLeastWeight = 1e-6;

}  // namespace tusker::crowd
