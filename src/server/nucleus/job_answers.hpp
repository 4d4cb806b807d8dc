// JOB, and how a call becomes one.
#pragma once

#include "server/nucleus/call.hpp"

namespace tusker::nucleus {

void write_job(json::Writer& writer, const jobs::Job& job);
Response job_answer(const jobs::Job& job);

/// A job of this caller.
jobs::Start job_start(const Call& call, std::string_view kind, std::string_view dataset_id);

/// A job over a file of lines, which is removed when it has ended. Small files are finished when
/// this returns; large ones go on by themselves.
using LinesWork = std::function<Result<jobs::Outcome>(const Lines&, jobs::Progress&)>;
Result<Response> job_of_lines(const Call& call, jobs::Start start,
                              const std::filesystem::path& path, LinesWork work);

}  // namespace tusker::nucleus
