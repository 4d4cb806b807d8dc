// Several classes for each row, or none, and a probability of each class.
#include <algorithm>

#include <fmt/format.h>

#include "base/pool.hpp"
#include "cli/issues/inputs.hpp"
#include "cli/issues/report.hpp"
#include "cli/issues/request.hpp"
#include "cli/issues/text_table.hpp"
#include "formats/csv/csv.hpp"
#include "kernels/confident/multilabel/multilabel.hpp"

namespace tusker::cli {
namespace {

using confident::ClassId;
using multilabel::LabelBits;
using multilabel::MultilabelIssue;
using multilabel::MultilabelIssues;

/// The classes that a cell names: the whole cell, or else what semicolons and spaces part.
std::vector<std::string_view> split(std::string_view cell, const ClassNames& names) {
    if (names.find(cell)) return {cell};
    std::vector<std::string_view> parts;
    while (true) {
        const auto first = cell.find_first_not_of("; \t");
        if (first == std::string_view::npos) return parts;
        cell.remove_prefix(first);
        const auto end = std::min(cell.find_first_of("; \t"), cell.size());
        parts.push_back(cell.substr(0, end));
        cell.remove_prefix(end);
    }
}

Result<LabelBits> from_texts(const std::vector<arrays::Texts>& rows, const ClassNames& names,
                             std::size_t classes) {
    std::vector<std::vector<ClassId>> lists(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (const auto& cell : rows[i])
            for (const auto text : split(cell, names))
                lists[i].push_back(TUSKER_TRY(
                    to_class_id(text, names, "labels", fmt::format("{}, {}", i, lists[i].size()))));
    return LabelBits::from_lists(lists, classes);
}

/// Whole numbers, or floats that are 0 or 1, as cells.
template <class T>
Result<LabelBits> from_cells(std::span<const T> values, std::size_t rows, std::size_t classes) {
    std::vector<std::uint8_t> cells(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!(values[i] == T{0} || values[i] == T{1}))
            return invalid(fmt::format("labels[{}, {}] = {}: must be 0 or 1", i / classes,
                                       i % classes, values[i]));
        cells[i] = values[i] == T{1} ? 1 : 0;
    }
    return LabelBits::from_matrix(MatrixView(std::span<const std::uint8_t>(cells), rows, classes));
}

Result<LabelBits> from_array(const npy::Array& array, std::string_view file) {
    const std::size_t rows = array.shape()[0];
    const std::size_t classes = array.shape()[1];
    const auto cells = [&](const auto& values) { return from_cells(values, rows, classes); };
    if (auto bits = array.visit_integers(cells)) return *std::move(bits);
    if (array.type() == npy::Type::Float32) return cells(array.values<float>());
    if (array.type() == npy::Type::Float64) return cells(array.values<double>());
    return invalid(fmt::format("labels: {} holds float16: must be bool or integers, 0 or 1", file));
}

Result<LabelBits> read_lists(const std::string& file, const NamedProbabilities& probs) {
    const auto source = TUSKER_TRY(arrays::find_source(file, "labels"));
    const ClassNames& names = probs.names;
    const std::size_t rows = probs.values.rows();
    const std::size_t classes = probs.values.classes();
    ShownReading reading("reading " + source.file.filename().string());
    const auto is_value = [&](std::string_view cell) {
        return std::ranges::all_of(split(cell, names),
                                   [&](auto part) { return names.find(part).has_value(); });
    };
    const auto lists = TUSKER_TRY(arrays::read_lists(source, is_value, reading.options()));
    if (const auto* array = std::get_if<npy::Array>(&lists.values)) {
        if (array->shape()[0] != rows || array->shape()[1] != classes)
            return source.refuse(fmt::format("is {} x {}, the probabilities are {} x {}",
                                             array->shape()[0], array->shape()[1], rows, classes));
        return from_array(*array, source.file.string());
    }
    const auto& texts = std::get<std::vector<arrays::Texts>>(lists.values);
    if (texts.size() != rows)
        return source.refuse(fmt::format("{} rows{}, the probabilities have {}", texts.size(),
                                         lists.header.empty()
                                             ? std::string()
                                             : fmt::format(" after the header '{}'", lists.header),
                                         rows));
    return from_texts(texts, names, classes);
}

Result<MultilabelIssues> find(const IssuesRequest& request, const Probabilities& probs,
                              const LabelBits& labels) {
    multilabel::MultilabelOptions options;
    options.filter_by = confident::find_filter(request.filter_by).value_or(options.filter_by);
    options.scoring.rank_by =
        confident::find_ranking(request.rank_by).value_or(options.scoring.rank_by);
    options.order = request.order();
    options.min_examples_per_class = request.min_examples_per_class;
    options.frac_noise = request.frac_noise;
    const Pool pool(request.threads_wanted());
    ProgressLine line;
    return probs.with_matrix([&](auto view) {
        return multilabel::find_label_issues(view, labels, options, pool, {},
                                             shown_on(line, "reading probabilities", "rows"));
    });
}

class Findings {
public:
    Findings(const IssuesRequest& request, const MultilabelIssues& found, const ClassNames& names,
             bool float32)
        : request_(request), found_(found), names_(names), float32_(float32) {
        for (const MultilabelIssue& issue : found.ranked)
            for (const ClassId given : issue.wrongly_given)
                for (const ClassId missing : issue.wrongly_missing) ++confusions_[{given, missing}];
        for (const auto& summary : found.classes)
            per_class_.push_back(summary.wrongly_given + summary.wrongly_missing);
    }

