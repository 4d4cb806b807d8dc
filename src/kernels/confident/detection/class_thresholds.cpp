#include "kernels/confident/detection/class_thresholds.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/matrix_view.hpp"
#include "kernels/confident/detection/overlap.hpp"

namespace tusker::detection {
namespace {

/// One image's given boxes (rows) against its predicted boxes (columns).
struct Overlaps {
    std::vector<double> iou;
    std::size_t predicted = 0;

    void compute(const ImageBoxes& given, const ImageBoxes& found) {
        predicted = found.boxes.size();
        iou.assign(given.boxes.size() * predicted, 0.0);
        for (std::size_t g = 0; g < given.boxes.size(); ++g)
            for (std::size_t p = 0; p < predicted; ++p)
                iou[g * predicted + p] = intersection_over_union(given.boxes[g], found.boxes[p]);
    }
    double at(std::size_t g, std::size_t p) const { return iou[g * predicted + p]; }
};

Result<void> check(const BoxesOfImages& boxes, std::size_t classes, std::string_view name,
                   bool has_probabilities) {
    for (std::size_t i = 0; i < boxes.classes.size(); ++i)
        if (boxes.classes[i] >= classes)
            return invalid(fmt::format("{}: class of box {} = {}: must be < {}", name, i,
                                       boxes.classes[i], classes));
    if (!has_probabilities) return {};
    for (std::size_t i = 0; i < boxes.probabilities.size(); ++i)
        if (!(boxes.probabilities[i] >= -1e-6 && boxes.probabilities[i] <= 1 + 1e-6))
            return invalid(fmt::format("{}: confidence of box {} = {}: must be in [0, 1]", name, i,
                                       boxes.probabilities[i]));
    return {};
}

/// Sums in the order of the images, so that threads do not change a bit.
std::vector<double> thresholds_of(const BoxesOfImages& given, const BoxesOfImages& predicted,
                                  std::size_t classes, double same_place_iou) {
    std::vector<double> sums(classes, 0.0);
    std::vector<std::size_t> counts(classes, 0);
    Overlaps overlaps;
    for (std::size_t image = 0; image < given.images(); ++image) {
        const ImageBoxes people = given.image(image);
        const ImageBoxes model = predicted.image(image);
        overlaps.compute(people, model);
        for (std::size_t p = 0; p < model.boxes.size(); ++p) {
            bool agrees = false;
            for (std::size_t g = 0; g < people.boxes.size() && !agrees; ++g)
                agrees =
                    people.classes[g] == model.classes[p] && overlaps.at(g, p) >= same_place_iou;
            if (!agrees) continue;
            sums[model.classes[p]] += model.probabilities[p];
            ++counts[model.classes[p]];
        }
    }
    for (std::size_t k = 0; k < classes; ++k)
        sums[k] = counts[k] > 0 ? sums[k] / static_cast<double>(counts[k]) : 1.0;
    return sums;
}

/// What one image says.
class ImageJudge {
public:
    ImageJudge(const ImageBoxes& given, const ImageBoxes& predicted,
               std::span<const double> thresholds, const ClassThresholdOptions& options)
        : given_(given), predicted_(predicted), options_(options) {
        overlaps_.compute(given, predicted);
        for (std::size_t p = 0; p < predicted.boxes.size(); ++p)
            speaks_.push_back(predicted.probabilities[p] >=
                              options.threshold_share * thresholds[predicted.classes[p]]);
    }

