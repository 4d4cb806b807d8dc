// Estimates, scores, ensembles and health of one label a row.
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"
#include "bindings/joints.hpp"
#include "kernels/confident/ensemble.hpp"
#include "kernels/confident/estimates.hpp"
#include "kernels/confident/health.hpp"
#include "kernels/confident/lowest.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::python {
namespace {

using namespace confident;
using namespace nb::literals;

Order order_of(bool cleanlab_order) { return cleanlab_order ? Order::Cleanlab : Order::Sound; }

RankBy ranking(const std::string& name) {
    const auto found = find_ranking(name);
    if (!found)
        raise({ErrorCode::InvalidArgument, fmt::format("rank_by = '{}': is unknown", name)});
    return *found;
}

ScoreOptions score_options(const std::string& rank_by, bool by_columns, bool cleanlab_order) {
    return {.rank_by = ranking(rank_by),
            .order = order_of(cleanlab_order),
            .layout = by_columns ? Layout::Columns : Layout::Rows};
}

/// (thresholds [K] float64, whether cleanlab holds them in float64).
template <class T>
nb::tuple thresholds(const Array1<std::int64_t>& labels, const Array2<T>& probs,
                     bool cleanlab_order) {
    const auto ids = class_ids(labels);
    Thresholds found;
    {
        const nb::gil_scoped_release released;
        found = take(find_thresholds(view_of(probs), ids, order_of(cleanlab_order), pool()));
    }
    return nb::make_tuple(to_numpy(std::move(found.values)), found.in_double);
}

/// (counts [K × K], calibrated if asked for, laid out as cleanlab's are; rows in another class;
/// number of label issues).
template <class T>
nb::tuple joint(const Array1<std::int64_t>& labels, const Array2<T>& probs, const Array1<T>& bounds,
                bool calibrated, bool cleanlab_order) {
    const auto ids = class_ids(labels);
    JointEstimate found;
    {
        const nb::gil_scoped_release released;
        found = take(
            estimate_joint(view_of(probs), ids, span_of(bounds), order_of(cleanlab_order), pool()));
        if (calibrated) found.counts = calibrate(found.counts, found.labels_per_class, pool());
    }
    std::vector<std::int64_t> rows(found.off_diagonal.begin(), found.off_diagonal.end());
    return nb::make_tuple(dense(found.counts, calibrated ? Layout::Rows : Layout::Columns),
                          to_numpy(std::move(rows)), found.label_issues);
}

nb::object calibrated(const Array2<double>& counts, bool by_columns,
                      const Array1<std::int64_t>& labels_per_class) {
    const auto given = span_of(labels_per_class);
    const std::vector<std::size_t> rows(given.begin(), given.end());
    if (rows.size() != counts.shape(0) || rows.size() != counts.shape(1))
        raise({ErrorCode::InvalidArgument,
               fmt::format("confident_joint is {} × {}: must be {} × {}, as there are classes",
                           counts.shape(0), counts.shape(1), rows.size(), rows.size())});
    return nb::cast(dense(calibrate(given_joint(counts, by_columns), rows, pool())));
}

/// [given × true] counts the prune filters take from a joint.
auto counts_to_prune(const Array2<double>& joint, bool by_columns,
                     std::size_t min_examples_per_class, double frac_noise) {
    LabelIssueOptions options;
    options.min_examples_per_class = min_examples_per_class;
    options.frac_noise = frac_noise;
    return dense(prune_counts(given_joint(joint, by_columns), options, pool()));
}

auto rounded(const Array1<double>& values) {
    std::vector<PlacedValue> placed;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values.data()[i] != 0) placed.push_back({i, values.data()[i]});
    std::vector<std::int64_t> whole(values.size());
    for (const auto& entry : round_keeping_sum(placed, values.size()))
        whole[entry.column] = entry.value;
    return to_numpy(std::move(whole));
}

