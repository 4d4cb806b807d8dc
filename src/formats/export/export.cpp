#include "formats/export/export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "findings/label_issues/issue_rows.hpp"
#include "formats/export/origins.hpp"

namespace tusker::formats {
namespace {

constexpr std::size_t kItemsPerChunk = 1'000;

struct Bounds {
    double x, y, w, h;
};

/// Of a box or polygon; empty for a category.
std::optional<Bounds> bounds_of(const catalog::Object& object) {
    const auto& g = object.geometry;
    if (object.type == catalog::ObjectType::Box && g.size() == 4)
        return Bounds{g[0], g[1], g[2], g[3]};
    if (object.type != catalog::ObjectType::Polygon || g.size() < 2) return std::nullopt;
    double low[2] = {g[0], g[1]};
    double high[2] = {g[0], g[1]};
    for (std::size_t i = 0; i < g.size(); ++i) {
        low[i % 2] = std::min(low[i % 2], g[i]);
        high[i % 2] = std::max(high[i % 2], g[i]);
    }
    return Bounds{low[0], low[1], high[0] - low[0], high[1] - low[1]};
}

/// By the shoelace formula.
double polygon_area(std::span<const double> points) {
    double doubled = 0;
    for (std::size_t i = 0; i < points.size(); i += 2) {
        const std::size_t next = (i + 2) % points.size();
        doubled += points[i] * points[next + 1] - points[next] * points[i + 1];
    }
    return std::abs(doubled) / 2;
}

std::optional<std::uint64_t> as_number(std::string_view id) {
    std::uint64_t number = 0;
    const auto read = std::from_chars(id.data(), id.data() + id.size(), number);
    if (read.ec != std::errc() || read.ptr != id.data() + id.size() || number == 0) return {};
    if (number > std::uint64_t{1} << 53U) return {};  // readers keep ids in doubles
    return number;
}

/// The items of an export, a chunk at a time.
class ItemWalk {
public:
    ItemWalk(const catalog::Version& version, const columns::Bitmap& items) {
        columns::Bitmap living = items;
        living &= *version.living;
        living.for_each([&](std::uint32_t item) {
            items_.push_back(item);
            return true;
        });
    }
    std::span<const catalog::ItemNo> all() const { return items_; }
    std::span<const catalog::ItemNo> next() {
        const auto chunk = std::span<const catalog::ItemNo>(items_).subspan(
            at_, std::min(kItemsPerChunk, items_.size() - at_));
        at_ += chunk.size();
        return chunk;
    }
    void rewind() { at_ = 0; }

private:
    std::vector<catalog::ItemNo> items_;
    std::size_t at_ = 0;
};

class CocoExport {
public:
    CocoExport(std::shared_ptr<const catalog::Version> version, const columns::Bitmap& items)
        : version_(std::move(version)), walk_(*version_, items) {}

    Result<bool> next(std::string& out) {
        switch (stage_) {
            case Stage::Start:
                out += fmt::format(
                    "{{\n\"info\":{{\"description\":{},\"date_created\":\"{}\"}},\n"
                    "\"images\":[",
                    json::quote(version_->name), to_iso(now_ms()));
                stage_ = Stage::Images;
                return true;
            case Stage::Images:
                if (!write_images(out)) end_images(out);
                return true;
            case Stage::Annotations:
                if (!write_annotations(out)) end_annotations(out);
                return true;
            case Stage::End:
                return false;
        }
        return false;
    }

private:
    enum class Stage { Start, Images, Annotations, End };

    bool write_images(std::string& out) {
        const auto items = walk_.next();
        for (const catalog::ItemNo item_no : items) {
            const auto item = catalog::find_item(*version_, item_no);
            if (!item) continue;
            json::Writer row;
            row.object().member("id", std::uint64_t{item_no} + 1);
            row.member("file_name", item->reference_id);
            if (item->width) row.member("width", *item->width);
            if (item->height) row.member("height", *item->height);
            if (item->image_url.starts_with("http")) row.member("coco_url", item->image_url);
            const std::string metadata = catalog::metadata_json(version_->items, item->place);
            if (metadata != "{}") row.key("metadata").raw(metadata);
            begin_row(out) += row.end().text();
            plan_ids(item_no);
        }
        return !items.empty();
    }

