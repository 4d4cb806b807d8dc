// What a curator would notice about boxes; the whole is compared with cleanlab in tests/python.
#include "kernels/confident/detection/detection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::detection {
namespace {

using confident::NumpyOrder;
using confident::SoundOrder;
using testing::ElementsAre;
using testing::HasSubstr;

struct Given {
    ClassId label = 0;
    Box box;
};
struct Predicted {
    ClassId label = 0;
    double probability = 0;
    Box box;
};
struct Image {
    std::vector<Given> given;
    std::vector<Predicted> predicted;
};

/// Flat arrays of some images.
struct Scene {
    explicit Scene(const std::vector<Image>& images) {
        for (const Image& image : images) {
            for (const auto& [label, box] : image.given) {
                boxes.push_back(box);
                classes.push_back(label);
            }
            for (const auto& [label, probability, box] : image.predicted) {
                predicted_boxes.push_back(box);
                predicted_classes.push_back(label);
                probabilities.push_back(probability);
            }
            offsets.push_back(boxes.size());
            predicted_offsets.push_back(predicted_boxes.size());
        }
    }
    BoxesOfImages given() const {
        return {.offsets = offsets, .boxes = boxes, .classes = classes, .probabilities = {}};
    }
    BoxesOfImages predicted() const {
        return {.offsets = predicted_offsets,
                .boxes = predicted_boxes,
                .classes = predicted_classes,
                .probabilities = probabilities};
    }
    std::vector<std::size_t> offsets = {0};
    std::vector<Box> boxes;
    std::vector<ClassId> classes;
    std::vector<std::size_t> predicted_offsets = {0};
    std::vector<Box> predicted_boxes;
    std::vector<ClassId> predicted_classes;
    std::vector<double> probabilities;
};

LabelIssues find(const std::vector<Image>& images, const LabelIssueOptions& options = {},
                 std::size_t threads = 2) {
    const Scene scene(images);
    const Pool pool(threads);
    return find_label_issues(scene.given(), scene.predicted(), 3, options, pool).value();
}
BoxScores score(const std::vector<Image>& images, Order order = Order::Sound) {
    const Scene scene(images);
    const Pool pool(1);
    return score_boxes(scene.given(), scene.predicted(), {}, order, pool).value();
}
std::string error_of(const std::vector<Image>& images, Order order = Order::Sound) {
    const Scene scene(images);
    const Pool pool(1);
    LabelIssueOptions options;
    options.order = order;
    const auto found = find_label_issues(scene.given(), scene.predicted(), 3, options, pool);
    return found ? "" : found.error().message;
}

constexpr Box kCar = {10, 10, 110, 60};
constexpr Box kDog = {300, 200, 350, 240};
constexpr Box kFar = {900, 700, 950, 760};

/// Enough right boxes that the model is to be believed in classes 0 and 1.
std::vector<Image> with_good_images(const Image& first) {
    std::vector<Image> images = {first};
    for (int i = 0; i < 20; ++i)
        images.push_back(
            {.given = {{0, kCar}, {1, kDog}}, .predicted = {{0, 0.99, kCar}, {1, 0.99, kDog}}});
    return images;
}

TEST(Detection, NamesTheOverlookedBoxAndWhatItIs) {
    const auto found = find(
        with_good_images({.given = {{0, kCar}}, .predicted = {{0, 0.99, kCar}, {1, 0.98, kFar}}}));
    ASSERT_EQ(found.ranked.size(), 1U);
    const LabelIssue& issue = found.ranked[0];
    EXPECT_EQ(issue.image, 0U);
    EXPECT_EQ(issue.kind, LabelIssueKind::Overlooked);
    EXPECT_EQ(issue.box, 1U);
    EXPECT_EQ(issue.given, std::nullopt);
    EXPECT_EQ(issue.suggested, 1U);
    EXPECT_EQ(issue.suggested_box, kFar);
    EXPECT_LT(found.image_scores[0], 0.1);
    EXPECT_GT(found.image_scores[1], 0.9);
}

TEST(Detection, SuggestsTheClassOfASwappedBox) {
    const auto found = find(with_good_images(
        {.given = {{0, kDog}, {0, kCar}}, .predicted = {{1, 0.99, kDog}, {0, 0.99, kCar}}}));
    ASSERT_EQ(found.ranked.size(), 1U);
    EXPECT_EQ(found.ranked[0].kind, LabelIssueKind::Swapped);
    EXPECT_EQ(found.ranked[0].box, 0U);
    EXPECT_EQ(found.ranked[0].given, 0U);
    EXPECT_EQ(found.ranked[0].suggested, 1U);
    EXPECT_EQ(found.ranked[0].suggested_box, std::nullopt);
}

TEST(Detection, SuggestsTheBoxOfABadlyLocatedOne) {
    const Box shifted = {95, 50, 195, 100};  // meets the car in a corner
    const auto found =
        find(with_good_images({.given = {{0, shifted}}, .predicted = {{0, 0.99, kCar}}}));
    ASSERT_EQ(found.ranked.size(), 1U);
    EXPECT_EQ(found.ranked[0].kind, LabelIssueKind::BadlyLocated);
    EXPECT_EQ(found.ranked[0].given, 0U);
    EXPECT_EQ(found.ranked[0].suggested, 0U);
    EXPECT_EQ(found.ranked[0].suggested_box, kCar);
}

TEST(Detection, TwoClassesInOnePlaceAreBothAskedForUnlessToldNotTo) {
    const auto images =
        with_good_images({.given = {{0, kCar}, {1, kCar}}, .predicted = {{0, 0.99, kCar}}});
    const auto found = find(images);
    ASSERT_EQ(found.ranked.size(), 2U);
    EXPECT_EQ(found.ranked[0].suggested, std::nullopt);  // the car is one, as the model says
    EXPECT_EQ(found.ranked[1].suggested, 0U);            // the dog is a car
    LabelIssueOptions options;
    options.scores.overlapping_label_check = false;
    const auto unchecked = find(images, options);
    ASSERT_EQ(unchecked.ranked.size(), 1U);
    EXPECT_EQ(unchecked.ranked[0].box, 1U);
}

TEST(Detection, AModelWithoutAnyRightBoxAccusesNobody) {
    const auto found = find({{.given = {{0, kCar}}, .predicted = {{0, 0.99, kDog}}}});
    EXPECT_TRUE(std::ranges::all_of(found.average_precisions, [](double p) { return p == 0; }));
    EXPECT_TRUE(found.ranked.empty());
}

TEST(Detection, ImagesWithoutBoxesOrPredictionsScoreOne) {
    const auto found = find({{}, {.given = {{0, kCar}}, .predicted = {}}, {}});
    EXPECT_THAT(found.image_scores, ElementsAre(1, 1, 1));
    EXPECT_TRUE(found.ranked.empty());
    EXPECT_TRUE(find({}).image_scores.empty());
}

// The known defect of cleanlab's order, and its absence from the sound one.
TEST(Detection, SoundScoresOfAnImageDoNotDependOnTheOthers) {
    const Image overlooked = {.given = {{0, kCar}}, .predicted = {{1, 0.98, kDog}}};
    const Image other = {.given = {{0, {0, 0, 1, 1}}}, .predicted = {{0, 0.9, {360, 0, 361, 1}}}};
    EXPECT_EQ(score({overlooked}).overlooked[0], score({overlooked, other}).overlooked[0]);
    EXPECT_NE(score({overlooked}, Order::Cleanlab).overlooked[0],
              score({overlooked, other}, Order::Cleanlab).overlooked[0]);
}

TEST(Detection, TouchingBoxesDoNotMeet) {
    EXPECT_EQ(intersection_over_union({0, 0, 10, 10}, {10, 0, 20, 10}), 0);
    EXPECT_EQ(intersection_over_union({0, 0, 10, 10}, {5, 0, 15, 10}), 1.0 / 3);
    EXPECT_EQ(intersection_over_union({0, 0, 10, 10}, {0, 0, 10, 10}), 1);
    EXPECT_EQ(intersection_over_union({3, 3, 3, 3}, {3, 3, 3, 3}), 0);
}

TEST(Detection, AveragePrecisionFollowsRecall) {
    // The more probable of the two is right: full precision up to recall 1/2, nothing after.
    const std::vector<Image> half = {
        {.given = {{0, kCar}, {0, kDog}}, .predicted = {{0, 0.9, kCar}, {0, 0.8, kFar}}}};
    EXPECT_DOUBLE_EQ(find(half).average_precisions[0], 0.5);
    // The less probable one is right: precision 1/2.
    const std::vector<Image> late = {
        {.given = {{0, kCar}, {0, kDog}}, .predicted = {{0, 0.8, kCar}, {0, 0.9, kFar}}}};
    EXPECT_DOUBLE_EQ(find(late).average_precisions[0], 0.25);
    // A second prediction of the same box is wrong.
    const std::vector<Image> twice = {
        {.given = {{0, kCar}}, .predicted = {{0, 0.8, kCar}, {0, 0.9, {10, 10, 110, 40}}}}};
    EXPECT_DOUBLE_EQ(find(twice).average_precisions[0], (3 * 1.0 + 7 * 0.5) / 10);
}

TEST(Detection, BadInputIsNamed) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THAT(error_of({{}, {.given = {{0, kCar}, {0, {1, nan, 2, 3}}}, .predicted = {}}}),
                HasSubstr("labels[1] box 1 = [1, nan, 2, 3]: must be finite"));
    EXPECT_THAT(error_of({{.given = {}, .predicted = {{0, 0.5, {5, 1, 2, 3}}}}}),
                HasSubstr("predictions[0] box 0 = [5, 1, 2, 3]: must have x1 <= x2"));
    EXPECT_EQ(error_of({{.given = {}, .predicted = {{0, 0.5, {5, 1, 2, 3}}}}}, Order::Cleanlab),
              "");
    EXPECT_THAT(error_of({{.given = {}, .predicted = {{0, 1.5, kCar}}}}),
                HasSubstr("probability 0 = 1.5: must be in [0, 1]"));
    EXPECT_THAT(error_of({{.given = {{7, kCar}}, .predicted = {}}}),
                HasSubstr("has class 7: must be below 3"));
    Scene scene({{.given = {{0, kCar}}, .predicted = {}}});
    const Pool pool(1);
    const BoxesOfImages none = {.offsets = {}, .boxes = {}, .classes = {}, .probabilities = {}};
    EXPECT_FALSE(score_boxes(none, scene.predicted(), {}, Order::Sound, pool));
    scene.offsets = {0, 5};
    EXPECT_FALSE(score_boxes(scene.given(), scene.predicted(), {}, Order::Sound, pool));
    scene.offsets = {0, 1, 1};
    EXPECT_FALSE(score_boxes(scene.given(), scene.predicted(), {}, Order::Sound, pool));
}

