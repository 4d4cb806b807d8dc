#include "cli/issues/votes_input.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "cli/issues/inputs.hpp"
#include "formats/arrays/arrays.hpp"
#include "formats/csv/csv.hpp"

namespace tusker::cli {
namespace {

using confident::ClassId;
using crowd::Index;

/// Numbers texts in the order in which they come.
class Numbering {
public:
    Index number_of(const std::string& text) {
        const auto [found, is_new] = numbers_.emplace(text, static_cast<Index>(names_.size()));
        if (is_new) names_.push_back(text);
        return found->second;
    }
    std::vector<std::string> take() { return std::move(names_); }

private:
    std::unordered_map<std::string, Index> numbers_;
    std::vector<std::string> names_;
};

std::vector<std::string> numbers_up_to(std::size_t count) {
    std::vector<std::string> names;
    names.reserve(count);
    for (std::size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
    return names;
}

bool are_numbers(const arrays::Texts& texts) {
    return std::ranges::all_of(texts,
                               [](const auto& text) { return csv::number_of(text).has_value(); });
}

/// Names of the classes, where labels are names and nothing else says which there are.
Result<ClassNames> names_of_labels(const arrays::Texts& labels) {
    const std::set<std::string> names(labels.begin(), labels.end());
    return ClassNames::of({names.begin(), names.end()}, "labels");
}

Result<std::vector<Index>> rows_of(const arrays::Texts& items, std::size_t rows) {
    std::vector<Index> numbers;
    numbers.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto number = csv::integer_of(items[i]);
        if (!number || *number < 0 || std::cmp_greater_equal(*number, rows))
            return invalid(fmt::format(
                "labels[{}, item] = {}: must be the number of a row of the probabilities, below {}",
                i, items[i], rows));
        numbers.push_back(static_cast<Index>(*number));
    }
    return numbers;
}

Result<void> check_classes(std::span<const ClassId> labels, std::optional<std::size_t> classes,
                           std::string_view rest) {
    if (!classes) return {};
    for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] >= *classes)
            return invalid(fmt::format("labels[{}{}] = {}: must be below {}, the number of classes",
                                       i, rest, labels[i], *classes));
    return {};
}

std::size_t count_classes(const NamedVotes& votes, std::optional<std::size_t> expected) {
    if (expected) return *expected;
    const auto largest = std::ranges::max_element(votes.labels);
    const std::size_t seen = largest == votes.labels.end() ? 0 : std::size_t{*largest} + 1;
    return std::max(seen, votes.names.names().size());
}

Result<NamedVotes> from_table(const arrays::Source& source, ExpectedVotes expected) {
    ShownReading reading("reading " + source.file.filename().string());
    const auto table =
        TUSKER_TRY(arrays::read_table(source, {"item", "annotator", "label"}, reading.options()));
    if (table[0].empty()) return source.refuse("0 labels: there must be at least one");
    NamedVotes votes;
    votes.names = std::move(expected.names);
    if (!votes.names.are_known() && !expected.classes && !are_numbers(table[2]))
        votes.names = TUSKER_TRY(names_of_labels(table[2]));
    votes.labels.reserve(table[2].size());
    for (std::size_t i = 0; i < table[2].size(); ++i)
        votes.labels.push_back(TUSKER_TRY(
            to_class_id(table[2][i], votes.names, source.argument, fmt::format("{}, label", i))));
    TUSKER_TRY(check_classes(votes.labels, expected.classes, ", label"));
    if (expected.rows) {
        votes.items = TUSKER_TRY(rows_of(table[0], *expected.rows));
        votes.item_names = numbers_up_to(*expected.rows);
    } else {
        Numbering items;
        for (const auto& item : table[0]) votes.items.push_back(items.number_of(item));
        votes.item_names = items.take();
    }
    Numbering annotators;
    for (const auto& who : table[1]) votes.annotators.push_back(annotators.number_of(who));
    votes.annotator_names = annotators.take();
    votes.classes = count_classes(votes, expected.classes);
    return votes;
}

/// A vote for each cell that is a label.
template <class T>
Result<void> add_cells(std::span<const T> cells, std::size_t columns, NamedVotes& votes) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto cell = static_cast<double>(cells[i]);
        if (std::isnan(cell) || cell == -1) continue;
        if (!(cell >= 0 && cell < std::numeric_limits<ClassId>::max() && cell == std::floor(cell)))
            return invalid(
                fmt::format("labels[{}, {}] = {}: must be the number of a class, or NaN "
                            "or -1 for no label",
                            i / columns, i % columns, cell));
        votes.items.push_back(static_cast<Index>(i / columns));
        votes.annotators.push_back(static_cast<Index>(i % columns));
        votes.labels.push_back(static_cast<ClassId>(cell));
    }
    return {};
}

Result<void> add_array(const npy::Array& array, NamedVotes& votes) {
    const std::size_t columns = array.shape()[1];
    switch (array.type()) {
        case npy::Type::Int8:
            return add_cells(array.values<std::int8_t>(), columns, votes);
        case npy::Type::Int16:
            return add_cells(array.values<std::int16_t>(), columns, votes);
        case npy::Type::Int32:
            return add_cells(array.values<std::int32_t>(), columns, votes);
        case npy::Type::Int64:
            return add_cells(array.values<std::int64_t>(), columns, votes);
        case npy::Type::Float32:
            return add_cells(array.values<float>(), columns, votes);
        case npy::Type::Float64:
            return add_cells(array.values<double>(), columns, votes);
        default:
            return invalid(
                fmt::format("labels: a matrix of {}: must be signed integers, float32 "
                            "or float64, so that it can say where there is no label",
                            npy::name_of(array.type())));
    }
}

Result<NamedVotes> from_matrix(const arrays::Source& source, ExpectedVotes expected) {
    ShownReading reading("reading " + source.file.filename().string());
    const auto array = TUSKER_TRY(arrays::read_matrix(source, reading.options())).values;
    const std::size_t rows = array.shape()[0];
    if (expected.rows && rows != *expected.rows)
        return source.refuse(
            fmt::format("{} rows, the probabilities have {}", rows, *expected.rows));
    NamedVotes votes;
    votes.names = std::move(expected.names);
    TUSKER_TRY(add_array(array, votes));
    if (votes.labels.empty()) return source.refuse("0 labels: there must be at least one");
    TUSKER_TRY(check_classes(votes.labels, expected.classes, ""));
    votes.item_names = numbers_up_to(rows);
    votes.annotator_names = numbers_up_to(array.shape()[1]);
    votes.classes = count_classes(votes, expected.classes);
    return votes;
}

}  // namespace

Result<crowd::Votes> NamedVotes::votes() const {
    return crowd::Votes::from_rows(
        {.items = items, .annotators = annotators, .labels = labels},
        {.items = item_names.size(), .annotators = annotator_names.size(), .classes = classes},
        crowd::Votes::Repeats::Refused);
}

Result<NamedVotes> read_votes(const std::string& file, ExpectedVotes expected) {
    const auto source = TUSKER_TRY(arrays::find_source(file, "labels"));
    return arrays::is_text(source) ? from_table(source, std::move(expected))
                                   : from_matrix(source, std::move(expected));
}

}  // namespace tusker::cli
