#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/nearest.hpp"
#include "formats/arrays/readers.hpp"

namespace tusker::arrays {
namespace {

using json::Kind;
using json::Value;

constexpr std::size_t kShownBytes = 60;

std::string shown(Value value) {
    std::string text = value.text();
    if (text.size() > kShownBytes) text = text.substr(0, kShownBytes) + "…";
    return text;
}

/// "labels[7] = 1.5 (l.json): rule"
std::unexpected<Error> refuse_value(const Source& source, const std::string& place, Value value,
                                    std::string_view rule) {
    return invalid(fmt::format("{}[{}] = {} ({}): {}", source.argument, place, shown(value),
                               source.file.string(), rule));
}

/// Python's json module writes NaN and Infinity, which are not JSON; say which line.
std::optional<std::string> find_no_number(std::string_view text) {
    for (const std::string_view word : {"NaN", "Infinity"}) {
        const auto at = text.find(word);
        if (at == std::string_view::npos) continue;
        const auto line = 1 + std::ranges::count(text.substr(0, at), '\n');
        return fmt::format("line {}: {} is no number of JSON", line, word);
    }
    return std::nullopt;
}

struct Found {
    json::Document document;  // keeps the array
    Value array;
};

/// The array that a source means: the document itself, or a member of it.
Result<Found> find_array(const Source& source, std::string_view text) {
    auto document = json::Document::parse(text);
    if (!document) return source.refuse(find_no_number(text).value_or(document.error().message));
    const Value root = document->root();
    if (root.kind() == Kind::Array && source.member.empty())
        return Found{std::move(*document), root};
    if (root.kind() != Kind::Object)
        return source.refuse(source.member.empty() ? "must be an array, or an object that holds one"
                                                   : "is no object: no member can be named");
    Texts keys;
    std::optional<Value> array;
    (void)root.for_each_member([&](std::string_view key, Value value) {
        if (value.kind() != Kind::Array) return;
        keys.emplace_back(key);
        if (source.member.empty() || source.member == key) array = value;
    });
    if (!array)
        return source.refuse(
            fmt::format("no array '{}'{}", source.member, did_you_mean(source.member, keys)));
    if (source.member.empty() && keys.size() > 1)
        return source.refuse(fmt::format("holds {} arrays ({}): name one, as {}:{}", keys.size(),
                                         fmt::join(keys, ", "), source.file.filename().string(),
                                         keys.front()));
    return Found{std::move(*document), *array};
}

std::optional<std::string> text_of(Value value) {
    if (const auto text = value.as_string()) return std::string(*text);
    if (value.is_integer()) return value.text();
    return std::nullopt;
}

}  // namespace

Result<Matrix> matrix_from_json(const Source& source, std::string_view text) {
    const Found found = TUSKER_TRY(find_array(source, text));
    std::vector<double> values;
    std::size_t rows = 0;
    std::size_t columns = 0;
    TUSKER_TRY(found.array.for_each([&](Value row) -> Result<void> {
        if (row.kind() != Kind::Array)
            return refuse_value(source, std::to_string(rows), row, "must be an array of numbers");
        const std::size_t first = values.size();
        TUSKER_TRY(row.for_each([&](Value value) -> Result<void> {
            const auto number = value.as_double();
            if (!number)
                return refuse_value(source, fmt::format("{}, {}", rows, values.size() - first),
                                    value, "must be a number");
            values.push_back(*number);
            return {};
        }));
        const std::size_t count = values.size() - first;
        if (rows == 0) columns = count;
        if (count != columns)
            return source.refuse(fmt::format("{}[{}] has {} numbers: must have {}, as the first",
                                             source.argument, rows, count, columns));
        ++rows;
        return {};
    }));
    return Matrix{npy::Array::of(std::move(values), {rows, columns}), {}};
}

Result<Column> column_from_json(const Source& source, std::string_view text) {
    const Found found = TUSKER_TRY(find_array(source, text));
    Texts texts;
    std::vector<std::int64_t> numbers;
    TUSKER_TRY(found.array.for_each([&](Value value) -> Result<void> {
        const std::size_t row = texts.size() + numbers.size();
        if (const auto name = value.as_string()) {
            texts.emplace_back(*name);
        } else if (value.is_integer() && value.as_int()) {
            numbers.push_back(*value.as_int());
        } else {
            return refuse_value(source, std::to_string(row), value,
                                "must be an integer, the number of a class, or its name");
        }
        if (!texts.empty() && !numbers.empty())
            return refuse_value(source, std::to_string(row), value,
                                "numbers and names of classes cannot be mixed");
        return {};
    }));
    if (!texts.empty()) return Column{std::move(texts), {}};
    const std::size_t rows = numbers.size();
    return Column{npy::Array::of(std::move(numbers), {rows}), {}};
}

Result<Lists> lists_from_json(const Source& source, std::string_view text) {
    const Found found = TUSKER_TRY(find_array(source, text));
    std::vector<Texts> lists;
    TUSKER_TRY(found.array.for_each([&](Value row) -> Result<void> {
        if (row.kind() != Kind::Array)
            return refuse_value(source, std::to_string(lists.size()), row,
                                "must be an array of classes");
        Texts texts;
        TUSKER_TRY(row.for_each([&](Value value) -> Result<void> {
            auto name = text_of(value);
            if (!name)
                return refuse_value(source, fmt::format("{}, {}", lists.size(), texts.size()),
                                    value,
                                    "must be an integer, the number of a class, or its name");
            texts.push_back(std::move(*name));
            return {};
        }));
        lists.push_back(std::move(texts));
        return {};
    }));
    return Lists{std::move(lists), {}};
}

Result<std::vector<Texts>> table_from_json(const Source& source, std::string_view text,
                                           const Texts& names) {
    const Found found = TUSKER_TRY(find_array(source, text));
    std::vector<Texts> table(names.size());
    std::size_t rows = 0;
    TUSKER_TRY(found.array.for_each([&](Value row) -> Result<void> {
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto member = row.find(names[i]);
            auto value = member ? text_of(*member) : std::nullopt;
            if (!value)
                return refuse_value(
                    source, std::to_string(rows), row,
                    fmt::format("must be an object with {}, each an integer or a text",
                                fmt::join(names, ", ")));
            table[i].push_back(std::move(*value));
        }
        ++rows;
        return {};
    }));
    return table;
}

}  // namespace tusker::arrays
