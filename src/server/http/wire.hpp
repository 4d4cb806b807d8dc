// The text of response headers. Written by hand: it is a dozen lines, and every further message
// type of Beast costs seconds of compile time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/http/response.hpp"

namespace tusker::http {

std::string_view reason_phrase(int status);

struct WireOptions {
    bool keep_alive = true;
    /// HTTP/1.0 knows no chunks: a stream then ends with its connection.
    bool chunked_allowed = true;
};

/// Status line and headers up to and including the empty line.
std::string response_head(const Response& response, WireOptions options);

/// False for the statuses that have none (1xx, 204, 304).
bool has_body(int status);

}  // namespace tusker::http
