#include "cli/issues/coco_boxes.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/file.hpp"
#include "cli/progress_line.hpp"
#include "formats/coco/reader.hpp"

namespace tusker::cli {
namespace {

using confident::ClassId;
using detection::Box;

/// One file in its pages, and how its rows are refused.
class CocoFile {
public:
    CocoFile(std::string argument, std::string path, bool strict)
        : argument_(std::move(argument)), path_(std::move(path)), strict_(strict) {}

    Result<void> open(const coco::Vocabulary* vocabulary) {
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(path_, ignored))
            return refuse("there is no such file");
        file_ = TUSKER_TRY(MappedFile::open(path_));
        auto reader = coco::Reader::open(text(), vocabulary);
        if (!reader) return refuse(reader.error().message);
        reader_ = *std::move(reader);
        if (reader_->is_results() != (vocabulary != nullptr))
            return refuse(
                vocabulary == nullptr
                    ? "must be COCO labels: an object with images, annotations, categories"
                    : "must be COCO results: a list of objects with a score");
        for (const auto& refusal : reader_->refused()) return refuse_row(refusal);
        return {};
    }
    coco::Reader& reader() { return *reader_; }

    /// Boxes in the order of the file, each with its image.
    Result<void> read(const Pool& pool, FileBoxes& out, std::vector<std::uint32_t>& images) {
        ProgressLine line;
        const auto name = std::filesystem::path(path_).filename().string();
        return reader_->read_annotations(
            pool, [&](coco::Block block, std::size_t done) -> Result<void> {
                for (const auto& refusal : block.refused) TUSKER_TRY(refuse_or_count(refusal));
                for (auto& annotation : block.annotations) TUSKER_TRY(add(annotation, out, images));
                line.show("reading " + name, done, reader_->annotation_count(), "boxes");
                return {};
            });
    }

    /// What was left out.
    void warn(std::vector<std::string>& warnings) const {
        if (first_empty_)
            warnings.push_back(fmt::format("{} ({} box{} without area left out)", *first_empty_,
                                           empty_, empty_ == 1 ? "" : "es"));
        if (crowds_ > 0)
            warnings.push_back(fmt::format("{}: {}: {} region{} of crowds left out", argument_,
                                           path_, crowds_, crowds_ == 1 ? "" : "s"));
    }

private:
    std::string_view text() const {
        return {reinterpret_cast<const char*>(file_.bytes().data()), file_.bytes().size()};
    }
    std::unexpected<Error> refuse(std::string_view reason) const {
        return invalid(fmt::format("{}: {}: {}", argument_, path_, reason));
    }
    std::string sentence(const coco::Refusal& refusal) const {
        coco::LineCounter lines(text());
        return fmt::format("{}: {}: line {}: {} = {}: {}", argument_, path_,
                           lines.line_of(refusal.offset), refusal.field, refusal.value,
                           refusal.rule);
    }
    std::unexpected<Error> refuse_row(const coco::Refusal& refusal) const {
        return invalid(sentence(refusal));
    }

    /// COCO's own files hold a few boxes of width 0; a detector's do, too.
    static bool is_without_area(const coco::Refusal& refusal) {
        return (refusal.field.ends_with("bbox[2]") || refusal.field.ends_with("bbox[3]")) &&
               refusal.value == "0";
    }
    Result<void> refuse_or_count(const coco::Refusal& refusal) {
        if (strict_ || !is_without_area(refusal)) return refuse_row(refusal);
        if (++empty_ == 1) first_empty_ = sentence(refusal);
        return {};
    }

    Result<void> add(coco::Annotation& annotation, FileBoxes& out,
                     std::vector<std::uint32_t>& images) {
        if (annotation.shape == coco::Shape::Category)
            return refuse_row({annotation.where.offset, "bbox", "null",
                               "must be [x, y, width, height] for --task detection"});
        if (annotation.metadata.find("\"iscrowd\":1") != std::string::npos) {
            ++crowds_;
            return {};
        }
        out.boxes.push_back(box_of(annotation));
        out.classes.push_back(annotation.category);
        if (annotation.score) out.probabilities.push_back(*annotation.score);
        out.ids.push_back(std::move(annotation.id));
        images.push_back(annotation.image);
        return {};
    }