    std::vector<ConfidentBoxIssue> judge(std::size_t image, std::span<double> scores) const {
        std::vector<ConfidentBoxIssue> issues;
        std::vector<bool> has_spoken(predicted_.boxes.size(), false);
        for (std::uint32_t g = 0; g < given_.boxes.size(); ++g) {
            auto issue = swapped(g);
            if (!issue) issue = badly_located(g);
            scores[g] = issue ? issue->score : 1.0;
            if (!issue) continue;
            issue->image = image;
            has_spoken[issue->predicted] = true;
            issues.push_back(*issue);
        }
        for (std::uint32_t p = 0; p < predicted_.boxes.size(); ++p) {
            if (!speaks_[p] || has_spoken[p]) continue;
            double nearest = 0;
            for (std::size_t g = 0; g < given_.boxes.size(); ++g)
                nearest = std::max(nearest, overlaps_.at(g, p));
            if (nearest < options_.nearby_iou)
                issues.push_back(
                    {image, LabelIssueKind::Overlooked, kNoBox, p, score_of(p, 1 - nearest)});
        }
        return issues;
    }

private:
    double score_of(std::uint32_t p, double disagreement) const {
        return std::clamp(1 - predicted_.probabilities[p] * disagreement, 0.0, 1.0);
    }
    /// The prediction that overlaps the given box most, of those wanted; the first of several.
    template <class IsWanted>
    std::uint32_t best(std::uint32_t g, IsWanted is_wanted) const {
        std::uint32_t best = kNoBox;
        for (std::uint32_t p = 0; p < predicted_.boxes.size(); ++p)
            if (is_wanted(p) && overlaps_.at(g, p) > 0 &&
                (best == kNoBox || overlaps_.at(g, p) > overlaps_.at(g, best)))
                best = p;
        return best;
    }
    double overlap_of_own_class(std::uint32_t g) const {
        const auto own =
            best(g, [&](std::uint32_t p) { return predicted_.classes[p] == given_.classes[g]; });
        return own == kNoBox ? 0.0 : overlaps_.at(g, own);
    }

    std::optional<ConfidentBoxIssue> swapped(std::uint32_t g) const {
        const auto other = best(g, [&](std::uint32_t p) {
            return speaks_[p] && predicted_.classes[p] != given_.classes[g];
        });
        if (other == kNoBox) return std::nullopt;
        const double overlap = overlaps_.at(g, other);
        if (overlap < options_.same_place_iou || overlap <= overlap_of_own_class(g))
            return std::nullopt;
        return ConfidentBoxIssue{0, LabelIssueKind::Swapped, g, other, score_of(other, overlap)};
    }

    std::optional<ConfidentBoxIssue> badly_located(std::uint32_t g) const {
        const auto own = best(g, [&](std::uint32_t p) {
            return speaks_[p] && predicted_.classes[p] == given_.classes[g];
        });
        if (own == kNoBox) return std::nullopt;
        const double overlap = overlaps_.at(g, own);
        if (overlap <= options_.meets_iou || overlap_of_own_class(g) >= options_.well_located_iou)
            return std::nullopt;
        for (std::size_t other = 0; other < given_.boxes.size(); ++other)
            if (given_.classes[other] == given_.classes[g] && overlaps_.at(other, own) > overlap)
                return std::nullopt;
        return ConfidentBoxIssue{0, LabelIssueKind::BadlyLocated, g, own,
                                 score_of(own, 1 - overlap)};
    }

    const ImageBoxes& given_;
    const ImageBoxes& predicted_;
    const ClassThresholdOptions& options_;
    Overlaps overlaps_;
    std::vector<bool> speaks_;
};

}  // namespace

Result<ConfidentBoxIssues> find_by_class_thresholds(const BoxesOfImages& given,
                                                    const BoxesOfImages& predicted,
                                                    std::size_t classes,
                                                    const ClassThresholdOptions& options,
                                                    const Pool& pool, const std::stop_token& stop) {
    if (given.images() != predicted.images())
        return invalid(fmt::format("predicted has {} images: given has {}", predicted.images(),
                                   given.images()));
    TUSKER_TRY(check(given, classes, "given", false));
    TUSKER_TRY(check(predicted, classes, "predicted", true));
    ConfidentBoxIssues found;
    found.thresholds = thresholds_of(given, predicted, classes, options.same_place_iou);
    found.given_scores.assign(given.boxes.size(), 1.0);
    std::vector<std::vector<ConfidentBoxIssue>> of_image(given.images());
    pool.for_each(given.images(), [&](std::size_t image) {
        if (stop.stop_requested()) return;
        const ImageBoxes people = given.image(image);
        const ImageBoxes model = predicted.image(image);
        of_image[image] =
            ImageJudge(people, model, found.thresholds, options)
                .judge(image, std::span(found.given_scores)
                                  .subspan(given.offsets[image], people.boxes.size()));
    });
    if (stop.stop_requested()) return fail(ErrorCode::Cancelled, "cancelled");
    for (auto& issues : of_image)
        found.issues.insert(found.issues.end(), issues.begin(), issues.end());
    return found;
}

}  // namespace tusker::detection
