#include "kernels/confident/detection/class_thresholds.hpp"

#include <gtest/gtest.h>

namespace tusker::detection {
namespace {

constexpr ClassId kCar = 0;
constexpr ClassId kBus = 1;

/// Images of boxes in flat arrays, made one after the other.
struct Made {
    std::vector<std::size_t> offsets = {0};
    std::vector<Box> boxes;
    std::vector<ClassId> classes;
    std::vector<double> probabilities;

    void add(Box box, ClassId label, double probability) {
        boxes.push_back(box);
        classes.push_back(label);
        probabilities.push_back(probability);
    }
    void end_image() { offsets.push_back(boxes.size()); }
    BoxesOfImages given() const { return {offsets, boxes, classes, {}, {}}; }
    BoxesOfImages predicted() const { return {offsets, boxes, classes, probabilities, {}}; }
};

/// Ten images whose car and bus the model finds with a confidence of 0.6; then one to be judged.
class ClassThresholds : public testing::Test {
protected:
    ClassThresholds() {
        for (int i = 0; i < 10; ++i) {
            for (Made* made : {&people, &model}) {
                made->add({0, 0, 10, 10}, kCar, 0.6);
                made->add({20, 0, 40, 10}, kBus, 0.6);
                made->end_image();
            }
        }
    }
    std::vector<ConfidentBoxIssue> found() {
        people.end_image();
        model.end_image();
        const auto issues =
            find_by_class_thresholds(people.given(), model.predicted(), 2, {}, Pool(2));
        EXPECT_TRUE(issues) << issues.error().message;
        return issues ? issues->issues : std::vector<ConfidentBoxIssue>{};
    }
    Made people;
    Made model;
};

TEST_F(ClassThresholds, AModelOfMiddlingConfidenceSaysWhatIsSwapped) {
    people.add({0, 0, 10, 10}, kCar, 1);
    model.add({0, 0, 10, 9}, kBus, 0.55);
    const auto issues = found();
    ASSERT_EQ(issues.size(), 1U);
    EXPECT_EQ(issues[0].kind, LabelIssueKind::Swapped);
    EXPECT_EQ(issues[0].image, 10U);
    EXPECT_NEAR(issues[0].score, 1 - 0.55 * 0.9, 1e-12);
}

TEST_F(ClassThresholds, ItIsNotSwappedWhereThePredictionOfItsClassFitsBetter) {
    people.add({0, 0, 10, 10}, kCar, 1);
    model.add({0, 0, 10, 9}, kBus, 0.9);
    model.add({0, 0, 10, 10}, kCar, 0.1);
    EXPECT_TRUE(found().empty());
}

TEST_F(ClassThresholds, ABoxThatHardlyMeetsItsPredictionIsBadlyLocated) {
    people.add({0, 0, 10, 10}, kCar, 1);
    model.add({5, 0, 15, 10}, kCar, 0.6);
    const auto issues = found();
    ASSERT_EQ(issues.size(), 1U);
    EXPECT_EQ(issues[0].kind, LabelIssueKind::BadlyLocated);
    EXPECT_NEAR(issues[0].score, 1 - 0.6 * (1 - 1.0 / 3), 1e-12);
}

TEST_F(ClassThresholds, WhatAccusesABoxOfItsPlaceIsNotOverlookedAsWell) {
    people.add({0, 0, 10, 10}, kCar, 1);
    model.add({7, 0, 17, 10}, kCar, 0.6);  // IoU 0.18
    const auto issues = found();
    ASSERT_EQ(issues.size(), 1U);
    EXPECT_EQ(issues[0].kind, LabelIssueKind::BadlyLocated);
}

TEST_F(ClassThresholds, NotWhereTheNeighbourIsMeant) {
    people.add({0, 0, 10, 10}, kCar, 1);
    people.add({5, 0, 15, 10}, kCar, 1);
    model.add({5, 0, 15, 10}, kCar, 0.6);
    EXPECT_TRUE(found().empty());
}

TEST_F(ClassThresholds, AConfidentPredictionWhereNothingWasGivenWasOverlooked) {
    people.add({0, 0, 10, 10}, kCar, 1);
    model.add({0, 0, 10, 10}, kCar, 0.6);
    model.add({50, 50, 60, 60}, kBus, 0.6);
    model.add({70, 50, 80, 60}, kBus, 0.2);  // too doubtful to speak
    const auto issues = found();
    ASSERT_EQ(issues.size(), 1U);
    EXPECT_EQ(issues[0].kind, LabelIssueKind::Overlooked);
    EXPECT_EQ(issues[0].predicted, 1U);
    EXPECT_EQ(issues[0].given, kNoBox);
}

TEST_F(ClassThresholds, WhatPeopleAgreeWithIsNoIssue) {
    EXPECT_TRUE(found().empty());
    model.add({0, 0, 1, 1}, 7, 0.5);
    model.end_image();
    people.end_image();
    const auto refused =
        find_by_class_thresholds(people.given(), model.predicted(), 2, {}, Pool(1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "predicted: class of box 20 = 7: must be < 2");
}

}  // namespace
}  // namespace tusker::detection
