// One line on the terminal that says how far long work is. Nothing is written where standard error
// is no terminal.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "jobs/jobs.hpp"

namespace tusker::cli {

/// Not thread safe.
class ProgressLine {
public:
    ProgressLine();
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// "storing labels: 412,000 of 1,000,000 rows · 9 s left"; at most ten times a second.
    void show(std::string_view message, std::uint64_t done, std::uint64_t total,
              std::string_view unit);
    void clear();

private:
    bool is_terminal_;
    bool is_shown_ = false;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point last_;
};

/// Work that this process does itself, shown on the terminal.
class TerminalProgress : public jobs::Progress {
public:
    void set_total(std::uint64_t total) override;
    void advance(std::uint64_t by) override;
    void say(std::string message) override;
    void add_error(std::string error) override;
    std::stop_token stop() const override { return {}; }

private:
    ProgressLine line_;
    std::string message_;
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
};

/// 1234567 as "1,234,567".
std::string with_commas(std::uint64_t number);

}  // namespace tusker::cli
