#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/json.hpp"
#include "formats/import/importer.hpp"
#include "formats/import/pictures.hpp"
#include "formats/import/sources.hpp"

namespace tusker::formats {
namespace {

namespace fs = std::filesystem;

struct Picture {
    fs::path file;
    std::string reference_id;  // the path below the folder
    std::string label;         // empty: in no class folder
    std::string split;
    std::string subfolder;  // between the class folder and the file
};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
    return std::ranges::find(words, word) != words.end();
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return c < 128 ? std::tolower(c) : c; });
    return text;
}

bool is_split(const std::string& folder) {
    constexpr std::array<std::string_view, 7> kSplits = {
        "train", "training", "val", "valid", "validation", "test", "testing"};
    return is_one_of(lower(folder), kSplits);
}

/// Files that stand beside pictures and are none; they are passed over in silence.
bool is_companion(const fs::path& file) {
    constexpr std::array<std::string_view, 8> kEndings = {".txt", ".json", ".csv", ".xml",
                                                          ".md",  ".yaml", ".yml", ".db"};
    return file.filename().string().starts_with('.') ||
           is_one_of(lower(file.extension().string()), kEndings);
}

Result<std::vector<fs::path>> list_files(const fs::path& folder, jobs::Progress& progress) {
    std::vector<fs::path> files;
    std::error_code error;
    fs::recursive_directory_iterator walk(folder, error);
    if (error)
        return invalid(fmt::format("path = {}: must be a folder that may be read ({})",
                                   folder.string(), error.message()));
    for (const auto end = fs::recursive_directory_iterator(); walk != end; walk.increment(error)) {
        if (error)
            return invalid(fmt::format("path = {}: must be readable in all its folders ({})",
                                       folder.string(), error.message()));
        if (walk->is_directory(error)) {
            if (walk->path().filename().string().starts_with('.')) walk.disable_recursion_pending();
        } else if (!is_companion(walk->path())) {
            files.push_back(walk->path());
        }
        if (files.size() % 4'096 == 0) TUSKER_TRY(progress.check());
    }
    std::ranges::sort(files);
    return files;
}

/// True if every picture lies in a folder that is named as a part of a split, with a class folder
/// below.
bool has_splits(const fs::path& folder, std::span<const fs::path> files) {
    return !files.empty() && std::ranges::all_of(files, [&](const fs::path& file) {
        const fs::path below = file.lexically_relative(folder);
        return std::distance(below.begin(), below.end()) >= 3 && is_split(*below.begin());
    });
}

Picture read_path(const fs::path& folder, const fs::path& file, bool with_splits) {
    const fs::path below = file.lexically_relative(folder);
    Picture picture{.file = file,
                    .reference_id = below.generic_string(),
                    .label = {},
                    .split = {},
                    .subfolder = {}};
    auto part = below.begin();
    const auto last = std::prev(below.end());
    if (with_splits) picture.split = (part++)->string();
    if (part != last) picture.label = (part++)->string();
    fs::path between;
    for (; part != last; ++part) between /= *part;
    picture.subfolder = between.generic_string();
    return picture;
}

std::string metadata_of(const Picture& picture) {
    json::Writer writer;
    writer.object();
    if (!picture.subfolder.empty()) writer.member("folder", picture.subfolder);
    if (!picture.split.empty()) writer.member("split", picture.split);
    return writer.end().take();
}

}  // namespace

Result<ImportReport> import_folder(catalog::Catalog* catalog, const ImportRequest& request,
                                   const Pool& pool, jobs::Progress& progress) {
    ImportReport report;
    report.dry_run = request.dry_run;
    Importer importer(catalog, request, report);
    progress.say("reading the folder");
    const std::vector<fs::path> files = TUSKER_TRY(list_files(request.path, progress));
    const std::vector<PictureState> states = look_at_pictures(files, pool);
    const bool with_splits = has_splits(request.path, files);

    FolderGate gate(request.may_read);
    std::vector<ItemRow> items;
    std::vector<ObjectRow> labels;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto allowed = gate.check(files[i]);
        if (!allowed || states[i] != PictureState::Good) {
            importer.refuse({files[i].string(), 0, "picture", files[i].filename().string(),
                             allowed ? std::string(rule_of(states[i])) : allowed.error().message});
            continue;
        }
        const Picture picture = read_path(request.path, files[i], with_splits);
        if (!picture.label.empty())
            labels.push_back({.item = items.size(),
                              .type = catalog::ObjectType::Category,
                              .label = picture.label,
                              .field = picture.reference_id});
        items.push_back({.reference_id = picture.reference_id,
                         .image_url = picture.file.string(),
                         .metadata = metadata_of(picture),
                         .field = picture.reference_id});
    }
    if (items.empty() && report.refused_total == 0)
        return invalid(fmt::format("path = {}: holds no pictures", request.path.string()));
    progress.set_total(items.size() + labels.size());
    progress.say("storing pictures");
    TUSKER_TRY(importer.add_items(std::move(items), progress));
    std::erase_if(labels, [&](const ObjectRow& row) { return !importer.has_item(row.item); });
    progress.say("storing labels");
    const std::size_t count = labels.size();
    TUSKER_TRY(importer.add_annotations(std::move(labels)));
    progress.advance(count);
    importer.finish();
    return report;
}

}  // namespace tusker::formats
