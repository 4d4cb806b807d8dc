// Wall-clock time as the formats want it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tusker {

/// Milliseconds since 1970-01-01T00:00:00Z.
using TimeMs = std::int64_t;

TimeMs now_ms();
/// "2026-11-24T03:00:00.123Z"
std::string to_iso(TimeMs time);
/// 2021-01-01, with Thh:mm, Thh:mm:ss, .fraction and Z optional; UTC.
std::optional<TimeMs> parse_iso(std::string_view text);

}  // namespace tusker
