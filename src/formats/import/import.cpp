#include "formats/import/import.hpp"

#include <fmt/format.h>

#include <array>

#include "base/file.hpp"
#include "base/json.hpp"
#include "formats/import/sources.hpp"

namespace tusker::formats {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"folder", "coco", "coco_results"};

void write_counts(json::Writer& writer, std::string_view name, const RowCounts& counts) {
    writer.key(name).object();
    writer.member("created", counts.created);
    writer.member("updated", counts.updated);
    writer.member("ignored", counts.ignored).end();
}

Result<Format> format_of_json(const std::filesystem::path& file) {
    const MappedFile mapped = TUSKER_TRY(MappedFile::open(file));
    const std::string_view text(reinterpret_cast<const char*>(mapped.bytes().data()),
                                mapped.bytes().size());
    const std::size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (first != std::string_view::npos && text[first] == '{') return Format::Coco;
    if (first != std::string_view::npos && text[first] == '[') return Format::CocoResults;
    return invalid(
        fmt::format("{}: must be JSON that begins with '{{' (COCO labels) or '[' "
                    "(COCO results)",
                    file.string()));
}

/// The only .json of a folder: a data set as some tools write it, labels beside pictures.
std::optional<std::filesystem::path> only_json_in(const std::filesystem::path& folder) {
    std::optional<std::filesystem::path> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() != ".json") continue;
        if (found) return std::nullopt;
        found = entry.path();
    }
    return found;
}

}  // namespace

std::string_view format_name(Format format) { return kNames[static_cast<std::size_t>(format)]; }

std::optional<Format> find_format(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i] == name) return static_cast<Format>(i);
    return std::nullopt;
}

Result<Source> find_source(const std::filesystem::path& path, std::optional<Format> format) {
    std::error_code error;
    const bool is_folder = std::filesystem::is_directory(path, error);
    if (!std::filesystem::exists(path, error))
        return not_found(fmt::format("path = {}: there is no such file or folder", path.string()));
    if (!is_folder) {
        if (format == Format::Folder)
            return invalid(
                fmt::format("path = {}: must be a folder of class folders", path.string()));
        return Source{format ? *format : TUSKER_TRY(format_of_json(path)), path};
    }
    if (format == Format::Folder) return Source{Format::Folder, path};
    if (const auto json = only_json_in(path)) {
        const auto found = format_of_json(*json);
        if (found && (!format || *found == *format)) return Source{*found, *json};
    }
    if (format)
        return invalid(
            fmt::format("path = {}: must be the {} file", path.string(), format_name(*format)));
    return Source{Format::Folder, path};
}

Result<ImportReport> run_import(catalog::Catalog* catalog, const ImportRequest& request,
                                const Pool& pool, jobs::Progress& progress) {
    if (request.may_read) TUSKER_TRY(request.may_read(request.path));
    const Source source = TUSKER_TRY(find_source(request.path, request.format));
    ImportRequest found = request;
    found.path = std::filesystem::absolute(source.file).lexically_normal();
    switch (source.format) {
        case Format::Folder:
            return import_folder(catalog, found, pool, progress);
        case Format::Coco:
            return import_coco(catalog, found, pool, progress);
        case Format::CocoResults:
            return import_results(catalog, found, pool, progress);
    }
    return fail(ErrorCode::Internal, "unknown format");
}

std::string ImportReport::json() const {
    json::Writer writer;
    writer.object().member("format", format_name(format)).member("dry_run", dry_run);
    write_counts(writer, "items", items);
    write_counts(writer, "annotations", annotations);
    write_counts(writer, "predictions", predictions);
    writer.key("classes").array();
    for (const auto& [label, count] : classes)
        writer.object().member("label", label).member("count", count).end();
    writer.end().key("refused").array();
    for (const RefusedRow& row : refused) {
        writer.object().member("file", row.file).member("line", row.line);
        writer.member("field", row.field).member("value", row.value);
        writer.member("rule", row.rule).end();
    }
    writer.end().member("refused_total", refused_total);
    writer.key("run");
    if (run_id.empty())
        writer.null();
    else
        writer.value(run_id);
    return writer.end().take();
}

}  // namespace tusker::formats
