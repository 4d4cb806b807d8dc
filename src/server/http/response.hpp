// What a handler answers: text or bytes in memory, a slice of a file, or a stream of chunks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"

namespace tusker::http {

class Request;

/// `size` bytes of a file from `offset`, read while they are sent.
struct FileSlice {
    std::shared_ptr<const File> file;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// Appends the next chunk to `out`; false after the last. Called on the worker pool, one call at a
/// time. An Error cuts the connection: the client must not take a half answer for a whole one.
using Stream = std::function<Result<bool>(std::string& out)>;

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    /// Instead of `body`, if set.
    std::optional<FileSlice> file = std::nullopt;
    Stream stream = nullptr;
    /// Bytes that outlive the process's requests (embedded assets), instead of `body`, if not null.
    std::string_view static_body = {};

    /// With quotes ("\"5f3a…\""). If set, If-None-Match is answered with 304.
    std::string etag = {};
    /// Range requests are answered for successful `body`, `static_body` and `file`.
    bool ranges = false;
    std::vector<std::pair<std::string, std::string>> headers = {};

    /// 200 with JSON text.
    static Response json(std::string text) { return {.body = std::move(text)}; }
    static Response json(int status, std::string text) {
        return {.status = status, .body = std::move(text)};
    }
    static Response created(std::string text) { return json(201, std::move(text)); }
    static Response no_content() { return {.status = 204, .content_type = {}, .body = {}}; }
    static Response text(std::string content_type, std::string text) {
        return {.content_type = std::move(content_type), .body = std::move(text)};
    }
    /// Bytes with Range support.
    static Response bytes(std::string content_type, std::string bytes) {
        return {.content_type = std::move(content_type), .body = std::move(bytes), .ranges = true};
    }
    static Response from_file(std::string content_type, FileSlice slice) {
        return {.content_type = std::move(content_type),
                .body = {},
                .file = std::move(slice),
                .ranges = true};
    }
    static Response streamed(std::string content_type, Stream next) {
        return {.content_type = std::move(content_type), .body = {}, .stream = std::move(next)};
    }
    /// 303 with Location; for pages only, never for API routes (the clients resend POST bodies).
    static Response see_other(std::string location);
    /// {"error":"…"} with the status of the code.
    static Response error(const Error& error);

    Response& with(std::string name, std::string value) & {
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    Response&& with(std::string name, std::string value) && {
        headers.emplace_back(std::move(name), std::move(value));
        return std::move(*this);
    }

    /// Bytes to send; empty for a stream.
    std::optional<std::uint64_t> size() const;
};

/// Answers If-None-Match (304) and Range (206, 416) from the whole response. Several ranges in one
/// request are answered with the whole, which RFC 9110 allows.
Response apply_conditions(const Request& request, Response whole);

/// A media type by file name ending; application/octet-stream if unknown.
std::string_view media_type_of(std::string_view file_name);

}  // namespace tusker::http
