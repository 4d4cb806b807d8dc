#include "formats/coco/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.hpp"

namespace tusker::coco {
namespace {

// Bytes that end the fast walk inside an object or array.
constexpr std::array<bool, 256> make_stops() {
    std::array<bool, 256> stops{};
    for (const char c : {'"', '{', '}', '[', ']'}) stops[static_cast<unsigned char>(c)] = true;
    return stops;
}
constexpr std::array<bool, 256> kStops = make_stops();

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

class Cursor {
public:
    explicit Cursor(std::string_view text) : text_(text) {}

    std::size_t at() const { return at_; }
    bool at_end() const { return at_ >= text_.size(); }
    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    }
    /// Skips spaces, then takes `c` if it stands here.
    bool take(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    std::unexpected<Error> fail_here(std::string_view what) const {
        const std::string_view before = text_.substr(0, at_);
        const auto line = 1 + std::count(before.begin(), before.end(), '\n');
        const std::size_t newline = before.rfind('\n');
        const std::size_t column = newline == std::string_view::npos ? at_ + 1 : at_ - newline;
        return invalid(fmt::format("line {}, column {}: {}", line, column, what));
    }

    Result<std::string> take_key() {
        skip_space();
        const std::size_t first = at_;
        if (at_end() || text_[at_] != '"')
            return fail_here(at_end() ? "the text stops inside an object" : "expected a key");
        TUSKER_TRY(skip_string());
        const std::string_view quoted = text_.substr(first, at_ - first);
        if (quoted.find('\\') != std::string_view::npos) {
            const json::Document key = TUSKER_TRY(json::Document::parse(quoted));
            if (const auto plain = key.root().as_string()) return std::string(*plain);
        }
        return std::string(quoted.substr(1, quoted.size() - 2));
    }

    Result<void> skip_value() {
        skip_space();
        if (at_end()) return fail_here("the text stops where a value should stand");
        const char c = text_[at_];
        if (c == '"') return skip_string();
        if (c == '{' || c == '[') return skip_nested();
        const std::size_t first = at_;
        while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ',' &&
               text_[at_] != '}' && text_[at_] != ']')
            ++at_;
        if (at_ == first) return fail_here("expected a value");
        return {};
    }

private:
    Result<void> skip_string() {
        const std::size_t quote = at_++;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '"') return {};
            if (c == '\\') ++at_;  // the escaped character
        }
        at_ = quote;
        return fail_here("the text stops inside a string that begins here");
    }

    // Brackets are only counted: that they match in kind is seen when the text is parsed.
    Result<void> skip_nested() {
        const std::size_t opening = at_;
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (!kStops[static_cast<unsigned char>(c)]) {
                ++at_;
            } else if (c == '"') {
                TUSKER_TRY(skip_string());
            } else {
                ++at_;
                if (c == '{' || c == '[')
                    ++depth;
                else if (--depth == 0)
                    return {};
            }
        }
        at_ = opening;
        return fail_here("the text stops inside an object or array that begins here");
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

Result<Range> range_since(const Cursor& cursor, std::size_t first) {
    const std::size_t size = cursor.at() - first;
    if (size > UINT32_MAX) return cursor.fail_here("one value is longer than 4 GiB");
    return Range{.offset = first, .size = static_cast<std::uint32_t>(size)};
}

Result<void> scan_elements(Cursor& cursor, ArrayRange& array) {
    array.present = true;
    if (cursor.take(']')) {
        array.closing = cursor.at() - 1;
        return {};
    }
    do {
        cursor.skip_space();
        const std::size_t first = cursor.at();
        TUSKER_TRY(cursor.skip_value());
        array.elements.push_back(TUSKER_TRY(range_since(cursor, first)));
    } while (cursor.take(','));
    if (!cursor.take(']'))
        return cursor.fail_here(cursor.at_end() ? "the text stops inside an array"
                                                : "expected ',' or ']'");
    array.closing = cursor.at() - 1;
    return {};
}

Result<void> scan_members(Cursor& cursor, Layout& layout) {
    if (cursor.take('}')) return {};
    do {
        const std::string key = TUSKER_TRY(cursor.take_key());
        if (!cursor.take(':')) return cursor.fail_here("expected ':'");
        ArrayRange* const array = key == "images"        ? &layout.images
                                  : key == "annotations" ? &layout.annotations
                                  : key == "categories"  ? &layout.categories
                                                         : nullptr;
        if (array == nullptr) {
            TUSKER_TRY(cursor.skip_value());
            continue;
        }
        if (array->present) return cursor.fail_here(fmt::format("\"{}\" stands twice", key));
        if (!cursor.take('[')) return cursor.fail_here(fmt::format("{} must be an array", key));
        TUSKER_TRY(scan_elements(cursor, *array));
    } while (cursor.take(','));
    if (!cursor.take('}'))
        return cursor.fail_here(cursor.at_end() ? "the text stops inside an object"
                                                : "expected ',' or '}'");
    return {};
}

}  // namespace

Result<Layout> scan(std::string_view text) {
    Cursor cursor(text);
    // Some editors leave a byte-order mark before the text.
    if (text.starts_with("\xEF\xBB\xBF"))
        for (const char c : {'\xEF', '\xBB', '\xBF'}) cursor.take(c);
    Layout layout;
    if (cursor.take('[')) {
        layout.is_results = true;
        TUSKER_TRY(scan_elements(cursor, layout.annotations));
    } else if (cursor.take('{')) {
        TUSKER_TRY(scan_members(cursor, layout));
    } else {
        return cursor.fail_here("expected '{' (labels) or '[' (results)");
    }
    cursor.skip_space();
    if (!cursor.at_end()) return cursor.fail_here("there is more text after the end");
    return layout;
}

Result<Range> find_member(std::string_view object, std::string_view key) {
    Cursor cursor(object);
    if (!cursor.take('{')) return cursor.fail_here("expected an object");
    if (!cursor.take('}')) {
        do {
            const std::string name = TUSKER_TRY(cursor.take_key());
            if (!cursor.take(':')) return cursor.fail_here("expected ':'");
            cursor.skip_space();
            const std::size_t first = cursor.at();
            TUSKER_TRY(cursor.skip_value());
            if (name == key) return range_since(cursor, first);
        } while (cursor.take(','));
    }
    return not_found(fmt::format("the object has no \"{}\"", key));
}

std::uint64_t LineCounter::line_of(std::uint64_t offset) {
    if (offset < at_) {
        at_ = 0;
        line_ = 1;
    }
    const std::string_view between = text_.substr(at_, offset - at_);
    line_ += static_cast<std::uint64_t>(std::count(between.begin(), between.end(), '\n'));
    at_ = offset;
    return line_;
}

}  // namespace tusker::coco
