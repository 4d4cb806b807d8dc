#include <fmt/format.h>

#include "base/file.hpp"
#include "formats/export/export.hpp"
#include "formats/import/import.hpp"
#include "formats/probabilities/probabilities.hpp"
#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"

namespace tusker::app {
namespace {

namespace fs = std::filesystem;

Result<formats::ImportRequest> read_import(const Request& request, const Body& body,
                                           const Services& services) {
    formats::ImportRequest import;
    const std::string path = TUSKER_TRY(body.text_or_empty("path"));
    if (!fs::path(path).is_absolute())
        return invalid(fmt::format("path = {}: must be an absolute path", json::quote(path)));
    import.path = path;
    if (const auto format = TUSKER_TRY(body.text("format"))) {
        import.format = formats::find_format(*format);
        if (!import.format)
            return invalid(
                fmt::format("format = {}: must be null, folder, coco or coco_results", *format));
    }
    import.model = TUSKER_TRY(body.text_or_empty("model"));
    import.images = TUSKER_TRY(body.text_or_empty("images"));
    import.labels = TUSKER_TRY(body.text_or_empty("labels"));
    import.dry_run = TUSKER_TRY(body.flag("dry_run", false));
    import.keep_missing = TUSKER_TRY(body.flag("keep_missing", false));
    import.who = request.principal().who;
    import.may_read = [&media = services.media](const fs::path& file) -> Result<void> {
        TUSKER_TRY(media.check(file.string()));
        return {};
    };
    return import;
}

Result<std::vector<std::string>> read_names(std::string_view text, std::string_view parameter) {
    const auto document = json::Document::parse(text);
    std::vector<std::string> names;
    bool good = document && document->root().kind() == json::Kind::Array;
    if (good)
        (void)document->root().for_each([&](json::Value value) {
            const auto name = value.as_string();
            good = good && name.has_value();
            names.emplace_back(name.value_or(""));
        });
    if (!good) return invalid(fmt::format("{}: must be a JSON list of texts", parameter));
    return names;
}

/// A query parameter that is a JSON list of names or the id of one that was uploaded.
Result<std::vector<std::string>> names_of(const Request& request, std::string_view parameter,
                                          Services& services) {
    const std::string_view text = request.query_param(parameter).value_or("");
    if (!text.starts_with("upl_")) return read_names(text, parameter);
    auto names = services.uploads.find(text);
    if (!names)
        return not_found(fmt::format("{} = {}: was not uploaded within the hour", parameter, text));
    return *std::move(names);
}

/// A file name for Content-Disposition: what is not plain is a dash.
std::string file_name(const std::string& name, std::string_view ending) {
    std::string plain;
    for (const char c : name)
        plain +=
            (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') ? c : '-';
    return fmt::format("attachment; filename=\"{}.{}\"", plain, ending);
}

}  // namespace

Answer start_import(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const Body body = TUSKER_TRY(Body::parse(request));
    formats::ImportRequest import = TUSKER_TRY(read_import(request, body, services));
    import.dataset_id = version->dataset_id;
    TUSKER_TRY(import.may_read(import.path));
    const auto source = TUSKER_TRY(formats::find_source(import.path, import.format));
    if (source.format == formats::Format::CocoResults && import.model.empty())
        return invalid("model is absent: results are predictions of a model");
    const jobs::Job job = TUSKER_TRY(services.jobs.start(
        {.kind = "import",
         .dataset_id = version->dataset_id,
         .who = request.principal().who,
         .unit = "rows"},
        [&services, import](jobs::Progress& progress) -> Result<jobs::Outcome> {
            const formats::ImportReport report =
                TUSKER_TRY(formats::run_import(&services.catalog, import, services.pool, progress));
            return jobs::Outcome{.result = report.json()};
        }));
    json::Writer writer;
    write_job(writer, job);
    return http::Response::json(202, writer.take());
}

/// Reports nothing: a request that waits has no one to tell.
class SilentProgress : public jobs::Progress {
public:
    void set_total(std::uint64_t) override {}
    void advance(std::uint64_t) override {}
    void say(std::string) override {}
    void add_error(std::string) override {}
    std::stop_token stop() const override { return {}; }
};

Answer keep_upload(const Request& request, Services& services) {
    json::Writer writer;
    writer.object();
    writer.member("id", services.uploads.keep(TUSKER_TRY(read_names(request.body(), "body"))));
    return http::Response::created(writer.end().take());
}

Answer put_probabilities(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const std::string_view body = request.body();
    formats::ProbabilitiesRequest import;
    import.dataset_id = version->dataset_id;
    import.model = request.path_param("model");
    import.npy = std::as_bytes(std::span(body.data(), body.size()));
    import.name = "body";
    import.who = request.principal().who;
    import.classes = TUSKER_TRY(names_of(request, "classes", services));
    if (request.query_param("refs"))
        import.references = TUSKER_TRY(names_of(request, "refs", services));
    SilentProgress progress;
    const auto report =
        TUSKER_TRY(formats::import_probabilities(services.catalog, import, progress));
    return http::Response::json(report.json());
}

Answer export_file(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const std::string_view format = request.query_param("format").value_or("");
    if (format != "coco" && format != "csv")
        return invalid(fmt::format("format = {}: must be coco or csv", format));
    const Scope scope =
        TUSKER_TRY(make_scope(version, std::string(request.query_param("q").value_or("")),
                              std::string(request.query_param("slice").value_or("")), "",
                              std::string(request.query_param("issues").value_or(""))));
    auto answer = query::ask(scope.q, scope.query_scope(), services.pool);
    if (!answer) return query_error(std::move(answer).error());
    if (format == "coco")
        return http::Response::streamed("application/json",
                                        formats::export_coco(version, std::move(answer->items)))
            .with("Content-Disposition", file_name(version->name, "json"));
    const auto corrections = TUSKER_TRY(services.catalog.corrections(version->dataset_id));
    return http::Response::streamed("text/csv; charset=utf-8",
                                    formats::export_csv(version, std::move(answer->items),
                                                        corrections, scope.finding_id))
        .with("Content-Disposition", file_name(version->name, "csv"));
}

Answer export_in_place(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const Body body = TUSKER_TRY(Body::parse(request));
    const std::string path = TUSKER_TRY(body.text_or_empty("path"));
    if (!fs::path(path).is_absolute())
        return invalid(fmt::format("path = {}: must be an absolute path", json::quote(path)));
    TUSKER_TRY(services.media.check(path));
    const std::string format = TUSKER_TRY(body.text("format")).value_or("coco");
    if (format != "coco" || !TUSKER_TRY(body.flag("in_place", true)))
        return invalid("format: only coco is written in place; other exports are downloaded");
    const bool dry_run = TUSKER_TRY(body.flag("dry_run", false));
    const auto changes = TUSKER_TRY(formats::export_in_place(services.catalog, version->dataset_id,
                                                             path, dry_run, services.pool));
    json::Writer writer;
    writer.object().key("changed").array();
    for (const formats::FileChange& change : changes) {
        writer.object().member("line", change.line).member("before", change.before);
        writer.member("after", change.after).end();
    }
    writer.end().member("file", path).member("dry_run", dry_run);
    return http::Response::json(writer.end().take());
}

Answer export_changes(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const auto corrections = TUSKER_TRY(services.catalog.corrections(version->dataset_id));
    return http::Response::text("text/csv; charset=utf-8",
                                formats::export_changes(*version, corrections))
        .with("Content-Disposition", file_name(version->name + "-changes", "csv"));
}

}  // namespace tusker::app
