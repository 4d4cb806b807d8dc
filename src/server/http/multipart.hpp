// multipart/form-data (RFC 7578) over a body that lies in memory or is mapped: parts are views of
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tusker::http {

struct Part {
    std::string name;
    std::optional<std::string> filename;
    std::string content_type;  // "text/plain" if the part does not say
    std::string_view bytes;    // lives as long as the body
};

/// A request with more parts is refused: no client sends more than a few hundred.
inline constexpr std::size_t kMultipartPartsMax = 10'000;

/// 400 unless `content_type` is multipart/form-data with a boundary and the body ends with its last
/// boundary: a body that was cut short stores nothing.
Result<std::vector<Part>> parse_multipart(std::string_view content_type, std::string_view body);

}  // namespace tusker::http
