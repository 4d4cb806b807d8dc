#include <fmt/format.h>

#include <algorithm>

#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"

namespace tusker::app {
namespace {

/// Up to eight items spread over the dataset, as its picture.
void write_cover(json::Writer& writer, const catalog::Version& version) {
    constexpr std::uint64_t kCover = 8;
    const std::uint64_t count = std::min(kCover, version.item_count());
    writer.key("cover").array();
    for (std::uint64_t i = 0; i < count; ++i)
        if (const auto item = version.living->select(i * version.item_count() / count))
            writer.value(*item);
    writer.end();
}

Result<void> write_runs(json::Writer& writer, const catalog::Version& version,
                        const Services& services) {
    writer.key("runs").array();
    for (const auto& [id, run] : version.runs) {
        if (run->run_free) continue;
        const auto model = services.catalog.model(run->model_id);
        writer.object().member("id", id).member("name", run->name);
        writer.member("model", model ? model->name : run->model_id);
        writer.member("predictions", run->predictions.living_rows()).end();
    }
    writer.end();
    return {};
}

Result<void> write_issues(json::Writer& writer, const catalog::Version& version,
                          Services& services) {
    writer.key("issues");
    const catalog::Finding* const finding = version.find_label_issues();
    if (finding == nullptr) {
        writer.null();
        return {};
    }
    const auto decisions = TUSKER_TRY(services.issues.decisions(services.catalog, version));
    const auto list =
        label_issues::list_issues(version, *finding, *services.issues.issues(*finding),
                                  decisions->standing(), *version.living, {.limit = 0});
    writer.object().member("id", finding->id).member("open", list.open);
    writer.member("decided", list.decided).member("total", list.total);
    writer.member("created_at", to_iso(finding->created_at)).end();
    return {};
}

Result<void> write_dataset_members(json::Writer& writer, const catalog::DatasetSummary& dataset,
                                   Services& services) {
    const auto version = TUSKER_TRY(services.catalog.version(dataset.id));
    const auto facts = services.facts.of(*version);
    writer.member("id", dataset.id).member("name", dataset.name);
    writer.member("items", version->item_count());
    writer.member("annotations", version->annotations.living_rows());
    writer.member("unlabelled", facts->unlabelled);
    TUSKER_TRY(write_runs(writer, *version, services));
    TUSKER_TRY(write_issues(writer, *version, services));
    writer.member("slices", version->slices.size());
    writer.member("changed_at", to_iso(dataset.changed_at));
    writer.member("changed_by", dataset.changed_by).member("changed_what", dataset.changed_what);
    writer.member("created_at", to_iso(dataset.created_at));
    writer.member("stored_bytes", services.catalog.stored_bytes(dataset.id));
    writer.member("media_bytes", facts->media_bytes);
    write_cover(writer, *version);
    return {};
}

void write_schema(json::Writer& writer, const catalog::Version& version,
                  const DatasetFacts& facts) {
    writer.key("schema").object().key("labels").array();
    for (catalog::LabelCode code = 0; code < version.labels->size(); ++code) {
        writer.object().member("name", version.labels->text(code));
        // A label that came after the facts were counted has none in them.
        writer.member("annotations", code < facts.annotations_of_label.size()
                                         ? facts.annotations_of_label[code]
                                         : 0);
        writer.member("color", code + 1).end();
    }
    writer.end().key("taxonomies").array();
    for (const catalog::Taxonomy& taxonomy : version.taxonomies) {
        writer.object().member("name", taxonomy.name).key("labels").array();
        for (const std::string& label : taxonomy.labels) writer.value(label);
        writer.end().end();
    }
    writer.end().key("metadata").array();
    for (const auto& [name, key] : facts.metadata) {
        writer.object().member("key", name).key("types").array();
        for (const std::string& type : key.types) writer.value(type);
        writer.end().member("items", key.items).end();
    }
    writer.end().key("types").array();
    for (const std::string& type : facts.types) writer.value(type);
    writer.end().end();
}

Answer answer_dataset(int status, std::string_view id, Services& services) {
    const auto dataset = TUSKER_TRY(services.catalog.dataset(id));
    json::Writer writer;
    writer.object();
    TUSKER_TRY(write_dataset_members(writer, dataset, services));
    return http::Response::json(status, writer.end().take());
}

catalog::Author author_of(const Request& request) {
    return {.who = request.principal().who, .why = {}};
}

}  // namespace

Answer list_datasets(const Request&, Services& services) {
    json::Writer writer;
    writer.object().key("datasets").array();
    std::vector<catalog::DatasetSummary> datasets = services.catalog.datasets();
    std::ranges::stable_sort(datasets, std::greater<>(), &catalog::DatasetSummary::changed_at);
    for (const catalog::DatasetSummary& dataset : datasets) {
        writer.object();
        TUSKER_TRY(write_dataset_members(writer, dataset, services));
        writer.end();
    }
    writer.end().key("roots").array();
    for (const auto& root : services.media.roots()) writer.value(root.string());
    return http::Response::json(writer.end().end().take());
}

Answer create_dataset(const Request& request, Services& services) {
    const Body body = TUSKER_TRY(Body::parse(request));
    const std::string name = TUSKER_TRY(body.name("name"));
    for (const catalog::DatasetSummary& dataset : services.catalog.datasets())
        if (dataset.name == name)
            return fail(ErrorCode::Conflict,
                        fmt::format("name = {}: a dataset has this name", name));
    const auto id = TUSKER_TRY(services.catalog.create_dataset(name, author_of(request)));
    return answer_dataset(201, id, services);
}

Answer show_dataset(const Request& request, Services& services) {
    const auto dataset = TUSKER_TRY(find_dataset(services.catalog, request.path_param("ds")));
    const auto version = TUSKER_TRY(services.catalog.version(dataset.id));
    json::Writer writer;
    writer.object();
    TUSKER_TRY(write_dataset_members(writer, dataset, services));
    write_schema(writer, *version, *services.facts.of(*version));
    return http::Response::json(writer.end().take());
}

Answer rename_dataset(const Request& request, Services& services) {
    const Body body = TUSKER_TRY(Body::parse(request));
    const std::string name = TUSKER_TRY(body.name("name"));
    const auto dataset = TUSKER_TRY(find_dataset(services.catalog, request.path_param("ds")));
    for (const catalog::DatasetSummary& other : services.catalog.datasets())
        if (other.name == name && other.id != dataset.id)
            return fail(ErrorCode::Conflict,
                        fmt::format("name = {}: a dataset has this name", name));
    TUSKER_TRY(services.catalog.rename_dataset(dataset.id, name));
    return answer_dataset(200, dataset.id, services);
}

// The name is typed again, so that nothing is deleted by a slip.
Answer delete_dataset(const Request& request, Services& services) {
    const auto dataset = TUSKER_TRY(find_dataset(services.catalog, request.path_param("ds")));
    const Body body = TUSKER_TRY(Body::parse(request));
    const std::string name = TUSKER_TRY(body.text_or_empty("name"));
    if (name != dataset.name)
        return invalid(fmt::format("name = {}: must be the dataset's name, {}", json::quote(name),
                                   dataset.name));
    TUSKER_TRY(services.catalog.delete_dataset(dataset.id));
    return http::Response::json("{}");
}

}  // namespace tusker::app
