#include "kernels/confident/probabilities.hpp"

#include <fmt/format.h>

namespace tusker::confident {
namespace {

std::size_t columns_of(const Probabilities::Part& part) {
    return std::visit([](const auto& view) { return view.columns(); }, part);
}

bool is_double(const Probabilities::Part& part) {
    return std::holds_alternative<MatrixView<const double>>(part);
}

}  // namespace

Probabilities::Probabilities(Part part) : columns_(columns_of(part)), in_double_(is_double(part)) {
    parts_.push_back({0, part});
}

Result<Probabilities> Probabilities::of(std::span<const Part> parts) {
    if (parts.empty()) return invalid("probabilities have no part: there must be at least one");
    Probabilities all(parts[0]);
    for (std::size_t i = 1; i < parts.size(); ++i) {
        if (columns_of(parts[i]) != all.columns_)
            return invalid(
                fmt::format("probabilities: part {} has {} columns, part 0 has {}: parts of one "
                            "matrix have as many",
                            i, columns_of(parts[i]), all.columns_));
        all.in_double_ |= is_double(parts[i]);
        if (all.rows() == 0)
            all.parts_ = {{0, parts[i]}};
        else if (rows_of(parts[i]) > 0)
            all.parts_.push_back({all.rows(), parts[i]});
    }
    return all;
}

}  // namespace tusker::confident
