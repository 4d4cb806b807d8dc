#include "server/health/health_routes.hpp"

#include "base/json.hpp"

namespace tusker::health {

namespace {

Result<http::Response> healthz(const http::Request&, Services& services) {
    json::Writer writer;
    writer.object().member("status", "ok").member("version", services.version).end();
    return http::Response::json(writer.take());
}

Result<http::Response> metrics(const http::Request&, Services& services) {
    return http::Response::text("text/plain; version=0.0.4; charset=utf-8",
                                services.metrics.text());
}

}  // namespace

http::RouteTable routes(Services& services) {
    return {.family = "health",
            .routes = {{.method = http::Method::Get,
                        .pattern = "/healthz",
                        .role = std::nullopt,
                        .handler = http::handler(healthz, services),
                        .summary = "Answers while the server works",
                        .answers = R"({"status":"ok","version"})"},
                       {.method = http::Method::Get,
                        .pattern = "/metrics",
                        .role = std::nullopt,
                        .handler = http::handler(metrics, services),
                        .summary = "Counters and gauges in Prometheus' text format",
                        .answers = "text/plain; version=0.0.4"}}};
}

}  // namespace tusker::health
