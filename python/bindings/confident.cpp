// Confident learning over one label a row.
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"
#include "bindings/joints.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::python {
namespace {

using namespace confident;

template <class Found>
Found named(std::optional<Found> found, std::string_view argument, std::string_view value) {
    if (!found)
        raise({ErrorCode::InvalidArgument, fmt::format("{} = '{}': is unknown", argument, value)});
    return *found;
}

/// (indices, worst first; labels per class [K]; warnings).
template <class T>
nb::tuple find(const Array1<std::int64_t>& labels, const Array2<T>& probs,
               const std::string& filter_by, const std::string& rank_by, bool cleanlab_order,
               std::size_t min_examples_per_class, double frac_noise, bool strict,
               const std::optional<Array2<double>>& joint, bool joint_by_columns,
               const Array1<double>& num_to_remove_per_class, bool adjust_probabilities,
               bool probs_by_columns) {
    LabelIssueOptions options;
    options.filter_by = named(find_filter(filter_by), "filter_by", filter_by);
    options.rank_by = named(find_ranking(rank_by), "rank_by", rank_by);
    options.order = cleanlab_order ? Order::Cleanlab : Order::Sound;
    options.min_examples_per_class = min_examples_per_class;
    options.frac_noise = frac_noise;
    options.strict = strict;
    if (joint) options.joint = given_joint(*joint, joint_by_columns);
    const auto removed = span_of(num_to_remove_per_class);
    options.num_to_remove_per_class.assign(removed.begin(), removed.end());
    options.adjust_probabilities = adjust_probabilities;
    options.layout = probs_by_columns ? Layout::Columns : Layout::Rows;
    const auto ids = class_ids(labels);
    LabelIssues found;
    {
        const nb::gil_scoped_release released;
        found = take(find_label_issues(view_of(probs), ids, options, pool()));
    }
    for (auto& warning : found.warnings) warning = in_python_words(std::move(warning));
    std::vector<std::int64_t> indices;
    indices.reserve(found.ranked.size());
    for (const auto& issue : found.ranked)
        indices.push_back(static_cast<std::int64_t>(issue.index));
    std::vector<std::int64_t> per_class(found.labels_per_class.begin(),
                                        found.labels_per_class.end());
    return nb::make_tuple(to_numpy(std::move(indices)), to_numpy(std::move(per_class)),
                          found.warnings);
}

template <class T>
void bind_find(nb::module_& module) {
    using namespace nb::literals;
    module.def("find_label_issues", &find<T>, "labels"_a.noconvert(), "probs"_a.noconvert(),
               "filter_by"_a, "rank_by"_a, "cleanlab_order"_a, "min_examples_per_class"_a,
               "frac_noise"_a, "strict"_a, "joint"_a.noconvert().none(), "joint_by_columns"_a,
               "num_to_remove_per_class"_a.noconvert(), "adjust_probabilities"_a,
               "probs_by_columns"_a);
}

}  // namespace

void bind_confident(nb::module_& module) {
    bind_find<float>(module);
    bind_find<double>(module);
}

}  // namespace tusker::python
