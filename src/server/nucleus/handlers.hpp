// Handlers of the wire format, by concept. Each parses the call, asks one room and renders.
#pragma once

#include "server/nucleus/call.hpp"

namespace tusker::nucleus {

// datasets.cpp
Result<Response> list_dataset_details(const Request&, Services&);
Result<Response> list_dataset_ids(const Request&, Services&);
Result<Response> create_dataset(const Request&, Services&);
Result<Response> delete_dataset(const Request&, Services&);
Result<Response> dataset_name(const Request&, Services&);
Result<Response> dataset_is_scene(const Request&, Services&);
Result<Response> dataset_privacy_mode(const Request&, Services&);
Result<Response> dataset_size(const Request&, Services&);
Result<Response> dataset_info(const Request&, Services&);
Result<Response> dataset_tags(const Request&, Services&);
Result<Response> add_dataset_tags(const Request&, Services&);
Result<Response> remove_dataset_tags(const Request&, Services&);
Result<Response> dataset_class_labels(const Request&, Services&);
Result<Response> dataset_label_schema(const Request&, Services&);

// uploading.cpp
Result<Response> signed_url(const Request&, Services&);
Result<Response> put_upload(const Request&, Services&);
Result<Response> append_items(const Request&, Services&);
Result<Response> annotate(const Request&, Services&);
Result<Response> upload_predictions(const Request&, Services&);
Result<Response> predict_in_run(const Request&, Services&);
Result<Response> upload_predictions_for_run(const Request&, Services&);
Result<Response> upload_run_free_predictions(const Request&, Services&);
Result<Response> add_predictions_to_run(const Request&, Services&);
Result<Response> picture(const Request&, Services&);

// items.cpp
Result<Response> list_items(const Request&, Services&);
Result<Response> items_page(const Request&, Services&);
Result<Response> query_items_page(const Request&, Services&);
Result<Response> item_by_refloc(const Request&, Services&);
Result<Response> item_by_iloc(const Request&, Services&);
Result<Response> item_by_loc(const Request&, Services&);
Result<Response> delete_item(const Request&, Services&);
Result<Response> update_metadata(const Request&, Services&);

// annotations.cpp
Result<Response> ground_truth_loc(const Request&, Services&);
Result<Response> delete_annotations(const Request&, Services&);
Result<Response> export_dataset(const Request&, Services&);
Result<Response> export_dataset_page(const Request&, Services&);
Result<Response> add_taxonomy(const Request&, Services&);
Result<Response> delete_taxonomy(const Request&, Services&);

// models.cpp
Result<Response> list_models(const Request&, Services&);
Result<Response> create_model(const Request&, Services&);
Result<Response> get_model(const Request&, Services&);
Result<Response> delete_model(const Request&, Services&);
Result<Response> add_model_tags(const Request&, Services&);
Result<Response> remove_model_tags(const Request&, Services&);
Result<Response> add_trained_slices(const Request&, Services&);
Result<Response> remove_trained_slices(const Request&, Services&);
Result<Response> dataset_model_runs(const Request&, Services&);
Result<Response> create_model_run(const Request&, Services&);
Result<Response> model_runs(const Request&, Services&);
Result<Response> commit_model_run(const Request&, Services&);
Result<Response> model_run_info(const Request&, Services&);
Result<Response> delete_model_run(const Request&, Services&);

// predictions.cpp
Result<Response> export_predictions(const Request&, Services&);
Result<Response> model_predictions_iloc(const Request&, Services&);
Result<Response> model_predictions_refloc(const Request&, Services&);
Result<Response> model_prediction_loc(const Request&, Services&);
Result<Response> run_predictions_refloc(const Request&, Services&);
Result<Response> run_predictions_iloc(const Request&, Services&);
Result<Response> run_predictions_loc(const Request&, Services&);
Result<Response> run_prediction_loc(const Request&, Services&);
Result<Response> run_predictions(const Request&, Services&);
Result<Response> run_free_loc(const Request&, Services&);
Result<Response> run_free_refloc(const Request&, Services&);
Result<Response> run_free_iloc(const Request&, Services&);

// copy_predictions.cpp
Result<Response> copy_predictions_from_run(const Request&, Services&);

// slices.cpp
Result<Response> dataset_slices(const Request&, Services&);
Result<Response> list_slices(const Request&, Services&);
Result<Response> create_slice(const Request&, Services&);
Result<Response> slice_info(const Request&, Services&);
Result<Response> slice_items(const Request&, Services&);
Result<Response> slice_items_page(const Request&, Services&);
Result<Response> delete_slice(const Request&, Services&);
Result<Response> append_to_slice(const Request&, Services&);
Result<Response> export_slice(const Request&, Services&);
Result<Response> export_slice_page(const Request&, Services&);
Result<Response> export_slice_predictions(const Request&, Services&);
Result<Response> export_slice_predictions_page(const Request&, Services&);
Result<Response> export_slice_raw_items(const Request&, Services&);
Result<Response> slice_class_labels(const Request&, Services&);

// jobs.cpp
Result<Response> list_jobs(const Request&, Services&);
Result<Response> job_info(const Request&, Services&);
Result<Response> job_status(const Request&, Services&);
Result<Response> job_errors(const Request&, Services&);

}  // namespace tusker::nucleus
