#include "kernels/confident/confident.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/confident/input_rules.hpp"
#include "kernels/confident/partial_scan.hpp"

namespace tusker::confident {
namespace {

/// One scan of all rows.
template <class T>
Result<LabelIssues> find(const Probabilities& probs, std::span<const ClassId> labels,
                         const LabelIssueOptions& options, const Pool& pool,
                         const std::stop_token& stop, const Progress& progress) {
    // Before the long part, what needs no scan to be refused.
    TUSKER_TRY(check_input(probs.rows(), probs.columns(), labels, options));
    PartialScan<T> scan(labels, probs.columns());
    TUSKER_TRY(scan.scan(0, probs, pool, stop, progress));
    return std::move(scan).finish(probs, options, pool);
}

template <class Enum>
std::optional<Enum> find_name(std::span<const std::string> names, std::string_view name) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

}  // namespace

Result<LabelIssues> find_label_issues(const Probabilities& probs, std::span<const ClassId> labels,
                                      const LabelIssueOptions& options, const Pool& pool,
                                      const std::stop_token& stop, const Progress& progress) {
    return probs.in_double() ? find<double>(probs, labels, options, pool, stop, progress)
                             : find<float>(probs, labels, options, pool, stop, progress);
}

// Names stand in the order of the enumerators.
std::span<const std::string> filter_names() {
    static const std::array<std::string, 7> names = {
        "prune_by_noise_rate",  "prune_by_class",      "both",
        "confident_learning",   "predicted_neq_given", "low_self_confidence",
        "low_normalized_margin"};
    return names;
}
std::span<const std::string> ranking_names() {
    static const std::array<std::string, 4> names = {
        "self_confidence", "normalized_margin", "confidence_weighted_entropy", "weighted_entropy"};
    return names;
}

std::optional<FilterBy> find_filter(std::string_view name) {
    return find_name<FilterBy>(filter_names(), name);
}
std::optional<RankBy> find_ranking(std::string_view name) {
    return find_name<RankBy>(ranking_names(), name);
}
std::string_view name_of(FilterBy filter) {
    return filter_names()[static_cast<std::size_t>(filter)];
}
std::string_view name_of(RankBy ranking) {
    return ranking_names()[static_cast<std::size_t>(ranking)];
}

}  // namespace tusker::confident
