// What is kept near a bound decides speed alone: the rows between two bounds are always all of
// them.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "kernels/confident/near_bounds.hpp"
#include "kernels/confident/random_sample.hpp"

namespace tusker::confident {
namespace {

/// p[k] in units of 1 / steps: few steps make many rows equally near, more than may be kept.
std::vector<float> values(std::size_t count, std::uint32_t steps, std::uint32_t seed) {
    std::vector<float> result;
    std::uint64_t state = seed + 88172645463325252U;
    for (std::size_t i = 0; i < count; ++i) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        result.push_back(static_cast<float>((state >> 33U) % (steps + 1)) /
                         static_cast<float>(steps));
    }
    return result;
}

std::vector<Row> naive(const std::vector<float>& probs, std::size_t columns, ClassId k, float a,
                       float b) {
    std::vector<Row> rows;
    for (Row i = 0; i < probs.size() / columns; ++i) {
        const float p = probs[i * columns + k];
        if (p >= std::min(a, b) && p < std::max(a, b)) rows.push_back(i);
    }
    return rows;
}

RC_GTEST_PROP(NearBounds, FindsAllRowsBetweenTwoBounds, ()) {
    const Pool pool(2);
    constexpr std::size_t kColumns = 3;
    // So few rows of a class that most of these rows cannot be kept.
    const std::vector<std::size_t> counts = {20, 200, 1000};
    const auto steps = *rc::gen::element<std::uint32_t>(1, 2, 10, 1000, 100000);
    const auto probs = values(kColumns * 4000, steps, *rc::gen::arbitrary<std::uint32_t>());
    const Probabilities view(MatrixView<const float>(probs, 4000, kColumns));
    const auto random_bound = [] {
        return *rc::gen::map(rc::gen::resize(100, rc::gen::inRange(0, 2100)),
                             [](int x) { return static_cast<float>(x) / 1000; });
    };
    std::vector<float> bounds = {random_bound(), random_bound(), random_bound()};
    NearBounds<float> near(view, bounds, counts, pool);
    for (int move = 0; move < 20; ++move) {
        const auto k = *rc::gen::inRange<ClassId>(0, kColumns);
        const bool far = *rc::gen::inRange(0, 4) == 0;
        const float step = static_cast<float>(*rc::gen::inRange(-20, 21)) / 4000;
        const float bound = far ? random_bound() : bounds[k] + step;
        auto rows = near.rows_between(k, bounds[k], bound, counts[k], pool);
        std::ranges::sort(rows);
        RC_ASSERT(rows == naive(probs, kColumns, k, bounds[k], bound));
        bounds[k] = bound;
    }
}

TEST(NearBounds, KeepsWhatSmallMovesNeedUnlessTooManyRowsAreEqual) {
    const Pool pool(1);
    const auto distinct = values(4000, 100000, 1);
    const std::vector<float> equal(4000, 0.5F);
    const std::vector<float> bounds = {0.5F};
    const std::vector<std::size_t> counts = {1000};
    const Probabilities spread(MatrixView<const float>(distinct, 4000, 1));
    const Probabilities alike(MatrixView<const float>(equal, 4000, 1));
    const NearBounds<float> kept(spread, bounds, counts, pool);
    const NearBounds<float> dropped(alike, bounds, counts, pool);
    EXPECT_TRUE(kept.covers(0, 0.5F, 0.51F));
    EXPECT_FALSE(dropped.covers(0, 0.5F, 0.51F));
}

}  // namespace
}  // namespace tusker::confident
