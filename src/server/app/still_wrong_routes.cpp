#include <fmt/format.h>

#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"
#include "server/app/stopwatch.hpp"

namespace tusker::app {
namespace {

void write_count_members(json::Writer& writer, const audit::Count& count) {
    writer.member("expected", count.expected).member("low", count.low).member("high", count.high);
}

void write_count(json::Writer& writer, std::string_view key,
                 const std::optional<audit::Count>& count) {
    writer.key(key);
    if (!count) {
        writer.null();
        return;
    }
    writer.object();
    write_count_members(writer, *count);
    writer.end();
}

void write_next(json::Writer& writer, const label_issues::StillWrong& wrong) {
    writer.key("next");
    if (!wrong.next) {
        writer.null();
        return;
    }
    writer.object().member("labels", wrong.next_labels);
    write_count_members(writer, *wrong.next);
    writer.end();
}

void write_stop(json::Writer& writer, const label_issues::StillWrong& wrong) {
    writer.key("stop").object().member("share", wrong.target_share);
    writer.member("reached", wrong.is_reached).member("more", wrong.more).end();
}

}  // namespace

Answer estimate_still_wrong(const Request& request, Services& services) {
    const Stopwatch watch;
    const auto version = TUSKER_TRY(version_of(request, services));
    const std::string_view asked = request.query_param("issues").value_or("");
    const catalog::Finding* const finding = version->find_label_issues(asked);
    if (finding == nullptr)
        return not_found(fmt::format("issues = {}: dataset {} has no such label-issue run", asked,
                                     version->name));
    const auto decisions = TUSKER_TRY(services.issues.decisions(services.catalog, *version));
    const label_issues::StillWrong wrong = label_issues::estimate_still_wrong(
        *version, *finding, *services.issues.ranking(*finding), decisions->corrections());
    json::Writer writer;
    writer.object().member("issues", finding->id).member("confidence", audit::kConfidence);
    writer.member("labels", wrong.labels).member("decided", wrong.decided);
    writer.member("audited", wrong.audited).member("picks", wrong.picks);
    writer.member("picks_open", wrong.picks_open);
    write_count(writer, "still_wrong", wrong.all);
    write_count(writer, "listed", wrong.listed);
    write_next(writer, wrong);
    write_stop(writer, wrong);
    writer.key("curve").array();
    for (const label_issues::StillWrong::Point& point : wrong.curve) {
        writer.object().member("decided", point.decided);
        write_count_members(writer, point.wrong);
        writer.end();
    }
    writer.end().member("took_ms", watch.elapsed_ms());
    return http::Response::json(writer.end().take());
}

}  // namespace tusker::app
