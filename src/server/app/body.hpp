// The JSON body of a request, read member by member; an Error names the member, its value and what
// it must be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "server/http/request.hpp"

namespace tusker::app {

class Body {
public:
    /// An empty body is an empty object.
    static Result<Body> parse(const http::Request& request);

    json::Value root() const { return document_.root(); }
    /// Absent and null are empty.
    Result<std::optional<std::string>> text(std::string_view name) const;
    /// Absent and null are "".
    Result<std::string> text_or_empty(std::string_view name) const;
    /// 1 to 200 bytes.
    Result<std::string> name(std::string_view member) const;
    Result<bool> flag(std::string_view name, bool absent) const;
    struct Limits {
        std::uint64_t least;
        std::uint64_t most;
        std::uint64_t absent;
    };
    Result<std::uint64_t> number(std::string_view name, Limits limits) const;

private:
    explicit Body(json::Document document) : document_(std::move(document)) {}
    json::Document document_;
};

}  // namespace tusker::app
