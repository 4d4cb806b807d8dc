#include "kernels/confident/input_rules.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

namespace tusker::confident {
namespace {

bool asks_for_two_classes(const LabelIssueOptions& options) {
    return options.order == Order::Cleanlab &&
           (options.filter_by == FilterBy::LowSelfConfidence ||
            options.filter_by == FilterBy::LowNormalizedMargin ||
            options.filter_by == FilterBy::PredictedNeqGiven);
}

/// Labels that are one class only leave nothing to compare.
Result<void> check_variety(std::span<const ClassId> labels, const LabelIssueOptions& options) {
    const bool all_equal =
        std::ranges::all_of(labels, [&](ClassId k) { return k == labels.front(); });
    if (all_equal && (labels[0] != 0 || asks_for_two_classes(options)))
        return invalid(fmt::format(
            "labels: every one of the {} is {}: there must be at least two different labels",
            labels.size(), labels[0]));
    return {};
}

Result<void> check_counts(const LabelIssueOptions& options, std::size_t classes) {
    if (options.joint && options.joint->counts.size() != classes)
        return invalid(fmt::format("joint has {} rows: must be {} × {}, as there are classes",
                                   options.joint->counts.size(), classes, classes));
    if (!options.num_to_remove_per_class.empty() &&
        options.num_to_remove_per_class.size() != classes)
        return invalid(fmt::format(
            "num_to_remove_per_class has {} entries: there must be one for each of {} classes",
            options.num_to_remove_per_class.size(), classes));
    if (options.adjust_probabilities && is_entropy(options.rank_by))
        return invalid(fmt::format("rank_by = {}: probabilities cannot be adjusted for it",
                                   name_of(options.rank_by)));
    return {};
}

}  // namespace

Result<void> check_size(std::size_t rows, std::size_t columns, std::size_t labels) {
    if (labels != rows)
        return invalid(fmt::format(
            "labels has {} rows, probabilities have {}: there must be one label for each row",
            labels, rows));
    if (rows == 0) return invalid("probabilities have 0 rows: there must be at least one");
    if (rows > std::numeric_limits<Row>::max())
        return fail(ErrorCode::TooLarge,
                    fmt::format("probabilities have {} rows: at most {} are possible", rows,
                                std::numeric_limits<Row>::max()));
    if (columns < 2)
        return invalid(fmt::format(
            "probabilities have {} columns: there must be at least 2 classes", columns));
    return {};
}

Result<void> check_shape(std::size_t rows, std::size_t columns, std::span<const ClassId> labels) {
    TUSKER_TRY(check_size(rows, columns, labels.size()));
    return check_labels(labels, 0, columns);
}

Result<void> check_labels(std::span<const ClassId> labels, std::size_t first, std::size_t columns) {
    // Several at a time, and no branch: all of them are in range but where there is an error.
    constexpr std::size_t kLanes = 8;
    std::array<ClassId, kLanes> most{};
    const std::size_t whole = labels.size() - labels.size() % kLanes;
    for (std::size_t i = 0; i < whole; i += kLanes)
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            most[lane] = std::max(most[lane], labels[i + lane]);
    const auto out_of_range = [&](ClassId k) { return k >= columns; };
    if (std::ranges::none_of(most, out_of_range) &&
        std::ranges::none_of(labels.subspan(whole), out_of_range))
        return {};
    const auto wrong = std::ranges::find_if(labels, out_of_range);
    return invalid(
        fmt::format("labels[{}] = {}: must be below {}, the number of columns of the probabilities",
                    first + static_cast<std::size_t>(wrong - labels.begin()), *wrong, columns));
}

Result<void> check_input(std::size_t rows, std::size_t columns, std::span<const ClassId> labels,
                         const LabelIssueOptions& options) {
    TUSKER_TRY(check_size(rows, columns, labels.size()));
    if (!(options.frac_noise >= 0 && options.frac_noise <= 1))
        return invalid(fmt::format("frac_noise = {}: must be in [0, 1]", options.frac_noise));
    TUSKER_TRY(check_counts(options, columns));
    return check_variety(labels, options);
}

Result<void> judge(const RowChecks& checks, const LabelIssueOptions& options,
                   std::vector<std::string>& warnings) {
    if (checks.refused)
        return invalid(fmt::format("probabilities[{}, {}] = {}: must be a number from 0 to 1",
                                   checks.refused->row, checks.refused->column,
                                   checks.refused->value));
    if (is_entropy(options.rank_by) && checks.not_in_01)
        return invalid(fmt::format(
            "probabilities[{}, {}] = {}: must be within [0, 1] exactly for a ranking by entropy",
            checks.not_in_01->row, checks.not_in_01->column, checks.not_in_01->value));
    if (checks.first_sum_off) {
        const auto text = fmt::format(
            "probabilities[{}] sum to {:.6g}: rows should sum to 1 within {} ({} {} not)",
            checks.first_sum_off->row, checks.first_sum_off->value, kRowSumTolerance,
            checks.sums_off, checks.sums_off == 1 ? "row does" : "rows do");
        if (options.strict) return invalid(text);
        warnings.push_back(text);
    }
    return {};
}

}  // namespace tusker::confident
