// Bodies that a client PUTs before it asks for a job: one file each until the job has read it, or
// a day. Lines of JSON (NDJSON).
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/json.hpp"

namespace tusker::nucleus {

/// Thread safety: all members may be called from several threads; a file that is put again replaces
/// the first in one step.
class Uploads {
public:
    /// Creates `folder` and forgets what was put more than a day ago.
    static Result<Uploads> open(const std::filesystem::path& folder);

    /// 1 to 64 letters, digits, '-' and '_': what names a file safely.
    static Result<void> check_request_id(std::string_view request_id);

    Result<void> put(std::string_view dataset_id, std::string_view request_id,
                     std::string_view bytes) const;
    /// Where it lies; NotFound if nothing was put.
    Result<std::filesystem::path> find(std::string_view dataset_id,
                                       std::string_view request_id) const;
    void forget_old() const;

private:
    explicit Uploads(std::filesystem::path folder) : folder_(std::move(folder)) {}
    std::filesystem::path path_of(std::string_view dataset_id, std::string_view request_id) const;
    std::filesystem::path folder_;
};

/// A file of JSON lines, read in batches of whole lines.
class Lines {
public:
    static Result<Lines> open(const std::filesystem::path& path);

    /// Reads every line and counts those that are not blank; an Error names the first line that is
    /// no JSON object ("line 7: …"), so that nothing is stored of such a body.
    Result<std::uint64_t> check() const;
    std::size_t size() const { return file_.bytes().size(); }

    /// read(values, index of the first) for each batch of at most `rows_max` lines, in order.
    using Read = std::function<Result<void>(std::span<const json::Value>, std::size_t first)>;
    Result<void> for_each_batch(std::size_t rows_max, const Read& read) const;

private:
    MappedFile file_;
};

}  // namespace tusker::nucleus
