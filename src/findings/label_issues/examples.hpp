// The matrix that label issues are found from, and where its rows come from.
#pragma once

#include <string>
#include <vector>

#include "base/matrix_view.hpp"
#include "catalog/version.hpp"
#include "findings/label_issues/label_issues.hpp"

namespace tusker::label_issues {

struct Example {
    columns::RowKey annotation;
    confident::ClassId given = 0;
    confident::ClassId suggested = 0;  // the most probable class, the first of several
};

struct Skipped {
    std::size_t no_label = 0;
    std::size_t several_labels = 0;
    std::size_t no_prediction = 0;
};

struct Examples {
    std::vector<Example> rows;  // by item
    std::vector<std::string> classes;
    std::vector<catalog::LabelCode> codes;  // of classes; kNoCode if no row of the dataset has it
    /// [rows × classes], row-major: floats if every probability is exactly one, else doubles. A
    /// float matrix is half the bytes and what cleanlab is given by most models.
    std::vector<float> floats;
    std::vector<double> doubles;
    bool is_float = false;
    Skipped skipped;
};

inline constexpr catalog::LabelCode kNoCode = UINT32_MAX;

/// Errors as find_label_issues.
Result<Examples> gather_examples(const catalog::Version& version, const catalog::RunTable& run,
                                 const std::optional<std::string>& taxonomy,
                                 jobs::Progress& progress);

}  // namespace tusker::label_issues