    static Box box_of(const coco::Annotation& annotation) {
        const auto& g = annotation.geometry;
        if (annotation.shape == coco::Shape::Box) return {g[0], g[1], g[0] + g[2], g[1] + g[3]};
        Box box{g[0], g[1], g[0], g[1]};
        for (std::size_t i = 0; i < g.size(); i += 2) {
            box.x1 = std::min(box.x1, g[i]);
            box.x2 = std::max(box.x2, g[i]);
            box.y1 = std::min(box.y1, g[i + 1]);
            box.y2 = std::max(box.y2, g[i + 1]);
        }
        return box;
    }

    std::string argument_;
    std::string path_;
    bool strict_;
    MappedFile file_;
    std::optional<coco::Reader> reader_;
    std::size_t empty_ = 0;
    std::size_t crowds_ = 0;
    std::optional<std::string> first_empty_;
};

/// Moves the boxes of each image together, in the order of the file.
FileBoxes by_image(FileBoxes boxes, std::span<const std::uint32_t> images, std::size_t count) {
    FileBoxes sorted;
    sorted.offsets.assign(count + 1, 0);
    for (const auto image : images) ++sorted.offsets[image + 1];
    std::partial_sum(sorted.offsets.begin(), sorted.offsets.end(), sorted.offsets.begin());
    std::vector<std::size_t> next(sorted.offsets.begin(), sorted.offsets.end() - 1);
    sorted.boxes.resize(boxes.boxes.size());
    sorted.classes.resize(boxes.classes.size());
    sorted.probabilities.resize(boxes.probabilities.size());
    sorted.ids.resize(boxes.ids.size());
    for (std::size_t i = 0; i < images.size(); ++i) {
        const std::size_t to = next[images[i]]++;
        sorted.boxes[to] = boxes.boxes[i];
        sorted.classes[to] = boxes.classes[i];
        if (!boxes.probabilities.empty()) sorted.probabilities[to] = boxes.probabilities[i];
        sorted.ids[to] = std::move(boxes.ids[i]);
    }
    return sorted;
}

Result<FileBoxes> read_boxes(CocoFile& file, std::size_t images, const Pool& pool,
                             std::vector<std::string>& warnings) {
    FileBoxes boxes;
    std::vector<std::uint32_t> image_of;
    TUSKER_TRY(file.read(pool, boxes, image_of));
    file.warn(warnings);
    return by_image(std::move(boxes), image_of, images);
}

}  // namespace

Result<CocoBoxes> read_coco_boxes(const std::string& labels_file, const std::string& results_file,
                                  bool strict, const Pool& pool) {
    CocoBoxes result;
    CocoFile labels("labels", labels_file, strict);
    TUSKER_TRY(labels.open(nullptr));
    const coco::Vocabulary& vocabulary = labels.reader().vocabulary();
    if (vocabulary.images.empty())
        return invalid(
            fmt::format("labels: {}: 0 images: there must be at least one", labels_file));
    CocoFile results("predictions", results_file, strict);
    TUSKER_TRY(results.open(&vocabulary));
    std::vector<std::string> names;
    names.reserve(vocabulary.categories.size());
    for (const auto& category : vocabulary.categories) names.push_back(category.name);
    result.names = TUSKER_TRY(ClassNames::of(std::move(names), "labels: categories"));
    for (const auto& image : vocabulary.images) {
        result.images.push_back(image.file_name);
        result.image_ids.push_back(image.id);
    }
    result.given = TUSKER_TRY(read_boxes(labels, result.images.size(), pool, result.warnings));
    result.predicted = TUSKER_TRY(read_boxes(results, result.images.size(), pool, result.warnings));
    return result;
}

}  // namespace tusker::cli
