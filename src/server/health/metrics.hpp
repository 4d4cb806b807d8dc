// Counts of what the server did, in Prometheus' text format.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "server/http/server.hpp"

namespace tusker::health {

/// Thread safety: all members may be called from several threads, but gauges are added before the
/// server starts.
class Metrics {
public:
    void record(const http::RequestRecord& record);
    /// A value read at each scrape, e.g. ("tusker_connections", "Open connections.", …).
    void add_gauge(std::string name, std::string help, std::function<double()> read);
    std::string text() const;

private:
    // Seconds; from a cached answer to a slow import. What is above the last is "+Inf".
    static constexpr std::array<double, 12> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                       0.1,   0.25,   0.5,   1,    5,     30};
    struct Histogram {
        std::array<std::uint64_t, kBounds.size() + 1> counts{};
        double sum = 0;
    };
    struct Gauge {
        std::string name, help;
        std::function<double()> read;
    };

    mutable std::mutex mutex_;
    std::map<std::pair<std::string, int>, std::uint64_t> requests_;  // by family and status
    std::map<std::string, Histogram, std::less<>> durations_;        // by family
    std::uint64_t received_bytes_ = 0;
    std::uint64_t sent_bytes_ = 0;
    std::vector<Gauge> gauges_;
    TimeMs started_at_ = now_ms();
};

}  // namespace tusker::health