template <class T>
auto scores(const Array1<std::int64_t>& labels, const Array2<T>& probs, const std::string& rank_by,
            bool by_columns, bool cleanlab_order) {
    const auto ids = class_ids(labels);
    const ScoreOptions options = score_options(rank_by, by_columns, cleanlab_order);
    std::vector<T> found;
    {
        const nb::gil_scoped_release released;
        found = take(score_labels(view_of(probs), ids, options, pool()));
    }
    return to_numpy(std::move(found));
}

template <class T>
nb::object adjusted_scores(const Array1<std::int64_t>& labels, const Array2<T>& probs,
                           const Array1<double>& thresholds, bool in_double,
                           const std::string& rank_by, bool by_columns, bool cleanlab_order) {
    const auto ids = class_ids(labels);
    const ScoreOptions options = score_options(rank_by, by_columns, cleanlab_order);
    const auto values = span_of(thresholds);
    const Thresholds given{{values.begin(), values.end()}, in_double};
    const auto scored = [&]<class W>(W) {
        std::vector<W> found;
        {
            const nb::gil_scoped_release released;
            found = take(score_adjusted<W, T>(view_of(probs), ids, given, options, pool()));
        }
        return nb::cast(to_numpy(std::move(found)));
    };
    return in_double ? scored(double{}) : scored(T{});
}

template <class T>
auto entropies(const Array2<T>& probs, bool by_columns, bool cleanlab_order) {
    const ScoreOptions options =
        score_options(std::string(name_of(RankBy::WeightedEntropy)), by_columns, cleanlab_order);
    std::vector<T> found;
    {
        const nb::gil_scoped_release released;
        found = take(normalized_entropies(view_of(probs), options, pool()));
    }
    return to_numpy(std::move(found));
}

/// (most probable class of each row, whether the label agrees with it within 1e-6).
template <class T>
nb::tuple tops(const Array1<std::int64_t>& labels, const Array2<T>& probs) {
    const auto ids = class_ids(labels);
    std::vector<std::int64_t> top;
    std::vector<std::uint8_t> agrees;
    {
        const nb::gil_scoped_release released;
        auto facts = take(read_rows(view_of(probs), ids, ValueRule::NearZeroOne, pool()));
        top.assign(facts.top.begin(), facts.top.end());
        agrees.assign(facts.agrees.begin(), facts.agrees.end());
    }
    return nb::make_tuple(to_numpy(std::move(top)), to_numpy(std::move(agrees)));
}

/// By rank_by, self-confidence or margin, from one pass: (score of each label [N], confident rows
/// by given class [K], those of them whose class is another [K], whether each row's label agrees
/// with its most probable class within 1e-6 [N]).
template <class T>
nb::tuple confident_tops(const Array1<std::int64_t>& labels, const Array2<T>& probs,
                         const Array1<T>& bounds, const std::string& rank_by) {
    if (bounds.size() != probs.shape(1))
        raise({ErrorCode::InvalidArgument,
               fmt::format("thresholds has {} entries: there must be one for each of {} classes",
                           bounds.size(), probs.shape(1))});
    const auto ids = class_ids(labels);
    const RankBy chosen = ranking(rank_by);
    ConfidentTops counts;
    std::vector<T> scores;
    std::vector<std::uint8_t> agrees;
    {
        const nb::gil_scoped_release released;
        const auto facts = take(read_rows(view_of(probs), ids, ValueRule::NearZeroOne, pool()));
        scores = score_facts(facts, chosen, pool());
        counts = count_confident_tops<T>(facts, ids, span_of(bounds));
        agrees.assign(facts.agrees.begin(), facts.agrees.end());
    }
    return nb::make_tuple(to_numpy(std::move(scores)), to_numpy(std::move(counts.confident)),
                          to_numpy(std::move(counts.elsewhere)), to_numpy(std::move(agrees)));
}

