// A model's class probabilities as a matrix: row i, class j. They become category predictions with
// class_pdf, one an item, which is what label issues are found from.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "formats/import/import.hpp"
#include "formats/refused_row.hpp"
#include "jobs/jobs.hpp"

namespace tusker::formats {

struct ProbabilitiesRequest {
    std::string dataset_id;
    std::string model;               // name, reference id or id; made if there is none
    std::span<const std::byte> npy;  // a whole .npy file: float32 or float64, [N × K]
    std::string name = "the .npy";   // begins messages about it
    std::vector<std::string> classes;
    std::vector<std::string> references;  // empty: rows are the items in upload order
    bool dry_run = false;
    std::string who;
};

struct ProbabilitiesReport {
    RowCounts predictions;
    std::string run_id;
    std::vector<std::string> warnings;  // rows that do not sum to 1
    std::vector<RefusedRow> refused;    // references that are not in the dataset
    std::uint64_t refused_total = 0;

    std::string json() const;
};

/// Nothing is stored if the matrix breaks a rule: shape, NaN, a value outside [0, 1] (by more than
/// 1e-6), doubled classes or references. Unknown references are refused, the other rows kept.
Result<ProbabilitiesReport> import_probabilities(catalog::Catalog& catalog,
                                                 const ProbabilitiesRequest& request,
                                                 jobs::Progress& progress);

/// One name a line; an empty last line does not count, any other does.
std::vector<std::string> read_lines(std::string_view text);

}  // namespace tusker::formats
