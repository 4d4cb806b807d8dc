#include "server/http/response.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/json.hpp"
#include "server/http/request.hpp"

namespace tusker::http {

namespace {

struct ByteRange {
    std::uint64_t first;
    std::uint64_t size;
};
enum class RangeAnswer { Whole, Part, Unsatisfiable };

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || code != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

/// "bytes=0-99", "bytes=100-", "bytes=-5". What is malformed is ignored, as RFC 9110 asks.
RangeAnswer parse_range(std::string_view header, std::uint64_t size, ByteRange& range) {
    constexpr std::string_view kUnit = "bytes=";
    if (!header.starts_with(kUnit)) return RangeAnswer::Whole;
    header.remove_prefix(kUnit.size());
    const auto dash = header.find('-');
    if (dash == std::string_view::npos || header.find(',') != std::string_view::npos)
        return RangeAnswer::Whole;
    const auto first = parse_number(header.substr(0, dash));
    const auto last = parse_number(header.substr(dash + 1));
    if (dash == 0) {
        if (!last) return RangeAnswer::Whole;
        const std::uint64_t count = std::min(*last, size);
        range = {size - count, count};
        return count == 0 ? RangeAnswer::Unsatisfiable : RangeAnswer::Part;
    }
    if (!first || (!last && dash + 1 != header.size()) || (last && *last < *first))
        return RangeAnswer::Whole;
    if (*first >= size) return RangeAnswer::Unsatisfiable;
    range = {*first, std::min(last.value_or(size - 1), size - 1) - *first + 1};
    return RangeAnswer::Part;
}

/// True if If-None-Match holds the tag; weak comparison.
bool has_tag(std::string_view header, std::string_view tag) {
    if (header == "*") return true;
    while (!header.empty()) {
        const auto end = header.find(',');
        auto one = header.substr(0, end);
        header = end == std::string_view::npos ? std::string_view() : header.substr(end + 1);
        one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
        one = one.substr(0, one.find_last_not_of(" \t") + 1);
        if (one.starts_with("W/")) one.remove_prefix(2);
        if (one == tag) return true;
    }
    return false;
}

void drop_bytes(Response& response) {
    response.body.clear();
    response.static_body = {};
    response.file.reset();
    response.stream = nullptr;
}

void keep_range(Response& response, ByteRange range) {
    if (response.file) {
        response.file->offset += range.first;
        response.file->size = range.size;
    } else if (response.static_body.data() != nullptr) {
        response.static_body = response.static_body.substr(range.first, range.size);
    } else {
        response.body = response.body.substr(range.first, range.size);
    }
}

}  // namespace

Response Response::see_other(std::string location) {
    return Response{.status = 303, .content_type = {}, .body = {}}.with("Location",
                                                                        std::move(location));
}

Response Response::error(const Error& error) {
    json::Writer writer;
    writer.object().member("error", error.message).end();
    Response response = json(http_status(error.code), writer.take());
    if (error.code == ErrorCode::Unavailable) response.with("Retry-After", "1");
    return response;
}

std::optional<std::uint64_t> Response::size() const {
    if (stream) return std::nullopt;
    if (file) return file->size;
    return static_body.data() != nullptr ? static_body.size() : body.size();
}

Response apply_conditions(const Request& request, Response whole) {
    if (!whole.etag.empty()) whole.with("ETag", whole.etag);
    if (whole.status != 200) return whole;
    const bool reads = request.method() == Method::Get || request.method() == Method::Head;
    if (!reads) return whole;
    if (const auto tags = request.header("If-None-Match");
        tags && !whole.etag.empty() && has_tag(*tags, whole.etag)) {
        whole.status = 304;
        drop_bytes(whole);
        return whole;
    }
    if (!whole.ranges || whole.stream) return whole;
    whole.with("Accept-Ranges", "bytes");
    const auto header = request.header("Range");
    // A range of another version of the file is useless: then the whole is sent.
    const auto if_range = request.header("If-Range");
    if (!header || (if_range && *if_range != whole.etag)) return whole;
    const std::uint64_t size = *whole.size();
    ByteRange range{};
    switch (parse_range(*header, size, range)) {
        case RangeAnswer::Whole:
            return whole;
        case RangeAnswer::Part:
            whole.status = 206;
            whole.with("Content-Range", fmt::format("bytes {}-{}/{}", range.first,
                                                    range.first + range.size - 1, size));
            keep_range(whole, range);
            return whole;
        case RangeAnswer::Unsatisfiable: {
            Response refused = Response::error(
                {ErrorCode::InvalidArgument,
                 fmt::format("Range = \"{}\": the content has {} bytes", *header, size)});
            refused.status = 416;
            refused.with("Content-Range", fmt::format("bytes */{}", size));
            return refused;
        }
    }
    return whole;
}

std::string_view media_type_of(std::string_view file_name) {
    struct Ending {
        std::string_view ending, type;
    };
    static constexpr std::array<Ending, 22> kEndings = {{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".txt", "text/plain; charset=utf-8"},
        {".csv", "text/csv; charset=utf-8"},
        {".ndjson", "application/x-ndjson"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".webp", "image/webp"},
        {".gif", "image/gif"},
        {".tif", "image/tiff"},
        {".tiff", "image/tiff"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".pdf", "application/pdf"},
    }};
    std::string lower(file_name);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    for (const auto& [ending, type] : kEndings)
        if (lower.ends_with(ending)) return type;
    return "application/octet-stream";
}

}  // namespace tusker::http
