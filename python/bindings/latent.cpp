// The channel behind the labels: py, noise matrix, inverse.
#include <string>

#include <fmt/format.h>
#include <nanobind/stl/string.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"
#include "kernels/confident/latent.hpp"

namespace tusker::python {
namespace {

using namespace confident;
using namespace nb::literals;

LatentMatrix matrix(const Array2<double>& array, bool by_columns) {
    if (array.shape(0) != array.shape(1))
        raise({ErrorCode::InvalidArgument,
               fmt::format("a matrix is {} × {}: must be square", array.shape(0), array.shape(1))});
    return {array.shape(0), std::vector<double>(array.data(), array.data() + array.size()),
            by_columns ? Layout::Columns : Layout::Rows};
}

std::span<const double> of_size(const Array1<double>& array, std::size_t size) {
    if (array.size() != size)
        raise({ErrorCode::InvalidArgument,
               fmt::format("a vector of class shares has {} entries: there must be one for each "
                           "of {} classes",
                           array.size(), size)});
    return span_of(array);
}

auto numpy_of(LatentMatrix matrix) {
    return to_numpy(std::move(matrix.values), matrix.size, matrix.size);
}

PriorBy prior_method(const std::string& name) {
    const auto method = find_prior_method(name);
    if (!method)
        raise({ErrorCode::InvalidArgument,
               fmt::format("py_method {} should be in [cnt, eqn, marginal, marginal_ps]", name)});
    return *method;
}

nb::tuple estimate(const Array2<double>& joint, bool by_columns, const Array1<double>& ps,
                   const std::string& py_method, bool converge) {
    auto latent =
        take(estimate_latent(matrix(joint, by_columns), of_size(ps, joint.shape(0)),
                             {.prior_by = prior_method(py_method), .converge = converge}, pool()));
    return nb::make_tuple(to_numpy(std::move(latent.py)), numpy_of(std::move(latent.noise)),
                          numpy_of(std::move(latent.inverse)));
}

auto inverse(const Array2<double>& noise, bool by_columns, const Array1<double>& py,
             const Array1<double>& ps) {
    const std::size_t classes = noise.shape(0);
    return numpy_of(inverse_of_noise(matrix(noise, by_columns), of_size(py, classes),
                                     of_size(ps, classes), pool()));
}

auto noise(const Array2<double>& inverse, bool by_columns, const Array1<double>& ps,
           const Array1<double>& py) {
    const std::size_t classes = inverse.shape(0);
    return numpy_of(noise_of_inverse(matrix(inverse, by_columns), of_size(ps, classes),
                                     of_size(py, classes), pool()));
}

auto prior(const std::string& py_method, const Array1<double>& ps, const Array2<double>& noise,
           const Array2<double>& inverse, const Array1<double>& true_counts) {
    const PriorBy method = prior_method(py_method);
    const std::size_t classes = ps.size();
    const LatentMatrix noise_matrix = matrix(noise, false);
    const LatentMatrix inverse_matrix = matrix(inverse, false);
    if (noise_matrix.size != classes || inverse_matrix.size != classes)
        raise({ErrorCode::InvalidArgument,
               fmt::format("noise matrices have {} and {} rows: must have {}, as ps has entries",
                           noise_matrix.size, inverse_matrix.size, classes)});
    const auto counts =
        method == PriorBy::Marginal ? of_size(true_counts, classes) : std::span<const double>{};
    return to_numpy(take(find_prior(method, {span_of(ps), noise_matrix, inverse_matrix, counts})));
}

nb::tuple converged(const Array1<double>& ps, const Array1<double>& py, const Array2<double>& noise,
                    bool by_columns, const Array2<double>& inverse, int inverse_rounds,
                    int noise_rounds) {
    const std::size_t classes = noise.shape(0);
    const auto start = of_size(py, classes);
    auto latent = converge(
        {{start.begin(), start.end()}, matrix(noise, by_columns), matrix(inverse, !by_columns)},
        of_size(ps, classes), inverse_rounds, noise_rounds, pool());
    return nb::make_tuple(to_numpy(std::move(latent.py)), numpy_of(std::move(latent.noise)),
                          numpy_of(std::move(latent.inverse)));
}

auto clipped(const Array2<double>& rates, bool by_columns) {
    return numpy_of(clip_noise_rates(matrix(rates, by_columns), pool()));
}

}  // namespace

void bind_latent(nb::module_& module) {
    module.def("estimate_latent", &estimate, "joint"_a.noconvert(), "by_columns"_a,
               "ps"_a.noconvert(), "py_method"_a, "converge"_a);
    module.def("inverse_of_noise", &inverse, "noise"_a.noconvert(), "by_columns"_a,
               "py"_a.noconvert(), "ps"_a.noconvert());
    module.def("noise_of_inverse", &noise, "inverse"_a.noconvert(), "by_columns"_a,
               "ps"_a.noconvert(), "py"_a.noconvert());
    module.def("find_prior", &prior, "py_method"_a, "ps"_a.noconvert(), "noise"_a.noconvert(),
               "inverse"_a.noconvert(), "true_counts"_a.noconvert());
    module.def("converge", &converged, "ps"_a.noconvert(), "py"_a.noconvert(),
               "noise"_a.noconvert(), "by_columns"_a, "inverse"_a.noconvert(), "inverse_rounds"_a,
               "noise_rounds"_a);
    module.def("clip_noise_rates", &clipped, "rates"_a.noconvert(), "by_columns"_a);
}

}  // namespace tusker::python
