#include "formats/coco/patch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace tusker::coco {
namespace {

/// `size` bytes at `offset` become `text`.
struct Edit {
    std::uint64_t offset;
    std::uint32_t size;
    std::string text;
    ChangedRow row;
};

// An annotation may carry a polygon of thousands of points; the difference shows what surrounds the
// change.
std::string excerpt(std::string_view object, std::size_t at) {
    constexpr std::size_t kAround = 120;
    const std::size_t first = at > kAround ? at - kAround : 0;
    const std::size_t last = std::min(object.size(), at + kAround);
    return fmt::format("{}{}{}", first > 0 ? "…" : "", object.substr(first, last - first),
                       last < object.size() ? "…" : "");
}

/// Gives each label the id of the file's category of that name, or of a new one.
class CategoryIds {
public:
    CategoryIds(std::string_view text, const Reader& reader) : text_(text), reader_(reader) {
        for (const Category& category : reader.categories())
            ids_.emplace(category.name, id_text(category));
    }

    /// The id as it is written in the file: 7 or "c7".
    const std::string& id_of(const std::string& label) {
        if (const auto known = ids_.find(label); known != ids_.end()) return known->second;
        std::int64_t next = 1;
        for (const Category& category : reader_.categories()) {
            std::int64_t id = 0;
            const auto end = category.id.data() + category.id.size();
            if (std::from_chars(category.id.data(), end, id).ptr == end)
                next = std::max(next, id + 1);
        }
        const std::string id = std::to_string(next + added_count_);
        added_ += added_.empty() ? "" : ",";
        added_count_ += 1;
        added_ += fmt::format(R"({{"id":{},"name":{}}})", id, json::quote(label));
        return ids_.emplace(label, id).first->second;
    }

    /// The new categories as one insertion before the closing bracket.
    std::optional<Edit> addition() const {
        if (added_.empty()) return std::nullopt;
        const ArrayRange& array = reader_.layout().categories;
        const Range last = array.elements.empty() ? Range{array.closing, 0} : array.elements.back();
        return Edit{last.offset + last.size, 0, array.elements.empty() ? added_ : "," + added_,
                    ChangedRow{0, "", added_}};
    }

private:
    std::string id_text(const Category& category) const {
        const std::string_view object = category.where.of(text_);
        const auto id = find_member(object, "id");
        return id ? std::string(id->of(object)) : category.id;
    }

    std::string_view text_;
    const Reader& reader_;
    std::map<std::string, std::string> ids_;
    std::string added_;
    std::int64_t added_count_ = 0;
};

Patch apply(std::string_view text, std::vector<Edit> edits) {
    std::ranges::sort(edits, {}, &Edit::offset);
    Patch patch;
    patch.text.reserve(text.size() + 16 * edits.size());
    LineCounter lines(text);
    std::uint64_t at = 0;
    for (Edit& edit : edits) {
        patch.text += text.substr(at, edit.offset - at);
        patch.text += edit.text;
        at = edit.offset + edit.size;
        edit.row.line = lines.line_of(edit.offset);
        patch.changed.push_back(std::move(edit.row));
    }
    patch.text += text.substr(at);
    return patch;
}

}  // namespace

Result<Patch> patch(std::string_view text, const Reader& reader,
                    std::span<const Relabel> relabels) {
    CategoryIds ids(text, reader);
    std::vector<Edit> edits;
    for (const Relabel& relabel : relabels) {
        const std::string_view object = relabel.annotation.of(text);
        const Range value = TUSKER_TRY(find_member(object, "category_id"));
        const json::Document written = TUSKER_TRY(json::Document::parse(value.of(object)));
        const auto id = IdIndex::text_of(written.root());
        const auto index = id ? reader.vocabulary().category_ids.find(*id) : std::nullopt;
        if (index && reader.categories()[*index].name == relabel.label) continue;
        const std::string& new_id = ids.id_of(relabel.label);
        std::string after(object);
        after.replace(value.offset, value.size, new_id);
        edits.push_back(
            {relabel.annotation.offset + value.offset, value.size, new_id,
             ChangedRow{0, excerpt(object, value.offset), excerpt(after, value.offset)}});
    }
    if (auto addition = ids.addition()) edits.push_back(*std::move(addition));
    return apply(text, std::move(edits));
}

}  // namespace tusker::coco
