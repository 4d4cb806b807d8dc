// A ranking that follows corrections.
#include <string>

#include <fmt/format.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"
#include "kernels/confident/live_ranking.hpp"

namespace tusker::python {
namespace {

using namespace confident;

template <class T>
LiveRanking start(const Array1<std::int64_t>& labels, const Array2<T>& probs,
                  const std::string& filter_by, const std::string& rank_by,
                  std::size_t min_examples_per_class, double frac_noise, bool strict) {
    LabelIssueOptions options;
    const auto filter = find_filter(filter_by);
    const auto ranking = find_ranking(rank_by);
    if (!filter)
        raise({ErrorCode::InvalidArgument, fmt::format("filter_by = '{}': is unknown", filter_by)});
    if (!ranking)
        raise({ErrorCode::InvalidArgument, fmt::format("rank_by = '{}': is unknown", rank_by)});
    options.filter_by = *filter;
    options.rank_by = *ranking;
    options.min_examples_per_class = min_examples_per_class;
    options.frac_noise = frac_noise;
    options.strict = strict;
    auto ids = class_ids<std::vector<std::uint32_t>>(labels);
    const nb::gil_scoped_release released;
    return take(LiveRanking::start(view_of(probs), std::move(ids), options, pool()));
}

void relabel(LiveRanking& ranking, const Array1<std::int64_t>& rows,
             const Array1<std::int64_t>& labels) {
    const auto ids = class_ids<std::vector<std::uint32_t>>(labels);
    if (rows.size() != ids.size())
        raise({ErrorCode::InvalidArgument,
               fmt::format("rows has {} entries, labels has {}: there must be one label for each",
                           rows.size(), ids.size())});
    std::vector<LabelMove> moves;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::int64_t row = span_of(rows)[i];
        if (row < 0)
            raise({ErrorCode::InvalidArgument, fmt::format("rows[{}] = {}: must be >= 0", i, row)});
        moves.push_back({static_cast<std::size_t>(row), ids[i]});
    }
    const nb::gil_scoped_release released;
    if (auto done = ranking.relabel(moves, pool()); !done) {
        const nb::gil_scoped_acquire acquired;
        raise(done.error());
    }
}

/// (indices, given, suggested, scores), worst first.
nb::tuple ranked(const LiveRanking& ranking) {
    std::vector<std::int64_t> indices;
    std::vector<std::int64_t> given;
    std::vector<std::int64_t> suggested;
    std::vector<double> scores;
    for (const LabelIssue& issue : ranking.ranked()) {
        indices.push_back(static_cast<std::int64_t>(issue.index));
        given.push_back(issue.given);
        suggested.push_back(issue.suggested);
        scores.push_back(issue.score);
    }
    return nb::make_tuple(to_numpy(std::move(indices)), to_numpy(std::move(given)),
                          to_numpy(std::move(suggested)), to_numpy(std::move(scores)));
}

std::vector<std::string> warnings(const LiveRanking& ranking) {
    return {ranking.warnings().begin(), ranking.warnings().end()};
}

}  // namespace

void bind_live_ranking(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<LiveRanking>(module, "LiveRanking")
        .def("relabel", &relabel, "rows"_a.noconvert(), "labels"_a.noconvert())
        .def("ranked", &ranked)
        .def("warnings", &warnings);
    // The ranking goes on reading the probabilities' memory.
    module.def("start_live_ranking", &start<float>, "labels"_a.noconvert(), "probs"_a.noconvert(),
               "filter_by"_a, "rank_by"_a, "min_examples_per_class"_a, "frac_noise"_a, "strict"_a,
               nb::keep_alive<0, 2>());
    module.def("start_live_ranking", &start<double>, "labels"_a.noconvert(), "probs"_a.noconvert(),
               "filter_by"_a, "rank_by"_a, "min_examples_per_class"_a, "frac_noise"_a, "strict"_a,
               nb::keep_alive<0, 2>());
}

}  // namespace tusker::python
