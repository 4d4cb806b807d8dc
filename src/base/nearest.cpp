#include "base/nearest.hpp"

#include <algorithm>
#include <vector>

namespace tusker {
namespace {

// Optimal string alignment distance (Damerau-Levenshtein without repeated edits).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view word, std::span<const std::string> names) {
    std::optional<std::string> best;
    std::size_t best_distance = 0;
    for (const auto& name : names) {
        const std::size_t longer = std::max(word.size(), name.size());
        const std::size_t allowed = std::max<std::size_t>(1, longer / 3);
        const std::size_t shorter = std::min(word.size(), name.size());
        if (longer - shorter > allowed) continue;
        const std::size_t distance = edit_distance(word, name);
        if (distance > allowed || (best && distance >= best_distance)) continue;
        best = name;
        best_distance = distance;
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> names) {
    const auto name = nearest_name(word, names);
    return name ? " (did you mean '" + *name + "'?)" : std::string();
}

}  // namespace tusker
