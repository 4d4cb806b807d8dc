// Confident joints as full matrices and back.
#pragma once

#include <cmath>

#include <fmt/format.h>

#include "bindings/arrays.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::python {

/// [K × K], laid out as asked for; what is no entry is 0.
inline nb::object dense(const confident::SparseSquare<std::int64_t>& counts,
                        confident::Layout layout = confident::Layout::Rows) {
    const bool by_rows = layout == confident::Layout::Rows;
    const std::size_t classes = counts.size();
    const nb::object zeros = nb::module_::import_("numpy").attr("zeros");
    nb::object matrix = zeros(nb::make_tuple(classes, classes), "int64", by_rows ? "C" : "F");
    // NumPy's memory is the system's zeros: only what is written is touched.
    auto* values = nb::cast<nb::ndarray<std::int64_t, nb::device::cpu>>(matrix).data();
    for (std::size_t i = 0; i < classes; ++i)
        for (const auto& [column, value] : counts.row(i))
            values[by_rows ? i * classes + column : column * classes + i] = value;
    return matrix;
}

/// A joint of the caller's. ValueError names the first entry that is negative or no number.
/// by_columns  whether the caller's array lies column after column
inline confident::GivenJoint given_joint(const Array2<double>& joint, bool by_columns) {
    const auto view = view_of(joint);
    if (view.rows() != view.columns())
        raise({ErrorCode::InvalidArgument, fmt::format("confident_joint is {} × {}: must be square",
                                                       view.rows(), view.columns())});
    std::vector<std::vector<confident::SparseEntry<double>>> rows(view.rows());
    for (std::size_t i = 0; i < view.rows(); ++i) {
        for (std::size_t j = 0; j < view.columns(); ++j) {
            const double value = view.row(i)[j];
            if (!(value >= 0 && std::isfinite(value)))
                raise({ErrorCode::InvalidArgument,
                       fmt::format("confident_joint[{}, {}] = {}: must be a number >= 0", i, j,
                                   value)});
            if (value != 0) rows[i].push_back({static_cast<std::uint32_t>(j), value});
        }
    }
    return {confident::SparseSquare<double>(rows),
            by_columns ? confident::Layout::Columns : confident::Layout::Rows};
}

}  // namespace tusker::python
