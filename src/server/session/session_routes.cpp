#include "server/session/session_routes.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "server/http/url.hpp"
#include "server/session/authenticate.hpp"

namespace tusker::session {

using access::Role;
using http::Method;
using http::Request;
using http::Response;

namespace {

constexpr std::uint64_t kBodyBytesMax = 64 << 10;

/// Only paths of this server: a link must not lead elsewhere after signing in.
std::string_view safe_next(std::string_view next) {
    const bool elsewhere = next.starts_with("//") || next.find_first_of("\\\r\n") != next.npos;
    return next.starts_with('/') && !elsewhere ? next : "/";
}

Result<json::Document> parse_body(const Request& request) {
    return json::Document::parse(request.body().empty() ? "{}" : request.body());
}

std::string text_member(const json::Document& document, std::string_view name) {
    const auto member = document.root().find_value(name);
    return std::string(member ? member->as_string().value_or("") : "");
}

void write_key(json::Writer& writer, const access::Key& key) {
    writer.member("id", key.id)
        .member("name", key.name)
        .member("role", access::role_name(key.role))
        .member("created_at", to_iso(key.created_at))
        .member("created_by", key.created_by);
}

// GET /sign-in?token=…&next=… → 303 and a cookie. A person sees this, so refusals are a page.
Result<Response> sign_in(const Request& request, Services& services) {
    const auto next = std::string(safe_next(request.query_param("next").value_or("/")));
    auto session = services.access.sign_in(request.query_param("token").value_or(""));
    if (!session) {
        // Going back, or opening the link again in a browser that is signed in, is no mistake.
        const auto secret = session_secret(request);
        if (secret && services.access.by_session(*secret)) return Response::see_other(next);
        auto page = Response::text(
            "text/html; charset=utf-8",
            fmt::format("<!doctype html><html lang=\"en\"><title>Sign in · Tusker</title>"
                        "<h1>This link does not sign you in</h1><p>{}.</p>"
                        "<p>Make a new one with <code>tusker link</code>, or ask the person who "
                        "sent it.</p></html>",
                        session.error().message));
        page.status = 401;
        return std::move(page).with("Content-Security-Policy", "default-src 'none'");
    }
    auto response = Response::see_other(next);
    response.with("Set-Cookie",
                  fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict",
                              cookie_name(request), session->secret, access::kSessionMs / 1000));
    return std::move(response).with("Referrer-Policy", "no-referrer");
}

// GET /api/session → {"who","role","csrf","version"}; csrf is null for keys, which need none.
Result<Response> get_session(const Request& request, Services& services) {
    json::Writer writer;
    writer.object()
        .member("who", request.principal().who)
        .member("role", access::role_name(request.principal().role))
        .key("csrf");
    const auto secret = session_secret(request);
    if (request.principal().way == access::SignInWay::Session && secret)
        writer.value(services.access.csrf_of(*secret));
    else
        writer.null();
    writer.member("version", services.version).end();
    return Response::json(writer.take());
}

// POST /api/session/end → {}
Result<Response> end_session(const Request& request, Services& services) {
    if (const auto secret = session_secret(request))
        TUSKER_TRY(services.access.end_session(*secret));
    return Response::json("{}").with(
        "Set-Cookie",
        fmt::format("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict", cookie_name(request)));
}

// POST /api/sign-in-links {"next": "/d/ds_…"} → {"url"}: signs in as who asks.
Result<Response> create_sign_in_link(const Request& request, Services& services) {
    const auto body = TUSKER_TRY(parse_body(request));
    const auto token = services.access.create_sign_in_token(request.principal());
    json::Writer writer;
    writer.object()
        .member("url", fmt::format("http://{}{}", request.header("Host").value_or("127.0.0.1"),
                                   sign_in_path(token, text_member(body, "next"))))
        .end();
    return Response::json(writer.take());
}

// GET /api/keys → {"keys": [KEY]}
Result<Response> list_keys(const Request&, Services& services) {
    json::Writer writer;
    writer.object().key("keys").array();
    for (const auto& key : services.access.keys()) {
        writer.object();
        write_key(writer, key);
        writer.end();
    }
    writer.end().end();
    return Response::json(writer.take());
}

// POST /api/keys {"name","role"} → KEY with "secret", which is shown this once.
Result<Response> create_key(const Request& request, Services& services) {
    const auto body = TUSKER_TRY(parse_body(request));
    const auto role_text = text_member(body, "role");
    const auto role = access::parse_role(role_text);
    if (!role)
        return invalid(
            fmt::format("role = \"{}\": must be admin, curator, reviewer or tasker", role_text));
    const auto made = TUSKER_TRY(
        services.access.create_key(text_member(body, "name"), *role, request.principal().who));
    json::Writer writer;
    writer.object();
    write_key(writer, made.key);
    writer.member("secret", made.secret).end();
    return Response::created(writer.take());
}

// DELETE /api/keys/{key} → {}
Result<Response> revoke_key(const Request& request, Services& services) {
    TUSKER_TRY(services.access.revoke_key(request.path_param("key")));
    return Response::json("{}");
}

}  // namespace

std::string sign_in_path(std::string_view token, std::string_view next) {
    return fmt::format("/sign-in?token={}&next={}", token, http::percent_encode(safe_next(next)));
}

http::RouteTable routes(Services& services) {
    const auto route = [&](Method method, std::string pattern, std::optional<Role> role,
                           Result<Response> (*function)(const Request&, Services&),
                           std::string summary, std::string answers) {
        return http::Route{.method = method,
                           .pattern = std::move(pattern),
                           .role = role,
                           .handler = http::handler(function, services),
                           .summary = std::move(summary),
                           .answers = std::move(answers),
                           .body_bytes_max = kBodyBytesMax};
    };
    const std::string key = R"({"id","name","role","created_at","created_by")";
    return {
        .family = "session",
        .routes = {
            route(Method::Get, "/sign-in", std::nullopt, sign_in,
                  "Opens a session by a one-time link", "303 to `next` with a cookie"),
            route(Method::Get, "/api/session", Role::Tasker, get_session, "Who is signed in",
                  R"({"who","role","csrf","version"})"),
            route(Method::Post, "/api/session/end", Role::Tasker, end_session, "Signs out", "{}"),
            route(Method::Post, "/api/sign-in-links", Role::Tasker, create_sign_in_link,
                  "A one-time link that signs in as who asks, for 15 minutes", R"({"url"})"),
            route(Method::Get, "/api/keys", Role::Admin, list_keys, "The keys without secrets",
                  R"({"keys":[)" + key + "}]}"),
            route(Method::Post, "/api/keys", Role::Admin, create_key,
                  "Makes a key; its secret is shown this once", key + R"(,"secret"})"),
            route(Method::Delete, "/api/keys/{key}", Role::Admin, revoke_key,
                  "Revokes a key and ends its sessions", "{}"),
        }};
}

}  // namespace tusker::session
