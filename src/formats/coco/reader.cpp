#include "formats/coco/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "formats/coco/members.hpp"

namespace tusker::coco {
namespace {

// About 0.3 MB of text: enough that a block outweighs handing it over, small enough for a cache.
constexpr std::size_t kElementsPerBlock = 2'000;
// Annotation ids of a picture and of a file are short; longer ones are a sign of a broken file.
constexpr std::size_t kNameBytesMax = 4'096;

bool is_image_member(std::string_view key) {
    return key == "id" || key == "file_name" || key == "width" || key == "height" ||
           key == "coco_url" || key == "flickr_url" || key == "url" || key == "license";
}

bool is_annotation_member(std::string_view key) {
    return key == "id" || key == "image_id" || key == "category_id" || key == "bbox" ||
           key == "segmentation" || key == "area" || key == "iscrowd" || key == "score";
}

/// The value of a refusal for a member that may be absent.
std::string shown_member(json::Value object, std::string_view key) {
    const auto value = object.find(key);
    return value ? shown(*value) : "absent";
}

std::optional<std::uint32_t> pixels(json::Value image, std::string_view key) {
    const auto value = image.find_value(key);
    const auto number = value ? value->as_int() : std::nullopt;
    if (!number || *number <= 0 || *number > INT32_MAX) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

/// One annotation on its way from JSON to a row; the first broken rule is kept.
class AnnotationParser {
public:
    AnnotationParser(const Vocabulary& vocabulary, bool is_results, std::string_view list)
        : vocabulary_(vocabulary), is_results_(is_results), list_(list) {}

    std::optional<Refusal> parse(json::Value value, std::size_t index, Range where,
                                 Annotation& out) {
        index_ = index;
        where_ = where;
        refusal_.reset();
        out.where = where;
        if (value.kind() != json::Kind::Object) {
            refuse("", shown(value), "must be an object");
            return refusal_;
        }
        if (!read_id(value, out) || !read_references(value, out) || !read_score(value, out) ||
            !read_geometry(value, out))
            return refusal_;
        out.metadata = metadata_of(value, is_annotation_member);
        add_crowd(value, out);
        return std::nullopt;
    }

private:
    bool refuse(std::string_view field, std::string value, std::string rule) {
        refusal_ =
            Refusal{where_.offset,
                    fmt::format("{}[{}]{}{}", list_, index_, field.empty() ? "" : ".", field),
                    std::move(value), std::move(rule)};
        return false;
    }

    bool read_id(json::Value value, Annotation& out) {
        const auto id = value.find_value("id");
        if (!id) return true;
        auto text = IdIndex::text_of(*id);
        if (!text) return refuse("id", shown(*id), "must be a whole number or a text");
        out.id = *std::move(text);
        return true;
    }

    bool read_references(json::Value value, Annotation& out) {
        return read_reference(value, "image_id", "an image", vocabulary_.image_ids, out.image) &&
               read_reference(value, "category_id", "a category", vocabulary_.category_ids,
                              out.category);
    }

    bool read_reference(json::Value value, std::string_view key, std::string_view what,
                        const IdIndex& ids, std::uint32_t& out) {
        const auto id = value.find_value(key);
        const auto text = id ? IdIndex::text_of(*id) : std::nullopt;
        const auto index = text ? ids.find(*text) : std::nullopt;
        if (!index)
            return refuse(key, shown_member(value, key), fmt::format("must be the id of {}", what));
        out = *index;
        return true;
    }

    bool read_score(json::Value value, Annotation& out) {
        const auto score = value.find_value("score");
        if (!score && !is_results_) return true;
        const auto number = score ? score->as_double() : std::nullopt;
        if (!number || !(*number >= 0 && *number <= 1))
            return refuse("score", shown_member(value, "score"), "must be a number from 0 to 1");
        out.score = *number;
        return true;
    }

    bool read_geometry(json::Value value, Annotation& out) {
        const auto box = value.find_value("bbox");
        if (box && box->size() > 0) return read_box(*box, out);
        const auto segmentation = value.find_value("segmentation");
        if (segmentation && segmentation->size() > 0) return read_polygon(*segmentation, out);
        out.shape = Shape::Category;
        return true;
    }

    bool read_box(json::Value box, Annotation& out) {
        constexpr std::array<std::string_view, 4> kNames = {"x", "y", "width", "height"};
        out.shape = Shape::Box;
        if (!read_numbers(box, "bbox", out.geometry)) return false;
        if (out.geometry.size() != 4)
            return refuse("bbox", shown(box), "must be four numbers: x, y, width, height");
        for (const std::size_t i : {2UZ, 3UZ})
            if (!(out.geometry[i] > 0))
                return refuse(fmt::format("bbox[{}]", i), fmt::format("{}", out.geometry[i]),
                              fmt::format("{} must be > 0", kNames[i]));
        return true;
    }

    bool read_numbers(json::Value list, std::string_view field, std::vector<double>& out) {
        bool good = list.kind() == json::Kind::Array;
        (void)list.for_each([&](json::Value element) {
            const auto number = element.as_double();
            if (number && std::isfinite(*number))
                out.push_back(*number);
            else
                good = false;
        });
        return good || refuse(field, shown(list), "must be a list of numbers");
    }

    bool read_polygon(json::Value segmentation, Annotation& out) {
        if (segmentation.kind() != json::Kind::Array)
            return refuse("segmentation", shown(segmentation),
                          "a mask needs its bbox: give [x, y, width, height]");
        out.shape = Shape::Polygon;
        std::vector<double> points;
        std::size_t parts = 0;
        bool good = true;
        (void)segmentation.for_each([&](json::Value part) {
            std::vector<double> ring;
            good = good && read_numbers(part, "segmentation", ring);
            if (good && (ring.size() < 6 || ring.size() % 2 != 0))
                good = refuse("segmentation", shown(part),
                              "a polygon must be pairs of x and y, three at least");
            points.insert(points.end(), ring.begin(), ring.end());
            ++parts;
        });
        if (!good) return false;
        if (parts == 1) {
            out.geometry = std::move(points);
            return true;
        }
        return read_bounds(points, segmentation, out);
    }

    bool read_bounds(const std::vector<double>& points, json::Value segmentation, Annotation& out) {
        out.shape = Shape::Box;
        double low[2] = {points[0], points[1]};
        double high[2] = {points[0], points[1]};
        for (std::size_t i = 0; i < points.size(); ++i) {
            low[i % 2] = std::min(low[i % 2], points[i]);
            high[i % 2] = std::max(high[i % 2], points[i]);
        }
        if (!(high[0] > low[0] && high[1] > low[1]))
            return refuse("segmentation", shown(segmentation), "must enclose an area");
        out.geometry = {low[0], low[1], high[0] - low[0], high[1] - low[1]};
        return true;
    }

    // iscrowd = 0 says nothing; 1 marks a group, which people filter by.
    static void add_crowd(json::Value value, Annotation& out) {
        const auto crowd = value.find_value("iscrowd");
        if (!crowd || crowd->as_int().value_or(0) == 0) return;
        if (out.metadata == "{}")
            out.metadata = R"({"iscrowd":1})";
        else if (out.metadata.find("\"iscrowd\":") == std::string::npos)
            out.metadata.insert(out.metadata.size() - 1, ",\"iscrowd\":1");
    }

    const Vocabulary& vocabulary_;
    bool is_results_;
    std::string_view list_;
    std::size_t index_ = 0;
    Range where_;
    std::optional<Refusal> refusal_;
};

}  // namespace

std::optional<std::string> IdIndex::text_of(json::Value id) {
    if (id.kind() == json::Kind::Number) {
        const auto number = id.as_int();
        if (!number) return std::nullopt;
        return std::to_string(*number);
    }
    const auto text = id.as_string();
    if (!text || text->empty() || text->size() > kNameBytesMax) return std::nullopt;
    return std::string(*text);
}

std::optional<std::uint32_t> IdIndex::find(const std::string& id) const {
    const auto found = ids_.find(id);
    if (found == ids_.end()) return std::nullopt;
    return found->second;
}

Result<Reader> Reader::open(std::string_view text, const Vocabulary* vocabulary) {
    Reader reader;
    reader.text_ = text;
    reader.layout_ = TUSKER_TRY(scan(text));
    reader.borrowed_ = vocabulary;
    if (reader.is_results()) return reader;
    for (const auto& [name, array] : {std::pair("images", &reader.layout_.images),
                                      std::pair("annotations", &reader.layout_.annotations),
                                      std::pair("categories", &reader.layout_.categories)})
        if (!array->present)
            return invalid(fmt::format("\"{}\" is absent: a COCO file must have it", name));
    TUSKER_TRY(reader.read_images(text));
    TUSKER_TRY(reader.read_categories(text));
    return reader;
}

Result<void> Reader::read_images(std::string_view text) {
    std::unordered_map<std::string, std::uint64_t> names;  // file name -> where it stood
    const auto& elements = layout_.images.elements;
    own_.images.reserve(elements.size());
    return parse_elements(text, elements, [&](std::size_t i, json::Value value) {
        const auto refuse = [&](std::string_view field, std::string given, std::string rule) {
            refused_.push_back({elements[i].offset, fmt::format("images[{}].{}", i, field),
                                std::move(given), std::move(rule)});
        };
        const auto id = value.find_value("id");
        const auto id_text = id ? IdIndex::text_of(*id) : std::nullopt;
        if (!id_text)
            return refuse("id", shown_member(value, "id"), "must be a whole number or a text");
        const auto member = value.find_value("file_name");
        const auto name = member ? member->as_string() : std::nullopt;
        if (!name || name->empty() || name->size() > kNameBytesMax)
            return refuse("file_name", shown_member(value, "file_name"),
                          "must be a text of 1 to 4096 bytes");
        if (own_.image_ids.find(*id_text))
            return refuse("id", *id_text, "must be unique: an image above has it");
        if (!names.emplace(*name, elements[i].offset).second)
            return refuse("file_name", std::string(*name), "must be unique: an image above has it");
        Image image{.id = *id_text,
                    .file_name = std::string(*name),
                    .url = {},
                    .width = pixels(value, "width"),
                    .height = pixels(value, "height"),
                    .metadata = metadata_of(value, is_image_member),
                    .where = elements[i]};
        for (const std::string_view key : {"coco_url", "flickr_url", "url"})
            if (const auto url = value.find_value(key);
                url && url->as_string() && image.url.empty())
                image.url = *url->as_string();
        own_.image_ids.add(image.id, static_cast<std::uint32_t>(own_.images.size()));
        own_.images.push_back(std::move(image));
    });
}

Result<void> Reader::read_categories(std::string_view text) {
    const auto& elements = layout_.categories.elements;
    return parse_elements(text, elements, [&](std::size_t i, json::Value value) {
        const auto refuse = [&](std::string_view field, std::string given, std::string rule) {
            refused_.push_back({elements[i].offset, fmt::format("categories[{}].{}", i, field),
                                std::move(given), std::move(rule)});
        };
        const auto id = value.find_value("id");
        const auto id_text = id ? IdIndex::text_of(*id) : std::nullopt;
        if (!id_text)
            return refuse("id", shown_member(value, "id"), "must be a whole number or a text");
        const auto member = value.find_value("name");
        const auto name = member ? member->as_string() : std::nullopt;
        if (!name || name->empty() || name->size() > kNameBytesMax)
            return refuse("name", shown_member(value, "name"), "must be a text of 1 to 4096 bytes");
        if (!own_.category_ids.add(*id_text, static_cast<std::uint32_t>(own_.categories.size())))
            return refuse("id", *id_text, "must be unique: a category above has it");
        own_.categories.push_back({*id_text, std::string(*name), elements[i]});
    });
}

Result<void> Reader::read_annotations(
    const Pool& pool, const std::function<Result<void>(Block, std::size_t done)>& sink) const {
    const std::span<const Range> elements = layout_.annotations.elements;
    const std::size_t blocks = (elements.size() + kElementsPerBlock - 1) / kElementsPerBlock;
    // Blocks are parsed a few at a time and handed on in order.
    const std::size_t window = pool.threads() * 4;
    std::vector<Result<Block>> parsed;
    for (std::size_t first = 0; first < blocks; first += window) {
        const std::size_t count = std::min(window, blocks - first);
        parsed.assign(count, Block{});
        pool.for_each(count, [&](std::size_t i) {
            const std::size_t from = (first + i) * kElementsPerBlock;
            const auto part =
                elements.subspan(from, std::min(kElementsPerBlock, elements.size() - from));
            AnnotationParser parser(vocabulary(), is_results(), is_results() ? "" : "annotations");
            Block& block = *parsed[i];
            block.annotations.reserve(part.size());
            const auto done = parse_elements(text_, part, [&](std::size_t k, json::Value value) {
                Annotation annotation;
                if (auto refusal = parser.parse(value, from + k, part[k], annotation))
                    block.refused.push_back(*std::move(refusal));
                else
                    block.annotations.push_back(std::move(annotation));
            });
            if (!done) parsed[i] = std::unexpected(done.error());
        });
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t done = std::min((first + i + 1) * kElementsPerBlock, elements.size());
            TUSKER_TRY(sink(TUSKER_TRY(std::move(parsed[i])), done));
        }
    }
    return {};
}

}  // namespace tusker::coco
