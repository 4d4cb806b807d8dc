#include "server/health/request_log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace tusker::health {

namespace {

/// A path may hold anything a client sent: what is not printable would fake or garble lines.
std::string printable(std::string_view text) {
    std::string clean(text);
    for (char& c : clean)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return clean;
}

}  // namespace

std::string request_line(const http::RequestRecord& record, LogFormat format,
                         std::string_view time) {
    const std::string_view who = record.who.empty() ? "-" : record.who;
    if (format == LogFormat::Text)
        return fmt::format("{} {} {} {} {:.1f} ms {} B in {} B out {}", time, record.method,
                           printable(record.path), record.status, record.duration_ms,
                           record.request_bytes, record.response_bytes, printable(who));
    json::Writer writer;
    writer.object()
        .member("time", time)
        .member("event", "request")
        .member("method", record.method)
        .member("path", printable(record.path))
        .member("family", record.family)
        .member("route", record.pattern)
        .member("status", record.status)
        .member("ms", record.duration_ms)
        .member("request_bytes", record.request_bytes)
        .member("response_bytes", record.response_bytes)
        .member("who", printable(who))
        .end();
    return writer.take();
}

RequestLog::RequestLog(LogFormat format)
    : format_(format),
      logger_(std::make_shared<spdlog::logger>("tusker",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
    logger_->set_pattern("%v");
}

void RequestLog::request(const http::RequestRecord& record) {
    logger_->info(request_line(record, format_, to_iso(now_ms())));
}

void RequestLog::event(std::string_view text) {
    const auto time = to_iso(now_ms());
    if (format_ == LogFormat::Text) {
        logger_->info("{} {}", time, printable(text));
        return;
    }
    json::Writer writer;
    writer.object().member("time", time).member("event", printable(text)).end();
    logger_->info(writer.take());
}

}  // namespace tusker::health
