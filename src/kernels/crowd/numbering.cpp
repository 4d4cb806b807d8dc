#include "kernels/crowd/numbering.hpp"

#include <algorithm>
#include <limits>

namespace tusker::crowd {
namespace {

constexpr Index kNone = std::numeric_limits<Index>::max();

}  // namespace

std::optional<Numbered> number_values(std::span<const std::int64_t> values, NumberBy by) {
    Numbered made;
    if (values.empty()) return made;
    if (values.size() >= kNone) return std::nullopt;
    std::int64_t least = values.front();
    std::int64_t most = values.front();
    for (const std::int64_t value : values) {
        least = std::min(least, value);
        most = std::max(most, value);
    }
    // The width of the table less one; the difference may not fit a signed number.
    const auto last = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
    if (last >= 4 * values.size() + 4096) return std::nullopt;
    std::vector<Index> table(last + 1, kNone);
    const auto place = [first = static_cast<std::uint64_t>(least)](std::int64_t value) {
        return static_cast<std::uint64_t>(value) - first;
    };
    if (by == NumberBy::Value) {
        for (const std::int64_t value : values) table[place(value)] = 0;
        for (std::uint64_t at = 0; at <= last; ++at) {
            if (table[at] == kNone) continue;
            table[at] = static_cast<Index>(made.names.size());
            made.names.push_back(least + static_cast<std::int64_t>(at));
        }
    }
    made.numbers.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        Index& number = table[place(values[i])];
        if (number == kNone) {
            number = static_cast<Index>(made.names.size());
            made.names.push_back(values[i]);
        }
        made.numbers[i] = number;
    }
    return made;
}

}  // namespace tusker::crowd
