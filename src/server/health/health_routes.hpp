// GET /healthz and GET /metrics, open to everyone: they say how the server is, not what it holds.
#pragma once

#include <string>

#include "server/health/metrics.hpp"
#include "server/http/route.hpp"

namespace tusker::health {

struct Services {
    const Metrics& metrics;
    std::string version;
};

/// `services` must outlive the table.
http::RouteTable routes(Services& services);

}  // namespace tusker::health
