#include "server/nucleus/call.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

#include <fmt/format.h>

#include "base/ids.hpp"
#include "server/http/url.hpp"

namespace tusker::nucleus {
namespace {

// A picture's address lives a month and changes once a day, so that two answers of one day are
// equal and caches may keep the picture.
constexpr TimeMs kDayMs = TimeMs{24} * 60 * 60 * 1000;
constexpr TimeMs kPictureDays = 30;

/// Empty unless all of `text` is a decimal number.
std::optional<std::uint64_t> parse_natural(std::string_view text) {
    std::uint64_t number = 0;
    const auto* const first = std::to_address(text.begin());
    const auto* const last = std::to_address(text.end());
    const auto read = std::from_chars(first, last, number);
    if (read.ec != std::errc() || read.ptr != last) return std::nullopt;
    return number;
}

}  // namespace

Result<json::Value> Call::body() {
    if (!document_) {
        const auto text = request.body();
        document_ = TUSKER_TRY(json::Document::parse(text.empty() ? std::string_view("{}") : text));
        if (document_->root().kind() != json::Kind::Object)
            return invalid("body: must be a JSON object");
    }
    return document_->root();
}

bool Call::is_async() const {
    const auto value = request.query_param("async");
    return value && *value != "0" && *value != "false" && *value != "False";
}

catalog::Author Call::author() const { return {.who = request.principal().who, .why = {}}; }

Result<VersionPtr> Call::version() const { return version(param("ds")); }

Result<VersionPtr> Call::version(std::string_view dataset_id) const {
    return services.catalog.version(dataset_id);
}

std::string Call::origin() const {
    const auto scheme = request.header("X-Forwarded-Proto").value_or("http");
    return fmt::format("{}://{}", scheme == "https" ? "https" : "http",
                       request.header("Host").value_or("localhost"));
}

Render Call::render(const Version& version) const {
    return Render(version, [origin = origin(), &access = services.access](
                               const Version& of, const catalog::Item& item) {
        const auto path =
            fmt::format("/v1/nucleus/picture/{}", item_id(of.dataset_id, item.item_no));
        const auto expires = (now_ms() / kDayMs + kPictureDays) * kDayMs;
        return fmt::format("{}{}?{}", origin, path, access.sign(path, expires));
    });
}

Result<catalog::Item> item_by_reference(const Version& version, std::string_view reference_id) {
    if (const auto item_no = catalog::find_item_no(version, reference_id))
        if (auto item = catalog::find_item(version, *item_no)) return *item;
    return not_found(fmt::format("reference_id \"{}\": dataset {} has no such item", reference_id,
                                 version.dataset_id));
}

Result<catalog::Item> item_by_index(const Version& version, std::string_view index) {
    if (const auto rank = parse_natural(index))
        if (const auto item_no = version.living->select(*rank))
            if (auto item = catalog::find_item(version, *item_no)) return *item;
    return not_found(fmt::format("index {}: dataset {} has items 0 to {}", index,
                                 version.dataset_id,
                                 static_cast<std::int64_t>(version.item_count()) - 1));
}

Result<catalog::Item> item_by_id(const Version& version, std::string_view di) {
    if (const auto address = parse_item_id(di); address && address->is_in(version.dataset_id))
        if (auto item = catalog::find_item(version, address->item_no)) return *item;
    return not_found(
        fmt::format("dataset item \"{}\": dataset {} has no such item", di, version.dataset_id));
}

Result<catalog::Item> split_reference(
    const Version& version, std::string_view path,
    const std::function<bool(const catalog::Item&, std::string_view)>& accepts,
    std::string_view what) {
    for (auto slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
        const auto item_no = catalog::find_item_no(version, path.substr(0, slash));
        if (!item_no) continue;
        const auto item = catalog::find_item(version, *item_no);
        if (item && accepts(*item, path.substr(slash + 1))) return *item;
    }
    return not_found(
        fmt::format("\"{}\": dataset {} has no such {}", path, version.dataset_id, what));
}

Result<std::vector<std::string>> text_list(json::Value body, std::string_view key) {
    std::vector<std::string> texts;
    const auto list = body.find_value(key);
    if (!list) return texts;
    if (list->kind() != json::Kind::Array)
        return invalid(fmt::format("{}: must be a list of texts", key));
    TUSKER_TRY(list->for_each([&](json::Value element) -> Result<void> {
        const auto text = element.as_string();
        if (!text)
            return invalid(
                fmt::format("{}[{}] = {}: must be a text", key, texts.size(), element.text()));
        texts.emplace_back(*text);
        return {};
    }));
    return texts;
}

Result<std::string> text_member(json::Value body, std::string_view key) {
    const auto member = body.find_value(key);
    const auto text = member ? member->as_string() : std::nullopt;
    if (!text || text->empty())
        return invalid(fmt::format("{}: must be a text of at least one character", key));
    return std::string(*text);
}

Result<std::string> object_member(json::Value body, std::string_view key) {
    const auto member = body.find_value(key);
    if (!member) return std::string();
    if (member->kind() != json::Kind::Object)
        return invalid(fmt::format("{}: must be an object", key));
    return member->text();
}

Result<Page> Page::read(json::Value body) {
    Page page{.start = 0, .size = kSizeMax};
    if (const auto size = body.find_value("pageSize")) {
        const auto number = size->as_int();
        if (!number || *number < 1)
            return invalid(
                fmt::format("pageSize = {}: must be a whole number, at least 1", size->text()));
        page.size = std::min(static_cast<std::size_t>(*number), kSizeMax);
    }
    if (const auto token = body.find_value("pageToken")) {
        const auto start = parse_natural(token->as_string().value_or(""));
        if (!start)
            return invalid(
                fmt::format("pageToken = {}: is not one that was given out", token->text()));
        page.start = *start;
    }
    return page;
}

void write_next_page(json::Writer& writer, std::optional<std::uint64_t> next) {
    writer.key("nextPageToken");
    if (next)
        writer.value(std::to_string(*next));
    else
        writer.null();
}

void write_texts(json::Writer& writer, const std::vector<std::string>& texts) {
    writer.array();
    for (const auto& text : texts) writer.value(text);
    writer.end();
}

}  // namespace tusker::nucleus
