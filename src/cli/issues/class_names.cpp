#include "cli/issues/class_names.hpp"

#include <charconv>
#include <filesystem>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/nearest.hpp"

namespace tusker::cli {
namespace {

using confident::ClassId;

constexpr std::int64_t kClassIdMax = std::numeric_limits<ClassId>::max() - 1;

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

bool is_number(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

Result<std::vector<std::string>> names_of_json(const std::string& path, std::string_view text) {
    const auto refuse = [&] {
        return invalid(fmt::format("classes: {}: must be a list of names", path));
    };
    const auto document = json::Document::parse(text);
    if (!document) return invalid(fmt::format("classes: {}: {}", path, document.error().message));
    if (document->root().kind() != json::Kind::Array) return refuse();
    std::vector<std::string> names;
    TUSKER_TRY(document->root().for_each([&](json::Value value) -> Result<void> {
        const auto name = value.as_string();
        if (!name) return refuse();
        names.emplace_back(*name);
        return {};
    }));
    return names;
}

std::vector<std::string> names_of_lines(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const auto end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        names.emplace_back(line);
    }
    return names;
}

}  // namespace

Result<ClassNames> ClassNames::of(std::vector<std::string> names, std::string_view argument) {
    ClassNames result;
    for (ClassId k = 0; k < names.size(); ++k) {
        if (names[k].empty())
            return invalid(fmt::format("{}: the name of class {} is empty", argument, k));
        const auto [first, is_new] = result.ids_.emplace(names[k], k);
        if (!is_new)
            return invalid(fmt::format("{}: '{}' is the name of class {} and of class {}", argument,
                                       names[k], first->second, k));
    }
    result.names_ = std::move(names);
    return result;
}

Result<ClassNames> ClassNames::read(const std::string& path) {
    const auto text = TUSKER_TRY(read_file(path));
    auto names = std::filesystem::path(path).extension() == ".json"
                     ? TUSKER_TRY(names_of_json(path, text))
                     : names_of_lines(text);
    if (names.empty()) return invalid(fmt::format("classes: {}: holds no name", path));
    return of(std::move(names), "classes: " + path);
}

std::string ClassNames::text_of(ClassId id) const {
    return id < names_.size() ? names_[id] : std::to_string(id);
}

std::optional<ClassId> ClassNames::find(std::string_view text) const {
    if (const auto found = ids_.find(std::string(text)); found != ids_.end()) return found->second;
    const auto number = whole_number(text);
    if (!number || *number < 0 || *number > kClassIdMax) return std::nullopt;
    return static_cast<ClassId>(*number);
}

Result<ClassId> to_class_id(std::string_view text, const ClassNames& names,
                            std::string_view argument, const std::string& place) {
    if (const auto id = names.find(text)) return *id;
    const auto refuse = [&](std::string_view rule) {
        return invalid(fmt::format("{}[{}] = {}: {}", argument, place, text, rule));
    };
    if (const auto number = whole_number(text))
        return refuse(*number < 0 ? "must be >= 0" : "is no class number");
    if (is_number(text)) return refuse("must be an integer, the number of a class");
    if (names.are_known()) return refuse("is no class" + did_you_mean(text, names.names()));
    return refuse(
        "is a name, and those of the classes are not known: give --classes, or probabilities with "
        "a header");
}

Result<std::vector<ClassId>> to_class_ids(const std::vector<std::string>& texts,
                                          const ClassNames& names, std::string_view argument) {
    std::vector<ClassId> ids;
    ids.reserve(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
        ids.push_back(TUSKER_TRY(to_class_id(texts[i], names, argument, std::to_string(i))));
    return ids;
}

}  // namespace tusker::cli
