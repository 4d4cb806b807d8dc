// Labels ranked by models, neighbours and how often classes are confused.
#include <vector>

#include <nanobind/stl/vector.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"
#include "kernels/confident/consensus.hpp"

namespace tusker::python {
namespace {

using namespace nb::literals;

/// (scores [N], suggested [N], powers, noise [K × K])
template <class T>
nb::tuple score(const Array1<std::int64_t>& labels, const std::vector<Array2<T>>& models,
                std::size_t classes, const Array2<std::int64_t>& neighbors,
                const Array2<double>& distances) {
    const auto ids = class_ids(labels);
    std::vector<MatrixView<const T>> views;
    views.reserve(models.size());
    for (const auto& model : models) views.push_back(view_of(model));
    confident::Consensus found;
    {
        const nb::gil_scoped_release released;
        found = take(confident::score_by_consensus(
            std::span<const MatrixView<const T>>(views),
            confident::Neighbors{view_of(neighbors), view_of(distances)}, ids, classes, pool()));
    }
    std::vector<std::int64_t> suggested(found.suggested.begin(), found.suggested.end());
    return nb::make_tuple(to_numpy(std::move(found.scores)), to_numpy(std::move(suggested)),
                          to_numpy(std::move(found.powers)),
                          to_numpy(std::move(found.noise), classes, classes));
}

template <class T>
void bind_for(nb::module_& module, const char* name) {
    module.def(name, &score<T>, "labels"_a.noconvert(), "models"_a, "classes"_a,
               "neighbors"_a.noconvert(), "distances"_a.noconvert());
}

}  // namespace

// Two names: an empty list of models does not say which type it is of.
void bind_consensus(nb::module_& module) {
    bind_for<float>(module, "score_by_consensus_float32");
    bind_for<double>(module, "score_by_consensus_float64");
}

}  // namespace tusker::python
