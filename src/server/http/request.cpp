#include "server/http/request.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace tusker::http {

namespace {

constexpr std::array<std::string_view, 7> kMethodNames = {"GET",   "HEAD",   "POST",   "PUT",
                                                          "PATCH", "DELETE", "OPTIONS"};

class TextBody final : public Body {
public:
    explicit TextBody(std::string text) : text_(std::move(text)) {}
    std::string_view bytes() const override { return text_; }

private:
    std::string text_;
};

}  // namespace

std::string_view method_name(Method method) {
    return kMethodNames[static_cast<std::size_t>(method)];
}

std::optional<Method> parse_method(std::string_view name) {
    for (std::size_t i = 0; i < kMethodNames.size(); ++i)
        if (kMethodNames[i] == name) return static_cast<Method>(i);
    return std::nullopt;
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    for (const auto& [field, value] : fields_)
        if (std::ranges::equal(field, name, same)) return value;
    return std::nullopt;
}

Result<Request> Request::make(Method method, std::string_view target, std::string body,
                              Headers headers) {
    Request request;
    request.method_ = method;
    request.target_ = TUSKER_TRY(parse_target(target));
    request.headers_ = std::move(headers);
    if (!body.empty()) request.body_ = std::make_shared<TextBody>(std::move(body));
    return request;
}

std::string_view Request::path_param(std::string_view name) const {
    const auto found =
        std::ranges::find(path_params_, name, [](const auto& p) -> const auto& { return p.first; });
    TUSKER_CHECK(found != path_params_.end());
    return found->second;
}

std::optional<std::string_view> Request::query_param(std::string_view name) const {
    for (const auto& [key, value] : target_.query)
        if (key == name) return value;
    return std::nullopt;
}

std::optional<std::string_view> Request::cookie(std::string_view name) const {
    std::string_view rest = header("Cookie").value_or("");
    while (!rest.empty()) {
        const auto end = rest.find(';');
        auto pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            return pair.substr(equals + 1);
    }
    return std::nullopt;
}

Result<std::vector<Part>> Request::multipart() const {
    return parse_multipart(header("Content-Type").value_or(""), body());
}

}  // namespace tusker::http
