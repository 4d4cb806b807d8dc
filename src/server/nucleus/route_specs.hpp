// The rows of the wire format as data.
#pragma once

#include <span>

#include "server/nucleus/handlers.hpp"

namespace tusker::nucleus {

struct RouteSpec {
    std::string_view tier;  // T0, T1, T2, X
    int number;             // of the row in the wire format's list
    http::Method method;
    std::string_view path;  // below /v1/nucleus/
    std::optional<access::Role> role;
    Result<Response> (*function)(const Request&, Services&);  // null: answered 501
    std::string_view summary;                                 // what of the client calls it
    std::string_view answers = {};
};

std::span<const RouteSpec> served_routes();
/// Routes that the client has and Tusker does not serve.
std::span<const RouteSpec> refused_routes();

}  // namespace tusker::nucleus
