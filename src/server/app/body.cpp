#include "server/app/body.hpp"

#include <fmt/format.h>

namespace tusker::app {

Result<Body> Body::parse(const http::Request& request) {
    const std::string_view text = request.body();
    json::Document document = TUSKER_TRY(json::Document::parse(text.empty() ? "{}" : text));
    if (document.root().kind() != json::Kind::Object) return invalid("body: must be a JSON object");
    return Body(std::move(document));
}

Result<std::optional<std::string>> Body::text(std::string_view name) const {
    const auto member = root().find_value(name);
    if (!member) return std::nullopt;
    const auto text = member->as_string();
    if (!text) return invalid(fmt::format("{} = {}: must be a text", name, member->text()));
    return std::string(*text);
}

Result<std::string> Body::text_or_empty(std::string_view name) const {
    return TUSKER_TRY(text(name)).value_or("");
}

Result<std::string> Body::name(std::string_view member) const {
    std::string name = TUSKER_TRY(text_or_empty(member));
    if (name.empty() || name.size() > 200)
        return invalid(fmt::format("{} = {}: must have 1 to 200 bytes", member,
                                   json::quote(name.substr(0, 80))));
    return name;
}

Result<bool> Body::flag(std::string_view name, bool absent) const {
    const auto member = root().find_value(name);
    if (!member) return absent;
    const auto flag = member->as_bool();
    if (!flag) return invalid(fmt::format("{} = {}: must be true or false", name, member->text()));
    return *flag;
}

Result<std::uint64_t> Body::number(std::string_view name, Limits limits) const {
    const auto member = root().find_value(name);
    if (!member) return limits.absent;
    const auto number = member->as_int();
    if (!number || *number < 0 || static_cast<std::uint64_t>(*number) < limits.least ||
        static_cast<std::uint64_t>(*number) > limits.most)
        return invalid(fmt::format("{} = {}: must be a whole number from {} to {}", name,
                                   member->text(), limits.least, limits.most));
    return static_cast<std::uint64_t>(*number);
}

}  // namespace tusker::app
