// The app's files, which lie in the program, and how they are served: compressed, cached, and with
// index.html for every path that the app itself routes.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "server/http/route.hpp"

namespace tusker::assets {

/// Bytes live as long as the process. gzip and brotli are empty where they would not be smaller.
struct Asset {
    std::string_view path;  // "/index.html", "/assets/main-B3x.js"
    std::string_view tag;   // of the plain bytes
    std::string_view plain;
    std::string_view gzip;
    std::string_view brotli;
};

/// Sorted by path; empty if the program was built without web/dist.
std::span<const Asset> embedded();

/// Answers any path: a file, or index.html. A path under /assets/ that is no file is NotFound.
/// Without files it answers one page that says so. `files` must outlive the route.
http::Route fallback(std::span<const Asset> files);

}  // namespace tusker::assets
