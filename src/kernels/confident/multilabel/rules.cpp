#include "kernels/confident/multilabel/rules.hpp"

#include <limits>
#include <numeric>

#include <fmt/format.h>

namespace tusker::multilabel {

bool chooses_whole_rows(FilterBy filter) {
    return filter == FilterBy::LowSelfConfidence || filter == FilterBy::LowNormalizedMargin;
}

Result<void> check_shapes(std::size_t rows, std::size_t columns, const LabelBits& labels) {
    if (labels.rows() != rows || labels.classes() != columns)
        return invalid(fmt::format(
            "labels are {} × {}, probabilities {} × {}: there must be one label for each",
            labels.rows(), labels.classes(), rows, columns));
    if (rows == 0 || columns == 0)
        return invalid(
            fmt::format("probabilities are {} × {}: there must be at least one row and one class",
                        rows, columns));
    if (rows > std::numeric_limits<Row>::max())
        return fail(ErrorCode::TooLarge, fmt::format("probabilities have {} rows: at most {} are "
                                                     "possible",
                                                     rows, std::numeric_limits<Row>::max()));
    return {};
}

Result<void> check_counts(std::span<const std::size_t> counts, std::size_t rows,
                          const MultilabelOptions& options) {
    if (options.order != Order::Cleanlab) return {};
    for (std::size_t k = 0; k < counts.size(); ++k) {
        if (counts[k] == rows)
            return invalid(
                fmt::format("labels: all {} rows have class {}: some rows must lack it", rows, k));
        if (counts[k] == 0 && (options.filter_by == FilterBy::PredictedNeqGiven ||
                               chooses_whole_rows(options.filter_by)))
            return invalid(
                fmt::format("labels: no row has class {}: Labels must contain at least "
                            "2 classes.",
                            k));
    }
    return {};
}

Result<void> check_options(const MultilabelOptions& options, std::size_t classes) {
    if (!(options.frac_noise >= 0 && options.frac_noise <= 1))
        return invalid(fmt::format("frac_noise = {}: must be in [0, 1]", options.frac_noise));
    if (!options.joints.empty() && options.joints.size() != classes)
        return invalid(fmt::format("confident_joint has {} classes, probabilities {}",
                                   options.joints.size(), classes));
    if (!options.num_to_remove_per_class.empty() &&
        options.num_to_remove_per_class.size() != classes)
        return invalid(fmt::format("num_to_remove_per_class has {} entries, probabilities {}",
                                   options.num_to_remove_per_class.size(), classes));
    return {};
}

Result<void> check_indicator(const LabelBits& labels) {
    const auto counts = labels.count_rows();
    const std::size_t ones = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
    if (labels.classes() < 2 || ones == 0 || ones == labels.rows() * labels.classes())
        return invalid(fmt::format(
            "labels of {} rows and {} classes hold {} ones: Labels must be in multi-label format.",
            labels.rows(), labels.classes(), ones));
    return {};
}

}  // namespace tusker::multilabel