TEST(Detection, AnImageWithTooManyPairsIsRefused) {
    const std::size_t side = 12'000;
    const Scene scene({{.given = std::vector<Given>(side, Given{0, kCar}),
                        .predicted = std::vector<Predicted>(side, Predicted{0, 0.5, kCar})}});
    const Pool pool(1);
    const auto scores = score_boxes(scene.given(), scene.predicted(), {}, Order::Sound, pool);
    ASSERT_FALSE(scores);
    EXPECT_EQ(scores.error().code, ErrorCode::TooLarge);
}

TEST(Detection, ProgressRisesToAllImages) {
    const Scene scene(with_good_images({}));
    const Pool pool(2);
    std::vector<std::size_t> seen;
    const auto found = find_label_issues(scene.given(), scene.predicted(), 3, {}, pool, {},
                                         [&](std::size_t done, std::size_t total) {
                                             EXPECT_EQ(total, 21U);
                                             seen.push_back(done);
                                         });
    ASSERT_TRUE(found);
    ASSERT_FALSE(seen.empty());
    EXPECT_TRUE(std::ranges::is_sorted(seen));
    EXPECT_EQ(seen.back(), 21U);
}

TEST(Detection, CanBeStopped) {
    const Scene scene(with_good_images({}));
    const Pool pool(2);
    std::stop_source source;
    source.request_stop();
    const auto found =
        find_label_issues(scene.given(), scene.predicted(), 3, {}, pool, source.get_token());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::Cancelled);
}

