#include "base/clock.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace tusker {
namespace {

// Takes exactly `digits` digits from the front of `text`.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
    if (text.size() < digits) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
    if (error != std::errc() || end != text.data() + digits || out < 0) return false;
    text.remove_prefix(digits);
    return true;
}
bool take_char(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

TimeMs now_ms() {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    return duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string to_iso(TimeMs time) {
    using namespace std::chrono;
    const sys_time<milliseconds> moment{milliseconds(time)};
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss clock(moment - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

std::optional<TimeMs> parse_iso(std::string_view text) {
    int year = 0;
    int month = 0;
    int day = 0;
    if (!take_number(text, 4, year) || !take_char(text, '-') || !take_number(text, 2, month) ||
        !take_char(text, '-') || !take_number(text, 2, day))
        return std::nullopt;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int millisecond = 0;
    if (take_char(text, 'T')) {
        if (!take_number(text, 2, hour) || !take_char(text, ':') || !take_number(text, 2, minute))
            return std::nullopt;
        if (take_char(text, ':') && !take_number(text, 2, second)) return std::nullopt;
        if (take_char(text, '.')) {
            int scale = 100;
            bool any = false;
            while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
                millisecond += scale * (text.front() - '0');
                scale /= 10;
                text.remove_prefix(1);
                any = true;
            }
            if (!any) return std::nullopt;
        }
    }
    take_char(text, 'Z');
    using namespace std::chrono;
    const year_month_day date(std::chrono::year(year),
                              std::chrono::month(static_cast<unsigned>(month)),
                              std::chrono::day(static_cast<unsigned>(day)));
    if (!text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const auto moment = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) +
                        milliseconds(millisecond);
    return duration_cast<milliseconds>(moment.time_since_epoch()).count();
}

}  // namespace tusker
