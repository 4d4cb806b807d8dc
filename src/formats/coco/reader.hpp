// COCO files: labels (images, annotations, categories) and results (a list with scores).
//
// The text is scanned once for the places of its objects; images and categories are read at once,
// annotations in blocks on all cores, in file order, in constant memory. A row that breaks a rule
// is refused by name and the others go on; text that is no JSON refuses the whole file. What is
// read: bbox (x, y, width, height in pixels) becomes a box, with or without segmentation and
// iscrowd. Without a bbox, a segmentation of one polygon becomes that polygon, of several the box
// around them. With neither, the annotation is a category of its image. Members that COCO does not
// know (weather, occluded …), and those of an object "metadata" or "attributes", become metadata.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.hpp"
#include "base/pool.hpp"
#include "formats/coco/scan.hpp"

namespace tusker::coco {

struct Image {
    std::string id;  // as text
    std::string file_name;
    std::string url;  // coco_url, flickr_url or url; empty if none
    std::optional<std::uint32_t> width;
    std::optional<std::uint32_t> height;
    std::string metadata;  // JSON object text with keys in byte order, "{}" if none
    Range where;
};

struct Category {
    std::string id;
    std::string name;
    Range where;
};

enum class Shape { Box, Polygon, Category };

struct Annotation {
    std::string id;              // as text; empty if it has none
    std::uint32_t image = 0;     // index in images()
    std::uint32_t category = 0;  // index in categories()
    Shape shape = Shape::Box;
    std::vector<double> geometry;  // box x y w h; polygon x0 y0 x1 y1 …; category none
    std::optional<double> score;   // results always have one
    std::string metadata;          // as Image's
    Range where;
};

/// `line` is found by LineCounter from `offset`.
struct Refusal {
    std::uint64_t offset = 0;
    std::string field;
    std::string value;
    std::string rule;
};

/// Images and categories by their ids, which are numbers nearly always and texts sometimes.
class IdIndex {
public:
    /// The text of an id: a whole number or a non-empty string.
    static std::optional<std::string> text_of(json::Value id);
    /// False if the id is there already.
    bool add(const std::string& id, std::uint32_t index) { return ids_.emplace(id, index).second; }
    std::optional<std::uint32_t> find(const std::string& id) const;

private:
    std::unordered_map<std::string, std::uint32_t> ids_;
};

/// Annotations of one block in file order, and those that were refused.
struct Block {
    std::vector<Annotation> annotations;
    std::vector<Refusal> refused;
};

/// What a file of results needs to know of the labels it speaks about: they name images and
/// categories by the ids of a file of labels.
struct Vocabulary {
    std::vector<Image> images;
    std::vector<Category> categories;
    IdIndex image_ids;
    IdIndex category_ids;
};

/// `text` must outlive the reader.
class Reader {
public:
    /// Reads images and categories. A file of results takes `vocabulary` in their place.
    static Result<Reader> open(std::string_view text, const Vocabulary* vocabulary = nullptr);

    bool is_results() const { return layout_.is_results; }
    const Vocabulary& vocabulary() const { return borrowed_ ? *borrowed_ : own_; }
    std::span<const Image> images() const { return vocabulary().images; }
    std::span<const Category> categories() const { return vocabulary().categories; }
    std::size_t annotation_count() const { return layout_.annotations.elements.size(); }
    const Layout& layout() const { return layout_; }
    /// Images and categories that were refused.
    std::span<const Refusal> refused() const { return refused_; }
    /// For a file of results that is read with this file's ids.
    Vocabulary take_vocabulary() { return std::move(own_); }

    /// Reads annotations on the pool; `sink` is called with one block after the other on the
    /// calling thread, with the number of elements read so far, and may end the reading with an
    /// Error.
    Result<void> read_annotations(
        const Pool& pool, const std::function<Result<void>(Block, std::size_t done)>& sink) const;

private:
    Result<void> read_images(std::string_view text);
    Result<void> read_categories(std::string_view text);

    std::string_view text_;
    Layout layout_;
    Vocabulary own_;
    const Vocabulary* borrowed_ = nullptr;
    std::vector<Refusal> refused_;
};

}  // namespace tusker::coco