Box any_box() {
    const double x = *rc::gen::inRange(0, 60);
    const double y = *rc::gen::inRange(0, 60);
    return {x, y, x + *rc::gen::inRange(0, 40), y + *rc::gen::inRange(0, 40)};
}
std::vector<Image> any_images() {
    std::vector<Image> images(*rc::gen::inRange<std::size_t>(0, 40));
    for (auto& image : images) {
        image.given.resize(*rc::gen::inRange<std::size_t>(0, 5));
        image.predicted.resize(*rc::gen::inRange<std::size_t>(0, 7));
        for (auto& [label, box] : image.given) {
            label = *rc::gen::inRange<ClassId>(0, 3);
            box = any_box();
        }
        for (auto& [label, probability, box] : image.predicted) {
            label = *rc::gen::inRange<ClassId>(0, 3);
            probability = *rc::gen::element(0.3, 0.5, 0.6, 0.95, 0.96, 1.0);
            box = any_box();
        }
    }
    return images;
}
Order any_order() { return *rc::gen::element(Order::Sound, Order::Cleanlab); }

/// NaN equals NaN.
bool same(const std::vector<double>& a, const std::vector<double>& b) {
    return std::ranges::equal(
        a, b, [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

RC_GTEST_PROP(Detection, ThreadsChangeNothing, ()) {
    const auto images = any_images();
    LabelIssueOptions options;
    options.order = any_order();
    const auto one = find(images, options, 1);
    const auto four = find(images, options, 4);
    RC_ASSERT(one.image_scores == four.image_scores);
    RC_ASSERT(one.average_precisions == four.average_precisions);
    RC_ASSERT(same(one.boxes.overlooked, four.boxes.overlooked));
    RC_ASSERT(one.boxes.badly_located == four.boxes.badly_located);
    RC_ASSERT(one.boxes.swapped == four.boxes.swapped);
}

RC_GTEST_PROP(Detection, EachBoxIsRightOrWrongAndEachLabelFoundOrMissed, ()) {
    const Scene scene(any_images());
    const Pool pool(2);
    const auto found = match_images(scene.given(), scene.predicted(), 3, any_order(), pool).value();
    for (ClassId k = 0; k < 3; ++k) {
        const auto labels = std::ranges::count(scene.classes, k);
        const auto boxes = std::ranges::count(scene.predicted_classes, k);
        for (std::size_t t = 0; t < kIouThresholds; ++t) {
            const std::size_t at = k * kIouThresholds + t;
            RC_ASSERT(found.right[at] + found.wrong[at] == boxes);
            RC_ASSERT(found.right[at] + found.missed[at] == labels);
        }
    }
}

RC_GTEST_PROP(Detection, SoundScoresOfPartsAreTheWhole, ()) {
    const auto images = any_images();
    const auto cut = images.begin() + *rc::gen::inRange<std::ptrdiff_t>(
                                          0, static_cast<std::ptrdiff_t>(images.size()) + 1);
    const auto whole = find(images);
    auto scores = find({images.begin(), cut}).image_scores;
    const auto rest = find({cut, images.end()}).image_scores;
    scores.insert(scores.end(), rest.begin(), rest.end());
    RC_ASSERT(scores == whole.image_scores);
}

RC_GTEST_PROP(Detection, ScoresAreInRangeAndIssuesAreRanked, ()) {
    LabelIssueOptions options;
    options.order = any_order();
    const auto found = find(any_images(), options);
    const auto in_range = [](double score) { return score >= 0 && score <= 1 + 1e-12; };
    RC_ASSERT(std::ranges::all_of(found.image_scores, in_range));
    RC_ASSERT(std::ranges::all_of(found.average_precisions, in_range));
    RC_ASSERT(std::ranges::is_sorted(found.ranked, {},
                                     [&](const LabelIssue& issue) {
                                         return std::pair(found.image_scores[issue.image],
                                                          issue.image);
                                     }) ||
              options.order == Order::Cleanlab);
    for (const auto& issue : found.ranked) {
        RC_ASSERT(in_range(issue.score));
        RC_ASSERT(issue.given.has_value() == (issue.kind != LabelIssueKind::Overlooked));
        RC_ASSERT(issue.suggested_box.has_value() == (issue.kind != LabelIssueKind::Swapped));
        RC_ASSERT(issue.kind != LabelIssueKind::Swapped || issue.suggested != issue.given);
    }
}

// Of three float32 numbers the result must be what float32 arithmetic gives, of mixed ones what
// float64 does; the expected values are NumPy 1.24's.
TEST(Overlap, MixedPrecisionIsNumpys) {
    const Box a = {static_cast<double>(0.1F), static_cast<double>(0.2F), static_cast<double>(10.3F),
                   static_cast<double>(7.7F)};
    const Box b = {static_cast<double>(3.3F), static_cast<double>(1.9F), static_cast<double>(14.6F),
                   static_cast<double>(9.1F)};
    EXPECT_EQ(intersection_over_union(a, b), 0x1.628c813907443p-2);
    EXPECT_EQ(intersection_over_union(a, true, b, false), 0x1.628c811ccb9f4p-2);
    EXPECT_EQ(intersection_over_union(a, true, b, true), 0x1.628c7e2595053p-2);
}

TEST(Orders, ExponentialAndDotAreRight) {
    for (double x = -700; x <= 20; x += 0.37)
        EXPECT_NEAR(SoundOrder::exp(x) / std::exp(x), 1, 1e-15) << x;
    EXPECT_EQ(SoundOrder::exp(0.0), 1);
    EXPECT_EQ(SoundOrder::exp(-1000.0), 0);
    // 1 is lost beside 2^60 unless it is kept aside.
    const std::vector<double> a = {0x1p60, 1, -0x1p60};
    const std::vector<double> ones = {1, 1, 1};
    EXPECT_EQ(SoundOrder::dot(a, ones), 1);
    EXPECT_EQ(NumpyOrder::dot(a, ones), 0);
}

// From NumPy 1.24.4 and its OpenBLAS: which ones survive between 2^60 and -2^60 tells the order.
TEST(Orders, NumpyDotAddsWhereOpenBlasDoes) {
    const auto survivors = [](std::size_t n, std::size_t plus, std::size_t minus) {
        std::vector<double> a(n, 1.0);
        a[plus] = 0x1p60;
        a[minus] = -0x1p60;
        return NumpyOrder::dot(a, std::vector<double>(n, 1.0));
    };
    EXPECT_EQ(survivors(16, 0, 1), 0);
    EXPECT_EQ(survivors(16, 0, 2), 14);
    EXPECT_EQ(survivors(16, 0, 4), 12);
    EXPECT_EQ(survivors(16, 0, 8), 8);
    EXPECT_EQ(survivors(32, 0, 16), 30);
    EXPECT_EQ(survivors(40, 0, 18), 36);
    EXPECT_EQ(survivors(40, 0, 33), 6);
    EXPECT_EQ(survivors(40, 33, 32), 6);
}

}  // namespace
}  // namespace tusker::detection
