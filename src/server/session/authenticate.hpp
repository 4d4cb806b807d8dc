// Finds out who sent a request: an API key or a signed-in browser.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/access.hpp"
#include "server/http/request.hpp"

namespace tusker::session {

/// Nobody if the request carries no credential; Unauthenticated if it carries a wrong one.
///   Authorization: Basic base64(KEY:)   the key as user name, no password
///   Authorization: Bearer KEY
///   x-limited-access-key: KEY           never more than a curator
///   Cookie of a session; methods that change something also need X-Tusker-CSRF (Forbidden)
Result<access::Principal> authenticate(const access::Access& access, const http::Request& request);

/// Cookies know no ports: two servers on one host must not sign each other out.
std::string cookie_name(const http::Request& request);
std::optional<std::string_view> session_secret(const http::Request& request);

}  // namespace tusker::session
