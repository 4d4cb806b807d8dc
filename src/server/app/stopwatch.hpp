// How long an answer took, as the app shows it.
#pragma once

#include <chrono>

namespace tusker::app {

class Stopwatch {
public:
    /// With microseconds as fraction.
    double elapsed_ms() const {
        const auto elapsed = std::chrono::steady_clock::now() - started_;
        return static_cast<double>(
                   std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count()) /
               1000.0;
    }

private:
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace tusker::app
