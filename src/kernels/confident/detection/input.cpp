#include "kernels/confident/detection/input.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/confident/detection/box_scores.hpp"

namespace tusker::detection {
namespace {

constexpr double kProbabilitySlack = 1e-6;

Result<void> check_offsets(const BoxesOfImages& all, std::string_view name) {
    if (all.offsets.empty() || all.offsets.front() != 0)
        return invalid(fmt::format("{}.offsets: must begin with 0", name));
    for (std::size_t i = 1; i < all.offsets.size(); ++i)
        if (all.offsets[i] < all.offsets[i - 1])
            return invalid(fmt::format("{}.offsets[{}] = {}: must not be below the one before",
                                       name, i, all.offsets[i]));
    if (all.offsets.back() != all.boxes.size() || all.classes.size() != all.boxes.size())
        return invalid(
            fmt::format("{}: {} boxes, {} classes and a last offset of {}: must be equal", name,
                        all.boxes.size(), all.classes.size(), all.offsets.back()));
    if (!all.single.empty() && all.single.size() != all.images())
        return invalid(fmt::format("{}.single has {} values: must have one an image", name,
                                   all.single.size()));
    if (all.boxes.size() >= kNoBox)
        return invalid(
            fmt::format("{} has {} boxes: must be below {}", name, all.boxes.size(), kNoBox));
    return {};
}

Result<void> check_values(const BoxesOfImages& all, std::string_view name, confident::Order order) {
    for (std::size_t i = 0; i < all.boxes.size(); ++i) {
        const auto& [x1, y1, x2, y2] = all.boxes[i];
        const auto broken = [&](std::string_view rule) {
            const auto after = std::ranges::upper_bound(all.offsets, i);
            const auto image = static_cast<std::size_t>(after - all.offsets.begin()) - 1;
            return invalid(fmt::format("{}[{}] box {} = [{}, {}, {}, {}]: {}", name, image,
                                       i - all.offsets[image], x1, y1, x2, y2, rule));
        };
        if (!std::isfinite(x1) || !std::isfinite(y1) || !std::isfinite(x2) || !std::isfinite(y2))
            return broken("must be finite");
        if (order == confident::Order::Sound && (x1 > x2 || y1 > y2))
            return broken("must have x1 <= x2 and y1 <= y2");
    }
    for (std::size_t i = 0; i < all.probabilities.size(); ++i) {
        const double p = all.probabilities[i];
        if (!(p >= -kProbabilitySlack && p <= 1 + kProbabilitySlack))
            return invalid(fmt::format("{} probability {} = {}: must be in [0, 1]", name, i, p));
    }
    return {};
}

Result<void> check_pairs(const BoxesOfImages& given, const BoxesOfImages& predicted) {
    for (std::size_t i = 0; i < given.images(); ++i) {
        const std::size_t labels = given.offsets[i + 1] - given.offsets[i];
        const std::size_t boxes = predicted.offsets[i + 1] - predicted.offsets[i];
        if (boxes != 0 && labels > kPairsMax / boxes)
            return fail(ErrorCode::TooLarge,
                        fmt::format("image {} has {} given and {} predicted boxes: must be at most "
                                    "{} pairs",
                                    i, labels, boxes, kPairsMax));
    }
    return {};
}

}  // namespace

Result<void> check_boxes(const BoxesOfImages& given, const BoxesOfImages& predicted,
                         confident::Order order) {
    TUSKER_TRY(check_offsets(given, "labels"));
    TUSKER_TRY(check_offsets(predicted, "predictions"));
    if (given.images() != predicted.images())
        return invalid(fmt::format("labels has {} images, predictions {}: must be equal",
                                   given.images(), predicted.images()));
    if (predicted.probabilities.size() != predicted.boxes.size())
        return invalid(fmt::format("predictions has {} boxes and {} probabilities: must be equal",
                                   predicted.boxes.size(), predicted.probabilities.size()));
    TUSKER_TRY(check_values(given, "labels", order));
    TUSKER_TRY(check_values(predicted, "predictions", order));
    return check_pairs(given, predicted);
}

Result<void> check_classes(const BoxesOfImages& all, std::string_view name, std::size_t classes) {
    for (std::size_t i = 0; i < all.classes.size(); ++i)
        if (all.classes[i] >= classes)
            return invalid(
                fmt::format("{} box {} (counted over all images) has class {}: must be "
                            "below {}",
                            name, i, all.classes[i], classes));
    return {};
}

}  // namespace tusker::detection
