#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "server/nucleus/handlers.hpp"
#include "server/nucleus/job_answers.hpp"

namespace tusker::nucleus {
namespace {

using jobs::Job;
using jobs::Status;

// The client's waiter goes on only while a job is "Running", and takes every status that begins
// with "Errored" for a failure.
std::string_view status_text(Status status) {
    switch (status) {
        case Status::Running:
            return "Running";
        case Status::Done:
            return "Completed";
        case Status::Failed:
            return "Errored";
        case Status::Cancelled:
            return "Cancelled";
    }
    return "Errored";
}

/// "0.38"; what is done is 1.00 even where nothing was counted.
std::string progress_text(const Job& job) {
    if (job.status == Status::Done) return "1.00";
    if (job.total == 0) return "0.00";
    const auto share =
        static_cast<double>(std::min(job.done, job.total)) / static_cast<double>(job.total);
    // Rounded down: 1.00 says that it is finished.
    return fmt::format("{:.2f}", std::floor(share * 100) / 100);
}

Result<std::optional<TimeMs>> date(json::Value body, std::string_view key) {
    const auto member = body.find_value(key);
    if (!member) return std::nullopt;
    auto text = std::string(member->as_string().value_or(""));
    if (const auto space = text.find(' '); space != std::string::npos) text[space] = 'T';
    if (text.ends_with("+00:00")) text.resize(text.size() - 6);
    const auto time = parse_iso(text);
    if (!time)
        return invalid(
            fmt::format("{} = {}: must be a date such as 2026-11-24 or 2026-11-24T03:00:00", key,
                        member->text()));
    return *time;
}

}  // namespace

void write_job(json::Writer& writer, const Job& job) {
    writer.object().member("job_id", job.id);
    writer.member("job_last_known_status", status_text(job.status));
    writer.member("job_type", job.kind).member("job_creation_time", to_iso(job.started_at));
    writer.key("dataset_id");
    if (job.dataset_id.empty())
        writer.null();
    else
        writer.value(job.dataset_id);
    writer.end();
}

Response job_answer(const Job& job) {
    json::Writer writer;
    write_job(writer, job);
    return Response::json(writer.take());
}

jobs::Start job_start(const Call& call, std::string_view kind, std::string_view dataset_id) {
    return {.kind = std::string(kind),
            .dataset_id = std::string(dataset_id),
            .who = call.request.principal().who};
}

Result<Response> job_of_lines(const Call& call, jobs::Start start,
                              const std::filesystem::path& path, LinesWork work) {
    // Up to here the client is answered when everything is stored: scripts write annotations right
    // after the items they belong to.
    constexpr std::size_t kSmallBytes = std::size_t{16} << 20U;
    constexpr auto kGrace = std::chrono::seconds(30);
    auto lines = std::make_shared<Lines>(TUSKER_TRY(Lines::open(path)));
    const bool small = lines->size() <= kSmallBytes;
    auto whole = [lines, path, work = std::move(work)](jobs::Progress& progress) {
        auto outcome = work(*lines, progress);
        // Left behind by a crash, it is forgotten after a day.
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
        return outcome;
    };
    start.grace = kGrace;
    return job_answer(TUSKER_TRY(small ? call.services.jobs.run_here(start, std::move(whole))
                                       : call.services.jobs.start(start, std::move(whole))));
}

Result<Response> list_jobs(const Request& request, Services& services) {
    Call call(request, services);
    const auto body = TUSKER_TRY(call.body());
    jobs::Filter filter;
    if (const auto dataset = body.find_value("dataset_id"))
        filter.dataset_id = std::string(dataset->as_string().value_or(""));
    filter.kinds = TUSKER_TRY(text_list(body, "job_types"));
    filter.from = TUSKER_TRY(date(body, "from_date"));
    filter.to = TUSKER_TRY(date(body, "to_date"));
    if (const auto finished = body.find_value("show_completed"))
        filter.finished = finished->as_bool().value_or(true);
    if (const auto limit = body.find_value("limit")) {
        const auto number = limit->as_int();
        if (!number || *number < 1)
            return invalid(
                fmt::format("limit = {}: must be a whole number, at least 1", limit->text()));
        filter.limit = std::min(static_cast<std::size_t>(*number), jobs::kJobsMax);
    }
    json::Writer writer;
    writer.array();
    for (const auto& job : TUSKER_TRY(services.jobs.list(filter))) write_job(writer, job);
    return Response::json(writer.end().take());
}

Result<Response> job_info(const Request& request, Services& services) {
    return job_answer(TUSKER_TRY(services.jobs.find(request.path_param("job"))));
}

Result<Response> job_status(const Request& request, Services& services) {
    const auto job = TUSKER_TRY(services.jobs.find(request.path_param("job")));
    const auto total = std::max(job.total, job.done);
    json::Writer writer;
    writer.object().member("job_id", job.id).member("status", status_text(job.status));
    writer.member("job_type", job.kind).member("job_progress", progress_text(job));
    writer.member("completed_steps", job.status == Status::Done ? total : job.done);
    writer.member("total_steps", total).key("message");
    if (!job.result.empty())
        writer.raw(job.result);
    else
        writer.value(job.error.empty() ? job.message : job.error);
    return Response::json(writer.end().take());
}

Result<Response> job_errors(const Request& request, Services& services) {
    json::Writer writer;
    write_texts(writer, TUSKER_TRY(services.jobs.errors(request.path_param("job"))));
    return Response::json(writer.take());
}

}  // namespace tusker::nucleus
