// Giving a dataset back: COCO and CSV of the labels as they are now, the list of changes, and the
// COCO file that somebody imported with only its corrected rows changed.
// Exports are read in chunks from one Version, so that a large one needs no memory of its size.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/pool.hpp"
#include "catalog/catalog.hpp"

namespace tusker::formats {

/// Appends the next part of a file to `out`; false after the last.
using Chunks = std::function<Result<bool>(std::string& out)>;

/// Images (id = item number + 1, file_name = reference id, metadata), annotations (id = the
/// annotation id where that is a number nobody else has, else a new one; the annotation id beside
/// it where it differs), categories (the labels in use, sorted, from 1).
Chunks export_coco(std::shared_ptr<const catalog::Version> version, columns::Bitmap items);

/// reference_id,annotation_id,type,label,given,x,y,w,h,who,at,issue_kind,issue_suggested,
/// issue_score: one row an annotation, and one with an empty type for an item without any. `given`
/// is the label before any correction; `who` and `at` say whose the last one was; issue_… what the
/// label-issue run said of it (nothing if `finding_id` is empty and there is none).
Chunks export_csv(std::shared_ptr<const catalog::Version> version, columns::Bitmap items,
                  std::vector<catalog::Correction> corrections, std::string_view finding_id = {});

/// reference_id,annotation_id,given,label,who,at,score,change,x,y,w,h: labels and boxes that differ
/// from the given ones. `change` is relabelled, moved or added (then nothing was given).
std::string export_changes(const catalog::Version& version,
                           std::span<const catalog::Correction> corrections);

struct FileChange {
    std::uint64_t line = 0;
    std::string before;  // empty: added
    std::string after;
};

/// Rewrites the category of each annotation in the COCO file `file` whose label in the dataset is
/// another; all other bytes stay. The file is replaced at once or not at all; a dry run changes
/// nothing. Error: the file is no COCO, or none of its images is in the dataset.
Result<std::vector<FileChange>> export_in_place(const catalog::Catalog& catalog,
                                                std::string_view dataset_id,
                                                const std::filesystem::path& file, bool dry_run,
                                                const Pool& pool);

}  // namespace tusker::formats
