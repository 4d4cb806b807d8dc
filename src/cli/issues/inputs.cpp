#include "cli/issues/inputs.hpp"

#include <algorithm>
#include <concepts>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace tusker::cli {
namespace {

using confident::ClassId;

constexpr std::string_view kProbabilities = "probabilities";

template <std::integral Int>
Result<std::vector<ClassId>> to_ids(std::span<const Int> values, std::string_view argument) {
    std::vector<ClassId> labels;
    labels.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::cmp_less(values[i], 0))
            return invalid(fmt::format("{}[{}] = {}: must be >= 0", argument, i, values[i]));
        if (std::cmp_greater(values[i], std::numeric_limits<ClassId>::max() - 1))
            return invalid(fmt::format("{}[{}] = {}: is no class number", argument, i, values[i]));
        labels.push_back(static_cast<ClassId>(values[i]));
    }
    return labels;
}

struct Parts {
    std::vector<npy::Array> arrays;
    std::vector<std::string> columns;
};

/// With the names of its columns, if there are any.
Result<arrays::Matrix> read_floats(const arrays::Source& source) {
    ShownReading reading("reading " + source.file.filename().string());
    auto matrix = TUSKER_TRY(arrays::read_matrix(source, reading.options()));
    if (!npy::is_float(matrix.values.type()))
        return source.refuse(fmt::format("holds {}: must be float16, float32 or float64",
                                         npy::name_of(matrix.values.type())));
    return matrix;
}

Result<Parts> read_parts(const std::vector<std::string>& files) {
    Parts parts;
    for (const auto& file : files) {
        const auto source = TUSKER_TRY(arrays::find_source(file, std::string(kProbabilities)));
        auto matrix = TUSKER_TRY(read_floats(source));
        if (!parts.arrays.empty()) {
            const auto& first = parts.arrays.front();
            if (first.shape()[1] != matrix.values.shape()[1])
                return source.refuse(
                    fmt::format("has {} columns, the first file has {}: parts of "
                                "one matrix have as many",
                                matrix.values.shape()[1], first.shape()[1]));
            if (!matrix.columns.empty() && !parts.columns.empty() &&
                matrix.columns != parts.columns)
                return source.refuse("names other classes than the first file");
        }
        if (parts.columns.empty()) parts.columns = std::move(matrix.columns);
        parts.arrays.push_back(std::move(matrix.values));
    }
    return parts;
}

}  // namespace

Result<ClassNames> read_class_names(const std::string& classes_file) {
    if (classes_file.empty()) return ClassNames();
    return ClassNames::read(classes_file);
}

Result<NamedProbabilities> read_probabilities(const std::vector<std::string>& files,
                                              const std::string& classes_file) {
    Parts parts = TUSKER_TRY(read_parts(files));
    const std::size_t columns = parts.arrays.front().shape()[1];
    auto names = TUSKER_TRY(read_class_names(classes_file));
    if (names.are_known() && names.names().size() != columns)
        return invalid(fmt::format("classes: {}: {} names, the probabilities have {} columns",
                                   classes_file, names.names().size(), columns));
    if (!names.are_known() && !parts.columns.empty())
        names = TUSKER_TRY(ClassNames::of(std::move(parts.columns), kProbabilities));
    return NamedProbabilities{Probabilities(std::move(parts.arrays)), std::move(names)};
}

Result<FloatMatrix> read_float_matrix(const std::string& file, const std::string& argument,
                                      std::size_t rows) {
    const auto source = TUSKER_TRY(arrays::find_source(file, argument));
    std::vector<npy::Array> values;
    values.push_back(TUSKER_TRY(read_floats(source)).values);
    FloatMatrix matrix(std::move(values));
    if (matrix.rows() != rows)
        return source.refuse(
            fmt::format("has {} rows: must have {}, one for each label", matrix.rows(), rows));
    return matrix;
}

std::size_t FloatMatrix::rows() const {
    std::size_t rows = 0;
    for (const npy::Array& part : parts_) rows += part.shape()[0];
    return rows;
}

bool FloatMatrix::are_float32() const {
    return std::ranges::none_of(
        parts_, [](const npy::Array& part) { return part.type() == npy::Type::Float64; });
}

Result<confident::Probabilities> FloatMatrix::in_parts() const {
    std::vector<confident::Probabilities::Part> views;
    for (const npy::Array& part : parts_) {
        const std::size_t count = part.shape()[0];
        if (part.type() == npy::Type::Float16)
            views.emplace_back(MatrixView(part.values<confident::Float16>(), count, classes()));
        else if (part.type() == npy::Type::Float32)
            views.emplace_back(MatrixView(part.values<float>(), count, classes()));
        else
            views.emplace_back(MatrixView(part.values<double>(), count, classes()));
    }
    return confident::Probabilities::of(views);
}

Result<std::vector<ClassId>> to_class_ids(const npy::Array& array, std::string_view argument,
                                          std::string_view file) {
    auto ids = array.visit_integers([&](const auto& values) { return to_ids(values, argument); });
    if (ids) return *std::move(ids);
    return invalid(fmt::format("{}: {} holds {}: must be integers, the numbers of classes",
                               argument, file, npy::name_of(array.type())));
}

Result<std::vector<ClassId>> read_labels(const std::string& file, const ClassNames& names,
                                         std::size_t rows) {
    const auto source = TUSKER_TRY(arrays::find_source(file, "labels"));
    ShownReading reading("reading " + source.file.filename().string());
    const auto column = TUSKER_TRY(arrays::read_column(
        source, [&](std::string_view cell) { return names.find(cell).has_value(); },
        reading.options()));
    if (const auto* array = std::get_if<npy::Array>(&column.values))
        return to_class_ids(*array, source.argument, source.file.string());
    const auto& texts = std::get<arrays::Texts>(column.values);
    auto labels = TUSKER_TRY(to_class_ids(texts, names, source.argument));
    // The kernel says this, too, but does not know that a line was set apart.
    if (labels.size() + 1 == rows && !column.header.empty())
        return source.refuse(fmt::format(
            "{} labels after the first line, '{}', which is no class and was taken for a header; "
            "the probabilities have {} rows",
            labels.size(), column.header, rows));
    return labels;
}

arrays::Options ShownReading::options() {
    constexpr unsigned kMegabyte = 20;
    arrays::Options options;
    options.progress = [this](std::uint64_t done, std::uint64_t total) {
        line_.show(message_, done >> kMegabyte, total >> kMegabyte, "MB");
    };
    return options;
}

confident::Progress shown_on(ProgressLine& line, std::string message, std::string unit) {
    return [&line, message = std::move(message), unit = std::move(unit)](
               std::size_t done, std::size_t total) { line.show(message, done, total, unit); };
}

}  // namespace tusker::cli
