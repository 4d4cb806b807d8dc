#include "storage/media/locations.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tusker::media {

namespace {

bool lies_under(const std::filesystem::path& path, const std::filesystem::path& root) {
    // By components, so that /data does not open /database.
    const auto [in_root, in_path] = std::ranges::mismatch(root, path);
    static_cast<void>(in_path);
    return in_root == root.end();
}

/// The path of "file:///a%20b" or the location itself; other schemes are empty.
std::string_view local_path(std::string_view location) {
    constexpr std::string_view kFile = "file://";
    if (location.starts_with(kFile)) return location.substr(kFile.size());
    return location.find("://") == std::string_view::npos ? location : std::string_view();
}

}  // namespace

Result<Locations> Locations::make(const std::vector<std::filesystem::path>& roots) {
    Locations locations;
    for (const auto& root : roots) {
        std::error_code code;
        auto real = std::filesystem::canonical(root, code);
        if (code || !std::filesystem::is_directory(real))
            return invalid(
                fmt::format("--allow-root {}: must be a folder that exists", root.string()));
        locations.roots_.push_back(std::move(real));
    }
    return locations;
}

Result<std::filesystem::path> Locations::resolve(std::string_view location) const {
    auto real = TUSKER_TRY(check(location));
    std::error_code code;
    if (!std::filesystem::is_regular_file(real, code))
        return not_found(fmt::format("path {}: no such file", location));
    return real;
}

Result<std::filesystem::path> Locations::check(std::string_view location) const {
    const auto local = local_path(location);
    if (local.empty())
        return fail(
            ErrorCode::Forbidden,
            fmt::format("picture {}: Tusker fetches nothing over the network; upload it, or "
                        "give a path under an allowed root",
                        location));
    const std::filesystem::path asked(local);
    std::error_code code;
    // Weakly: what is missing at the end is kept, so that a missing file is judged like any other.
    auto real = std::filesystem::weakly_canonical(asked, code);
    std::vector<std::string> names;
    names.reserve(roots_.size());
    for (const auto& root : roots_) names.push_back(root.string());
    const bool inside =
        asked.is_absolute() && !code &&
        std::ranges::any_of(roots_, [&](const auto& root) { return lies_under(real, root); });
    if (!inside)
        return fail(ErrorCode::Forbidden,
                    fmt::format("path {}: lies under no allowed root ({})", location,
                                names.empty() ? "none was given; see --allow-root"
                                              : fmt::format("{}", fmt::join(names, ", "))));
    return real;
}

}  // namespace tusker::media
