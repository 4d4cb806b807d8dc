// Routes are data: one table per family. Routing, authorisation, limits, the list of compatible
// routes and the OpenAPI document are read from it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/principal.hpp"
#include "server/http/request.hpp"
#include "server/http/response.hpp"

namespace tusker::http {

/// Runs on the worker pool; may block.
using Handler = std::function<Result<Response>(const Request&)>;

/// A family writes plain functions `Result<Response> f(const Request&, Services&)` and binds them:
///   {Method::Get, "/api/datasets", Role::Tasker, handler(list_datasets, services), "…"}
/// `services` must outlive the router.
template <class Services>
Handler handler(Result<Response> (*function)(const Request&, Services&), Services& services) {
    return [function, &services](const Request& request) { return function(request, services); };
}

struct Route {
    Method method;
    /// "/v1/nucleus/dataset/{ds}/refloc/{ref...}": "{x}" is one segment, "{x...}" (last only) the
    /// whole rest of the path. Literal segments win over parameters.
    std::string pattern;
    /// The least role; none = open to everyone (health, signed addresses, the app's files).
    std::optional<access::Role> role;
    /// Empty: a route of the wire format that Tusker does not serve, answered 501.
    Handler handler = nullptr;
    /// One sentence for the OpenAPI document and the list of compatible routes.
    std::string summary = {};
    /// What it answers, e.g. "{\"dataset_id\": string}".
    std::string answers = {};
    /// 0 = the server's default (--max-body).
    std::uint64_t body_bytes_max = 0;
    /// "T0", "T1", "T2" or "X", and the row's number in the wire format's reference; 0 = none.
    std::string tier = {};
    int number = 0;
};

struct RouteTable {
    std::string family;  // "nucleus", "app", "server": a label of the metrics
    std::vector<Route> routes;
};

struct Match {
    const Route* route;
    std::string_view family;
    std::vector<std::pair<std::string, std::string>> params;
};

/// Answers GET of what no table knows, except under the interfaces' own first segments: there an
/// unknown path is a mistake of the client and must not look like a page.
struct Fallback {
    std::string family;
    Route route;
    std::vector<std::string> not_under = {"api", "v1", "v2"};
};

/// Thread safety: const after construction.
class Router {
public:
    /// Fails (Internal, naming both) if two routes cannot be told apart or a pattern is malformed.
    static Result<Router> make(std::vector<RouteTable> tables,
                               std::optional<Fallback> fallback = std::nullopt);
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;
    ~Router();

    struct Refusal {
        int status;  // 404, 405 or 501
        std::string error;
        std::string allow;  // for 405: "GET, POST"
        std::string_view family;
    };
    /// A path with a trailing slash is served as the one without. HEAD is served by GET's route.
    std::expected<Match, Refusal> match(Method method, std::span<const std::string> segments) const;

    const std::vector<RouteTable>& tables() const;

private:
    struct Impl;
    explicit Router(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Matches and calls without sockets, authentication or limits: how tests call handlers.
Response dispatch(const Router& router, Request request);
/// The handler's answer with conditions applied; errors and exceptions become their response.
Response answer(const Handler& handler, const Request& request);

}  // namespace tusker::http
