// The formats that run_import chooses from. Paths are absolute.
#pragma once

#include "formats/import/import.hpp"

namespace tusker::formats {

/// Class folders: PATH/CLASS/…/picture. Where all folders are parts of a split (train, val, test),
/// classes are the folders below and "split" becomes metadata. Pictures outside any class folder
/// are items without a label. Sorted by path, so that numbers do not depend on the disk.
Result<ImportReport> import_folder(catalog::Catalog* catalog, const ImportRequest& request,
                                   const Pool& pool, jobs::Progress& progress);
Result<ImportReport> import_coco(catalog::Catalog* catalog, const ImportRequest& request,
                                 const Pool& pool, jobs::Progress& progress);
Result<ImportReport> import_results(catalog::Catalog* catalog, const ImportRequest& request,
                                    const Pool& pool, jobs::Progress& progress);

/// The model of that name, reference id or id; made if there is none.
Result<std::string> find_or_create_model(catalog::Catalog& catalog, std::string_view name);

}  // namespace tusker::formats
