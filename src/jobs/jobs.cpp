#include "jobs/jobs.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "base/ids.hpp"
#include "jobs/job_store.hpp"

namespace tusker::jobs {
namespace {

// Where a job is gets stored at most so often; each time costs one sync of the disk.
constexpr TimeMs kSaveEveryMs = 1'000;

}  // namespace

Result<void> Progress::check() const {
    if (stop().stop_requested()) return fail(ErrorCode::Cancelled, "cancelled");
    return {};
}

/// One job that has not ended, or ended and is still to be stored.
class Running final : public Progress {
public:
    Running(Job job, Work work, JobStore& store)
        : work_(std::move(work)), store_(store), job_(std::move(job)) {}

    void set_total(std::uint64_t total) override {
        change([&](Job& job) { job.total = total; });
    }
    void advance(std::uint64_t by) override {
        change([&](Job& job) { job.done += by; });
        save_now_and_then();
    }
    void say(std::string message) override {
        change([&](Job& job) { job.message = std::move(message); });
    }
    void add_error(std::string error) override {
        const std::scoped_lock lock(mutex_);
        ++job_.errors_count;
        errors_.push_back(std::move(error));
        if (errors_.size() > kErrorsMax) errors_.pop_front();
    }
    std::stop_token stop() const override { return stop_.get_token(); }

    Job now() const {
        const std::scoped_lock lock(mutex_);
        return job_;
    }
    std::vector<std::string> errors() const {
        const std::scoped_lock lock(mutex_);
        return {errors_.begin(), errors_.end()};
    }
    void cancel() { stop_.request_stop(); }
    void server_stops() {
        server_stops_ = true;
        stop_.request_stop();
    }

    /// Waits for a revision past `revision` or the end.
    Job wait(std::uint64_t revision, std::chrono::milliseconds timeout) const {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, timeout, [&] {
            return ended_ || (revision != kEndOnly && job_.revision > revision);
        });
        return job_;
    }
    static constexpr std::uint64_t kEndOnly = ~std::uint64_t{0};

    /// Makes the job known to the store, after which where it is gets stored now and then.
    Result<Job> store_running() {
        const std::scoped_lock storing(storing_);
        auto job = now();
        if (!end_is_stored_) {
            TUSKER_TRY(store_.put(job, {}));
            is_stored_ = true;
        }
        return job;
    }

    void run() {
        auto outcome = run_work();
        Job ended = now();
        ended.finished_at = now_ms();
        ended.revision += 1;
        if (outcome) {
            ended.result = std::move(outcome->result);
            ended.error = std::move(outcome->failure);
            ended.status = ended.error.empty() ? Status::Done : Status::Failed;
        } else if (server_stops_) {
            ended.status = Status::Failed;
            ended.error = stopped_sentence(ended.done, ended.total);
        } else if (outcome.error().code == ErrorCode::Cancelled) {
            ended.status = Status::Cancelled;
        } else {
            ended.status = Status::Failed;
            ended.error = outcome.error().message;
        }
        // Works count in steps and leave the last, smaller one out; what is done is wholly done.
        if (ended.status == Status::Done)
            ended.done = ended.total = std::max(ended.done, ended.total);
        // A full disk leaves the row "running": the next start tells that the server stopped.
        const std::scoped_lock storing(storing_);
        if (const auto stored = store_.put(ended, errors()); !stored)
            ended.message = "its end could not be stored: " + stored.error().message;
        end_is_stored_ = true;
        work_ = nullptr;
        const std::scoped_lock lock(mutex_);
        job_ = std::move(ended);
        ended_ = true;
        changed_.notify_all();
    }

private:
    template <class Fn>
    void change(Fn&& fn) {
        const std::scoped_lock lock(mutex_);
        fn(job_);
        ++job_.revision;
        changed_.notify_all();
    }

    Result<Outcome> run_work() {
        // Exceptions come from the language and third-party code only; a job must not take the
        // server with it.
        try {
            TUSKER_TRY(check());
            return work_(*this);
        } catch (const std::exception& exception) {
            return fail(ErrorCode::Internal, exception.what());
        }
    }

    void save_now_and_then() {
        if (!is_stored_ || now_ms() - saved_at_ < kSaveEveryMs) return;
        saved_at_ = now_ms();
        const std::scoped_lock storing(storing_);
        // Where a job is may be lost; its end may not.
        static_cast<void>(store_.put(now(), {}));
    }

    Work work_;
    JobStore& store_;
    std::stop_source stop_;
    std::atomic<bool> is_stored_ = false;
    std::atomic<bool> server_stops_ = false;
    std::atomic<TimeMs> saved_at_ = now_ms();

    // Taken before mutex_; keeps "running" from being stored over the end.
    std::mutex storing_;
    bool end_is_stored_ = false;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    Job job_;
    bool ended_ = false;
    std::deque<std::string> errors_;
};

