#include <fmt/format.h>

#include <charconv>

#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"

namespace tusker::app {
namespace {

constexpr std::uint64_t kWaitMaxMs = 10'000;
constexpr std::size_t kListMax = 500;

std::string_view status_name(jobs::Status status) {
    switch (status) {
        case jobs::Status::Running:
            return "running";
        case jobs::Status::Done:
            return "done";
        case jobs::Status::Failed:
            return "failed";
        case jobs::Status::Cancelled:
            return "cancelled";
    }
    return "";
}

/// From the pace so far; not before a second or a hundredth is done.
std::optional<double> seconds_left(const jobs::Job& job) {
    const auto elapsed = static_cast<double>(now_ms() - job.started_at) / 1000.0;
    if (job.status != jobs::Status::Running || job.done == 0 || job.total <= job.done ||
        elapsed < 1.0 || job.done * 100 < job.total)
        return std::nullopt;
    return elapsed * static_cast<double>(job.total - job.done) / static_cast<double>(job.done);
}

Answer answer_job(const jobs::Job& job) {
    json::Writer writer;
    write_job(writer, job);
    return http::Response::json(writer.take());
}

}  // namespace

void write_job(json::Writer& writer, const jobs::Job& job) {
    writer.object().member("id", job.id).member("kind", job.kind);
    writer.member("dataset", job.dataset_id).member("status", status_name(job.status));
    writer.member("done", job.done).member("total", job.total).member("unit", job.unit);
    writer.member("started_at", to_iso(job.started_at)).member("seconds_left", seconds_left(job));
    writer.member("message", job.message).key("result");
    if (job.result.empty())
        writer.null();
    else
        writer.raw(job.result);
    writer.key("error");
    if (job.error.empty())
        writer.null();
    else
        writer.value(job.error);
    writer.end();
}

Answer list_jobs(const Request& request, Services& services) {
    jobs::Filter filter;
    if (const auto dataset = request.query_param("dataset"))
        filter.dataset_id = TUSKER_TRY(find_dataset(services.catalog, *dataset)).id;
    filter.limit = kListMax;
    json::Writer writer;
    writer.object().key("jobs").array();
    for (const jobs::Job& job : TUSKER_TRY(services.jobs.list(filter))) write_job(writer, job);
    return http::Response::json(writer.end().end().take());
}

Answer show_job(const Request& request, Services& services) {
    const std::string_view id = request.path_param("id");
    const jobs::Job job = TUSKER_TRY(services.jobs.find(id));
    const auto asked = request.query_param("wait");
    if (!asked) return answer_job(job);
    std::uint64_t wait_ms = 0;
    const auto read = std::from_chars(asked->data(), asked->data() + asked->size(), wait_ms);
    if (read.ec != std::errc() || read.ptr != asked->data() + asked->size() || wait_ms > kWaitMaxMs)
        return invalid(fmt::format("wait = {}: must be milliseconds up to {}", *asked, kWaitMaxMs));
    return answer_job(
        TUSKER_TRY(services.jobs.wait(id, job.revision, std::chrono::milliseconds(wait_ms))));
}

Answer cancel_job(const Request& request, Services& services) {
    const std::string_view id = request.path_param("id");
    TUSKER_TRY(services.jobs.cancel(id));
    return answer_job(TUSKER_TRY(services.jobs.find(id)));
}

}  // namespace tusker::app
