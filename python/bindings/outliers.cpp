// Nearest rows of features, and what they say: outliers, near-duplicates; doubtful predictions.
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"
#include "kernels/outliers/duplicates.hpp"
#include "kernels/outliers/outliers.hpp"
#include "kernels/outliers/predictions.hpp"
#include "kernels/vectors/vectors.hpp"

namespace tusker::python {
namespace {

using namespace outliers;
using vectors::Metric;
using vectors::Neighbors;

Metric metric_named(std::string_view name) {
    if (name == "cosine") return Metric::Cosine;
    if (name == "euclidean") return Metric::Euclidean;
    raise({ErrorCode::InvalidArgument,
           fmt::format("metric = '{}': must be 'cosine' or 'euclidean'", name)});
}

std::vector<std::int64_t> wide(std::span<const Row> rows) { return {rows.begin(), rows.end()}; }

/// (distances, rows), each [N × k].
nb::tuple to_tuple(Neighbors found) {
    const std::size_t count = found.distances.size() / found.k;
    return nb::make_tuple(to_numpy(std::move(found.distances), count, found.k),
                          to_numpy(wide(found.rows), count, found.k));
}

/// Lists that a caller brought. Rows are checked, as nobody else does.
Neighbors neighbors_of(const Array2<double>& distances, const Array2<std::int64_t>& rows) {
    if (distances.shape(0) != rows.shape(0) || distances.shape(1) != rows.shape(1))
        raise({ErrorCode::InvalidArgument, "distances and rows must have one shape"});
    Neighbors neighbors{distances.shape(1), {}, {}};
    neighbors.distances.assign(distances.data(), distances.data() + distances.size());
    neighbors.rows.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::int64_t row = rows.data()[i];
        if (row < 0 || static_cast<std::size_t>(row) >= rows.shape(0))
            raise({ErrorCode::InvalidArgument,
                   fmt::format("neighbour {} of row {} = {}: must be a row, 0 to {}",
                               i % neighbors.k, i / neighbors.k, row, rows.shape(0) - 1)});
        neighbors.rows.push_back(static_cast<Row>(row));
    }
    return neighbors;
}

template <class T>
nb::tuple find_neighbors(const Array2<T>& features, std::size_t k, const std::string& metric) {
    const Metric chosen = metric_named(metric);
    Neighbors found;
    {
        const nb::gil_scoped_release released;
        found = take(vectors::find_neighbors(view_of(features), k, chosen, pool()));
    }
    return to_tuple(std::move(found));
}

template <class T>
nb::tuple find_neighbors_among(const Array2<T>& features, const Array2<T>& queries, std::size_t k,
                               const std::string& metric) {
    const Metric chosen = metric_named(metric);
    Neighbors found;
    {
        const nb::gil_scoped_release released;
        found = take(
            vectors::find_neighbors_among(view_of(features), view_of(queries), k, chosen, pool()));
    }
    return to_tuple(std::move(found));
}

using Sets = std::vector<std::vector<Row>>;

nb::list to_list(const Sets& sets) {
    nb::list list;
    for (const auto& set : sets) list.append(to_numpy(wide(set)));
    return list;
}

template <class T>
nb::list find_equal_rows(const Array2<T>& features) {
    Sets sets;
    {
        const nb::gil_scoped_release released;
        sets = take(vectors::find_equal_rows(view_of(features), pool()));
    }
    return to_list(sets);
}

/// In place; checks that every row of a set has a list.
template <class T>
void put_equal_rows_first(
    nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu> distances,
    nb::ndarray<std::int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu> rows, const Sets& sets) {
    if (distances.shape(0) != rows.shape(0) || distances.shape(1) != rows.shape(1))
        raise({ErrorCode::InvalidArgument, "distances and indices must have one shape"});
    for (const auto& set : sets)
        for (const Row row : set)
            if (row >= rows.shape(0))
                raise({ErrorCode::InvalidArgument,
                       fmt::format("equal row {}: there are {} lists of neighbours", row,
                                   rows.shape(0))});
    const std::size_t n = rows.shape(0);
    const std::size_t k = rows.shape(1);
    vectors::put_equal_rows_first(
        MatrixView<T>(std::span<T>(distances.data(), n * k), n, k),
        MatrixView<std::int64_t>(std::span<std::int64_t>(rows.data(), n * k), n, k), sets);
}

/// (scores, mean distances, flagged rows, scale, distance limit); `fit` is the last two of another.
nb::tuple judge_outliers(const Array2<double>& distances, const std::string& metric,
                         double threshold, double steepness,
                         std::optional<std::tuple<double, double>> fit) {
    const Neighbors neighbors{
        distances.shape(1), {distances.data(), distances.data() + distances.size()}, {}};
    OutlierOptions options{.threshold = threshold, .steepness = steepness, .fit = std::nullopt};
    if (fit) options.fit = OutlierFit{std::get<0>(*fit), std::get<1>(*fit)};
    auto found = take(find_outliers(neighbors, metric_named(metric), options));
    return nb::make_tuple(to_numpy(std::move(found.scores)),
                          to_numpy(std::move(found.mean_distances)), to_numpy(wide(found.flagged)),
                          found.fit.scale, found.fit.distance_limit);
}

/// (pairs [P × 2], their distances, sets, scores, typical distance, radius)
nb::tuple judge_near_duplicates(const Array2<double>& distances, const Array2<std::int64_t>& rows,
                                double threshold) {
    auto found = take(find_near_duplicates(neighbors_of(distances, rows), threshold));
    std::vector<std::int64_t> pairs;
    std::vector<double> pair_distances;
    for (const auto& pair : found.pairs) {
        pairs.push_back(pair.first);
        pairs.push_back(pair.second);
        pair_distances.push_back(pair.distance);
    }
    const std::size_t count = found.pairs.size();
    return nb::make_tuple(to_numpy(std::move(pairs), count, 2), to_numpy(std::move(pair_distances)),
                          to_list(found.sets), to_numpy(std::move(found.scores)),
                          found.typical_distance, found.radius);
}

/// Scores in W; no thresholds = not adjusted.
template <class W, class T>
auto score_predictions(const Array2<T>& probs, const std::optional<Array1<double>>& thresholds,
                       const std::string& method, std::size_t largest, double gamma,
                       bool cleanlab_order) {
    const auto score = find_prediction_score(method);
    if (!score)
        raise({ErrorCode::InvalidArgument, fmt::format("method = '{}': is unknown", method)});
    PredictionOptions options{
        .score = *score, .thresholds = {}, .largest = largest, .gamma = gamma};
    if (thresholds) options.thresholds = span_of(*thresholds);
    std::vector<W> scores;
    {
        const nb::gil_scoped_release released;
        scores = take(outliers::score_predictions<W, T>(
            view_of(probs), options,
            cleanlab_order ? confident::Order::Cleanlab : confident::Order::Sound, pool()));
    }
    return to_numpy(std::move(scores));
}

template <class T>
void bind_neighbors(nb::module_& module) {
    using namespace nb::literals;
    module.def("find_neighbors", &find_neighbors<T>, "features"_a.noconvert(), "k"_a, "metric"_a);
    module.def("find_neighbors_among", &find_neighbors_among<T>, "features"_a.noconvert(),
               "queries"_a.noconvert(), "k"_a, "metric"_a);
    module.def("find_equal_rows", &find_equal_rows<T>, "features"_a.noconvert());
    module.def("put_equal_rows_first", &put_equal_rows_first<T>, "distances"_a.noconvert(),
               "indices"_a.noconvert(), "sets"_a);
}

template <class W, class T>
void bind_predictions(nb::module_& module, const char* name) {
    using namespace nb::literals;
    module.def(name, &score_predictions<W, T>, "pred_probs"_a.noconvert(),
               "confident_thresholds"_a.noconvert().none(), "method"_a, "largest"_a, "gamma"_a,
               "cleanlab_order"_a);
}

}  // namespace

void bind_outliers(nb::module_& module) {
    using namespace nb::literals;
    bind_neighbors<float>(module);
    bind_neighbors<double>(module);
    module.def("judge_outliers", &judge_outliers, "distances"_a.noconvert(), "metric"_a,
               "threshold"_a, "steepness"_a, "fit"_a.none());
    module.def("judge_near_duplicates", &judge_near_duplicates, "distances"_a.noconvert(),
               "indices"_a.noconvert(), "threshold"_a);
    bind_predictions<float, float>(module, "score_predictions");
    bind_predictions<double, double>(module, "score_predictions");
    bind_predictions<double, float>(module, "score_predictions_in_double");
    bind_predictions<double, double>(module, "score_predictions_in_double");
    module.def(
        "flag_predictions",
        [](const Array1<double>& scores, double threshold) {
            return to_numpy(wide(flag_predictions(span_of(scores), threshold)));
        },
        "scores"_a.noconvert(), "threshold"_a);
}

}  // namespace tusker::python