    // Ids and labels are gathered with the images: both must be known before the first annotation.
    void plan_ids(catalog::ItemNo item_no) {
        for (const catalog::Object& object : catalog::objects_of(version_->annotations, item_no)) {
            labels_.emplace(version_->labels->text(object.label), 0);
            if (const auto id =
                    object.annotation_id ? as_number(*object.annotation_id) : std::nullopt)
                next_id_ = std::max(next_id_, *id + 1);
        }
    }

    void end_images(std::string& out) {
        std::uint64_t id = 0;
        for (auto& [label, number] : labels_) number = ++id;
        out += "\n],\n\"annotations\":[";
        is_first_ = true;
        walk_.rewind();
        stage_ = Stage::Annotations;
    }

    bool write_annotations(std::string& out) {
        const auto items = walk_.next();
        for (const catalog::ItemNo item_no : items)
            for (const catalog::Object& object :
                 catalog::objects_of(version_->annotations, item_no))
                begin_row(out) += annotation(object);
        return !items.empty();
    }

    std::string annotation(const catalog::Object& object) {
        auto id = object.annotation_id ? as_number(*object.annotation_id) : std::nullopt;
        if (!id || !used_ids_.insert(*id).second) id = next_id_++;
        json::Writer row;
        row.object().member("id", *id).member("image_id", std::uint64_t{object.item_no} + 1);
        row.member("category_id", labels_.at(version_->labels->text(object.label)));
        if (const auto bounds = bounds_of(object)) {
            row.key("bbox").array();
            for (const double number : {bounds->x, bounds->y, bounds->w, bounds->h})
                row.value(number);
            row.end();
            const bool is_polygon = object.type == catalog::ObjectType::Polygon;
            row.member("area", is_polygon ? polygon_area(object.geometry) : bounds->w * bounds->h);
            row.key("segmentation").array();
            if (is_polygon) {
                row.array();
                for (const double number : object.geometry) row.value(number);
                row.end();
            }
            row.end();
        }
        const std::string metadata = catalog::metadata_json(version_->annotations, object.place);
        const bool is_crowd = metadata.find("\"iscrowd\":1") != std::string::npos;
        row.member("iscrowd", is_crowd ? 1 : 0);
        if (object.annotation_id && *object.annotation_id != std::to_string(*id))
            row.member("annotation_id", *object.annotation_id);
        if (metadata != "{}") row.key("metadata").raw(metadata);
        return row.end().take();
    }

    void end_annotations(std::string& out) {
        out += "\n],\n\"categories\":[";
        is_first_ = true;
        for (const auto& [label, id] : labels_) {
            json::Writer row;
            row.object().member("id", id).member("name", label).end();
            begin_row(out) += row.text();
        }
        out += "\n]\n}\n";
        stage_ = Stage::End;
    }

    std::string& begin_row(std::string& out) {
        out += is_first_ ? "\n" : ",\n";
        is_first_ = false;
        return out;
    }

