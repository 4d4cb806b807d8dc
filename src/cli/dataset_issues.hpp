// tusker issues --dataset NAME: label issues over a dataset's predictions, stored as a finding.
#pragma once

#include <string>

#include "base/error.hpp"
#include "cli/remote.hpp"

namespace tusker::cli {

struct DatasetIssuesOptions {
    RemoteOptions remote;
    std::string dataset;
    std::string task;  // "classification" or "detection"; empty: as the labels are
    std::string run;
    std::string taxonomy;
    std::string filter_by;
    std::string rank_by;
    std::string compat;
    bool json = false;
};

/// Prints counts and the worst 20, or with --json the run as docs/app-api.md has it.
Result<void> find_dataset_issues(const DatasetIssuesOptions& options);

}  // namespace tusker::cli
