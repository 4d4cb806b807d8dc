// The extension module tusker._kernels: what the modules under python/tusker stand on.
#include <limits>

#include <fmt/format.h>

#include "bindings/arrays.hpp"
#include "bindings/families.hpp"

namespace tusker::python {

std::vector<std::uint32_t> class_ids(const Array1<std::int64_t>& labels) {
    const auto values = span_of(labels);
    std::vector<std::uint32_t> ids(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i] < 0 || values[i] >= std::numeric_limits<std::uint32_t>::max())
            raise(
                {ErrorCode::InvalidArgument,
                 fmt::format("labels[{}] = {}: must be a class number, 0 or more", i, values[i])});
        ids[i] = static_cast<std::uint32_t>(values[i]);
    }
    return ids;
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
