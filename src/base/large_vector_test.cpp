#include "base/large_vector.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

namespace tusker {
namespace {

// Small ones come from the ordinary allocator, large ones lie on huge pages.
TEST(LargeVector, KeepsItsValuesWhileItGrowsFromSmallToLarge) {
    LargeVector<std::uint32_t> values(1000);
    std::iota(values.begin(), values.end(), 0U);
    while (values.size() < 5'000'000) values.push_back(static_cast<std::uint32_t>(values.size()));
    const LargeVector<std::uint32_t> copy = values;
    values.resize(10);
    values.shrink_to_fit();
    EXPECT_EQ(values, LargeVector<std::uint32_t>(copy.begin(), copy.begin() + 10));
    for (std::uint32_t i = 0; i < copy.size(); ++i) ASSERT_EQ(copy[i], i);
}

TEST(LargeVector, LargeOnesBeginAtAPage) {
    const LargeVector<float> values(4'000'000);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(values.data()) % 4096, 0U);
}

}  // namespace
}  // namespace tusker
