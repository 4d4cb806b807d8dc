#include "server/health/metrics.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <unistd.h>

namespace tusker::health {

namespace {

/// Resident bytes of this process; 0 where /proc is not there.
double resident_bytes() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "r"),
                                                               &std::fclose);
    long total = 0;
    long resident = 0;
    if (!file || std::fscanf(file.get(), "%ld %ld", &total, &resident) != 2) return 0;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

void describe(std::string& out, std::string_view name, std::string_view type,
              std::string_view help) {
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

}  // namespace

void Metrics::record(const http::RequestRecord& record) {
    // Unknown paths share one name, so that a scanner cannot make series without end.
    const std::string family(record.family.empty() ? "none" : record.family);
    const double seconds = record.duration_ms / 1000;
    const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
    const std::scoped_lock lock(mutex_);
    ++requests_[{family, record.status}];
    Histogram& histogram = durations_[family];
    ++histogram.counts[static_cast<std::size_t>(bucket)];
    histogram.sum += seconds;
    received_bytes_ += record.request_bytes;
    sent_bytes_ += record.response_bytes;
}

void Metrics::add_gauge(std::string name, std::string help, std::function<double()> read) {
    gauges_.push_back({std::move(name), std::move(help), std::move(read)});
}

std::string Metrics::text() const {
    std::string out;
    const std::scoped_lock lock(mutex_);
    describe(out, "tusker_requests_total", "counter", "Answered requests.");
    for (const auto& [key, count] : requests_)
        out += fmt::format("tusker_requests_total{{family=\"{}\",status=\"{}\"}} {}\n", key.first,
                           key.second, count);
    describe(out, "tusker_request_seconds", "histogram",
             "From the whole request header to the last byte of the answer.");
    for (const auto& [family, histogram] : durations_) {
        std::uint64_t count = 0;
        for (std::size_t i = 0; i <= kBounds.size(); ++i) {
            count += histogram.counts[i];
            const auto bound = i < kBounds.size() ? fmt::format("{}", kBounds[i]) : "+Inf";
            out += fmt::format("tusker_request_seconds_bucket{{family=\"{}\",le=\"{}\"}} {}\n",
                               family, bound, count);
        }
        out +=
            fmt::format("tusker_request_seconds_sum{{family=\"{}\"}} {}\n", family, histogram.sum);
        out += fmt::format("tusker_request_seconds_count{{family=\"{}\"}} {}\n", family, count);
    }
    const auto single = [&](std::string_view name, std::string_view type, std::string_view help,
                            double value) {
        describe(out, name, type, help);
        out += fmt::format("{} {}\n", name, value);
    };
    single("tusker_received_bytes_total", "counter", "Bytes of requests.",
           static_cast<double>(received_bytes_));
    single("tusker_sent_bytes_total", "counter", "Bytes of answers.",
           static_cast<double>(sent_bytes_));
    for (const auto& gauge : gauges_) single(gauge.name, "gauge", gauge.help, gauge.read());
    single("process_resident_memory_bytes", "gauge", "Memory in use.", resident_bytes());
    single("process_cpu_seconds_total", "counter", "Processor time.", cpu_seconds());
    single("process_start_time_seconds", "gauge", "Start, seconds since 1970.",
           static_cast<double>(started_at_) / 1000);
    return out;
}

}  // namespace tusker::health