    std::string headline() const {
        return fmt::format("{} label issues among {} rows ({}), {} classes\n", found_.ranked.size(),
                           found_.rows, percentage(found_.ranked.size(), found_.rows),
                           found_.classes.size());
    }

    std::string tables() const {
        if (found_.ranked.empty()) return {};
        TextTable table;
        table.column("index").column("score");
        table.column("wrongly given", TextTable::Align::Left);
        table.column("missing", TextTable::Align::Left);
        const auto worst =
            std::span(found_.ranked).first(std::min(kWorstShown, found_.ranked.size()));
        for (const MultilabelIssue& issue : worst)
            table.row({std::to_string(issue.index), shown_score(issue.score),
                       listed(issue.wrongly_given, ", "), listed(issue.wrongly_missing, ", ")});
        return classes_table() + confusions_table(confusions_, names_) +
               fmt::format("\nWorst {}\n{}", worst.size(), table.text());
    }

    std::string csv() const {
        std::string text = "index,wrongly_given,wrongly_missing,score\n";
        const std::string_view between = names_.are_known() ? ";" : " ";
        for (const MultilabelIssue& issue : found_.ranked)
            text += fmt::format("{},{},{},{}\n", issue.index,
                                csv::as_cell(listed(issue.wrongly_given, between)),
                                csv::as_cell(listed(issue.wrongly_missing, between)),
                                score_text(issue.score, float32_));
        return text;
    }

    std::string json() const {
        json::Writer w;
        w.object().member("task", "multilabel");
        w.member("rows", found_.rows).member("classes", found_.classes.size());
        w.member("filter_by", request_.filter_by).member("rank_by", request_.rank_by);
        w.member("order", request_.order_name()).member("count", found_.ranked.size());
        write_class_members(w, names_, per_class_, confusions_);
        w.key("issues").array();
        for (const MultilabelIssue& issue : found_.ranked) {
            w.object().member("index", issue.index).key("wrongly_given").array();
            for (const ClassId k : issue.wrongly_given) w.value(k);
            w.end().key("wrongly_missing").array();
            for (const ClassId k : issue.wrongly_missing) w.value(k);
            w.end().key("score");
            write_score(w, issue.score, float32_);
            w.end();
        }
        w.end().end();
        return w.take() + "\n";
    }

    std::vector<std::int64_t> indices() const { return indices_of(found_.ranked); }

private:
    std::string listed(const std::vector<ClassId>& classes, std::string_view between) const {
        std::string text;
        for (const ClassId k : classes) {
            if (!text.empty()) text += between;
            text += names_.text_of(k);
        }
        return text;
    }

    std::string classes_table() const {
        std::vector<ClassId> classes;
        for (ClassId k = 0; k < per_class_.size(); ++k)
            if (per_class_[k] > 0) classes.push_back(k);
        std::ranges::stable_sort(classes, std::ranges::greater{},
                                 [&](ClassId k) { return per_class_[k]; });
        TextTable table;
        table.column("class",
                     names_.are_known() ? TextTable::Align::Left : TextTable::Align::Right);
        table.column("wrongly given").column("of").column("missing").column("of");
        for (const ClassId k : std::span(classes).first(std::min(kClassesShown, classes.size()))) {
            const auto& summary = found_.classes[k];
            table.row({names_.text_of(k), std::to_string(summary.wrongly_given),
                       std::to_string(summary.given), std::to_string(summary.wrongly_missing),
                       std::to_string(found_.rows - summary.given)});
        }
        return fmt::format("\nPer class, most first ({} of {} have any)\n{}", classes.size(),
                           per_class_.size(), table.text());
    }

    const IssuesRequest& request_;
    const MultilabelIssues& found_;
    const ClassNames& names_;
    bool float32_;
    std::vector<std::size_t> per_class_;
    Confusions confusions_;
};

}  // namespace

Result<void> find_multilabel_issues(const IssuesRequest& request) {
    const auto probs = TUSKER_TRY(read_probabilities(request.probs, request.classes));
    const auto labels = TUSKER_TRY(read_lists(request.labels, probs));
    const auto found = TUSKER_TRY(find(request, probs.values, labels));
    const Findings findings(request, found, probs.names, probs.values.are_float32());
    return deliver(request, findings, {});
}

}  // namespace tusker::cli
