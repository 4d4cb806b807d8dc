// Which classes are badly labelled and which are confused, in cases read off the joint.
#include "kernels/confident/health.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/confident/dense_square.hpp"

namespace tusker::confident {
namespace {

const std::vector<double> kShares = {0.20, 0.10, 0.00,  // a third of class 0 is truly 1
                                     0.05, 0.30, 0.00,  //
                                     0.00, 0.05, 0.30};
const JointView kJoint{MatrixView<const double>(kShares, 3, 3), Layout::Rows};

TEST(RankClasses, WorstQualityFirst) {
    for (const Order order : {Order::Sound, Order::Cleanlab}) {
        const auto classes = rank_classes(kJoint, 100, order, Pool(1));
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
    const auto pairs = find_overlaps(kJoint, 100, false, Order::Sound, Pool(1));
    ASSERT_EQ(pairs.size(), 3U);
    EXPECT_EQ(pairs[0].a, 0U);
    EXPECT_EQ(pairs[0].b, 1U);
    EXPECT_EQ(pairs[0].examples, 15);
    EXPECT_EQ(pairs[1].a, 1U);
    EXPECT_EQ(pairs[1].b, 2U);
    EXPECT_EQ(pairs[2].probability, 0);
}

TEST(FindOverlaps, DirectionsAreToldApartIfAskedFor) {
    const auto pairs = find_overlaps(kJoint, 100, true, Order::Sound, Pool(1));
    ASSERT_EQ(pairs.size(), 6U);
    EXPECT_EQ(pairs[0].examples, 10);
    // Equal: in order of classes.
    EXPECT_EQ(pairs[1].a, 1U);
    EXPECT_EQ(pairs[1].b, 0U);
    EXPECT_EQ(pairs[2].a, 2U);
    EXPECT_EQ(pairs[2].b, 1U);
}

TEST(TurnedOver, ExchangesRowsAndColumnsOfAnySize) {
    for (const std::size_t n : {1U, 7U, 8U, 9U, 31U}) {
        std::vector<double> values(n * n);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
        const auto turned = turned_over({values, n, n}, Pool(2));
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) ASSERT_EQ(turned[j * n + i], values[i * n + j]);
    }
}

TEST(FindOverlaps, TakesEachPairOnceWhateverTheNumberOfClasses) {
    for (const std::size_t classes : {1U, 2U, 9U, 40U}) {
        std::vector<double> shares(classes * classes);
        for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = static_cast<double>(i + 1);
        const JointView joint{{shares, classes, classes}, Layout::Rows};
        const auto pairs = find_overlaps(joint, 1, false, Order::Sound, Pool(2));
        ASSERT_EQ(pairs.size(), classes * (classes - 1) / 2);
        for (const auto& [a, b, examples, probability] : pairs) {
            ASSERT_LT(a, b);
            ASSERT_EQ(probability, shares[a * classes + b] + shares[b * classes + a]);
        }
        EXPECT_EQ(find_overlaps(joint, 1, true, Order::Sound, Pool(2)).size(),
                  classes * (classes - 1));
    }
}

}  // namespace
}  // namespace tusker::confident
