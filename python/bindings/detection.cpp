// Wrong boxes: object detection's labels beside a model's predictions.
#include <algorithm>
#include <limits>
#include <span>
#include <string>

#include <fmt/format.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"
#include "kernels/confident/detection/detection.hpp"
#include "kernels/confident/numpy_order.hpp"

namespace tusker::python {
namespace {

using namespace detection;
using confident::NumpyOrder;

std::vector<Box> boxes_of(const Array2<double>& coordinates) {
    if (coordinates.shape(1) != 4)
        raise({ErrorCode::InvalidArgument,
               fmt::format("boxes have {} columns: must be x1 y1 x2 y2", coordinates.shape(1))});
    const auto view = view_of(coordinates);
    std::vector<Box> boxes(view.rows());
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        const auto row = view.row(i);
        boxes[i] = {row[0], row[1], row[2], row[3]};
    }
    return boxes;
}

/// The boxes of many images, owned.
class FlatBoxes {
public:
    FlatBoxes(const Array1<std::int64_t>& offsets, const Array2<double>& boxes,
              const Array1<std::int64_t>& classes, const Array1<double>& probabilities,
              const Array1<std::uint8_t>& single)
        : boxes_(boxes_of(boxes)),
          classes_(class_ids<std::vector<std::uint32_t>>(classes)),
          probabilities_(span_of(probabilities).begin(), span_of(probabilities).end()),
          single_(span_of(single).begin(), span_of(single).end()) {
        for (const auto offset : span_of(offsets))
            offsets_.push_back(static_cast<std::size_t>(offset));
    }
    BoxesOfImages view() const {
        return {.offsets = offsets_,
                .boxes = boxes_,
                .classes = classes_,
                .probabilities = probabilities_,
                .single = single_};
    }
    std::span<const std::size_t> offsets() const { return offsets_; }

private:
    std::vector<std::size_t> offsets_;
    std::vector<Box> boxes_;
    std::vector<ClassId> classes_;
    std::vector<double> probabilities_;
    std::vector<std::uint8_t> single_;
};

Order order_of(bool cleanlab_order) { return cleanlab_order ? Order::Cleanlab : Order::Sound; }

ScoreOptions score_options(double alpha, double low, double high, bool overlapping_label_check) {
    return {.alpha = alpha,
            .low_probability = low,
            .high_probability = high,
            .overlapping_label_check = overlapping_label_check};
}

/// (overlooked, badly_located, swapped, least_similarity), flat.
nb::tuple box_scores(const FlatBoxes& given, const FlatBoxes& predicted, double alpha, double low,
                     double high, bool overlapping_label_check, bool cleanlab_order) {
    BoxScores scores;
    {
        const nb::gil_scoped_release released;
        scores = take(score_boxes(given.view(), predicted.view(),
                                  score_options(alpha, low, high, overlapping_label_check),
                                  order_of(cleanlab_order), pool()));
    }
    return nb::make_tuple(to_numpy(std::move(scores.overlooked)),
                          to_numpy(std::move(scores.badly_located)),
                          to_numpy(std::move(scores.swapped)), scores.least_similarity);
}

auto image_scores(const FlatBoxes& given, const FlatBoxes& predicted, double alpha, double low,
                  double high, double temperature, const std::vector<double>& weights,
                  bool overlapping_label_check, bool cleanlab_order) {
    const LabelIssueOptions options = {
        .scores = score_options(alpha, low, high, overlapping_label_check),
        .order = order_of(cleanlab_order),
        .temperature = temperature,
        .overlooked_weight = weights.at(0),
        .badly_located_weight = weights.at(1),
        .swapped_weight = weights.at(2)};
    std::vector<double> scores;
    {
        const nb::gil_scoped_release released;
        const auto boxes = take(
            score_boxes(given.view(), predicted.view(), options.scores, options.order, pool()));
        scores = score_images(boxes, given.view(), predicted.view(), options, pool());
    }
    return to_numpy(std::move(scores));
}

constexpr std::int64_t kNone = -1;
std::int64_t number_or_none(std::optional<ClassId> label) {
    return label ? static_cast<std::int64_t>(*label) : kNone;
}

/// (image, kind, box, score, given, suggested, suggested_box [n × 4], image_scores,
/// average_precisions), worst first; -1 and NaN say none.
nb::tuple find(const FlatBoxes& given, const FlatBoxes& predicted, std::size_t classes,
               bool overlapping_label_check, bool cleanlab_order) {
    LabelIssueOptions options;
    options.scores.overlapping_label_check = overlapping_label_check;
    options.order = order_of(cleanlab_order);
    LabelIssues found;
    {
        const nb::gil_scoped_release released;
        found = take(find_label_issues(given.view(), predicted.view(), classes, options, pool()));
    }
    std::vector<std::int64_t> images;
    std::vector<std::string> kinds;
    std::vector<std::int64_t> boxes;
    std::vector<double> scores;
    std::vector<std::int64_t> labels;
    std::vector<std::int64_t> suggested;
    std::vector<double> suggested_boxes;
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    for (const auto& issue : found.ranked) {
        images.push_back(static_cast<std::int64_t>(issue.image));
        kinds.emplace_back(name_of(issue.kind));
        boxes.push_back(static_cast<std::int64_t>(issue.box));
        scores.push_back(issue.score);
        labels.push_back(number_or_none(issue.given));
        suggested.push_back(number_or_none(issue.suggested));
        const Box box = issue.suggested_box.value_or(Box{kNan, kNan, kNan, kNan});
        suggested_boxes.insert(suggested_boxes.end(), {box.x1, box.y1, box.x2, box.y2});
    }
    const std::size_t count = found.ranked.size();
    return nb::make_tuple(
        to_numpy(std::move(images)), std::move(kinds), to_numpy(std::move(boxes)),
        to_numpy(std::move(scores)), to_numpy(std::move(labels)), to_numpy(std::move(suggested)),
        to_numpy(std::move(suggested_boxes), count, 4), to_numpy(std::move(found.image_scores)),
        to_numpy(std::move(found.average_precisions)));
}

/// (average_precisions [K], right [K × 10], wrong, missed) over the IoU thresholds.
nb::tuple matches(const FlatBoxes& given, const FlatBoxes& predicted, std::size_t classes,
                  bool cleanlab_order) {
    Matches found;
    {
        const nb::gil_scoped_release released;
        found = take(match_images(given.view(), predicted.view(), classes, order_of(cleanlab_order),
                                  pool()));
    }
    const auto table = [&](std::vector<std::int64_t>& counts) {
        return to_numpy(std::move(counts), classes, kIouThresholds);
    };
    return nb::make_tuple(to_numpy(std::move(found.average_precisions)), table(found.right),
                          table(found.wrong), table(found.missed));
}

/// [a × b] intersections over union as NumPy computes them; `single`: from float32 coordinates.
auto overlaps(const Array2<double>& a, bool a_single, const Array2<double>& b, bool b_single) {
    const auto rows = boxes_of(a);
    const auto columns = boxes_of(b);
    std::vector<double> iou;
    iou.reserve(rows.size() * columns.size());
    for (const Box& row : rows)
        for (const Box& column : columns)
            iou.push_back(intersection_over_union(row, a_single, column, b_single));
    return to_numpy(std::move(iou), rows.size(), columns.size());
}

/// (iou [given × predicted], similarity, exp(-0.1 · distance)) of one image in cleanlab's order.
nb::tuple similarities(const Array2<double>& given, bool single, const Array2<double>& predicted,
                       double alpha) {
    const auto labels = boxes_of(given);
    const auto boxes = boxes_of(predicted);
    Similarities pairs;
    compute_similarities<NumpyOrder>({.boxes = labels, .single = single}, {.boxes = boxes}, alpha,
                                     pairs);
    std::vector<double> nearness;
    nearness.reserve(pairs.iou.size());
    for (const Box& label : labels)
        for (const Box& box : boxes)
            nearness.push_back(nearness_of_centers<NumpyOrder>(label, single, box));
    return nb::make_tuple(to_numpy(std::move(pairs.iou), labels.size(), boxes.size()),
                          to_numpy(std::move(pairs.similarity), labels.size(), boxes.size()),
                          to_numpy(std::move(nearness), labels.size(), boxes.size()));
}

/// Which given boxes of one image have another class in their place.
auto conflicts(const Array2<double>& given, bool single, const Array1<std::int64_t>& classes) {
    const auto boxes = boxes_of(given);
    const auto labels = class_ids(classes);
    const ImageBoxes image = {
        .boxes = boxes, .classes = labels, .probabilities = {}, .single = single};
    std::vector<std::uint8_t> found;
    for (std::size_t i = 0; i < boxes.size(); ++i) found.push_back(has_conflict(image, i) ? 1 : 0);
    return to_numpy(std::move(found));
}

/// Scores of one image from its matrices: (overlooked, badly_located, swapped) in cleanlab's order.
nb::tuple scores_from_similarities(const FlatBoxes& given, const FlatBoxes& predicted,
                                   const Array2<double>& iou, const Array2<double>& similarity,
                                   double least_similarity, double low, double high,
                                   bool overlapping_label_check) {
    const ImageBoxes labels = given.view().image(0);
    const ImageBoxes boxes = predicted.view().image(0);
    for (const auto* matrix : {&iou, &similarity})
        if (matrix->shape(0) != labels.boxes.size() || matrix->shape(1) != boxes.boxes.size())
            raise({ErrorCode::InvalidArgument,
                   fmt::format("similarity_matrix, iou_matrix: must be {} x {}",
                               labels.boxes.size(), boxes.boxes.size())});
    const auto copy = [](const Array2<double>& matrix) {
        const auto values = view_of(matrix).values();
        return std::vector<double>(values.begin(), values.end());
    };
    const Similarities pairs = {.given = labels.boxes.size(),
                                .predicted = boxes.boxes.size(),
                                .iou = copy(iou),
                                .similarity = copy(similarity)};
    std::vector<double> overlooked(pairs.predicted);
    std::vector<double> badly_located(pairs.given);
    std::vector<double> swapped(pairs.given);
    std::vector<std::uint32_t> unused(pairs.given);
    score_overlooked(labels, boxes, pairs, high, overlooked);
    finish_overlooked(overlooked, boxes.probabilities, least_similarity);
    score_badly_located(labels, boxes, pairs, low, badly_located, unused);
    score_swapped(labels, boxes, pairs, score_options(0, low, high, overlapping_label_check),
                  swapped, unused);
    finish_swapped(swapped, least_similarity);
    return nb::make_tuple(to_numpy(std::move(overlooked)), to_numpy(std::move(badly_located)),
                          to_numpy(std::move(swapped)));
}

auto pool_scores(const Array1<double>& scores, const Array1<std::int64_t>& offsets,
                 double temperature) {
    std::vector<std::size_t> bounds;
    for (const auto offset : span_of(offsets)) bounds.push_back(static_cast<std::size_t>(offset));
    return to_numpy(pool_box_scores(span_of(scores), bounds, temperature, Order::Cleanlab, pool()));
}

auto ranked_images(const Array1<double>& scores, double threshold) {
    const auto ranked = rank_images(span_of(scores), threshold, Order::Cleanlab);
    return to_numpy(std::vector<std::int64_t>(ranked.begin(), ranked.end()));
}

}  // namespace

