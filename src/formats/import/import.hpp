// Bringing somebody's files into a dataset: a folder of class folders, a COCO file, COCO results.
//
// Pictures stay where they are. Rows that break a rule are refused by name and the good ones are
// kept; text that is no JSON refuses the file and stores nothing. Importing again changes only what
// differs: same rows are ignored, changed metadata and geometry are updated, and a label that a
// person corrected since stays corrected. A dry run goes the same way and writes nothing.
// Reference ids: COCO's file_name; in a folder the path below it. Annotation ids: COCO's id as
// text. Start reading at run_import.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.hpp"
#include "formats/refused_row.hpp"
#include "jobs/jobs.hpp"

namespace tusker::formats {

enum class Format { Folder, Coco, CocoResults };
/// "folder", "coco", "coco_results"
std::string_view format_name(Format format);
std::optional<Format> find_format(std::string_view name);

struct ImportRequest {
    std::filesystem::path path;
    std::optional<Format> format = {};  // found out from the path if absent
    /// Empty only in a dry run: the dataset is not there yet.
    std::string dataset_id = {};
    /// COCO results: the model's name, reference id or id; made if there is none.
    std::string model = {};
    /// Where file names begin; found out if empty: the file's folder, "images" in or beside it.
    std::filesystem::path images = {};
    /// COCO results: the COCO file whose ids they use; found out if empty: what was imported.
    std::filesystem::path labels = {};
    bool dry_run = false;
    /// Images whose picture is not there become items all the same.
    bool keep_missing = false;
    /// Forbidden for a path that may not be read. Everything may if empty.
    std::function<Result<void>(const std::filesystem::path&)> may_read = {};
    std::string who = {};
};

struct RowCounts {
    std::uint64_t created = 0;
    std::uint64_t updated = 0;
    std::uint64_t ignored = 0;
};

/// Rows beyond are only counted.
inline constexpr std::size_t kRefusedListed = 1'000;

struct ImportReport {
    Format format = Format::Folder;
    bool dry_run = false;
    RowCounts items;
    RowCounts annotations;
    RowCounts predictions;
    std::vector<std::pair<std::string, std::uint64_t>> classes;  // label, rows; most first
    std::vector<RefusedRow> refused;
    std::uint64_t refused_total = 0;
    std::string run_id = {};  // COCO results: where the predictions are

    /// The members of docs/app-api.md.
    std::string json() const;
};

/// What a path holds: a folder is class folders unless it has one .json file beside or above its
/// pictures; a .json file is COCO if it begins with '{', results if with '['.
struct Source {
    Format format;
    std::filesystem::path file;  // the .json, or the folder
};
Result<Source> find_source(const std::filesystem::path& path, std::optional<Format> format);

/// Without a catalog only a dry run of a dataset that is not there yet.
Result<ImportReport> run_import(catalog::Catalog* catalog, const ImportRequest& request,
                                const Pool& pool, jobs::Progress& progress);

}  // namespace tusker::formats
