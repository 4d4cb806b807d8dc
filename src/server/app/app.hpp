// The app's interface, /api, as docs/app-api.md states it: each handler parses, calls one room and
// renders. Start reading at app.cpp, the table of routes.
//
// Thread safety: handlers run on the server's workers, several at once; what they share is in
// Services.
#pragma once

#include "base/pool.hpp"
#include "catalog/catalog.hpp"
#include "jobs/jobs.hpp"
#include "server/app/average_colors.hpp"
#include "server/app/dataset_facts.hpp"
#include "server/app/deleted_slices.hpp"
#include "server/app/issue_cache.hpp"
#include "server/app/live_runs.hpp"
#include "server/app/scope_counts.hpp"
#include "server/app/uploads.hpp"
#include "server/http/route.hpp"
#include "storage/media/media.hpp"

namespace tusker::app {

struct Services {
    Services(catalog::Catalog& in_catalog, jobs::Jobs& in_jobs, const Pool& in_pool,
             media::Media& in_media)
        : catalog(in_catalog), jobs(in_jobs), pool(in_pool), media(in_media) {}

    catalog::Catalog& catalog;
    jobs::Jobs& jobs;
    const Pool& pool;
    media::Media& media;
    FactsCache facts = {};
    IssueCache issues = {};
    LiveRuns live_runs = {};
    DeletedSlices deleted_slices = {};
    AverageColors colors = {};
    Uploads uploads = {};
    WholeCounts whole_counts = {};
};

/// `services` must outlive the table.
http::RouteTable routes(Services& services);

}  // namespace tusker::app
