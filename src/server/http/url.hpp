// Percent-encoding, paths and query strings of request targets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace tusker::http {

/// Decodes %XX. Empty if a '%' is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text);
/// Every byte but A-Z a-z 0-9 - . _ ~ becomes %XX.
std::string percent_encode(std::string_view text);

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

struct Target {
    std::string path;                   // as sent, still encoded
    std::vector<std::string> segments;  // split on '/' first, then decoded; "/a/" is {"a", ""}
    QueryParameters query;              // decoded, '+' is a space, empty pieces left out
};
/// "/v1/x%2Fy?name=a+b" or "http://host/…"; 400 names what cannot be decoded.
Result<Target> parse_target(std::string_view target);

/// "a=1&b=2" as in a query or a form.
Result<QueryParameters> parse_query(std::string_view text);

}  // namespace tusker::http
