// Wrong labels where a row may have several classes or none.
#include <bit>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"
#include "kernels/confident/multilabel/multilabel.hpp"
#include "kernels/confident/multilabel/scores.hpp"

namespace tusker::python {
namespace {

using namespace multilabel;
using namespace nb::literals;

/// [N × K] of 0 and 1.
using Cells = Array2<std::uint8_t>;

template <class Value>
Value named(std::optional<Value> found, const char* argument, const std::string& value) {
    if (!found)
        raise({ErrorCode::InvalidArgument, fmt::format("{} = '{}': is unknown", argument, value)});
    return *found;
}

/// Takes from `options` what is there: the names are those of the fields.
template <class T>
void read(const nb::dict& options, const char* name, T& field) {
    if (options.contains(name)) field = nb::cast<T>(options[name]);
}

MultilabelOptions options_of(const nb::dict& given) {
    MultilabelOptions options;
    std::string filter_by = std::string(confident::name_of(options.filter_by));
    std::string rank_by = std::string(confident::name_of(options.scoring.rank_by));
    std::string aggregation = aggregation_names().front();
    bool cleanlab_order = false;
    std::vector<std::vector<double>> joints;
    read(given, "filter_by", filter_by);
    read(given, "rank_by", rank_by);
    read(given, "aggregation", aggregation);
    read(given, "cleanlab_order", cleanlab_order);
    read(given, "adjust_probabilities", options.scoring.adjust_probabilities);
    read(given, "alpha", options.scoring.aggregation.alpha);
    read(given, "temperature", options.scoring.aggregation.temperature);
    read(given, "min_examples_per_class", options.min_examples_per_class);
    read(given, "frac_noise", options.frac_noise);
    read(given, "num_to_remove_per_class", options.num_to_remove_per_class);
    read(given, "joints", joints);
    options.filter_by = named(confident::find_filter(filter_by), "filter_by", filter_by);
    options.scoring.rank_by = named(confident::find_ranking(rank_by), "rank_by", rank_by);
    options.scoring.aggregation.by =
        named(find_aggregation(aggregation), "aggregation", aggregation);
    options.order = cleanlab_order ? Order::Cleanlab : Order::Sound;
    for (const auto& joint : joints)
        options.joints.push_back({{{joint.at(0), joint.at(1)}, {joint.at(2), joint.at(3)}}});
    return options;
}

LabelBits bits_of(const Cells& labels) { return take(LabelBits::from_matrix(view_of(labels))); }

/// Sets the bits of one row. False: it holds something else than integers below `classes`.
bool read_row(PyObject* list, std::size_t row, LabelBits& bits) {
    const Py_ssize_t count = PyList_GET_SIZE(list);
    for (Py_ssize_t i = 0; i < count; ++i) {
        PyObject* item = PyList_GET_ITEM(list, i);
        if (!PyLong_CheckExact(item)) return false;
        int overflow = 0;
        const long k = PyLong_AsLongAndOverflow(item, &overflow);
        if (overflow != 0 || k < 0 || static_cast<std::size_t>(k) >= bits.classes()) return false;
        bits.set(row, static_cast<std::size_t>(k));
    }
    return true;
}

/// Lists of Python's own integers below `classes`, as nearly all callers have them. None for
/// anything else, which the slower way may take or refuse by name.
nb::object read_lists(const nb::list& rows, std::size_t classes) {
    const auto count = nb::len(rows);
    LabelBits bits(count, classes);
    // The lists lie anywhere in memory: each is asked for some rows ahead, then its items.
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = 0; i < count; ++i) {
        if (i + 2 * kAhead < count)
            __builtin_prefetch(
                PyList_GET_ITEM(rows.ptr(), static_cast<Py_ssize_t>(i + 2 * kAhead)));
        if (i + kAhead < count) {
            PyObject* later = PyList_GET_ITEM(rows.ptr(), static_cast<Py_ssize_t>(i + kAhead));
            if (PyList_CheckExact(later))
                __builtin_prefetch(reinterpret_cast<PyListObject*>(later)->ob_item);
        }
        PyObject* row = PyList_GET_ITEM(rows.ptr(), static_cast<Py_ssize_t>(i));
        if (!PyList_CheckExact(row) || !read_row(row, i, bits)) return nb::none();
    }
    return nb::cast(std::move(bits));
}

/// [N × K] of 0 and 1.
template <class Cell>
nb::object matrix_of(const LabelBits& bits) {
    std::vector<Cell> cells(bits.rows() * bits.classes());
    {
        const nb::gil_scoped_release released;
        for (std::size_t b = 0; b < bits.block_count(); ++b) {
            const auto words = bits.block(b);
            for (std::size_t i = 0; i < words.size(); ++i)
                for (std::uint64_t word = words[i]; word != 0; word &= word - 1)
                    cells[i * bits.classes() + b * LabelBits::kBlockClasses +
                          static_cast<std::size_t>(std::countr_zero(word))] = 1;
        }
    }
    return to_numpy(std::move(cells), bits.rows(), bits.classes());
}

template <class Id>
nb::object array_of(const std::vector<Id>& ids) {
    return nb::cast(to_numpy(std::vector<std::int64_t>(ids.begin(), ids.end())));
}

template <class Id>
nb::list arrays_of(const std::vector<std::vector<Id>>& lists) {
    nb::list arrays;
    for (const auto& ids : lists) arrays.append(array_of(ids));
    return arrays;
}

/// Where a class of a row is an issue.
template <class T>
LabelBits flag(const LabelBits& labels, const Array2<T>& probs, const nb::dict& given) {
    const auto options = options_of(given);
    const nb::gil_scoped_release released;
    return take(flag_classes<T>(view_of(probs), labels, options, pool()));
}

/// [K] rows of `labels` that have each class and are flagged, and [K] those that lack it.
nb::tuple count_flags(const LabelBits& labels, const LabelBits& flags) {
    std::vector<std::int64_t> given(flags.classes());
    std::vector<std::int64_t> missing(flags.classes());
    for (std::size_t b = 0; b < flags.block_count(); ++b) {
        const auto labelled = labels.block(b);
        const auto words = flags.block(b);
        for (std::size_t i = 0; i < words.size(); ++i)
            for (std::uint64_t word = words[i]; word != 0; word &= word - 1) {
                const auto j = static_cast<std::size_t>(std::countr_zero(word));
                ++((labelled[i] >> j & 1) != 0 ? given : missing)[b * LabelBits::kBlockClasses + j];
            }
    }
    return nb::make_tuple(to_numpy(std::move(given)), to_numpy(std::move(missing)));
}

/// [n] rows that are issues, ascending.
template <class T>
nb::object rows(const LabelBits& labels, const Array2<T>& probs, const nb::dict& given) {
    const auto options = options_of(given);
    std::vector<Row> flagged;
    {
        const nb::gil_scoped_release released;
        flagged = take(flag_rows<T>(view_of(probs), labels, options, pool()));
    }
    return array_of(flagged);
}

/// (indices, scores, wrongly given classes of each, wrongly missing ones), worst first.
template <class T>
nb::tuple find(const LabelBits& labels, const Array2<T>& probs, const nb::dict& given) {
    const auto options = options_of(given);
    MultilabelIssues found;
    {
        const nb::gil_scoped_release released;
        found = take(find_label_issues<T>(view_of(probs), labels, options, pool()));
    }
    std::vector<std::int64_t> indices;
    std::vector<double> scores;
    std::vector<std::vector<ClassId>> wrongly_given;
    std::vector<std::vector<ClassId>> wrongly_missing;
    for (auto& issue : found.ranked) {
        indices.push_back(static_cast<std::int64_t>(issue.index));
        scores.push_back(issue.score);
        wrongly_given.push_back(std::move(issue.wrongly_given));
        wrongly_missing.push_back(std::move(issue.wrongly_missing));
    }
    return nb::make_tuple(to_numpy(std::move(indices)), to_numpy(std::move(scores)), wrongly_given,
                          wrongly_missing);
}

/// [n] rows that are issues, worst first.
template <class T>
nb::object ranked_rows(const LabelBits& labels, const Array2<T>& probs, const nb::dict& given) {
    const auto options = options_of(given);
    RankedRows ranked;
    {
        const nb::gil_scoped_release released;
        ranked = take(rank_issues<T>(view_of(probs), labels, options, pool()));
    }
    return array_of(ranked.rows);
}

/// [K] arrays of rows, worst first.
template <class T>
nb::list rank(const LabelBits& labels, const Array2<T>& probs, const nb::dict& given) {
    const auto options = options_of(given);
    std::vector<std::vector<Row>> ranked;
    {
        const nb::gil_scoped_release released;
        ranked = take(rank_classes<T>(view_of(probs), labels, options, pool()));
    }
    return arrays_of(ranked);
}

/// [N] or, by class, [N × K].
template <class T>
nb::object score(const LabelBits& labels, const Array2<T>& probs, const nb::dict& given,
                 bool by_class) {
    const auto options = options_of(given);
    std::vector<double> scores;
    {
        const nb::gil_scoped_release released;
        scores = take(
            by_class
                ? score_classes<T>(view_of(probs), labels, options.scoring, options.order, pool())
                : score_rows<T>(view_of(probs), labels, options.scoring, options.order, pool()));
    }
    return by_class ? nb::cast(to_numpy(std::move(scores), labels.rows(), labels.classes()))
                    : nb::cast(to_numpy(std::move(scores)));
}

auto aggregate_scores(const Array2<double>& scores, const nb::dict& given) {
    const auto options = options_of(given);
    std::vector<double> result;
    {
        const nb::gil_scoped_release released;
        result =
            take(aggregate(view_of(scores), options.scoring.aggregation, options.order, pool()));
    }
    return to_numpy(std::move(result));
}

void append(const Joint& joint, std::vector<std::int64_t>& flat) {
    for (const auto& row : joint) flat.insert(flat.end(), row.begin(), row.end());
}

/// (thresholds [K × 2], joints [K × 4], calibrated joints [K × 4])
template <class T>
nb::tuple joints(const LabelBits& labels, const Array2<T>& probs, bool cleanlab_order) {
    ClassJoints found;
    {
        const nb::gil_scoped_release released;
        found = take(estimate_joints<T>(view_of(probs), labels,
                                        cleanlab_order ? Order::Cleanlab : Order::Sound, pool()));
    }
    std::vector<double> thresholds;
    std::vector<std::int64_t> counted;
    std::vector<std::int64_t> calibrated;
    const std::size_t classes = found.thresholds.size();
    for (std::size_t k = 0; k < classes; ++k) {
        const auto& values = found.thresholds[k].values;
        thresholds.insert(thresholds.end(), values.begin(), values.end());
        append(found.counted[k], counted);
        append(found.calibrated[k], calibrated);
    }
    return nb::make_tuple(to_numpy(std::move(thresholds), classes, 2),
                          to_numpy(std::move(counted), classes, 4),
                          to_numpy(std::move(calibrated), classes, 4));
}

template <class T>
void check(const Array2<T>& probs) {
    const nb::gil_scoped_release released;
    const auto checked = check_probabilities<T>(view_of(probs), pool());
    if (!checked) raise(checked.error());
}

template <class T>
void bind_for(nb::module_& module) {
    const auto labels = "labels"_a;
    const auto probs = "probs"_a.noconvert();
    module.def("multilabel_flag_classes", &flag<T>, labels, probs, "options"_a);
    module.def("multilabel_flag_rows", &rows<T>, labels, probs, "options"_a);
    module.def("multilabel_ranked_rows", &ranked_rows<T>, labels, probs, "options"_a);
    module.def("multilabel_find", &find<T>, labels, probs, "options"_a);
    module.def("multilabel_rank_classes", &rank<T>, labels, probs, "options"_a);
    module.def("multilabel_scores", &score<T>, labels, probs, "options"_a, "by_class"_a);
    module.def("multilabel_check", &check<T>, probs);
    module.def("multilabel_joints", &joints<T>, labels, probs, "cleanlab_order"_a);
}

}  // namespace

void bind_multilabel(nb::module_& module) {
    nb::class_<LabelBits>(module, "LabelBits")
        .def_prop_ro("rows", &LabelBits::rows)
        .def_prop_ro("classes", &LabelBits::classes)
        .def("counts", [](const LabelBits& bits) { return array_of(bits.count_rows()); })
        .def("flagged_rows", [](const LabelBits& bits) { return array_of(bits.rows_with_any()); })
        .def("matrix", &matrix_of<std::int64_t>)
        .def("mask", &matrix_of<std::uint8_t>);
    module.def("multilabel_read", &read_lists, "labels"_a, "classes"_a);
    module.def("multilabel_bits", &bits_of, "cells"_a.noconvert());
    module.def("multilabel_count_flags", &count_flags, "labels"_a, "flags"_a);
    bind_for<float>(module);
    bind_for<double>(module);
    module.def("multilabel_aggregate", &aggregate_scores, "scores"_a.noconvert(), "options"_a);
}

}  // namespace tusker::python
