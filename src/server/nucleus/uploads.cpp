#include "server/nucleus/uploads.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/format.h>

namespace tusker::nucleus {
namespace {

constexpr auto kKept = std::chrono::hours(24);
// Enough to keep the parser busy, little enough to hold two of them in memory.
constexpr std::size_t kCheckedLines = 10'000;

bool is_blank(std::string_view line) {
    return std::ranges::all_of(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
}

/// The lines of one batch as one JSON array: parsed at once, which is several times as fast as line
/// by line.
Result<json::Document> parse_together(std::span<const std::string_view> lines) {
    std::size_t size = 2;
    for (const auto line : lines) size += line.size() + 1;
    std::string text;
    text.reserve(size);
    text += '[';
    for (const auto line : lines) {
        if (text.size() > 1) text += ',';
        text += line;
    }
    text += ']';
    return json::Document::parse(text);
}

Error find_bad_line(std::span<const std::string_view> lines, std::size_t first) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto document = json::Document::parse(lines[i]);
        if (!document)
            return {ErrorCode::InvalidArgument,
                    fmt::format("line {}: {}", first + i + 1, document.error().message)};
        if (document->root().kind() != json::Kind::Object)
            return {ErrorCode::InvalidArgument,
                    fmt::format("line {}: must be a JSON object", first + i + 1)};
    }
    return {ErrorCode::InvalidArgument, "the lines are not JSON objects"};
}

}  // namespace

Result<Uploads> Uploads::open(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return fail(ErrorCode::Internal, fmt::format("{}: {}", folder.string(), error.message()));
    Uploads uploads(folder);
    uploads.forget_old();
    return uploads;
}

Result<void> Uploads::check_request_id(std::string_view request_id) {
    const bool safe = std::ranges::all_of(request_id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
    if (!safe || request_id.empty() || request_id.size() > 64)
        return invalid(fmt::format(
            "requestId = \"{}\": must be 1 to 64 letters, digits, '-' or '_'", request_id));
    return {};
}

std::filesystem::path Uploads::path_of(std::string_view dataset_id,
                                       std::string_view request_id) const {
    return folder_ / fmt::format("{}.{}.ndjson", dataset_id, request_id);
}

Result<void> Uploads::put(std::string_view dataset_id, std::string_view request_id,
                          std::string_view bytes) const {
    TUSKER_TRY(check_request_id(request_id));
    forget_old();
    return replace_file(path_of(dataset_id, request_id), bytes, 0600);
}

Result<std::filesystem::path> Uploads::find(std::string_view dataset_id,
                                            std::string_view request_id) const {
    TUSKER_TRY(check_request_id(request_id));
    auto path = path_of(dataset_id, request_id);
    std::error_code error;
    if (!std::filesystem::exists(path, error))
        return not_found(
            fmt::format("requestId = \"{}\": nothing was uploaded under it in dataset {}",
                        request_id, dataset_id));
    return path;
}

void Uploads::forget_old() const {
    // A file that cannot be removed now is tried again with the next upload.
    std::error_code error;
    const auto oldest = std::filesystem::file_time_type::clock::now() - kKept;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, error))
        if (std::error_code skip; entry.last_write_time(skip) < oldest && !skip)
            std::filesystem::remove(entry.path(), skip);
}

Result<Lines> Lines::open(const std::filesystem::path& path) {
    Lines lines;
    lines.file_ = TUSKER_TRY(MappedFile::open(path));
    return lines;
}

Result<std::uint64_t> Lines::check() const {
    std::uint64_t rows = 0;
    TUSKER_TRY(for_each_batch(
        kCheckedLines, [&](std::span<const json::Value> values, std::size_t) -> Result<void> {
            rows += values.size();
            return {};
        }));
    return rows;
}

Result<void> Lines::for_each_batch(std::size_t rows_max, const Read& read) const {
    const auto bytes = file_.bytes();
    std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::size_t first = 0;
    std::vector<std::string_view> lines;
    const auto flush = [&]() -> Result<void> {
        if (lines.empty()) return {};
        const auto document = parse_together(lines);
        if (!document) return std::unexpected(find_bad_line(lines, first));
        std::vector<json::Value> values;
        TUSKER_TRY(document->root().for_each([&](json::Value value) { values.push_back(value); }));
        const bool objects = std::ranges::all_of(
            values, [](json::Value value) { return value.kind() == json::Kind::Object; });
        if (!objects || values.size() != lines.size())
            return std::unexpected(find_bad_line(lines, first));
        TUSKER_TRY(read(values, first));
        first += lines.size();
        lines.clear();
        return {};
    };
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (is_blank(line)) continue;
        lines.push_back(line);
        if (lines.size() == rows_max) TUSKER_TRY(flush());
    }
    return flush();
}

}  // namespace tusker::nucleus
