// Which classes are badly labelled and which are confused, in cases read off the joint.
#include "kernels/confident/health.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tusker::confident {
namespace {

const std::vector<double> kShares = {0.20, 0.10, 0.00,  // a third of class 0 is truly 1
                                     0.05, 0.30, 0.00,  //
                                     0.00, 0.05, 0.30};
const JointView kJoint{MatrixView<const double>(kShares, 3, 3), Layout::Rows};

TEST(RankClasses, WorstQualityFirst) {
    for (const Order order : {Order::Sound, Order::Cleanlab}) {
        const auto classes = rank_classes(kJoint, 100, order);
        ASSERT_EQ(classes.size(), 3U);
        EXPECT_EQ(classes[0].label, 0U);
        EXPECT_EQ(classes[0].label_issues, 10);
        EXPECT_EQ(classes[0].inverse_label_issues, 5);
        EXPECT_NEAR(classes[0].label_noise, 1.0 / 3, 1e-12);
        EXPECT_NEAR(classes[0].quality, 2.0 / 3, 1e-12);
        EXPECT_EQ(classes[1].label, 1U);
        EXPECT_NEAR(classes[1].inverse_label_noise, 1.0 / 3, 1e-12);
    }
}

TEST(FindOverlaps, BothDirectionsOfAPairAreOne) {
    const auto pairs = find_overlaps(kJoint, 100, false, Order::Sound);
    ASSERT_EQ(pairs.size(), 3U);
    EXPECT_EQ(pairs[0].a, 0U);
    EXPECT_EQ(pairs[0].b, 1U);
    EXPECT_EQ(pairs[0].examples, 15);
    EXPECT_EQ(pairs[1].a, 1U);
    EXPECT_EQ(pairs[1].b, 2U);
    EXPECT_EQ(pairs[2].probability, 0);
}

TEST(FindOverlaps, DirectionsAreToldApartIfAskedFor) {
    const auto pairs = find_overlaps(kJoint, 100, true, Order::Sound);
    ASSERT_EQ(pairs.size(), 6U);
    EXPECT_EQ(pairs[0].examples, 10);
    // Equal: in order of classes.
    EXPECT_EQ(pairs[1].a, 1U);
    EXPECT_EQ(pairs[1].b, 0U);
    EXPECT_EQ(pairs[2].a, 2U);
    EXPECT_EQ(pairs[2].b, 1U);
}

}  // namespace
}  // namespace tusker::confident
