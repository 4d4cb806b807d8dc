#include "formats/arrays/source.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

namespace tusker::arrays {
namespace {

constexpr std::array kEndings = {
    std::pair{std::string_view(".npy"), Format::Npy},
    std::pair{std::string_view(".npz"), Format::Npz},
    std::pair{std::string_view(".csv"), Format::Csv},
    std::pair{std::string_view(".json"), Format::Json},
};

bool is_file(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored) && !std::filesystem::is_directory(path, ignored);
}

}  // namespace

std::unexpected<Error> Source::refuse(std::string_view reason) const {
    return invalid(fmt::format("{}: {}: {}", argument, file.string(), reason));
}

Error Source::with_argument(const Error& error) const {
    return {error.code, fmt::format("{}: {}", argument, error.message)};
}

Result<Source> find_source(std::string_view text, std::string argument) {
    Source source;
    source.argument = std::move(argument);
    source.file = text;
    if (!is_file(source.file)) {
        const auto colon = text.rfind(':');
        if (colon != std::string_view::npos && is_file(text.substr(0, colon))) {
            source.file = text.substr(0, colon);
            source.member = text.substr(colon + 1);
        } else {
            return source.refuse("there is no such file");
        }
    }
    std::string ending = source.file.extension().string();
    std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto* const known =
        std::ranges::find(kEndings, ending, &std::pair<std::string_view, Format>::first);
    if (known == kEndings.end())
        return source.refuse("must end in .npy, .npz, .csv or .json, which says how it is read");
    source.format = known->second;
    if (source.format == Format::Npy && !source.member.empty())
        return source.refuse(
            fmt::format("a .npy file holds one array: '{}' names none of it", source.member));
    return source;
}

}  // namespace tusker::arrays