/// By rank_by, self-confidence or margin, from one pass: (score of each label [N], share of rows
/// whose most probable class is the given one).
template <class T>
nb::tuple scores_and_accuracy(const Array1<std::int64_t>& labels, const Array2<T>& probs,
                              const std::string& rank_by) {
    const auto ids = class_ids(labels);
    const RankBy chosen = ranking(rank_by);
    std::vector<T> scores;
    double share = 0;
    {
        const nb::gil_scoped_release released;
        const auto facts = take(read_rows(view_of(probs), ids, ValueRule::NearZeroOne, pool()));
        scores = score_facts(facts, chosen, pool());
        share = accuracy(facts, ids);
    }
    return nb::make_tuple(to_numpy(std::move(scores)), share);
}

template <class T>
auto weights(const Array1<std::int64_t>& labels, const std::vector<Array2<T>>& models,
             const std::vector<bool>& by_columns, const Array1<double>& temperatures) {
    const auto ids = class_ids(labels);
    std::vector<Opinion<T>> views;
    for (const auto& model : models) {
        if (model.shape(0) != ids.size() || model.shape(1) != models.front().shape(1))
            raise(
                {ErrorCode::InvalidArgument,
                 fmt::format("pred_probs_list[{}] is {} × {}: all must be {} × {}", views.size(),
                             model.shape(0), model.shape(1), ids.size(), models.front().shape(1))});
        views.push_back(
            {view_of(model), by_columns.at(views.size()) ? Layout::Columns : Layout::Rows});
    }
    std::vector<double> found;
    {
        const nb::gil_scoped_release released;
        found = take(search_weights<NumpyOrder, T>(views, ids, span_of(temperatures), pool()));
    }
    return to_numpy(std::move(found));
}

template <class T>
std::vector<std::span<const T>> columns(const std::vector<Array1<T>>& scores) {
    std::vector<std::span<const T>> spans;
    for (const auto& column : scores) {
        if (column.size() != scores.front().size())
            raise({ErrorCode::InvalidArgument,
                   fmt::format("scores[{}] has {} entries: all must have {}", spans.size(),
                               column.size(), scores.front().size())});
        spans.push_back(span_of(column));
    }
    return spans;
}

template <class T>
auto weighted(const std::vector<Array1<T>>& scores, const Array1<double>& weights) {
    return to_numpy(weighted_scores<T>(columns(scores), span_of(weights), pool()));
}

template <class T>
auto mean(const std::vector<Array1<T>>& scores) {
    return to_numpy(mean_scores<T>(columns(scores), pool()));
}

template <class T>
auto argsort(const Array1<T>& keys, bool cleanlab_order) {
    const auto order = cleanlab_order ? NumpyOrder::argsort(span_of(keys), &pool())
                                      : SoundOrder::argsort(span_of(keys), &pool());
    return to_numpy(std::vector<std::int64_t>(order.begin(), order.end()));
}

/// Positions of the `count` lowest keys, which argsort would place first; themselves in no order.
template <class T>
auto lowest_keys(const Array1<T>& keys, std::size_t count, bool cleanlab_order) {
    const auto found = cleanlab_order ? lowest<NumpyOrder>(span_of(keys), count)
                                      : lowest<SoundOrder>(span_of(keys), count);
    return to_numpy(std::vector<std::int64_t>(found.begin(), found.end()));
}

/// Columns of the table of classes, worst first.
nb::tuple classes(const Array2<double>& joint, bool by_columns, double examples,
                  bool cleanlab_order) {
    const JointView view{view_of(joint), by_columns ? Layout::Columns : Layout::Rows};
    std::array<std::vector<std::int64_t>, 3> counts;
    std::array<std::vector<double>, 3> shares;
    for (const auto& row : rank_classes(view, examples, order_of(cleanlab_order), pool())) {
        counts[0].push_back(row.label);
        counts[1].push_back(row.label_issues);
        counts[2].push_back(row.inverse_label_issues);
        shares[0].push_back(row.label_noise);
        shares[1].push_back(row.inverse_label_noise);
        shares[2].push_back(row.quality);
    }
    return nb::make_tuple(to_numpy(std::move(counts[0])), to_numpy(std::move(counts[1])),
                          to_numpy(std::move(counts[2])), to_numpy(std::move(shares[0])),
                          to_numpy(std::move(shares[1])), to_numpy(std::move(shares[2])));
}

