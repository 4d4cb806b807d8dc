// One function for each family of kernels: adds its functions to the module.
#pragma once

#include <nanobind/nanobind.h>

namespace tusker::python {

void bind_confident(nanobind::module_& module);
void bind_crowd(nanobind::module_& module);
void bind_consensus(nanobind::module_& module);
void bind_detection(nanobind::module_& module);
void bind_live_ranking(nanobind::module_& module);
void bind_multilabel(nanobind::module_& module);
void bind_outliers(nanobind::module_& module);
void bind_classification(nanobind::module_& module);
void bind_latent(nanobind::module_& module);

}  // namespace tusker::python
