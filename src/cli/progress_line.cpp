#include "cli/progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace tusker::cli {

std::string with_commas(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, 1, ',');
    return digits;
}

ProgressLine::ProgressLine() : is_terminal_(::isatty(STDERR_FILENO) == 1) {}
ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::show(std::string_view message, std::uint64_t done, std::uint64_t total,
                        std::string_view unit) {
    const auto now = std::chrono::steady_clock::now();
    if (!is_terminal_ || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    is_shown_ = true;
    std::string text(message);
    if (total > 0)
        text += fmt::format(": {} of {} {}", with_commas(done), with_commas(total), unit);
    const double elapsed = std::chrono::duration<double>(now - started_).count();
    if (done > 0 && done < total && elapsed > 1)
        text += fmt::format(" · {:.0f} s left", elapsed * static_cast<double>(total - done) /
                                                    static_cast<double>(done));
    std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
    std::fflush(stderr);
}

void ProgressLine::clear() {
    if (is_shown_) std::fputs("\r\x1b[K", stderr);
    is_shown_ = false;
}

void TerminalProgress::set_total(std::uint64_t total) { total_ = total; }

void TerminalProgress::advance(std::uint64_t by) {
    done_ += by;
    line_.show(message_, done_, total_, "rows");
}

void TerminalProgress::say(std::string message) {
    message_ = std::move(message);
    line_.show(message_, done_, total_, "rows");
}

void TerminalProgress::add_error(std::string error) {
    line_.clear();
    std::fprintf(stderr, "%s\n", error.c_str());
}

}  // namespace tusker::cli
