#include <fmt/format.h>

#include "server/nucleus/handlers.hpp"
#include "server/nucleus/item_pages.hpp"
#include "server/nucleus/job_answers.hpp"

namespace tusker::nucleus {
namespace {

struct ExportQuestion {
    ItemPage page;
    bool chip = false;
};

Result<ExportQuestion> export_question(Call& call, const Version& version) {
    const auto body = TUSKER_TRY(call.body());
    ExportQuestion question;
    const auto page = TUSKER_TRY(Page::read(body));
    if (const auto chip = body.find_value("chip")) question.chip = chip->as_bool().value_or(false);
    const auto query = body.find_value("query");
    const auto text = query ? query->as_string().value_or("") : std::string_view();
    question.page = text.empty() ? page_of(version, *version.living, page)
                                 : TUSKER_TRY(page_of_query(call, version, text, page));
    return question;
}

std::string taxonomy_answer(const Call& call, std::string_view name, std::string_view status) {
    json::Writer writer;
    writer.object().member("dataset_id", call.param("ds")).member("taxonomy_name", name);
    return writer.member("status", status).end().take();
}

}  // namespace

Result<Response> ground_truth_loc(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    std::optional<catalog::Object> found;
    const auto item = TUSKER_TRY(split_reference(
        *version, call.param("path"),
        [&](const catalog::Item& candidate, std::string_view annotation_id) {
            for (const auto& object : catalog::objects_of(version->annotations, candidate.item_no))
                if (object.annotation_id == annotation_id) found = object;
            return found.has_value();
        },
        "item and annotation"));
    json::Writer writer;
    call.render(*version).annotation(writer, *found, item);
    return Response::json(writer.take());
}

Result<Response> delete_annotations(const Request& request, Services& services) {
    Call call(request, services);
    TUSKER_TRY(call.version());
    // An empty list means all items: the client sends it when it was given none.
    const auto references = TUSKER_TRY(text_list(TUSKER_TRY(call.body()), "reference_ids"));
    const auto job = TUSKER_TRY(services.jobs.run_here(
        job_start(call, "annotationDeletion", call.param("ds")),
        [&](jobs::Progress& progress) -> Result<jobs::Outcome> {
            const auto deleted = TUSKER_TRY(
                services.catalog.delete_annotations(call.param("ds"), references, call.author()));
            progress.advance(deleted);
            json::Writer writer;
            writer.object().member("dataset_id", call.param("ds"));
            return jobs::Outcome{.result =
                                     writer.member("annotations_deleted", deleted).end().take()};
        }));
    return job_answer(job);
}

Result<Response> export_dataset(const Request& request, Services& services) {
    const Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    return Response::json(exported_rows(call.render(*version), *version->living, nullptr));
}

Result<Response> export_dataset_page(const Request& request, Services& services) {
    Call call(request, services);
    const auto version = TUSKER_TRY(call.version());
    const auto question = TUSKER_TRY(export_question(call, *version));
    return Response::json(
        exported_page(call.render(*version), question.page, nullptr, question.chip));
}

Result<Response> add_taxonomy(const Request& request, Services& services) {
    Call call(request, services);
    const auto body = TUSKER_TRY(call.body());
    const auto type = TUSKER_TRY(text_member(body, "type"));
    // Labels of several at once are chosen from the same list as labels of one.
    if (type != "category" && type != "multicategory")
        return invalid(fmt::format("type = \"{}\": must be category or multicategory", type));
    const catalog::Taxonomy taxonomy{.name = TUSKER_TRY(text_member(body, "taxonomy_name")),
                                     .type = catalog::ObjectType::Category,
                                     .labels = TUSKER_TRY(text_list(body, "labels"))};
    const auto update = body.find_value("update");
    const auto status = TUSKER_TRY(services.catalog.put_taxonomy(
        call.param("ds"), taxonomy, update && update->as_bool().value_or(false), call.author()));
    const auto text = [&]() -> std::string_view {
        switch (status) {
            case catalog::Catalog::TaxonomyStatus::Created:
                return "Taxonomy created";
            case catalog::Catalog::TaxonomyStatus::Exists:
                return "Taxonomy already exists";
            case catalog::Catalog::TaxonomyStatus::Updated:
                return "Taxonomy updated";
        }
        return {};
    }();
    return Response::json(taxonomy_answer(call, taxonomy.name, text));
}

Result<Response> delete_taxonomy(const Request& request, Services& services) {
    const Call call(request, services);
    const auto name = call.param("name");
    TUSKER_TRY(services.catalog.delete_taxonomy(call.param("ds"), name, call.author()));
    return Response::json(taxonomy_answer(call, name, "Taxonomy successfully deleted"));
}

}  // namespace tusker::nucleus
