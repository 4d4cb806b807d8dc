// The extension module tusker._kernels: what the modules under python/tusker stand on.
#include <algorithm>

#include <fmt/format.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"

namespace tusker::python {

void refuse_labels(std::span<const std::int64_t> labels) {
    const auto wrong = std::ranges::find_if(labels, [](std::int64_t value) {
        return static_cast<std::uint64_t>(value) > kMostClassId;
    });
    raise({ErrorCode::InvalidArgument,
           fmt::format("labels[{}] = {}: must be a class number, 0 or more", wrong - labels.begin(),
                       *wrong)});
}

const Pool& pool() {
    static const Pool shared;
    return shared;
}

}  // namespace tusker::python

NB_MODULE(_kernels, module) {
    module.doc() = "Kernels of Tusker over NumPy arrays; the documented functions are tusker's.";
    tusker::python::bind_confident(module);
    tusker::python::bind_crowd(module);
    tusker::python::bind_consensus(module);
    tusker::python::bind_detection(module);
    tusker::python::bind_live_ranking(module);
    tusker::python::bind_multilabel(module);
    tusker::python::bind_outliers(module);
    tusker::python::bind_classification(module);
    tusker::python::bind_latent(module);
}
