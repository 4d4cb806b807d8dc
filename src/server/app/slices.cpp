#include <fmt/format.h>

#include <algorithm>

#include "server/app/handlers.hpp"
#include "server/app/scope.hpp"

namespace tusker::app {
namespace {

using columns::Bitmap;

catalog::Author author_of(const Request& request) {
    return {.who = request.principal().who, .why = {}};
}

/// Living items of a slice now: a live one is asked anew.
Result<Bitmap> items_of(const catalog::Version& version, const std::string& slice,
                        const Services& services) {
    const query::Scope scope{.version = version, .slice = slice};
    return TUSKER_TRY(query::ask("", scope, services.pool)).items;
}

void write_cover(json::Writer& writer, const Bitmap& items) {
    constexpr std::size_t kCover = 6;
    writer.key("cover").array();
    std::size_t written = 0;
    items.for_each([&](std::uint32_t item) {
        writer.value(item);
        return ++written < kCover;
    });
    writer.end();
}

void write_slice(json::Writer& writer, const catalog::Slice& slice, const Bitmap& items) {
    writer.object().member("id", slice.id).member("name", slice.name);
    writer.member("query", slice.query).member("items", items.size());
    writer.member("created_at", to_iso(slice.created_at));
    writer.member("created_by", slice.created_by);
    write_cover(writer, items);
    writer.end();
}

Answer answer_slice(int status, std::string_view dataset_id, std::string_view slice_id,
                    const Services& services) {
    const auto version = TUSKER_TRY(services.catalog.version(dataset_id));
    const catalog::Slice* const slice = version->find_slice(slice_id);
    if (slice == nullptr)
        return not_found(
            fmt::format("slice = {}: dataset {} has none of that id", slice_id, version->name));
    json::Writer writer;
    write_slice(writer, *slice, TUSKER_TRY(items_of(*version, slice->id, services)));
    return http::Response::json(status, writer.take());
}

Result<void> check_free(const catalog::Version& version, const std::string& name) {
    for (const catalog::Slice& slice : version.slices)
        if (slice.name == name)
            return fail(ErrorCode::Conflict, fmt::format("name = {}: a slice has this name", name));
    return {};
}

/// Items that the body names by number; empty if it names none.
Result<std::optional<Bitmap>> read_items(const Body& body, const catalog::Version& version) {
    const auto list = body.root().find_value("items");
    if (!list) return std::nullopt;
    if (list->kind() != json::Kind::Array)
        return invalid("items: must be a list of item numbers or null");
    Bitmap items;
    TUSKER_TRY(list->for_each([&](json::Value value) -> Result<void> {
        const auto number = value.as_int();
        if (!number || *number < 0 || *number >= version.items_end ||
            !version.living->contains(static_cast<std::uint32_t>(*number)))
            return invalid(fmt::format("items: {} is no item of the dataset", value.text()));
        items.add(static_cast<std::uint32_t>(*number));
        return {};
    }));
    return items;
}

/// A live slice within a slice is that slice's name and the query.
std::string live_query(const Scope& scope) {
    if (!scope.slice) return scope.q;
    const std::string within = "slice = " + json::quote(*scope.slice);
    return scope.q.empty() ? within : fmt::format("{} AND ({})", within, scope.q);
}

Result<Bitmap> combine(Bitmap a, Bitmap b, std::string_view op) {
    if (op == "and") return a &= b;
    if (op == "or") return a |= b;
    if (op == "a-b") return a -= b;
    if (op == "b-a") return b -= a;
    if (op == "xor") {
        Bitmap both = a;
        both &= b;
        return (a |= b) -= both;
    }
    return invalid(fmt::format("op = {}: must be one of and, or, a-b, b-a, xor", op));
}

const catalog::Slice* slice_of(const catalog::Version& version, std::string_view id) {
    return version.find_slice(id);
}

}  // namespace

Answer list_slices(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    json::Writer writer;
    writer.object().key("slices").array();
    for (const catalog::Slice& slice : version->slices) {
        // A live slice whose query no longer reads (a run it named was deleted) has no items now.
        const auto items = items_of(*version, slice.id, services);
        write_slice(writer, slice, items ? *items : Bitmap());
    }
    return http::Response::json(writer.end().end().take());
}

Answer create_slice(const Request& request, Services& services) {
    const Body body = TUSKER_TRY(Body::parse(request));
    const Scope scope = TUSKER_TRY(read_scope(TUSKER_TRY(version_of(request, services)), body));
    const std::string name = TUSKER_TRY(body.name("name"));
    const bool live = TUSKER_TRY(body.flag("live", false));
    TUSKER_TRY(check_free(*scope.version, name));
    const auto named = TUSKER_TRY(read_items(body, *scope.version));
    if (live && named) return invalid("live: a slice of named items is static");
    Bitmap items;
    if (named) {
        items = *named;
    } else {
        auto answer = query::ask(scope.q, scope.query_scope(), services.pool);
        if (!answer) return query_error(std::move(answer).error());
        items = std::move(answer->items);
    }
    const std::string text = live ? live_query(scope) : "";
    if (live && text.empty()) return invalid("q: a live slice must have a query");
    const auto id = TUSKER_TRY(services.catalog.create_slice(scope.version->dataset_id, name, text,
                                                             items, author_of(request)));
    return answer_slice(201, scope.version->dataset_id, id, services);
}

Answer rename_slice(const Request& request, Services& services) {
    const Body body = TUSKER_TRY(Body::parse(request));
    const std::string name = TUSKER_TRY(body.name("name"));
    const std::string_view id = request.path_param("id");
    const auto dataset = TUSKER_TRY(services.catalog.dataset_of_slice(id));
    const auto version = TUSKER_TRY(services.catalog.version(dataset));
    const catalog::Slice* const slice = slice_of(*version, id);
    if (slice == nullptr || slice->name != name) TUSKER_TRY(check_free(*version, name));
    TUSKER_TRY(services.catalog.rename_slice(id, name));
    return answer_slice(200, dataset, id, services);
}

Answer delete_slice(const Request& request, Services& services) {
    const std::string_view id = request.path_param("id");
    const auto dataset = TUSKER_TRY(services.catalog.dataset_of_slice(id));
    const auto version = TUSKER_TRY(services.catalog.version(dataset));
    const catalog::Slice* const slice = slice_of(*version, id);
    TUSKER_TRY(services.catalog.delete_slice(id));
    if (slice != nullptr)
        services.deleted_slices.keep(
            {.dataset_id = dataset, .slice = *slice, .deleted_at = now_ms()});
    json::Writer writer;
    writer.object().member("undo", fmt::format("/api/slices/{}/restore", id)).end();
    return http::Response::json(writer.take());
}

// The slice comes back under a new id: numbers are never used again.
Answer restore_slice(const Request& request, Services& services) {
    const std::string_view id = request.path_param("id");
    auto deleted = services.deleted_slices.take(id);
    if (!deleted)
        return not_found(
            fmt::format("slice = {}: was not deleted within the hour by this server", id));
    const catalog::Slice& slice = deleted->slice;
    const auto restored = services.catalog.create_slice(
        deleted->dataset_id, slice.name, slice.query, slice.items ? *slice.items : Bitmap(),
        {.who = slice.created_by, .why = {}});
    if (!restored) {
        Error error = restored.error();
        services.deleted_slices.keep(*std::move(deleted));
        return std::unexpected(std::move(error));
    }
    return answer_slice(200, deleted->dataset_id, *restored, services);
}

Answer combine_slices(const Request& request, Services& services) {
    const auto version = TUSKER_TRY(version_of(request, services));
    const Body body = TUSKER_TRY(Body::parse(request));
    const std::string a = TUSKER_TRY(body.name("a"));
    const std::string b = TUSKER_TRY(body.name("b"));
    const Bitmap items = TUSKER_TRY(combine(TUSKER_TRY(items_of(*version, a, services)),
                                            TUSKER_TRY(items_of(*version, b, services)),
                                            TUSKER_TRY(body.text_or_empty("op"))));
    if (TUSKER_TRY(body.text("name"))) {
        const std::string name = TUSKER_TRY(body.name("name"));
        TUSKER_TRY(check_free(*version, name));
        const auto id = TUSKER_TRY(services.catalog.create_slice(version->dataset_id, name, "",
                                                                 items, author_of(request)));
        return answer_slice(201, version->dataset_id, id, services);
    }
    json::Writer writer;
    writer.object().member("items", items.size());
    write_cover(writer, items);
    return http::Response::json(writer.end().take());
}

}  // namespace tusker::app
