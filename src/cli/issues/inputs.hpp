// From the files of the command line to what kernels take, with the rules that hold for every task.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "cli/issues/class_names.hpp"
#include "cli/progress_line.hpp"
#include "formats/arrays/arrays.hpp"
#include "kernels/confident/confident.hpp"
#include "kernels/confident/probabilities.hpp"

namespace tusker::cli {

/// [N × K] in one or several files, each of float16, float32 or float64, read where they lie.
class FloatMatrix {
public:
    /// At least one, all of the same width.
    explicit FloatMatrix(std::vector<npy::Array> parts) : parts_(std::move(parts)) {}

    std::size_t rows() const;
    std::size_t classes() const { return parts_.front().shape()[1]; }
    /// Scores are of the type that is computed in: float64 if any part is.
    bool are_float32() const;
    /// Views of the parts; they live as long as this.
    Result<confident::Probabilities> in_parts() const;
    /// For kernels that take one matrix: fn(MatrixView<const float>) or fn(MatrixView<const
    /// double>), which answer one Result type. A single part of that type is read where it lies;
    /// float16 is widened and several parts are put under each other in memory first.
    template <class Fn>
    auto with_matrix(const Fn& fn) const -> std::invoke_result_t<Fn, MatrixView<const float>> {
        const npy::Array& part = parts_.front();
        if (parts_.size() == 1 && part.type() == npy::Type::Float64)
            return fn(MatrixView(part.values<double>(), rows(), classes()));
        if (parts_.size() == 1 && part.type() == npy::Type::Float32)
            return fn(MatrixView(part.values<float>(), rows(), classes()));
        const auto parts = TUSKER_TRY(in_parts());
        return parts.in_double() ? with_copy<double>(parts, fn) : with_copy<float>(parts, fn);
    }

    /// As one matrix of T: read where it lies if it is one part of that type, else put together in
    /// `copy`, which then must outlive the view.
    template <class T>
    Result<MatrixView<const T>> as_matrix(std::vector<T>& copy) const {
        const npy::Array& part = parts_.front();
        if (parts_.size() == 1 && part.type() == npy::type_of<T>())
            return MatrixView(part.values<T>(), rows(), classes());
        const auto parts = TUSKER_TRY(in_parts());
        copy.resize(parts.rows() * parts.columns());
        auto out = copy.begin();
        parts.read<T>(0, parts.rows(), [&](MatrixView<const T> some, std::size_t) {
            out = std::ranges::copy(some.values(), out).out;
        });
        return MatrixView(std::span<const T>(copy), parts.rows(), parts.columns());
    }

private:
    template <class T, class Fn>
    static auto with_copy(const confident::Probabilities& parts, const Fn& fn) {
        std::vector<T> values(parts.rows() * parts.columns());
        auto out = values.begin();
        parts.read<T>(0, parts.rows(), [&](MatrixView<const T> some, std::size_t) {
            out = std::ranges::copy(some.values(), out).out;
        });
        return fn(MatrixView(std::span<const T>(values), parts.rows(), parts.columns()));
    }

    std::vector<npy::Array> parts_;
};

/// Columns are classes.
using Probabilities = FloatMatrix;

struct NamedProbabilities {
    Probabilities values;
    ClassNames names;
};

/// Several files are parts of one matrix, row under row. Names are those of `classes_file`, else of
/// a header. Error: not two dimensions, not floats, parts of different widths or names, names of
/// another number than columns.
Result<NamedProbabilities> read_probabilities(const std::vector<std::string>& files,
                                              const std::string& classes_file);

/// One file with a row for each label; `argument` names it in errors.
Result<FloatMatrix> read_float_matrix(const std::string& file, const std::string& argument,
                                      std::size_t rows);

/// One class for each row, as numbers or names.
Result<std::vector<confident::ClassId>> read_labels(const std::string& file,
                                                    const ClassNames& names, std::size_t rows);

/// The names of a --classes file; numbers if there is none.
Result<ClassNames> read_class_names(const std::string& classes_file);

/// The array's integers as classes; `argument` names them in errors.
Result<std::vector<confident::ClassId>> to_class_ids(const npy::Array& array,
                                                     std::string_view argument,
                                                     std::string_view file);

/// Reading that shows on the terminal how far it is.
class ShownReading {
public:
    explicit ShownReading(std::string message) : message_(std::move(message)) {}
    arrays::Options options();

private:
    std::string message_;
    ProgressLine line_;
};

/// A kernel's progress on the terminal; `line` outlives it.
confident::Progress shown_on(ProgressLine& line, std::string message, std::string unit);

}  // namespace tusker::cli
