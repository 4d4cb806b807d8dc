#include "base/json.hpp"

#include <array>
#include <cmath>
#include <limits>

namespace tusker::json {
namespace {

void append_quoted(std::string& out, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (byte < 0x20U) {
                    out += "\\u00";
                    out.push_back(kHex[byte >> 4U]);
                    out.push_back(kHex[byte & 15U]);
                } else {
                    out.push_back(c);
                }
        }
    }
    out.push_back('"');
}

template <class Float>
void append_float(std::string& out, Float number) {
    if (!std::isfinite(number)) {
        out += "null";
        return;
    }
    std::array<char, 40> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
    out += text;
    // 10.0 stays a float on the other side.
    if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

}  // namespace

Kind Value::kind() const {
    switch (element_.type()) {
        case simdjson::dom::element_type::ARRAY:
            return Kind::Array;
        case simdjson::dom::element_type::OBJECT:
            return Kind::Object;
        case simdjson::dom::element_type::STRING:
            return Kind::String;
        case simdjson::dom::element_type::BOOL:
            return Kind::Bool;
        case simdjson::dom::element_type::NULL_VALUE:
            return Kind::Null;
        case simdjson::dom::element_type::INT64:
        case simdjson::dom::element_type::UINT64:
        case simdjson::dom::element_type::DOUBLE:
            return Kind::Number;
    }
    return Kind::Null;
}

std::optional<bool> Value::as_bool() const {
    bool flag = false;
    if (element_.get(flag) != simdjson::SUCCESS) return std::nullopt;
    return flag;
}

std::optional<std::int64_t> Value::as_int() const {
    std::int64_t number = 0;
    if (element_.get(number) == simdjson::SUCCESS) return number;
    double real = 0;
    if (element_.get(real) == simdjson::SUCCESS && real == std::floor(real) &&
        std::abs(real) < 9.0e15)
        return static_cast<std::int64_t>(real);
    return std::nullopt;
}

std::optional<double> Value::as_double() const {
    double number = 0;
    if (element_.get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
}

std::optional<std::string_view> Value::as_string() const {
    std::string_view text;
    if (element_.get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
}

std::optional<Value> Value::find(std::string_view key) const {
    simdjson::dom::element child;
    if (!element_.is_object() || element_.at_key(key).get(child) != simdjson::SUCCESS)
        return std::nullopt;
    return Value(child);
}

std::optional<Value> Value::find_value(std::string_view key) const {
    auto child = find(key);
    if (child && child->is_null()) return std::nullopt;
    return child;
}

std::size_t Value::size() const {
    simdjson::dom::array array;
    if (element_.get(array) == simdjson::SUCCESS) return array.size();
    simdjson::dom::object object;
    if (element_.get(object) == simdjson::SUCCESS) return object.size();
    return 0;
}

std::string Value::text() const { return simdjson::minify(element_); }

Result<Document> Document::parse(std::string_view text) {
    Document document;
    document.parser_ = std::make_unique<simdjson::dom::parser>();
    // parse() copies into a padded buffer of its own.
    const auto error = document.parser_->parse(text.data(), text.size()).get(document.root_);
    if (error != simdjson::SUCCESS)
        return invalid(std::string("JSON is malformed: ") + simdjson::error_message(error));
    return document;
}

Result<Value> Parser::parse(std::string_view text) {
    simdjson::dom::element root;
    const auto error = parser_.parse(text.data(), text.size()).get(root);
    if (error != simdjson::SUCCESS)
        return invalid(std::string("JSON is malformed: ") + simdjson::error_message(error));
    return Value(root);
}

Writer& Writer::open(char first, char last) {
    comma();
    out_.push_back(first);
    closers_.push_back(last);
    needs_comma_ = false;
    return *this;
}

Writer& Writer::end() {
    out_.push_back(closers_.back());
    closers_.pop_back();
    needs_comma_ = true;
    return *this;
}

Writer& Writer::key(std::string_view name) {
    comma();
    append_quoted(out_, name);
    out_.push_back(':');
    needs_comma_ = false;
    return *this;
}

Writer& Writer::value(std::string_view text) {
    comma();
    append_quoted(out_, text);
    return *this;
}

Writer& Writer::value(bool flag) {
    comma();
    out_ += flag ? "true" : "false";
    return *this;
}

Writer& Writer::value(double number) {
    comma();
    append_float(out_, number);
    return *this;
}

Writer& Writer::value(float number) {
    comma();
    append_float(out_, number);
    return *this;
}

Writer& Writer::null() {
    comma();
    out_ += "null";
    return *this;
}

Writer& Writer::raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
}

void Writer::comma() {
    if (needs_comma_) out_.push_back(',');
    needs_comma_ = true;
}

std::string quote(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
}

}  // namespace tusker::json
