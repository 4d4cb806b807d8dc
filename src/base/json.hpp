// JSON in (over simdjson) and out (streaming writer).
#pragma once

#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "base/error.hpp"

namespace tusker::json {

enum class Kind { Null, Bool, Number, String, Array, Object };

/// A value inside a Document; valid as long as the Document lives. Copying is free.
class Value {
public:
    explicit Value(simdjson::dom::element element) : element_(element) {}

    Kind kind() const;
    bool is_null() const { return element_.is_null(); }
    std::optional<bool> as_bool() const;
    /// Any number that fits; a double with a fraction is empty.
    std::optional<std::int64_t> as_int() const;
    std::optional<double> as_double() const;
    std::optional<std::string_view> as_string() const;
    /// True for a number written without fraction and exponent.
    bool is_integer() const { return element_.is_int64() || element_.is_uint64(); }

    /// The member of an object, the first if doubled; empty if absent or not an object.
    std::optional<Value> find(std::string_view key) const;
    /// Like find, but null counts as absent.
    std::optional<Value> find_value(std::string_view key) const;

    /// fn(Value) for each element; nothing if not an array. fn may return void or Result<void>.
    template <class Fn>
    Result<void> for_each(Fn&& fn) const {
        simdjson::dom::array array;
        if (element_.get(array) != simdjson::SUCCESS) return {};
        for (const auto child : array) {
            if constexpr (std::is_void_v<decltype(fn(Value(child)))>)
                fn(Value(child));
            else
                TUSKER_TRY(fn(Value(child)));
        }
        return {};
    }
    /// fn(std::string_view key, Value) for each member.
    template <class Fn>
    Result<void> for_each_member(Fn&& fn) const {
        simdjson::dom::object object;
        if (element_.get(object) != simdjson::SUCCESS) return {};
        for (const auto field : object) {
            if constexpr (std::is_void_v<decltype(fn(field.key, Value(field.value)))>)
                fn(field.key, Value(field.value));
            else
                TUSKER_TRY(fn(field.key, Value(field.value)));
        }
        return {};
    }
    /// Number of elements or members; 0 for scalars.
    std::size_t size() const;
    /// Minified JSON text.
    std::string text() const;

private:
    simdjson::dom::element element_;
};

/// Owns a parsed text. Errors name the byte where reading stopped when that is known.
class Document {
public:
    static Result<Document> parse(std::string_view text);
    Value root() const { return Value(root_); }

private:
    std::unique_ptr<simdjson::dom::parser> parser_;
    simdjson::dom::element root_;
};

/// Parses many small texts, one after the other, into buffers that are kept.
class Parser {
public:
    /// The value lives until the next parse.
    Result<Value> parse(std::string_view text);

private:
    simdjson::dom::parser parser_;
};

/// Writes JSON text without spaces; commas and escapes are its business.
///   Writer w; w.object().key("id").value(id).key("n").value(3).end();
class Writer {
public:
    Writer& object() { return open('{', '}'); }
    Writer& array() { return open('[', ']'); }
    /// Closes the innermost object or array.
    Writer& end();
    Writer& key(std::string_view name);
    Writer& value(std::string_view text);
    Writer& value(const char* text) { return value(std::string_view(text)); }
    Writer& value(const std::string& text) { return value(std::string_view(text)); }
    Writer& value(bool flag);
    Writer& value(double number);  // shortest text that reads back the same; NaN, inf become null
    Writer& value(float number);
    template <class Integer>
        requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
    Writer& value(Integer number) {
        comma();
        char digits[24];
        const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
        // As pointer and length: the iterator form makes g++ 12 warn of an overlap at -O2.
        out_.append(digits, static_cast<std::size_t>(end - digits));
        return *this;
    }
    Writer& null();
    /// null where there is none.
    template <class T>
    Writer& value(const std::optional<T>& v) {
        return v ? value(*v) : null();
    }
    /// JSON text made elsewhere, taken as it is.
    Writer& raw(std::string_view json);
    template <class T>
    Writer& member(std::string_view name, T&& v) {
        return key(name).value(std::forward<T>(v));
    }

    const std::string& text() const { return out_; }
    std::string take() { return std::exchange(out_, {}); }

private:
    Writer& open(char first, char last);
    void comma();

    std::string out_;
    std::string closers_;
    bool needs_comma_ = false;
};

/// `text` as a JSON string, quotes included.
std::string quote(std::string_view text);

}  // namespace tusker::json
