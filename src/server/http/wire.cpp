#include "server/http/wire.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

namespace tusker::http {

namespace {

std::string http_date() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[40];
    // The C locale's names are wanted; the process never calls setlocale.
    const auto size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text, size};
}

/// A value with a line end in it would begin another header.
std::string one_line(std::string value) {
    std::ranges::replace_if(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    return value;
}

}  // namespace

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 431:
            return "Request Header Fields Too Large";
        case 499:
            return "Client Closed Request";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 507:
            return "Insufficient Storage";
        default:
            return "Status";
    }
}

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string response_head(const Response& response, WireOptions options) {
    std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                   reason_phrase(response.status), http_date());
    bool says_cache = !response.etag.empty();
    for (const auto& [name, value] : response.headers) {
        head += fmt::format("{}: {}\r\n", name, one_line(value));
        says_cache = says_cache || name == "Cache-Control";
    }
    // Answers are somebody's data: no cache keeps them unless the handler says so.
    if (!says_cache) head += "Cache-Control: no-store\r\n";
    head += "X-Content-Type-Options: nosniff\r\n";
    if (has_body(response.status)) {
        if (!response.content_type.empty())
            head += fmt::format("Content-Type: {}\r\n", one_line(response.content_type));
        if (const auto size = response.size())
            head += fmt::format("Content-Length: {}\r\n", *size);
        else if (options.chunked_allowed)
            head += "Transfer-Encoding: chunked\r\n";
    }
    head += options.keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    return head;
}

}  // namespace tusker::http
