// From the files of the command line to what kernels take, with the rules that hold for every task.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/matrix_view.hpp"
#include "cli/issues/class_names.hpp"
#include "cli/progress_line.hpp"
#include "formats/arrays/arrays.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::cli {

/// [N × K] float32 or float64.
class Probabilities {
public:
    explicit Probabilities(npy::Array values) : values_(std::move(values)) {}

    std::size_t rows() const { return values_.shape()[0]; }
    std::size_t classes() const { return values_.shape()[1]; }
    bool are_float32() const { return values_.type() == npy::Type::Float32; }
    /// fn(MatrixView<const float>) or fn(MatrixView<const double>).
    template <class Fn>
    auto with_view(Fn&& fn) const {
        if (are_float32()) return fn(MatrixView(values_.values<float>(), rows(), classes()));
        return fn(MatrixView(values_.values<double>(), rows(), classes()));
    }

private:
    npy::Array values_;
};

struct NamedProbabilities {
    Probabilities values;
    ClassNames names;
};

/// Several files are parts of one matrix, row under row. Names are those of `classes_file`, else of
/// a header. Error: not two dimensions, not floats, parts that do not fit together, names of other
/// number than columns.
Result<NamedProbabilities> read_probabilities(const std::vector<std::string>& files,
                                              const std::string& classes_file);

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
