// What the handlers of this family work with.
#pragma once

#include <filesystem>
#include <memory>

#include "access/access.hpp"
#include "base/pool.hpp"
#include "catalog/catalog.hpp"
#include "jobs/jobs.hpp"
#include "server/nucleus/dataset_settings.hpp"
#include "server/nucleus/uploads.hpp"
#include "storage/media/media.hpp"

namespace tusker::nucleus {

/// Borrowed rooms outlive the router; the family owns what only it needs.
struct Services {
    catalog::Catalog& catalog;
    jobs::Jobs& jobs;
    media::Media& media;
    const access::Access& access;
    const Pool& pool;
    Uploads uploads;
    DatasetSettings settings;
};

}  // namespace tusker::nucleus