struct Jobs::Impl {
    explicit Impl(JobStore opened) : store(std::move(opened)) {}

    JobStore store;
    mutable std::mutex mutex;
    std::condition_variable_any wake;
    std::map<std::string, std::shared_ptr<Running>, std::less<>> running;
    std::deque<std::shared_ptr<Running>> queue;
    std::vector<std::jthread> threads;

    std::shared_ptr<Running> find_running(std::string_view id) const {
        const std::scoped_lock lock(mutex);
        const auto found = running.find(id);
        return found == running.end() ? nullptr : found->second;
    }

    void work(const std::stop_token& stop) {
        while (true) {
            std::shared_ptr<Running> next;
            {
                std::unique_lock lock(mutex);
                // When the room closes, what still waits runs into its own stop at once and is
                // stored as stopped.
                wake.wait(lock, stop, [&] { return !queue.empty(); });
                if (queue.empty()) return;
                next = std::move(queue.front());
                queue.pop_front();
            }
            next->run();
            const std::scoped_lock lock(mutex);
            running.erase(next->now().id);
        }
    }
};

Jobs::Jobs() = default;

Jobs::~Jobs() {
    if (!impl_) return;
    {
        const std::scoped_lock lock(impl_->mutex);
        for (const auto& [id, job] : impl_->running) job->server_stops();
    }
    impl_->threads.clear();
}

Result<std::unique_ptr<Jobs>> Jobs::open(const std::filesystem::path& file, std::size_t threads) {
    auto jobs = std::unique_ptr<Jobs>(new Jobs());
    jobs->impl_ = std::make_unique<Impl>(TUSKER_TRY(JobStore::open(file)));
    for (std::size_t i = 0; i < threads; ++i)
        jobs->impl_->threads.emplace_back(
            [impl = jobs->impl_.get()](const std::stop_token& stop) { impl->work(stop); });
    return jobs;
}

Result<std::shared_ptr<Running>> Jobs::add(const Start& start, Work work) {
    auto job = std::make_shared<Running>(Job{.id = make_id("job_"),
                                             .kind = start.kind,
                                             .dataset_id = start.dataset_id,
                                             .who = start.who,
                                             .total = start.total,
                                             .unit = start.unit,
                                             .started_at = now_ms()},
                                         std::move(work), impl_->store);
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->running.size() >= kRunningMax)
        return fail(ErrorCode::Unavailable,
                    fmt::format("{} jobs are waiting: the most there may be; try again later",
                                kRunningMax));
    impl_->running.emplace(job->now().id, job);
    return job;
}

Result<Job> Jobs::start(const Start& start, Work work) {
    const auto job = TUSKER_TRY(add(start, std::move(work)));
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->queue.push_back(job);
    }
    impl_->wake.notify_one();
    if (auto ended = job->wait(Running::kEndOnly, start.grace); ended.status != Status::Running)
        return ended;
    return job->store_running();
}

Result<Job> Jobs::run_here(const Start& start, Work work) {
    const auto job = TUSKER_TRY(add(start, std::move(work)));
    job->run();
    const std::scoped_lock lock(impl_->mutex);
    impl_->running.erase(job->now().id);
    return job->now();
}

Result<Job> Jobs::find(std::string_view id) const {
    if (const auto running = impl_->find_running(id)) return running->now();
    auto stored = TUSKER_TRY(impl_->store.find(id));
    if (!stored) return not_found(fmt::format("job \"{}\": there is no such job", id));
    return *std::move(stored);
}

Result<Job> Jobs::wait(std::string_view id, std::uint64_t revision,
                       std::chrono::milliseconds timeout) const {
    if (const auto running = impl_->find_running(id)) return running->wait(revision, timeout);
    return find(id);
}

Result<std::vector<std::string>> Jobs::errors(std::string_view id) const {
    if (const auto running = impl_->find_running(id)) return running->errors();
    return impl_->store.errors(id);
}

Result<std::vector<Job>> Jobs::list(const Filter& filter) const {
    auto jobs = TUSKER_TRY(impl_->store.list(filter));
    for (auto& job : jobs)
        if (job.status == Status::Running) job = TUSKER_TRY(find(job.id));
    if (!filter.finished)
        std::erase_if(jobs, [](const Job& job) { return job.status != Status::Running; });
    return jobs;
}

Result<void> Jobs::cancel(std::string_view id) {
    // One that has ended may be among the running for a moment still.
    const auto running = impl_->find_running(id);
    if (running && running->now().status == Status::Running) {
        running->cancel();
        return {};
    }
    if (!running) TUSKER_TRY(find(id));
    return fail(ErrorCode::Conflict, fmt::format("job \"{}\": it has ended already", id));
}

}  // namespace tusker::jobs
