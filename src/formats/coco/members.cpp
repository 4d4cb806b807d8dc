#include "formats/coco/members.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace tusker::coco {
namespace {

using Members = std::vector<std::pair<std::string_view, json::Value>>;

bool holds_metadata(std::string_view key) { return key == "metadata" || key == "attributes"; }

Members collect_members(json::Value object, bool (*is_known)(std::string_view)) {
    Members members;
    const auto add = [&](std::string_view key, json::Value value) {
        if (!value.is_null()) members.emplace_back(key, value);
    };
    (void)object.for_each_member([&](std::string_view key, json::Value value) {
        if (holds_metadata(key) && value.kind() == json::Kind::Object)
            (void)value.for_each_member(add);
        else if (!is_known(key))
            add(key, value);
    });
    return members;
}

Error blame(std::string_view text, std::span<const Range> elements) {
    LineCounter lines(text);
    for (const Range& element : elements) {
        const auto document = json::Document::parse(element.of(text));
        if (!document)
            return {ErrorCode::InvalidArgument,
                    fmt::format("line {}: {}", lines.line_of(element.offset),
                                document.error().message)};
    }
    return {ErrorCode::InvalidArgument,
            fmt::format("line {}: not JSON", lines.line_of(elements.front().offset))};
}

}  // namespace

Result<void> parse_elements(std::string_view text, std::span<const Range> elements,
                            const std::function<void(std::size_t, json::Value)>& visit) {
    if (elements.empty()) return {};
    const std::uint64_t first = elements.front().offset;
    const std::uint64_t end = elements.back().offset + elements.back().size;
    std::string array;
    array.reserve(end - first + 2 + simdjson::SIMDJSON_PADDING);
    array.push_back('[');
    array.append(text.substr(first, end - first));
    array.push_back(']');
    const auto document = json::Document::parse(array);
    if (!document || document->root().size() != elements.size())
        return std::unexpected(blame(text, elements));
    std::size_t index = 0;
    return document->root().for_each([&](json::Value value) { visit(index++, value); });
}

std::string metadata_of(json::Value object, bool (*is_known)(std::string_view)) {
    Members members = collect_members(object, is_known);
    if (members.empty()) return "{}";
    std::ranges::stable_sort(members, {}, [](const auto& member) { return member.first; });
    json::Writer writer;
    writer.object();
    for (std::size_t i = 0; i < members.size(); ++i)
        if (i == 0 || members[i].first != members[i - 1].first)
            writer.key(members[i].first).raw(members[i].second.text());
    return writer.end().take();
}

std::string shown(json::Value value) {
    constexpr std::size_t kBytesMax = 80;
    std::string text = value.text();
    if (text.size() > kBytesMax) {
        text.resize(kBytesMax);
        text += "…";
    }
    return text;
}

}  // namespace tusker::coco