void bind_detection(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<FlatBoxes>(module, "FlatBoxes")
        .def(nb::init<const Array1<std::int64_t>&, const Array2<double>&,
                      const Array1<std::int64_t>&, const Array1<double>&,
                      const Array1<std::uint8_t>&>(),
             "offsets"_a.noconvert(), "boxes"_a.noconvert(), "classes"_a.noconvert(),
             "probabilities"_a.noconvert(), "single"_a.noconvert());
    module.def("detection_box_scores", &box_scores, "given"_a, "predicted"_a, "alpha"_a, "low"_a,
               "high"_a, "overlapping_label_check"_a, "cleanlab_order"_a);
    module.def("detection_image_scores", &image_scores, "given"_a, "predicted"_a, "alpha"_a,
               "low"_a, "high"_a, "temperature"_a, "weights"_a, "overlapping_label_check"_a,
               "cleanlab_order"_a);
    module.def("detection_find", &find, "given"_a, "predicted"_a, "classes"_a,
               "overlapping_label_check"_a, "cleanlab_order"_a);
    module.def("detection_matches", &matches, "given"_a, "predicted"_a, "classes"_a,
               "cleanlab_order"_a);
    module.def("detection_overlaps", &overlaps, "a"_a.noconvert(), "a_single"_a, "b"_a.noconvert(),
               "b_single"_a);
    module.def("detection_similarities", &similarities, "given"_a.noconvert(), "single"_a,
               "predicted"_a.noconvert(), "alpha"_a);
    module.def("detection_conflicts", &conflicts, "given"_a.noconvert(), "single"_a,
               "classes"_a.noconvert());
    module.def("detection_scores_from_similarities", &scores_from_similarities, "given"_a,
               "predicted"_a, "iou"_a.noconvert(), "similarity"_a.noconvert(), "least_similarity"_a,
               "low"_a, "high"_a, "overlapping_label_check"_a);
    module.def("detection_pool", &pool_scores, "scores"_a.noconvert(), "offsets"_a.noconvert(),
               "temperature"_a);
    module.def("detection_rank", &ranked_images, "scores"_a.noconvert(), "threshold"_a);
}

}  // namespace tusker::python
