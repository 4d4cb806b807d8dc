#include "kernels/crowd/numbering.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tusker::crowd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Numbering, ByFirstOccurrenceOrByValue) {
    const std::vector<std::int64_t> values = {7, -2, 7, 5, -2};
    const auto occurring = number_values(values, NumberBy::Occurrence).value();
    EXPECT_THAT(occurring.names, ElementsAre(7, -2, 5));
    EXPECT_THAT(occurring.numbers, ElementsAre(0, 1, 0, 2, 1));
    const auto sorted = number_values(values, NumberBy::Value).value();
    EXPECT_THAT(sorted.names, ElementsAre(-2, 5, 7));
    EXPECT_THAT(sorted.numbers, ElementsAre(2, 0, 2, 1, 0));
    EXPECT_THAT(number_values({}, NumberBy::Value).value().names, IsEmpty());
}

TEST(Numbering, DeclinesValuesThatLieFarApart) {
    using Limits = std::numeric_limits<std::int64_t>;
    for (const std::int64_t far : {Limits::max(), Limits::min(), std::int64_t{1'000'000}})
        EXPECT_FALSE(number_values(std::vector<std::int64_t>{0, far}, NumberBy::Occurrence));
    const std::vector<std::int64_t> ends = {Limits::min(), Limits::max()};
    EXPECT_FALSE(number_values(ends, NumberBy::Value));
    const std::vector<std::int64_t> near = {Limits::max(), Limits::max() - 1};
    EXPECT_THAT(number_values(near, NumberBy::Value).value().numbers, ElementsAre(1, 0));
}

RC_GTEST_PROP(Numbering, NamesGiveTheValuesBack, ()) {
    const auto values =
        *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(-50, 50));
    for (const NumberBy by : {NumberBy::Occurrence, NumberBy::Value}) {
        const auto made = number_values(values, by).value();
        for (std::size_t i = 0; i < values.size(); ++i)
            RC_ASSERT(made.names[made.numbers[i]] == values[i]);
    }
}

}  // namespace
}  // namespace tusker::crowd
