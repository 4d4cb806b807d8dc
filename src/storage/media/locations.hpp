// Which files may be read: those under the roots that the server was given.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tusker::media {

/// Const after construction.
class Locations {
public:
    /// Roots are resolved once, so that a link that is changed later opens nothing new.
    static Result<Locations> make(const std::vector<std::filesystem::path>& roots);

    /// `location` is an absolute path or "file:///…". Links are followed before the roots are
    /// asked. Forbidden names path and roots, also for a file that is not there: what lies outside
    /// is not told. NotFound within a root.
    Result<std::filesystem::path> resolve(std::string_view location) const;
    /// The same for folders and for what may not be there.
    Result<std::filesystem::path> check(std::string_view location) const;
    const std::vector<std::filesystem::path>& roots() const { return roots_; }

private:
    std::vector<std::filesystem::path> roots_;
};

}  // namespace tusker::media
