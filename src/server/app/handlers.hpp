// The handlers of /api, by what they are about; the table in app.cpp binds them.
#pragma once

#include "base/json.hpp"
#include "server/app/app.hpp"

namespace tusker::app {

using Answer = Result<http::Response>;
using http::Request;

// datasets.cpp
Answer list_datasets(const Request& request, Services& services);
Answer create_dataset(const Request& request, Services& services);
Answer show_dataset(const Request& request, Services& services);
Answer rename_dataset(const Request& request, Services& services);
Answer delete_dataset(const Request& request, Services& services);

// items.cpp
Answer query_items(const Request& request, Services& services);
Answer show_item(const Request& request, Services& services);

// facets.cpp
Answer count_facets(const Request& request, Services& services);
Answer complete_query(const Request& request, Services& services);

// pictures.cpp
Answer show_picture(const Request& request, Services& services);

// issue_runs.cpp
Answer start_issue_run(const Request& request, Services& services);
Answer list_issue_runs(const Request& request, Services& services);
Answer compare_issue_runs(const Request& request, Services& services);

// label_issue_routes.cpp
Answer list_label_issues(const Request& request, Services& services);

// still_wrong_routes.cpp
Answer estimate_still_wrong(const Request& request, Services& services);

// decisions.cpp
Answer decide(const Request& request, Services& services);
Answer undo_decision(const Request& request, Services& services);
Answer list_decisions(const Request& request, Services& services);

// slices.cpp
Answer list_slices(const Request& request, Services& services);
Answer create_slice(const Request& request, Services& services);
Answer rename_slice(const Request& request, Services& services);
Answer delete_slice(const Request& request, Services& services);
Answer restore_slice(const Request& request, Services& services);
Answer combine_slices(const Request& request, Services& services);

// in_out.cpp
Answer start_import(const Request& request, Services& services);
Answer keep_upload(const Request& request, Services& services);
Answer put_probabilities(const Request& request, Services& services);
Answer export_file(const Request& request, Services& services);
Answer export_in_place(const Request& request, Services& services);
Answer export_changes(const Request& request, Services& services);

// job_routes.cpp
Answer list_jobs(const Request& request, Services& services);
Answer show_job(const Request& request, Services& services);
Answer cancel_job(const Request& request, Services& services);

/// The item of the number in the path.
Result<catalog::Item> item_of(const Request& request, const catalog::Version& version);
/// JOB of docs/app-api.md.
void write_job(json::Writer& writer, const jobs::Job& job);

}  // namespace tusker::app
