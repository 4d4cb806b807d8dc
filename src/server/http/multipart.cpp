#include "server/http/multipart.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace tusker::http {

namespace {

constexpr std::size_t kPartHeaderBytesMax = 16 << 10;

bool equals_without_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    });
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes "value" or "\"quoted \\\" value\"" off the front of `text`.
std::string take_parameter_value(std::string_view& text) {
    std::string value;
    if (!text.starts_with('"')) {
        const auto end = std::min(text.find(';'), text.size());
        value = trim(text.substr(0, end));
        text.remove_prefix(end);
        return value;
    }
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        // Only these two are escapes; a lone backslash is part of a Windows path.
        if (text.size() > 1 && text.front() == '\\' && (text[1] == '"' || text[1] == '\\'))
            text.remove_prefix(1);
        value += text.front();
        text.remove_prefix(1);
    }
    if (!text.empty()) text.remove_prefix(1);
    return value;
}

/// The parameter `name` of "form-data; name=\"x\"; filename=\"y\"".
std::optional<std::string> header_parameter(std::string_view header, std::string_view name) {
    auto rest = header.substr(std::min(header.find(';'), header.size()));
    while (!rest.empty()) {
        rest.remove_prefix(1);  // the ';'
        const auto equals = rest.find_first_of("=;");
        if (equals == std::string_view::npos) return std::nullopt;
        const auto key = trim(rest.substr(0, equals));
        if (rest[equals] == ';') {
            rest.remove_prefix(equals);
            continue;
        }
        rest.remove_prefix(equals + 1);
        const auto start = std::min(rest.find_first_not_of(" \t"), rest.size());
        rest.remove_prefix(start);
        auto value = take_parameter_value(rest);
        if (equals_without_case(key, name)) return value;
        rest.remove_prefix(std::min(rest.find(';'), rest.size()));
    }
    return std::nullopt;
}

/// RFC 5987: utf-8''a%20b.
std::optional<std::string> decode_extended(std::string_view value) {
    const auto first = value.find('\'');
    if (first == std::string_view::npos) return std::nullopt;
    const auto second = value.find('\'', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    std::string decoded;
    const auto encoded = value.substr(second + 1);
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        const bool escape = encoded[i] == '%' && i + 2 < encoded.size() &&
                            std::isxdigit(static_cast<unsigned char>(encoded[i + 1])) != 0 &&
                            std::isxdigit(static_cast<unsigned char>(encoded[i + 2])) != 0;
        if (!escape) {
            decoded += encoded[i];
            continue;
        }
        decoded += static_cast<char>(std::stoi(std::string(encoded.substr(i + 1, 2)), nullptr, 16));
        i += 2;
    }
    return decoded;
}

Result<Part> parse_part_headers(std::string_view headers, std::size_t part_no) {
    Part part{.name = {}, .filename = {}, .content_type = "text/plain", .bytes = {}};
    bool named = false;
    while (!headers.empty()) {
        const auto end = headers.find("\r\n");
        const auto line = headers.substr(0, end);
        headers = end == std::string_view::npos ? std::string_view() : headers.substr(end + 2);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos)
            return invalid(
                fmt::format("multipart part {}: header \"{}\" has no ':'", part_no, line));
        const auto field = trim(line.substr(0, colon));
        const auto value = trim(line.substr(colon + 1));
        if (equals_without_case(field, "Content-Type")) part.content_type = value;
        if (!equals_without_case(field, "Content-Disposition")) continue;
        if (auto name = header_parameter(value, "name")) {
            part.name = *std::move(name);
            named = true;
        }
        part.filename = header_parameter(value, "filename");
        if (const auto extended = header_parameter(value, "filename*"))
            if (auto decoded = decode_extended(*extended)) part.filename = std::move(decoded);
    }
    if (!named)
        return invalid(
            fmt::format("multipart part {}: Content-Disposition must give it a name", part_no));
    return part;
}

/// What follows a boundary on its line: "--" ends the body, spaces are allowed, then CR LF.
enum class AfterBoundary { NextPart, LastPart, NoBoundary };
AfterBoundary after_boundary(std::string_view body, std::size_t& position) {
    auto at = position;
    const bool last = body.substr(at).starts_with("--");
    if (last) at += 2;
    while (at < body.size() && (body[at] == ' ' || body[at] == '\t')) ++at;
    if (last) {
        if (at < body.size() && !body.substr(at).starts_with("\r\n"))
            return AfterBoundary::NoBoundary;
        position = at;
        return AfterBoundary::LastPart;
    }
    if (!body.substr(at).starts_with("\r\n")) return AfterBoundary::NoBoundary;
    position = at + 2;
    return AfterBoundary::NextPart;
}

}  // namespace

Result<std::vector<Part>> parse_multipart(std::string_view content_type, std::string_view body) {
    const auto media = trim(content_type.substr(0, content_type.find(';')));
    const auto boundary = header_parameter(content_type, "boundary");
    if (!equals_without_case(media, "multipart/form-data") || !boundary || boundary->empty())
        return invalid(fmt::format(
            "Content-Type = \"{}\": must be multipart/form-data with a boundary", content_type));

    const std::string delimiter = "\r\n--" + *boundary;
    std::vector<Part> parts;
    // The first boundary may stand at the very beginning, without the line end before it.
    std::size_t position = std::string_view::npos;
    if (body.starts_with(std::string_view(delimiter).substr(2)))
        position = delimiter.size() - 2;
    else if (const auto at = body.find(delimiter); at != std::string_view::npos)
        position = at + delimiter.size();
    const auto cut_short = [&] {
        return invalid(
            fmt::format("multipart body of {} bytes: ends before its last boundary \"--{}--\"",
                        body.size(), *boundary));
    };
    if (position == std::string_view::npos) return cut_short();
    auto next = after_boundary(body, position);
    while (next == AfterBoundary::NextPart) {
        if (parts.size() == kMultipartPartsMax)
            return fail(ErrorCode::TooLarge,
                        fmt::format("multipart body: more than {} parts", kMultipartPartsMax));
        // A part without headers begins with the empty line at once.
        const bool bare = body.substr(position).starts_with("\r\n");
        const auto header_end = bare ? position : body.find("\r\n\r\n", position);
        if (header_end == std::string_view::npos) return cut_short();
        if (header_end - position > kPartHeaderBytesMax)
            return invalid(fmt::format("multipart part {}: header above {} bytes", parts.size(),
                                       kPartHeaderBytesMax));
        auto part = TUSKER_TRY(
            parse_part_headers(body.substr(position, header_end - position), parts.size()));
        const std::size_t begin = header_end + (bare ? 2 : 4);
        // An empty part's closing line end is the one that ends its header.
        std::size_t search = begin - 2;
        while (true) {
            const auto at = body.find(delimiter, search);
            if (at == std::string_view::npos) return cut_short();
            position = at + delimiter.size();
            next = after_boundary(body, position);
            if (next == AfterBoundary::NoBoundary) {
                search = at + 1;
                continue;
            }
            part.bytes = body.substr(begin, at > begin ? at - begin : 0);
            break;
        }
        parts.push_back(std::move(part));
    }
    if (next == AfterBoundary::NoBoundary) return cut_short();
    return parts;
}

}  // namespace tusker::http
