// The server's log on standard error: one line per request and per event.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/http/server.hpp"

namespace spdlog {
class logger;
}

namespace tusker::health {

enum class LogFormat { Text, Json };

/// Thread safety: all members may be called from several threads.
class RequestLog {
public:
    explicit RequestLog(LogFormat format);
    void request(const http::RequestRecord& record);
    void event(std::string_view text);

private:
    LogFormat format_;
    std::shared_ptr<spdlog::logger> logger_;
};

/// The line without its time. Queries are left out: they hold tokens and people's words.
std::string request_line(const http::RequestRecord& record, LogFormat format,
                         std::string_view time);

}  // namespace tusker::health
