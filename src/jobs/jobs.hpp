// Jobs: long work with progress, cancel, and errors a user can read. Knows no domain: what is done
// comes as a function. Not for: work that must go on by itself after a restart (a job that was
// under way then says that the server stopped, and at what percentage).
// Invariants: (1) the id of a job is handed out only after the job is stored. (2) A job ends once.
// (3) After a restart no job is running that nobody works on.
// Start reading at Jobs::start.
//
// Thread safety: all members may be called from several threads. Works run on the room's own
// threads, so that a long one holds up no request; those beyond wait in a queue and say "Running".
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace tusker::jobs {

/// Numbers are stored; never renumber.
enum class Status : std::uint8_t { Running = 1, Done = 2, Failed = 3, Cancelled = 4 };

/// A job at one moment.
struct Job {
    std::string id = {};          // job_…
    std::string kind = {};        // "uploadAnnotations", "label_issues", …
    std::string dataset_id = {};  // may be empty
    std::string who = {};
    Status status = Status::Running;
    std::uint64_t done = 0;
    std::uint64_t total = 0;   // 0 = not known yet
    std::string unit = {};     // what done and total count: "rows", "pictures"
    std::string message = {};  // what it is doing now
    std::string result = {};   // JSON object; empty while running
    std::string error = {};    // a sentence, if Failed
    std::uint64_t errors_count = 0;
    TimeMs started_at = 0;
    TimeMs finished_at = 0;
    std::uint64_t revision = 0;  // grows with each change
};

/// 10,000 latest errors are kept of one job, 50,000 latest jobs of a data directory.
inline constexpr std::size_t kErrorsMax = 10'000;
inline constexpr std::size_t kJobsMax = 50'000;
/// Works that run or wait; past it `start` is Unavailable.
inline constexpr std::size_t kRunningMax = 1'000;

/// How a work says where it is; valid during the work.
class Progress {
public:
    virtual ~Progress() = default;
    virtual void set_total(std::uint64_t total) = 0;
    virtual void advance(std::uint64_t by) = 0;
    virtual void say(std::string message) = 0;
    /// One thing that was refused; the job goes on.
    virtual void add_error(std::string error) = 0;
    virtual std::stop_token stop() const = 0;
    /// Cancelled if somebody asked for it; call it between steps.
    Result<void> check() const;
};

/// What a work comes to. With a `failure` (a sentence) the job is Failed, and the result still says
/// what was stored.
struct Outcome {
    std::string result = {};  // JSON object
    std::string failure = {};
};
using Work = std::function<Result<Outcome>(Progress&)>;

struct Start {
    std::string kind = {};
    std::string dataset_id = {};
    std::string who = {};
    std::string unit = "rows";
    std::uint64_t total = 0;
    /// `start` waits so long for the end, so that small work is finished when it is answered.
    std::chrono::milliseconds grace = std::chrono::milliseconds(0);
};

struct Filter {
    std::optional<std::string> dataset_id = {};
    std::vector<std::string> kinds = {};  // empty = all
    std::optional<TimeMs> from = {};      // started at or after
    std::optional<TimeMs> to = {};        // started at or before
    bool finished = true;                 // also those that ended
    std::size_t limit = kJobsMax;
};

class Jobs {
public:
    /// Opens or creates `file`. Jobs that were running when the last process ended become Failed.
    static Result<std::unique_ptr<Jobs>> open(const std::filesystem::path& file,
                                              std::size_t threads = 4);
    /// Asks running works to stop and waits for them; what they had is told as after a crash.
    ~Jobs();

    /// The job as it is after `grace`; it is stored by then.
    Result<Job> start(const Start& start, Work work);
    /// Runs it on the calling thread and returns it ended and stored.
    Result<Job> run_here(const Start& start, Work work);
    /// NotFound names the id.
    Result<Job> find(std::string_view id) const;
    /// The job as soon as its revision is greater than `revision` or it has ended; at the latest
    /// after `timeout`.
    Result<Job> wait(std::string_view id, std::uint64_t revision,
                     std::chrono::milliseconds timeout) const;
    Result<std::vector<std::string>> errors(std::string_view id) const;
    /// Newest first.
    Result<std::vector<Job>> list(const Filter& filter) const;
    /// Conflict if it has ended.
    Result<void> cancel(std::string_view id);

private:
    Jobs();
    Result<std::shared_ptr<class Running>> add(const Start& start, Work work);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tusker::jobs
