#include "server/http/openapi.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "base/json.hpp"

namespace tusker::http {

namespace {

struct Listed {
    const Route* route;
    std::string_view family;
};

/// "{ref...}" is "{ref}" there: OpenAPI knows no parameter with slashes, which its text then says.
std::string template_of(std::string_view pattern) {
    std::string text(pattern);
    if (const auto dots = text.find("...}"); dots != std::string::npos) text.erase(dots, 3);
    return text;
}

void write_parameters(json::Writer& writer, std::string_view pattern) {
    writer.key("parameters").array();
    while (true) {
        const auto open = pattern.find('{');
        if (open == std::string_view::npos) break;
        const auto close = pattern.find('}', open);
        auto name = pattern.substr(open + 1, close - open - 1);
        const bool swallows = name.ends_with("...");
        if (swallows) name.remove_suffix(3);
        writer.object().member("name", name).member("in", "path").member("required", true);
        if (swallows) writer.member("description", "The rest of the path, slashes included.");
        writer.key("schema").object().member("type", "string").end().end();
        pattern.remove_prefix(close);
    }
    writer.end();
}

void write_answer(json::Writer& writer, std::string_view status, std::string_view text) {
    writer.key(status).object().member("description", text).end();
}

void write_operation(json::Writer& writer, const Listed& listed) {
    const Route& route = *listed.route;
    std::string name(method_name(route.method));
    std::ranges::transform(name, name.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    writer.key(name).object();
    writer.key("tags").array().value(listed.family).end();
    writer.member("summary", route.summary);
    if (route.role)
        writer.member("description", fmt::format("Role: {}.", access::role_name(*route.role)));
    else
        writer.key("security").array().end();
    write_parameters(writer, route.pattern);
    writer.key("responses").object();
    if (!route.handler) {
        write_answer(writer, "501", "Tusker does not serve this route.");
    } else {
        write_answer(writer, "2XX", route.answers);
        writer.key("default").object().member("$ref", "#/components/responses/error").end();
    }
    writer.end().end();
}

void write_components(json::Writer& writer) {
    writer.key("components").object();
    writer.key("securitySchemes").object();
    writer.key("basic").object().member("type", "http").member("scheme", "basic").end();
    writer.key("bearer").object().member("type", "http").member("scheme", "bearer").end();
    writer.key("limited")
        .object()
        .member("type", "apiKey")
        .member("in", "header")
        .member("name", "x-limited-access-key")
        .end();
    writer.end();
    writer.key("responses").object().key("error").object();
    writer.member("description", "A sentence that names field, value and rule.");
    writer.key("content").object().key("application/json").object().key("schema").object();
    writer.member("type", "object").key("required").array().value("error").end();
    writer.key("properties").object().key("error").object().member("type", "string").end().end();
    for (int level = 0; level < 5; ++level) writer.end();
    writer.end();
}

}  // namespace

std::string openapi_document(std::span<const RouteTable> tables, std::string_view version) {
    std::map<std::string, std::vector<Listed>> paths;
    for (const auto& table : tables)
        for (const auto& route : table.routes)
            paths[template_of(route.pattern)].push_back({&route, table.family});
    json::Writer writer;
    writer.object().member("openapi", "3.1.0");
    writer.key("info").object().member("title", "Tusker").member("version", version).end();
    writer.key("security").array();
    for (const auto* scheme : {"basic", "bearer", "limited"})
        writer.object().key(scheme).array().end().end();
    writer.end();
    writer.key("paths").object();
    for (const auto& [path, routes] : paths) {
        writer.key(path).object();
        for (const auto& listed : routes) write_operation(writer, listed);
        writer.end();
    }
    writer.end();
    write_components(writer);
    writer.end();
    return writer.take();
}

RouteTable openapi_routes(std::span<const RouteTable> tables, std::string_view version) {
    return {.family = "openapi",
            .routes = {{.method = Method::Get,
                        .pattern = "/api/openapi.json",
                        .role = std::nullopt,
                        .handler = [text = openapi_document(tables, version)](const Request&)
                            -> Result<Response> { return Response::json(text); },
                        .summary = "This document",
                        .answers = "OpenAPI 3.1"}}};
}

}  // namespace tusker::http
