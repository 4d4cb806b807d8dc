// Signing in and out, and the keys: /sign-in, /api/session, /api/sign-in-links, /api/keys.
#pragma once

#include <string>

#include "access/access.hpp"
#include "server/http/route.hpp"

namespace tusker::session {

struct Services {
    access::Access& access;
    std::string version;  // of the program, for GET /api/session
};

/// `services` must outlive the table.
http::RouteTable routes(Services& services);

/// "/sign-in?token=…&next=…"; `next` must be a path of this server, else "/".
std::string sign_in_path(std::string_view token, std::string_view next);

}  // namespace tusker::session
