#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "base/file.hpp"
#include "formats/coco/reader.hpp"
#include "formats/import/importer.hpp"
#include "formats/import/pictures.hpp"
#include "formats/import/sources.hpp"

namespace tusker::formats {
namespace {

namespace fs = std::filesystem;

std::string_view text_of(const MappedFile& file) {
    return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

bool is_url(std::string_view name) {
    return name.starts_with("http://") || name.starts_with("https://") || name.starts_with("s3://");
}

/// Where people put the pictures of a COCO file; the first folder with most of a sample wins.
fs::path find_images_folder(const fs::path& file, std::span<const coco::Image> images) {
    constexpr std::size_t kSample = 20;
    const fs::path folder = file.parent_path();
    std::string part = file.stem().string();  // instances_val2017 -> val2017
    if (const auto underscore = part.find('_'); underscore != std::string::npos)
        part.erase(0, underscore + 1);
    const fs::path candidates[] = {folder,
                                   folder / "images",
                                   folder / part,
                                   folder / "data",
                                   folder.parent_path(),
                                   folder.parent_path() / "images",
                                   folder.parent_path() / part,
                                   folder.parent_path() / "images" / part};
    const fs::path* best = &candidates[0];
    std::size_t best_count = 0;
    for (const fs::path& candidate : candidates) {
        std::size_t count = 0;
        for (const coco::Image& image : images.first(std::min(kSample, images.size()))) {
            std::error_code error;
            count += fs::exists(candidate / image.file_name, error) ? 1 : 0;
        }
        if (count > best_count) {
            best = &candidate;
            best_count = count;
        }
    }
    return *best;
}

/// Ids that a file used already. COCO's are unique in a file, and nearly always numbers.
class UsedIds {
public:
    bool add(const std::string& id) {
        std::int64_t number = 0;
        const char* const end = id.data() + id.size();
        const auto read = std::from_chars(id.data(), end, number);
        if (read.ec == std::errc() && read.ptr == end && std::to_string(number) == id)
            return numbers_.insert(number).second;
        return texts_.insert(id).second;
    }

private:
    std::unordered_set<std::int64_t> numbers_;
    std::unordered_set<std::string> texts_;
};

/// Rows of a file on their way from the reader to the importer: refusals get their lines, doubled
/// rows are refused.
class ObjectIntake {
public:
    ObjectIntake(Importer& importer, const ImportRequest& request, std::string_view text,
                 const coco::Reader& reader)
        : importer_(importer), request_(request), lines_(text), reader_(reader) {
        importer_.set_line_finder([this](std::uint64_t offset) { return lines_.line_of(offset); });
    }

    void refuse(coco::Refusal refusal) {
        importer_.refuse({request_.path.string(), lines_.line_of(refusal.offset),
                          std::move(refusal.field), std::move(refusal.value),
                          std::move(refusal.rule)});
    }

    std::vector<ObjectRow> take(coco::Block block) {
        for (coco::Refusal& refusal : block.refused) refuse(std::move(refusal));
        std::vector<ObjectRow> rows;
        rows.reserve(block.annotations.size());
        for (coco::Annotation& annotation : block.annotations)
            if (is_wanted(annotation)) rows.push_back(to_row(std::move(annotation)));
        return rows;
    }

private:
    bool is_wanted(const coco::Annotation& annotation) {
        const std::string& image = reader_.images()[annotation.image].file_name;
        const auto refuse_row = [&](std::string field, std::string value, std::string rule) {
            refuse({annotation.where.offset, std::move(field), std::move(value), std::move(rule)});
            return false;
        };
        if (!importer_.has_item(annotation.image))
            return refuse_row(
                "image_id", image,
                reader_.is_results() ? "must be an item of the dataset" : "its image was refused");
        if (!annotation.id.empty() && !ids_.add(annotation.id))
            return refuse_row("id", annotation.id, "must be unique: a row above has it");
        if (annotation.shape == coco::Shape::Category &&
            !with_category_.insert(annotation.image).second)
            return refuse_row(
                "category_id", reader_.categories()[annotation.category].name,
                fmt::format("an image has one category: a row above gave {} another", image));
        return true;
    }

    ObjectRow to_row(coco::Annotation annotation) const {
        ObjectRow row{.item = annotation.image,
                      .label = reader_.categories()[annotation.category].name,
                      .geometry = std::move(annotation.geometry),
                      .confidence = annotation.score,
                      .metadata = std::move(annotation.metadata),
                      .field = "",
                      .offset = annotation.where.offset};
        switch (annotation.shape) {
            case coco::Shape::Box:
                row.type = catalog::ObjectType::Box;
                break;
            case coco::Shape::Polygon:
                row.type = catalog::ObjectType::Polygon;
                break;
            case coco::Shape::Category:
                row.type = catalog::ObjectType::Category;
                break;
        }
        if (!annotation.id.empty()) row.annotation_id = std::move(annotation.id);
        return row;
    }

    Importer& importer_;
    const ImportRequest& request_;
    coco::LineCounter lines_;
    const coco::Reader& reader_;
    UsedIds ids_;
    std::unordered_set<std::uint32_t> with_category_;
};

Error in_file(const fs::path& file, const Error& error) {
    return {error.code, fmt::format("{}: {}", file.string(), error.message)};
}

/// Where each image's picture is; a URL stays one.
std::vector<fs::path> picture_files(const ImportRequest& request,
                                    std::span<const coco::Image> images) {
    const fs::path folder = request.images.empty() ? find_images_folder(request.path, images)
                                                   : fs::absolute(request.images);
    std::vector<fs::path> files;
    files.reserve(images.size());
    for (const coco::Image& image : images)
        files.push_back((folder / image.file_name).lexically_normal());
    return files;
}

/// Where the picture of an image is, or why the image is refused.
Result<std::string> settle_picture(const coco::Image& image, const fs::path& file,
                                   PictureState state, FolderGate& gate, bool keep_missing) {
    if (is_url(image.file_name)) return image.file_name;
    const bool is_missing = state == PictureState::Missing;
    if (is_missing && !image.url.empty()) return image.url;
    TUSKER_TRY(gate.check(file));
    if (state == PictureState::Good || (is_missing && keep_missing)) return file.string();
    return invalid(fmt::format("{}: {}", file.string(), rule_of(state)));
}

/// Items of images, in the file's order. One that is refused keeps its place, without reference id.
std::vector<ItemRow> item_rows(const ImportRequest& request, std::span<const coco::Image> images,
                               const Pool& pool, ObjectIntake& intake, coco::LineCounter& lines) {
    const std::vector<fs::path> files = picture_files(request, images);
    const std::vector<PictureState> states = look_at_pictures(files, pool);
    FolderGate gate(request.may_read);
    std::vector<ItemRow> rows(images.size());
    for (std::size_t i = 0; i < images.size(); ++i) {
        const coco::Image& image = images[i];
        const auto url = settle_picture(image, files[i], states[i], gate, request.keep_missing);
        if (!url) {
            intake.refuse({image.where.offset, fmt::format("images[{}].file_name", i),
                           image.file_name, url.error().message});
            continue;
        }
        rows[i] = {.reference_id = image.file_name,
                   .image_url = *url,
                   .width = image.width,
                   .height = image.height,
                   .metadata = image.metadata,
                   .field = fmt::format("images[{}]", i),
                   .line = lines.line_of(image.where.offset)};
    }
    return rows;
}

Result<void> read_objects(const coco::Reader& reader, ObjectIntake& intake, const Pool& pool,
                          jobs::Progress& progress,
                          const std::function<Result<void>(std::vector<ObjectRow>)>& add) {
    // Blocks of the reader are small; the importer's batches are journal rows.
    constexpr std::size_t kRowsPerBatch = 50'000;
    std::vector<ObjectRow> waiting;
    std::size_t reported = 0;
    TUSKER_TRY(
        reader.read_annotations(pool, [&](coco::Block block, std::size_t done) -> Result<void> {
            std::vector<ObjectRow> rows = intake.take(std::move(block));
            std::ranges::move(rows, std::back_inserter(waiting));
            if (waiting.size() >= kRowsPerBatch) {
                TUSKER_TRY(progress.check());
                TUSKER_TRY(add(std::exchange(waiting, {})));
                progress.advance(done - std::exchange(reported, done));
            }
            return {};
        }));
    TUSKER_TRY(add(std::move(waiting)));
    progress.advance(reader.annotation_count() - reported);
    return {};
}

/// The COCO files that a dataset's annotations came from, newest last: results speak in their ids.
Result<std::vector<fs::path>> imported_files(const catalog::Catalog& catalog,
                                             const std::string& dataset_id) {
    const auto version = TUSKER_TRY(catalog.version(dataset_id));
    std::unordered_set<std::uint64_t> seen;
    std::vector<fs::path> files;
    for (const columns::Part& part : version->annotations.parts()) {
        const columns::Column* const change =
            part.segment->find(catalog::column::kChange, columns::Type::U64);
        if (change == nullptr) continue;
        const auto values = change->values<std::uint64_t>();
        for (std::uint32_t row = 0; row < part.segment->rows(); ++row) {
            const auto index = change->index_of(row);
            if (!index || !seen.insert(values[*index]).second || !part.is_alive(row)) continue;
            const auto history = TUSKER_TRY(catalog.history(
                dataset_id, {part.segment->item_no()[row], part.segment->row_no()[row]}));
            for (const catalog::Change& step : history) {
                const auto why = json::Document::parse(step.why);
                const auto import = why ? why->root().find("import") : std::nullopt;
                const auto file = import ? import->find("file") : std::nullopt;
                const auto path = file ? file->as_string() : std::nullopt;
                if (path && path->ends_with(".json") &&
                    std::ranges::find(files, *path) == files.end())
                    files.emplace_back(*path);
            }
        }
    }
    return files;
}

/// A COCO file of labels beside the results, for datasets whose pictures have no labels yet.
std::vector<fs::path> files_beside(const fs::path& results) {
    std::vector<fs::path> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(results.parent_path(), error))
        if (entry.path() != results && entry.path().extension() == ".json")
            files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

Result<coco::Vocabulary> read_vocabulary(const fs::path& file) {
    const MappedFile mapped = TUSKER_TRY(MappedFile::open(file));
    auto reader = coco::Reader::open(text_of(mapped));
    if (!reader) return std::unexpected(in_file(file, reader.error()));
    if (reader->is_results())
        return invalid(fmt::format("{}: must be COCO labels, not results", file.string()));
    return reader->take_vocabulary();
}

Result<coco::Vocabulary> find_vocabulary(const catalog::Catalog* catalog,
                                         const ImportRequest& request) {
    if (!request.labels.empty()) {
        if (request.may_read) TUSKER_TRY(request.may_read(request.labels));
        return read_vocabulary(request.labels);
    }
    std::vector<fs::path> files;
    if (catalog != nullptr && !request.dataset_id.empty())
        files = TUSKER_TRY(imported_files(*catalog, request.dataset_id));
    for (fs::path& beside : files_beside(request.path)) files.push_back(std::move(beside));
    for (const fs::path& file : files) {
        if (request.may_read && !request.may_read(file)) continue;
        if (auto vocabulary = read_vocabulary(file)) return vocabulary;
    }
    return invalid(
        fmt::format("{}: results name images and categories by the ids of a COCO file, "
                    "and none was imported into this dataset: name it (--labels FILE)",
                    request.path.string()));
}

}  // namespace

Result<ImportReport> import_coco(catalog::Catalog* catalog, const ImportRequest& request,
                                 const Pool& pool, jobs::Progress& progress) {
    ImportReport report;
    report.format = Format::Coco;
    report.dry_run = request.dry_run;
    Importer importer(catalog, request, report);
    progress.say("reading the file");
    const MappedFile mapped = TUSKER_TRY(MappedFile::open(request.path));
    const std::string_view text = text_of(mapped);
    const auto reader = coco::Reader::open(text);
    if (!reader) return std::unexpected(in_file(request.path, reader.error()));
    if (reader->is_results())
        return invalid(fmt::format("{}: must begin with '{{': it is a list, as results are",
                                   request.path.string()));
    // The whole file is read before anything is stored, so that one that is broken stores nothing.
    if (const auto valid = reader->read_annotations(
            pool, [&](const coco::Block&, std::size_t) { return progress.check(); });
        !valid)
        return std::unexpected(in_file(request.path, valid.error()));

    ObjectIntake intake(importer, request, text, *reader);
    for (const coco::Refusal& refusal : reader->refused()) intake.refuse(refusal);
    coco::LineCounter lines(text);
    progress.set_total(reader->images().size() + reader->annotation_count());
    progress.say("looking at the pictures");
    std::vector<ItemRow> items = item_rows(request, reader->images(), pool, intake, lines);
    progress.say("storing pictures");
    TUSKER_TRY(importer.add_items(std::move(items), progress));
    progress.say("storing labels");
    TUSKER_TRY(read_objects(*reader, intake, pool, progress, [&](std::vector<ObjectRow> rows) {
        return importer.add_annotations(std::move(rows));
    }));
    importer.finish();
    return report;
}

Result<ImportReport> import_results(catalog::Catalog* catalog, const ImportRequest& request,
                                    const Pool& pool, jobs::Progress& progress) {
    if (request.model.empty())
        return invalid("model is absent: results are predictions of a model (--model NAME)");
    ImportReport report;
    report.format = Format::CocoResults;
    report.dry_run = request.dry_run;
    Importer importer(catalog, request, report);
    progress.say("reading the file");
    const coco::Vocabulary vocabulary = TUSKER_TRY(find_vocabulary(catalog, request));
    const MappedFile mapped = TUSKER_TRY(MappedFile::open(request.path));
    const std::string_view text = text_of(mapped);
    const auto reader = coco::Reader::open(text, &vocabulary);
    if (!reader) return std::unexpected(in_file(request.path, reader.error()));
    if (const auto valid = reader->read_annotations(
            pool, [&](const coco::Block&, std::size_t) { return progress.check(); });
        !valid)
        return std::unexpected(in_file(request.path, valid.error()));

    std::vector<std::string> references;
    for (const coco::Image& image : vocabulary.images) references.push_back(image.file_name);
    TUSKER_TRY(importer.use_items(references));
    if (!request.dry_run) {
        const std::string model = TUSKER_TRY(find_or_create_model(*catalog, request.model));
        report.run_id = TUSKER_TRY(catalog->implicit_run(model, request.dataset_id));
    }
    ObjectIntake intake(importer, request, text, *reader);
    progress.set_total(reader->annotation_count());
    progress.say("storing predictions");
    TUSKER_TRY(read_objects(*reader, intake, pool, progress, [&](std::vector<ObjectRow> rows) {
        return importer.add_predictions(report.run_id, std::move(rows));
    }));
    importer.finish();
    return report;
}

Result<std::string> find_or_create_model(catalog::Catalog& catalog, std::string_view name) {
    for (const catalog::Model& model : catalog.models())
        if (model.name == name || model.reference_id == name || model.id == name) return model.id;
    catalog::Model model;
    model.name = name;
    model.reference_id = name;
    model.metadata = "{}";
    return catalog.create_model(model);
}

}  // namespace tusker::formats
