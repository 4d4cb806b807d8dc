#include "server/session/authenticate.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace tusker::session {

using access::Principal;

namespace {

std::optional<std::string> decode_base64(std::string_view text) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (text.ends_with('=')) text.remove_suffix(1);
    std::string bytes;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto digit = kDigits.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = (bits << 6U | static_cast<unsigned>(digit)) & 0xfffffU;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xffU);
    }
    return bytes;
}

/// What follows "Basic " and the like; the scheme's case is free.
std::optional<std::string_view> after_scheme(std::string_view header, std::string_view scheme) {
    if (header.size() <= scheme.size() || header[scheme.size()] != ' ') return std::nullopt;
    const bool same = std::ranges::equal(header.substr(0, scheme.size()), scheme,
                                         [](char a, char b) { return (a | 0x20) == (b | 0x20); });
    if (!same) return std::nullopt;
    return header.substr(scheme.size() + 1);
}

Result<Principal> by_authorization(const access::Access& access, std::string_view header) {
    if (const auto key = after_scheme(header, "Bearer")) return access.by_key(*key);
    const auto encoded = after_scheme(header, "Basic");
    const auto pair = encoded ? decode_base64(*encoded) : std::nullopt;
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos)
        return fail(ErrorCode::Unauthenticated,
                    "Authorization: must be \"Basic\" with the API key as user name and no "
                    "password, or \"Bearer\" with the API key");
    if (colon + 1 != pair->size())
        return fail(ErrorCode::Unauthenticated,
                    "Authorization: Basic with an API key has an empty password");
    return access.by_key(std::string_view(*pair).substr(0, colon));
}

bool changes_something(http::Method method) {
    return method != http::Method::Get && method != http::Method::Head &&
           method != http::Method::Options;
}

}  // namespace

std::string cookie_name(const http::Request& request) {
    const auto host = request.header("Host").value_or("");
    const auto colon = host.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
    return fmt::format("tusker_session_{}", has_port ? host.substr(colon + 1) : "80");
}

std::optional<std::string_view> session_secret(const http::Request& request) {
    return request.cookie(cookie_name(request));
}

Result<Principal> authenticate(const access::Access& access, const http::Request& request) {
    if (const auto header = request.header("Authorization"))
        return by_authorization(access, *header);
    if (const auto key = request.header("x-limited-access-key")) {
        auto principal = TUSKER_TRY(access.by_key(*key));
        if (access::may(principal.role, access::Role::Curator))
            principal.role = access::Role::Curator;
        principal.way = access::SignInWay::LimitedKey;
        return principal;
    }
    const auto secret = session_secret(request);
    if (!secret) return Principal{};
    auto principal = TUSKER_TRY(access.by_session(*secret));
    if (changes_something(request.method()) &&
        request.header("X-Tusker-CSRF") != access.csrf_of(*secret))
        return fail(ErrorCode::Forbidden,
                    "X-Tusker-CSRF: must hold the value \"csrf\" of GET /api/session");
    return principal;
}

}  // namespace tusker::session
