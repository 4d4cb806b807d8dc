#include "server/app/scope.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/nearest.hpp"

namespace tusker::app {
namespace {

/// The run with most predictions; of several the one made first.
std::string default_run(const catalog::Version& version) {
    const catalog::RunTable* best = nullptr;
    for (const auto& [id, run] : version.runs)
        if (!run->run_free &&
            (best == nullptr || run->predictions.living_rows() > best->predictions.living_rows()))
            best = run.get();
    return best ? best->run_id : "";
}

}  // namespace

Result<catalog::DatasetSummary> find_dataset(const catalog::Catalog& catalog,
                                             std::string_view id_or_name) {
    if (id_or_name.starts_with("ds_"))
        if (auto by_id = catalog.dataset(id_or_name)) return by_id;
    std::vector<std::string> names;
    for (catalog::DatasetSummary& dataset : catalog.datasets()) {
        if (dataset.name == id_or_name) return std::move(dataset);
        names.push_back(dataset.name);
    }
    return not_found(fmt::format("dataset = {}: there is none with that id or name{}", id_or_name,
                                 did_you_mean(id_or_name, names)));
}

Result<std::shared_ptr<const catalog::Version>> version_of(const http::Request& request,
                                                           const Services& services) {
    const auto dataset = TUSKER_TRY(find_dataset(services.catalog, request.path_param("ds")));
    return services.catalog.version(dataset.id);
}

Result<Scope> make_scope(std::shared_ptr<const catalog::Version> version, std::string q,
                         std::optional<std::string> slice, std::string run, std::string issues) {
    Scope scope{.version = std::move(version),
                .q = std::move(q),
                .slice = slice && slice->empty() ? std::nullopt : std::move(slice),
                .run_id = std::move(run),
                .finding_id = std::move(issues)};
    if (scope.run_id.empty())
        scope.run_id = default_run(*scope.version);
    else if (!scope.version->find_run(scope.run_id))
        return not_found(
            fmt::format("run = {}: dataset {} has no such run", scope.run_id, scope.version->name));
    const catalog::Finding* const finding = scope.version->find_label_issues(scope.finding_id);
    if (finding == nullptr && !scope.finding_id.empty())
        return not_found(fmt::format("issues = {}: dataset {} has no such label-issue run",
                                     scope.finding_id, scope.version->name));
    if (finding != nullptr) scope.finding_id = finding->id;
    return scope;
}

Result<Scope> read_scope(std::shared_ptr<const catalog::Version> version, const Body& body) {
    return make_scope(std::move(version), TUSKER_TRY(body.text_or_empty("q")),
                      TUSKER_TRY(body.text("slice")), TUSKER_TRY(body.text_or_empty("run")),
                      TUSKER_TRY(body.text_or_empty("issues")));
}

Result<http::Response> query_error(Error error) {
    constexpr std::string_view kPrefix = "column ";
    if (error.code != ErrorCode::InvalidArgument || !error.message.starts_with(kPrefix))
        return std::unexpected(std::move(error));
    std::size_t column = 0;
    std::from_chars(error.message.data() + kPrefix.size(),
                    error.message.data() + error.message.size(), column);
    json::Writer writer;
    writer.object().member("error", error.message).member("column", column).end();
    return http::Response::json(http_status(error.code), writer.take());
}

}  // namespace tusker::app
