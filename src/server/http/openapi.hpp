// The OpenAPI document, read from the route tables.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/http/route.hpp"

namespace tusker::http {

/// OpenAPI 3.1 as JSON: every route with its summary, role, parameters and what it answers, grouped
/// by family. Routes that are listed and not served are marked by their only answer, 501.
std::string openapi_document(std::span<const RouteTable> tables, std::string_view version);

/// GET /api/openapi.json, which serves that document of `tables`; open to everyone.
RouteTable openapi_routes(std::span<const RouteTable> tables, std::string_view version);

}  // namespace tusker::http
