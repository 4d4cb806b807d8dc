// Several annotators. Votes and judged consensus live in C++ between the calls; arrays come out.
#include <algorithm>
#include <limits>
#include <memory>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"
#include "kernels/crowd/active_learning.hpp"
#include "kernels/crowd/conventions.hpp"
#include "kernels/crowd/crowd.hpp"
#include "kernels/crowd/dawid_skene.hpp"
#include "kernels/crowd/numbering.hpp"
#include "kernels/crowd/temperature.hpp"

namespace tusker::python {
namespace {

using namespace crowd;
using namespace nb::literals;

/// [models × N × K], C-contiguous.
template <class T>
using Array3 = nb::ndarray<const T, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
/// [N × A], C- or Fortran-contiguous.
using Table = nb::ndarray<const double, nb::ndim<2>, nb::device::cpu>;

template <class T>
Models<T> models_of(const Array3<T>& probs, bool ensemble) {
    Models<T> models;
    models.ensemble = ensemble;
    const std::size_t cells = probs.shape(1) * probs.shape(2);
    for (std::size_t m = 0; m < probs.shape(0); ++m)
        models.probs.push_back(
            {std::span<const T>(probs.data() + m * cells, cells), probs.shape(1), probs.shape(2)});
    return models;
}

confident::Order order_of(bool cleanlab) {
    return cleanlab ? confident::Order::Cleanlab : confident::Order::Sound;
}

template <class To, class From>
auto numbers(const std::vector<From>& values) {
    return to_numpy(std::vector<To>(values.begin(), values.end()));
}

template <class From>
std::vector<double> doubles(const From& array) {
    const auto values = span_of(array);
    return {values.begin(), values.end()};
}

WideVotes gather(const Table& table) {
    const std::size_t rows = table.shape(0);
    const std::size_t columns = table.shape(1);
    const bool by_row = columns == 1 || table.stride(1) == 1;
    const WideTable wide{{table.data(), rows * columns},
                         rows,
                         columns,
                         by_row ? WideTable::Layout::ByRow : WideTable::Layout::ByColumn};
    const nb::gil_scoped_release released;
    return gather_votes(wide, pool());
}

auto votes_per_item(const WideVotes& wide) {
    std::vector<std::int64_t> counts;
    for (std::size_t i = 1; i < wide.begins.size(); ++i)
        counts.push_back(wide.begins[i] - wide.begins[i - 1]);
    return to_numpy(std::move(counts));
}

auto votes_per_annotator(const WideVotes& wide, std::size_t annotators) {
    std::vector<std::int64_t> counts(annotators);
    for (const Vote& vote : wide.votes) ++counts[vote.annotator];
    return to_numpy(std::move(counts));
}

/// Whether two annotators give the same label to some item.
bool any_agreement(const WideVotes& wide) {
    std::vector<ClassId> labels;
    for (std::size_t i = 1; i < wide.begins.size(); ++i) {
        labels.clear();
        for (Index v = wide.begins[i - 1]; v < wide.begins[i]; ++v)
            labels.push_back(wide.votes[v].label);
        std::ranges::sort(labels);
        if (std::ranges::adjacent_find(labels) != labels.end()) return true;
    }
    return false;
}

auto classes_given(const WideVotes& wide) {
    std::vector<std::int64_t> given;
    for (const Vote& vote : wide.votes) given.push_back(vote.label);
    std::ranges::sort(given);
    given.erase(std::unique(given.begin(), given.end()), given.end());
    return to_numpy(std::move(given));
}

Votes votes_of(const WideVotes& wide, std::size_t annotators, std::size_t classes, bool integers) {
    if (!wide.integral ||
        (!wide.votes.empty() && (wide.least < 0 || wide.most >= static_cast<double>(classes))))
        raise({ErrorCode::InvalidArgument, "labels must be whole numbers from 0 to K - 1"});
    Votes votes(wide.begins, wide.votes, {wide.begins.size() - 1, annotators, classes});
    votes.set_given_as_integers(integers);
    return votes;
}

/// (labels, [(item, classes that nothing decides between)]).
template <class T>
nb::tuple majority(const Votes& votes, const std::optional<Array2<T>>& probs, bool cleanlab) {
    MajorityVote made;
    std::optional<MatrixView<const T>> view;
    if (probs) view = view_of(*probs);
    {
        const nb::gil_scoped_release released;
        made = take(majority_vote<T>(votes, view, order_of(cleanlab), pool()));
    }
    nb::list undecided;
    for (const ItemClasses& item : made.undecided)
        undecided.append(nb::make_tuple(item.item, numbers<std::int64_t>(item.classes)));
    return nb::make_tuple(numbers<std::int64_t>(made.labels), undecided);
}

template <class T>
Consensus judge(const Votes& votes, const Array3<T>& probs, bool ensemble,
                const Array1<std::int64_t>& labels, bool agreement, const LabelScore& score,
                bool cleanlab) {
    CrowdOptions options;
    options.quality = agreement ? QualityMethod::Agreement : QualityMethod::Crowdlab;
    options.score = score;
    options.order = order_of(cleanlab);
    const auto models = models_of(probs, ensemble);
    auto ids = class_ids<std::vector<std::uint32_t>>(labels);
    const nb::gil_scoped_release released;
    return take(judge_consensus(votes, models, std::move(ids), options, pool()));
}

auto best_labels(const Consensus& consensus, const Array1<std::int64_t>& fallback) {
    const auto ids = class_ids(fallback);
    const std::size_t n = consensus.labels.size();
    const MatrixView<const double> posterior(consensus.posterior, n,
                                             consensus.posterior.size() / n);
    return numbers<std::int64_t>(most_probable(posterior, ids, pool()));
}

auto score_all_votes(const Votes& votes, const Consensus& consensus, const LabelScore& score,
                     bool cleanlab) {
    const MatrixView<const double> posterior(consensus.posterior, votes.items(),
                                             consensus.posterior.size() / votes.items());
    std::vector<double> scores;
    {
        const nb::gil_scoped_release released;
        scores = take(cleanlab ? score_votes<Cleanlab>(votes, posterior, score, pool())
                               : score_votes<Sound>(votes, posterior, score, pool()));
    }
    return to_numpy(std::move(scores));
}

/// Fills out [A × N], a row an annotator, with NaN where there is no vote. The caller's NumPy has
/// allocated it, which knows how to get large pages.
void fill_table(const Votes& votes, const Array1<double>& scores,
                const nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>& out) {
    const std::size_t n = votes.items();
    const auto given = span_of(scores);
    double* values = out.data();
    const nb::gil_scoped_release released;
    pool().for_each(votes.annotators(), [&](std::size_t a) {
        double* column = values + a * n;
        std::fill_n(column, n, std::numeric_limits<double>::quiet_NaN());
        for (const OwnVote& own : votes.of_annotator(a)) column[own.item] = given[own.vote];
    });
}

/// (quality, agreement, worst class, number labelled), one an annotator.
nb::tuple judge_all(const Votes& votes, const Consensus& consensus,
                    const std::optional<Array1<double>>& scores, double model_weight,
                    bool mean_over_column, bool cleanlab) {
    std::optional<QualityParts> parts;
    if (scores)
        parts = QualityParts{span_of(*scores), model_weight, consensus.trust.annotators,
                             mean_over_column};
    std::vector<AnnotatorQuality> all;
    {
        const nb::gil_scoped_release released;
        all = cleanlab ? judge_annotators<Cleanlab>(votes, consensus.labels, consensus.quality,
                                                    parts, pool())
                       : judge_annotators<Sound>(votes, consensus.labels, consensus.quality, parts,
                                                 pool());
    }
    std::vector<double> quality;
    std::vector<double> agreement;
    std::vector<std::int64_t> worst;
    std::vector<std::int64_t> labelled;
    for (const AnnotatorQuality& one : all) {
        quality.push_back(one.quality);
        agreement.push_back(one.agreement);
        worst.push_back(one.worst_class);
        labelled.push_back(static_cast<std::int64_t>(one.labelled));
    }
    return nb::make_tuple(to_numpy(std::move(quality)), to_numpy(std::move(agreement)),
                          to_numpy(std::move(worst)), to_numpy(std::move(labelled)));
}

template <class T>
double temperature(const Votes& votes, const Array2<T>& probs, bool cleanlab) {
    const auto view = view_of(probs);
    const nb::gil_scoped_release released;
    return cleanlab ? best_temperature<Cleanlab>(votes, view, pool())
                    : best_temperature<Sound>(votes, view, pool());
}

template <class T>
auto scale(const Array2<T>& probs, double temperature, bool cleanlab) {
    const auto view = view_of(probs);
    std::vector<T> scaled;
    {
        const nb::gil_scoped_release released;
        scaled = cleanlab ? temper<Cleanlab>(view, temperature, pool())
                          : temper<Sound>(view, temperature, pool());
    }
    return to_numpy(std::move(scaled), view.rows(), view.columns());
}

auto active_labelled(const Votes& votes, const Array1<double>& quality,
                     const Array1<double>& models, const Array1<double>& annotators,
                     double mean_annotator, std::size_t classes, bool cleanlab) {
    const Attention attention{doubles(models), doubles(annotators), mean_annotator};
    return to_numpy(
        score_labelled(votes, span_of(quality), attention, classes, order_of(cleanlab), pool()));
}

template <class T>
auto active_unlabelled(const Array3<T>& probs, const Array1<std::int64_t>& labels,
                       const Array1<double>& models, double mean_annotator, bool cleanlab) {
    const Attention attention{doubles(models), {}, mean_annotator};
    return to_numpy(
        score_unlabelled(models_of(probs, true), class_ids(labels), attention, order_of(cleanlab)));
}

/// (numbers [N], names), the names ascending if `sorted`, else by first occurrence; None where the
/// values lie too far apart.
nb::object number(const Array1<std::int64_t>& values, bool sorted) {
    std::optional<Numbered> made;
    {
        const nb::gil_scoped_release released;
        made = number_values(span_of(values), sorted ? NumberBy::Value : NumberBy::Occurrence);
    }
    if (!made) return nb::none();
    return nb::make_tuple(to_numpy(std::move(made->numbers)), to_numpy(std::move(made->names)));
}

/// (labels, posterior, priors, annotators and labels of the rows of errors, errors, bounds).
nb::tuple estimate(const Array1<Index>& items, const Array1<Index>& annotators,
                   const Array1<ClassId>& labels, const std::vector<std::size_t>& sizes,
                   std::size_t rounds_max, double tolerance,
                   const std::vector<std::pair<Index, ClassId>>& gold,
                   const std::optional<Array1<std::int64_t>>& first_order, bool crowd_kit_order) {
    std::vector<Index> first;
    if (first_order) first = class_ids<std::vector<Index>>(*first_order);
    std::vector<Gold> known;
    for (const auto& [item, label] : gold) known.push_back({item, label});
    const CrowdSize size{sizes.at(0), sizes.at(1), sizes.at(2)};
    const DawidSkeneOptions options{rounds_max, tolerance, known, order_of(crowd_kit_order), first};
    crowd::DawidSkene made;
    {
        const nb::gil_scoped_release released;
        made = take(dawid_skene({span_of(items), span_of(annotators), span_of(labels)}, size,
                                options, pool()));
    }
    std::vector<std::int64_t> who;
    std::vector<std::int64_t> said;
    for (const AnnotatorLabel& one : made.given) {
        who.push_back(one.annotator);
        said.push_back(one.label);
    }
    const std::size_t given = who.size();
    return nb::make_tuple(numbers<std::int64_t>(made.labels),
                          to_numpy(std::move(made.posterior), size.items, size.classes),
                          to_numpy(std::move(made.priors)), to_numpy(std::move(who)),
                          to_numpy(std::move(said)),
                          to_numpy(std::move(made.errors), given, size.classes), made.bounds);
}

LabelScore label_score(const std::string& method, bool adjust_probs) {
    const auto ranking = confident::find_ranking(method);
    if (!ranking) raise({ErrorCode::InvalidArgument, method + " is unknown"});
    return {*ranking, adjust_probs};
}

template <class T>
void bind_probs(nb::module_& module) {
    module.def("crowd_majority", &majority<T>, "votes"_a, "probs"_a.noconvert().none(),
               "cleanlab_order"_a);
    module.def("crowd_judge", &judge<T>, "votes"_a, "probs"_a.noconvert(), "ensemble"_a,
               "labels"_a.noconvert(), "agreement"_a, "score"_a, "cleanlab_order"_a);
    module.def("crowd_temperature", &temperature<T>, "votes"_a, "probs"_a.noconvert(),
               "cleanlab_order"_a);
    module.def("crowd_temper", &scale<T>, "probs"_a.noconvert(), "temperature"_a,
               "cleanlab_order"_a);
    module.def("crowd_active_unlabelled", &active_unlabelled<T>, "probs"_a.noconvert(), "labels"_a,
               "models"_a, "mean_annotator"_a, "cleanlab_order"_a);
}

}  // namespace

void bind_crowd(nb::module_& module) {
    nb::class_<WideVotes>(module, "WideVotes")
        .def_prop_ro("per_item", &votes_per_item, nb::rv_policy::automatic)
        .def("per_annotator", &votes_per_annotator, "annotators"_a)
        .def_prop_ro("any_agreement", &any_agreement)
        .def_prop_ro("classes", &classes_given, nb::rv_policy::automatic)
        .def_ro("integral", &WideVotes::integral)
        .def_ro("least", &WideVotes::least)
        .def_ro("most", &WideVotes::most)
        .def("votes", &votes_of, "annotators"_a, "classes"_a, "integers"_a);
    nb::class_<Votes>(module, "Votes");
    nb::class_<LabelScore>(module, "LabelScore");
    nb::class_<Consensus>(module, "Consensus")
        .def_prop_ro(
            "labels", [](const Consensus& c) { return numbers<std::int64_t>(c.labels); },
            nb::rv_policy::automatic)
        .def_prop_ro(
            "quality", [](const Consensus& c) { return to_numpy(c.quality); },
            nb::rv_policy::automatic)
        .def_prop_ro(
            "agreement", [](const Consensus& c) { return to_numpy(c.agreement); },
            nb::rv_policy::automatic)
        .def_prop_ro(
            "posterior",
            [](const Consensus& c) {
                return to_numpy(c.posterior, c.labels.size(), c.posterior.size() / c.labels.size());
            },
            nb::rv_policy::automatic)
        .def_prop_ro(
            "models", [](const Consensus& c) { return to_numpy(c.trust.models); },
            nb::rv_policy::automatic)
        .def_prop_ro(
            "annotators", [](const Consensus& c) { return to_numpy(c.trust.annotators); },
            nb::rv_policy::automatic)
        .def_prop_ro("without_overlap", [](const Consensus& c) { return c.trust.without_overlap; });
    module.def("crowd_gather", &gather, "table"_a.noconvert());
    module.def("crowd_label_score", &label_score, "method"_a, "adjust_probs"_a);
    bind_probs<double>(module);
    bind_probs<float>(module);
    module.def("crowd_best_labels", &best_labels, "consensus"_a, "fallback"_a.noconvert());
    module.def("crowd_score_votes", &score_all_votes, "votes"_a, "consensus"_a, "score"_a,
               "cleanlab_order"_a);
    module.def("crowd_table", &fill_table, "votes"_a, "scores"_a.noconvert(), "out"_a.noconvert());
    module.def("crowd_annotators", &judge_all, "votes"_a, "consensus"_a,
               "scores"_a.noconvert().none(), "model_weight"_a, "mean_over_column"_a,
               "cleanlab_order"_a);
    module.def("crowd_active_labelled", &active_labelled, "votes"_a, "quality"_a.noconvert(),
               "models"_a.noconvert(), "annotators"_a.noconvert(), "mean_annotator"_a, "classes"_a,
               "cleanlab_order"_a);
    module.def("dawid_skene", &estimate, "items"_a.noconvert(), "annotators"_a.noconvert(),
               "labels"_a.noconvert(), "sizes"_a, "rounds_max"_a, "tolerance"_a, "gold"_a,
               "first_order"_a.noconvert().none(), "crowd_kit_order"_a);
    module.def("number_values", &number, "values"_a.noconvert(), "sorted"_a);
}

}  // namespace tusker::python