    std::shared_ptr<const catalog::Version> version_;
    ItemWalk walk_;
    Stage stage_ = Stage::Start;
    bool is_first_ = true;
    std::map<std::string, std::uint64_t> labels_;  // label -> category id
    std::uint64_t next_id_ = 1;
    std::unordered_set<std::uint64_t> used_ids_;
};

/// RFC 4180: quoted where it must be, quotes doubled.
void append_field(std::string& out, std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

void append_row(std::string& out, std::initializer_list<std::string_view> fields) {
    bool is_first = true;
    for (const std::string_view field : fields) {
        if (!is_first) out += ',';
        is_first = false;
        append_field(out, field);
    }
    out += "\r\n";
}

std::string_view change_name(catalog::Effect effect) {
    switch (effect) {
        case catalog::Effect::Relabelled:
            return "relabelled";
        case catalog::Effect::Moved:
            return "moved";
        case catalog::Effect::Added:
            return "added";
    }
    return "";
}

std::string shortest(double number) { return fmt::format("{}", number); }

class CsvExport {
public:
    CsvExport(std::shared_ptr<const catalog::Version> version, const columns::Bitmap& items,
              std::vector<catalog::Correction> corrections, std::string_view finding_id)
        : version_(std::move(version)),
          finding_(version_->find_label_issues(finding_id)),
          walk_(*version_, items),
          corrections_(std::move(corrections)),
          origins_(corrections_) {}

    Result<bool> next(std::string& out) {
        if (!is_begun_) {
            out +=
                "reference_id,annotation_id,type,label,given,x,y,w,h,who,at,issue_kind,"
                "issue_suggested,issue_score\r\n";
            is_begun_ = true;
            return true;
        }
        const auto items = walk_.next();
        for (const catalog::ItemNo item_no : items) {
            const auto item = catalog::find_item(*version_, item_no);
            if (!item) continue;
            const auto objects = catalog::objects_of(version_->annotations, item_no);
            for (const catalog::Object& object : objects) write(out, item->reference_id, object);
            if (objects.empty())
                append_row(
                    out, {item->reference_id, "", "", "", "", "", "", "", "", "", "", "", "", ""});
        }
        return !items.empty();
    }

private:
    void write(std::string& out, std::string_view reference_id, const catalog::Object& object) {
        const std::string& label = version_->labels->text(object.label);
        const Origin* const origin = origins_.find(object.row_no, label);
        const auto bounds = bounds_of(object);
        const auto issue = finding_
                               ? label_issues::issue_at(*finding_, {object.item_no, object.row_no})
                               : std::nullopt;
        const std::string_view kind =
            issue && issue->kind ? label_issues::name_of(*issue->kind) : std::string_view();
        const std::string_view suggested = issue && issue->suggested
                                               ? version_->labels->text(*issue->suggested)
                                               : std::string_view();
        append_row(out, {reference_id, object.annotation_id.value_or(""), to_text(object.type),
                         label, origin ? *origin->given : label, bounds ? shortest(bounds->x) : "",
                         bounds ? shortest(bounds->y) : "", bounds ? shortest(bounds->w) : "",
                         bounds ? shortest(bounds->h) : "", origin ? origin->last->who : "",
                         origin ? to_iso(origin->last->at) : "", kind, suggested,
                         issue ? shortest(issue->score) : ""});
    }

    std::shared_ptr<const catalog::Version> version_;
    const catalog::Finding* finding_;  // of version_; null: nobody looked
    ItemWalk walk_;
    std::vector<catalog::Correction> corrections_;
    Origins origins_;
    bool is_begun_ = false;
};

}  // namespace

Chunks export_coco(std::shared_ptr<const catalog::Version> version, columns::Bitmap items) {
    return [walk = std::make_shared<CocoExport>(std::move(version), items)](std::string& out) {
        return walk->next(out);
    };
}

Chunks export_csv(std::shared_ptr<const catalog::Version> version, columns::Bitmap items,
                  std::vector<catalog::Correction> corrections, std::string_view finding_id) {
    return [walk = std::make_shared<CsvExport>(std::move(version), items, std::move(corrections),
                                               finding_id)](std::string& out) {
        return walk->next(out);
    };
}

std::string export_changes(const catalog::Version& version,
                           std::span<const catalog::Correction> corrections) {
    std::string out = "reference_id,annotation_id,given,label,who,at,score,change,x,y,w,h\r\n";
    const Origins origins(corrections);
    std::unordered_set<catalog::RowNo> moved;
    for (const catalog::Correction& correction : corrections) {
        const auto object = catalog::find_object(version.annotations, correction.annotation);
        if (!object || correction.undone) continue;
        const std::string& label = version.labels->text(object->label);
        const Origin* const origin = origins.find(object->row_no, label);
        const bool is_last = origin != nullptr && origin->last == &correction;
        const bool is_move = correction.effect == catalog::Effect::Moved &&
                             moved.insert(object->row_no).second && !is_last;
        if (!is_last && !is_move) continue;
        const auto item = catalog::find_item(version, object->item_no);
        const auto bounds = bounds_of(*object);
        append_row(out, {item ? item->reference_id : "", object->annotation_id.value_or(""),
                         is_last ? *origin->given : label, label, correction.who,
                         to_iso(correction.at), correction.score ? shortest(*correction.score) : "",
                         change_name(correction.effect), bounds ? shortest(bounds->x) : "",
                         bounds ? shortest(bounds->y) : "", bounds ? shortest(bounds->w) : "",
                         bounds ? shortest(bounds->h) : ""});
    }
    return out;
}

}  // namespace tusker::formats
