// One HTTP request as handlers see it, whole and without a socket.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/principal.hpp"
#include "base/error.hpp"
#include "server/http/multipart.hpp"
#include "server/http/url.hpp"

namespace tusker::http {

enum class Method { Get, Head, Post, Put, Patch, Delete, Options };

std::string_view method_name(Method method);
std::optional<Method> parse_method(std::string_view name);

/// Header names compare without case; the first of several with one name counts.
class Headers {
public:
    void add(std::string name, std::string value) {
        fields_.emplace_back(std::move(name), std::move(value));
    }
    std::optional<std::string_view> find(std::string_view name) const;
    const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// The bytes of a body: in memory while small, else a mapped temporary file, so that a large upload
/// costs no memory of its own. Handlers see one contiguous view either way.
class Body {
public:
    virtual ~Body() = default;
    virtual std::string_view bytes() const = 0;
};

class Request {
public:
    /// For tests and internal calls: Request::make(Method::Get, "/v1/x?limit=3").
    /// Fails only for a target that cannot be decoded.
    static Result<Request> make(Method method, std::string_view target, std::string body = {},
                                Headers headers = {});

    Method method() const { return method_; }
    /// As sent, still percent-encoded, without the query.
    const std::string& path() const { return target_.path; }
    const std::vector<std::string>& segments() const { return target_.segments; }

    /// The decoded value of "{name}" in the matched pattern. A name that the pattern lacks is a
    /// bug.
    std::string_view path_param(std::string_view name) const;
    /// The first value of a query parameter; empty optional if absent.
    std::optional<std::string_view> query_param(std::string_view name) const;
    const QueryParameters& query() const { return target_.query; }

    const Headers& headers() const { return headers_; }
    std::optional<std::string_view> header(std::string_view name) const {
        return headers_.find(name);
    }
    /// A cookie's value as sent.
    std::optional<std::string_view> cookie(std::string_view name) const;

    std::string_view body() const { return body_ ? body_->bytes() : std::string_view(); }
    /// The parts of a multipart/form-data body; 400 if it is none or is cut short.
    Result<std::vector<Part>> multipart() const;

    const access::Principal& principal() const { return principal_; }

    // What the server (or a test) fills in.
    void set_body(std::shared_ptr<const Body> body) { body_ = std::move(body); }
    void set_principal(access::Principal principal) { principal_ = std::move(principal); }
    void set_path_params(std::vector<std::pair<std::string, std::string>> params) {
        path_params_ = std::move(params);
    }

private:
    Method method_ = Method::Get;
    Target target_;
    Headers headers_;
    std::vector<std::pair<std::string, std::string>> path_params_;
    std::shared_ptr<const Body> body_;
    access::Principal principal_;
};

}  // namespace tusker::http