/// Columns of the table of pairs, most confused first.
nb::tuple overlaps(const Array2<double>& joint, bool asymmetric, double examples,
                   bool cleanlab_order) {
    const JointView view{view_of(joint), Layout::Rows};
    const auto pairs = find_overlaps(view, examples, asymmetric, order_of(cleanlab_order), pool());
    std::array<std::vector<std::int64_t>, 3> counts;
    std::vector<double> probabilities;
    for (auto& column : counts) column.reserve(pairs.size());
    probabilities.reserve(pairs.size());
    for (const auto& pair : pairs) {
        counts[0].push_back(pair.a);
        counts[1].push_back(pair.b);
        counts[2].push_back(pair.examples);
        probabilities.push_back(pair.probability);
    }
    return nb::make_tuple(to_numpy(std::move(counts[0])), to_numpy(std::move(counts[1])),
                          to_numpy(std::move(counts[2])), to_numpy(std::move(probabilities)));
}

template <class T>
void bind_rows(nb::module_& module) {
    module.def("confident_thresholds", &thresholds<T>, "labels"_a.noconvert(),
               "probs"_a.noconvert(), "cleanlab_order"_a);
    module.def("confident_joint", &joint<T>, "labels"_a.noconvert(), "probs"_a.noconvert(),
               "bounds"_a.noconvert(), "calibrated"_a, "cleanlab_order"_a);
    module.def("label_quality_scores", &scores<T>, "labels"_a.noconvert(), "probs"_a.noconvert(),
               "rank_by"_a, "by_columns"_a, "cleanlab_order"_a);
    module.def("normalized_entropies", &entropies<T>, "probs"_a.noconvert(), "by_columns"_a,
               "cleanlab_order"_a);
    module.def("adjusted_scores", &adjusted_scores<T>, "labels"_a.noconvert(),
               "probs"_a.noconvert(), "thresholds"_a.noconvert(), "in_double"_a, "rank_by"_a,
               "by_columns"_a, "cleanlab_order"_a);
    module.def("top_classes", &tops<T>, "labels"_a.noconvert(), "probs"_a.noconvert());
    module.def("confident_tops", &confident_tops<T>, "labels"_a.noconvert(), "probs"_a.noconvert(),
               "bounds"_a.noconvert(), "rank_by"_a);
    module.def("scores_and_accuracy", &scores_and_accuracy<T>, "labels"_a.noconvert(),
               "probs"_a.noconvert(), "rank_by"_a);
    module.def("search_weights", &weights<T>, "labels"_a.noconvert(), "models"_a.noconvert(),
               "by_columns"_a, "temperatures"_a.noconvert());
    module.def("weighted_scores", &weighted<T>, "scores"_a.noconvert(), "weights"_a.noconvert());
    module.def("mean_scores", &mean<T>, "scores"_a.noconvert());
    module.def("lowest", &lowest_keys<T>, "keys"_a.noconvert(), "count"_a, "cleanlab_order"_a);
    module.def("argsort", &argsort<T>, "keys"_a.noconvert(), "cleanlab_order"_a);
}

}  // namespace

void bind_classification(nb::module_& module) {
    bind_rows<float>(module);
    bind_rows<double>(module);
    module.def("calibrate", &calibrated, "joint"_a.noconvert(), "by_columns"_a,
               "labels_per_class"_a.noconvert());
    module.def("prune_counts", &counts_to_prune, "joint"_a.noconvert(), "by_columns"_a,
               "min_examples_per_class"_a, "frac_noise"_a);
    module.def("round_keeping_sum", &rounded, "values"_a.noconvert());
    module.def("rank_classes", &classes, "joint"_a.noconvert(), "by_columns"_a, "examples"_a,
               "cleanlab_order"_a);
    module.def("find_overlaps", &overlaps, "joint"_a.noconvert(), "asymmetric"_a, "examples"_a,
               "cleanlab_order"_a);
}

}  // namespace tusker::python
