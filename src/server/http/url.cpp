#include "server/http/url.hpp"

#include <fmt/format.h>

namespace tusker::http {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

std::string with_spaces(std::string_view text) {
    std::string spaced(text);
    for (char& c : spaced)
        if (c == '+') c = ' ';
    return spaced;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        if (is_unreserved(c))
            encoded += c;
        else
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

Result<QueryParameters> parse_query(std::string_view text) {
    QueryParameters parameters;
    while (!text.empty()) {
        const auto end = text.find('&');
        const auto piece = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (piece.empty()) continue;
        const auto equals = piece.find('=');
        const auto raw_value =
            equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
        auto name = percent_decode(with_spaces(piece.substr(0, equals)));
        auto value = percent_decode(with_spaces(raw_value));
        if (!name || !value)
            return invalid(fmt::format(
                "query parameter \"{}\": '%' must be followed by two hexadecimal digits", piece));
        parameters.emplace_back(*std::move(name), *std::move(value));
    }
    return parameters;
}

Result<Target> parse_target(std::string_view target) {
    // The absolute form that proxies send.
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const auto slash = target.find('/', scheme.size());
        target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
    if (!target.starts_with('/'))
        return invalid(fmt::format("request target \"{}\": must begin with '/'", target));
    target = target.substr(0, target.find('#'));
    const auto question = target.find('?');
    const auto path = target.substr(0, question);

    Target parsed{.path = std::string(path), .segments = {}, .query = {}};
    std::size_t begin = 1;
    while (true) {
        const auto slash = path.find('/', begin);
        const auto raw =
            path.substr(begin, slash == std::string_view::npos ? slash : slash - begin);
        auto segment = percent_decode(raw);
        if (!segment)
            return invalid(fmt::format(
                "path segment \"{}\": '%' must be followed by two hexadecimal digits", raw));
        parsed.segments.push_back(*std::move(segment));
        if (slash == std::string_view::npos) break;
        begin = slash + 1;
    }
    if (question != std::string_view::npos)
        parsed.query = TUSKER_TRY(parse_query(target.substr(question + 1)));
    return parsed;
}

}  // namespace tusker::http
