#include "server/assets/assets.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace tusker::assets {

using http::Request;
using http::Response;

namespace {

// Scripts of our own only, so that text from a dataset that slipped through as HTML runs nothing.
// Styles may be inline: the app positions boxes and bars by style attributes.
constexpr std::string_view kPagePolicy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src "
    "'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

constexpr std::string_view kNotBuiltIn =
    "<!doctype html><html lang=\"en\"><title>Tusker</title><h1>The app is not in this program</h1>"
    "<p>The server works, but it was built without the web app. <code>make build</code> builds "
    "both.</p></html>";

// Vite names these by their content, so they never change under one name.
bool is_hashed(std::string_view path) { return path.starts_with("/assets/"); }

/// True if Accept-Encoding takes `coding`: named, and not with q=0.
bool accepts(const Request& request, std::string_view coding) {
    std::string_view rest = request.header("Accept-Encoding").value_or("");
    while (!rest.empty()) {
        const auto end = rest.find(',');
        auto one = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
        const auto name = one.substr(0, one.find_first_of("; "));
        if (name != coding) continue;
        const auto weight = one.find("q=");
        if (weight == std::string_view::npos) return true;
        return one.substr(weight + 2).find_first_of("123456789") != std::string_view::npos;
    }
    return false;
}

Response serve(const Asset& file, const Request& request) {
    Response response{.content_type = std::string(http::media_type_of(file.path)), .body = {}};
    std::string_view coding;
    response.static_body = file.plain;
    if (!file.brotli.empty() && accepts(request, "br")) {
        coding = "br";
        response.static_body = file.brotli;
    } else if (!file.gzip.empty() && accepts(request, "gzip")) {
        coding = "gzip";
        response.static_body = file.gzip;
    }
    response.etag = fmt::format("\"{}{}{}\"", file.tag, coding.empty() ? "" : "-", coding);
    response.with("Vary", "Accept-Encoding");
    if (!coding.empty()) response.with("Content-Encoding", std::string(coding));
    response.with("Cache-Control",
                  is_hashed(file.path) ? "public, max-age=31536000, immutable" : "no-cache");
    if (file.path.ends_with(".html")) {
        response.with("Content-Security-Policy", std::string(kPagePolicy));
        response.with("Referrer-Policy", "same-origin");
    }
    return response;
}

const Asset* find(std::span<const Asset> files, std::string_view path) {
    const auto found = std::ranges::lower_bound(files, path, {}, &Asset::path);
    return found != files.end() && found->path == path ? &*found : nullptr;
}

Result<Response> answer(std::span<const Asset> files, const Request& request) {
    const std::string path = fmt::format("/{}", fmt::join(request.segments(), "/"));
    if (const Asset* file = find(files, path)) return serve(*file, request);
    if (is_hashed(path)) return not_found(fmt::format("GET {}: no such file of the app", path));
    if (const Asset* page = find(files, "/index.html")) return serve(*page, request);
    return Response::text("text/html; charset=utf-8", std::string(kNotBuiltIn))
        .with("Content-Security-Policy", "default-src 'none'");
}

}  // namespace

http::Route fallback(std::span<const Asset> files) {
    return {.method = http::Method::Get,
            .pattern = "/{path...}",
            .role = std::nullopt,
            .handler = [files](const Request& request) { return answer(files, request); },
            .summary = "The app: its files, and its page for every other path",
            .answers = "a file"};
}

}  // namespace tusker::assets
