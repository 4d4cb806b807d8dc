// The wire format of the scale-nucleus client, under /v1/nucleus: one table of routes, from which
// docs/compatibility.md is printed. Handlers parse the wire shape, call one room and render;
// nothing here decides what is true about a dataset. Start reading at routes.cpp, then call.hpp.
#pragma once

#include <memory>
#include <string>

#include "server/http/route.hpp"
#include "server/nucleus/services.hpp"

namespace tusker::nucleus {

/// `services` must outlive the table.
http::RouteTable routes(Services& services);

/// The rooms of this family in one data directory.
Result<std::unique_ptr<Services>> open(const std::filesystem::path& data, catalog::Catalog& catalog,
                                       jobs::Jobs& jobs, media::Media& media,
                                       const access::Access& access, const Pool& pool);

/// docs/compatibility.md.
std::string compatibility_page();

}  // namespace tusker::nucleus
