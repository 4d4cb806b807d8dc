#include "query/cell.hpp"

#include <cmath>
#include <limits>

namespace tusker::query {
namespace {

std::strong_ordering order_doubles(double a, double b) {
    return a < b   ? std::strong_ordering::less
           : a > b ? std::strong_ordering::greater
                   : std::strong_ordering::equal;
}

// Exact: a double cannot hold every int64.
std::strong_ordering order_mixed(std::int64_t a, double b) {
    if (b >= 0x1p63) return std::strong_ordering::less;
    if (b < -0x1p63) return std::strong_ordering::greater;
    const double trunk = std::trunc(b);
    const auto whole = static_cast<std::int64_t>(trunk);
    if (a != whole) return a <=> whole;
    return order_doubles(trunk, b);
}

std::strong_ordering reversed(std::strong_ordering order) { return 0 <=> order; }

// Bytes of the character that begins here.
std::size_t character_size(std::string_view text) {
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) ++size;
    return size;
}

}  // namespace

double Cell::as_number() const {
    if (kind == Kind::Whole) return static_cast<double>(whole);
    return kind == Kind::Fraction ? fraction : std::numeric_limits<double>::quiet_NaN();
}

std::optional<std::strong_ordering> order_of(const Cell& a, const Cell& b) {
    using Kind = Cell::Kind;
    if (a.is_number() && b.is_number()) {
        if (a.kind == Kind::Whole && b.kind == Kind::Whole) return a.whole <=> b.whole;
        if (a.kind == Kind::Whole) return order_mixed(a.whole, b.fraction);
        if (b.kind == Kind::Whole) return reversed(order_mixed(b.whole, a.fraction));
        return order_doubles(a.fraction, b.fraction);
    }
    if (a.kind == Kind::Text && b.kind == Kind::Text) return a.text <=> b.text;
    if (a.kind == Kind::Date && b.kind == Kind::Date) return a.whole <=> b.whole;
    if (a.kind == Kind::Text && b.kind == Kind::Date) {
        if (const auto time = parse_iso(a.text)) return *time <=> b.whole;
    }
    if (a.kind == Kind::Date && b.kind == Kind::Text) {
        if (const auto time = parse_iso(b.text)) return a.whole <=> *time;
    }
    return std::nullopt;
}

bool holds(Operator op, std::optional<std::strong_ordering> order) {
    switch (op) {
        case Operator::Equal:
            return order && *order == 0;
        case Operator::NotEqual:
            return !order || *order != 0;
        case Operator::Less:
            return order && *order < 0;
        case Operator::LessEqual:
            return order && *order <= 0;
        case Operator::Greater:
            return order && *order > 0;
        case Operator::GreaterEqual:
            return order && *order >= 0;
        case Operator::Like:
        case Operator::Add:
        case Operator::Subtract:
        case Operator::Multiply:
        case Operator::Divide:
        case Operator::Modulo:
            break;
    }
    return false;
}

bool compare(const Cell& left, Operator op, const Cell& right) {
    if (op == Operator::Like)
        return left.kind == Cell::Kind::Text && right.kind == Cell::Kind::Text &&
               is_like(left.text, right.text);
    return holds(op, order_of(left, right));
}

bool compare(double left, Operator op, double right) {
    if (std::isnan(left) || std::isnan(right)) return op == Operator::NotEqual;
    return holds(op, order_doubles(left, right));
}

double calculate(Operator op, double a, double b) {
    double result = std::numeric_limits<double>::quiet_NaN();
    switch (op) {
        case Operator::Add:
            result = a + b;
            break;
        case Operator::Subtract:
            result = a - b;
            break;
        case Operator::Multiply:
            result = a * b;
            break;
        case Operator::Divide:
            result = a / b;
            break;
        case Operator::Modulo:
            result = std::fmod(a, b);
            break;
        default:
            break;
    }
    // Division by zero and overflow have no value.
    return std::isfinite(result) ? result : std::numeric_limits<double>::quiet_NaN();
}

Operator flipped(Operator op) {
    switch (op) {
        case Operator::Less:
            return Operator::Greater;
        case Operator::LessEqual:
            return Operator::GreaterEqual;
        case Operator::Greater:
            return Operator::Less;
        case Operator::GreaterEqual:
            return Operator::LessEqual;
        case Operator::Equal:
        case Operator::NotEqual:
        case Operator::Like:
        case Operator::Add:
        case Operator::Subtract:
        case Operator::Multiply:
        case Operator::Divide:
        case Operator::Modulo:
            break;
    }
    return op;
}

// Greedy with one step back: a later % makes an earlier one's choice final, so this is at most
// text × pattern.
bool is_like(std::string_view text, std::string_view pattern) {
    std::size_t t = 0;
    std::size_t p = 0;
    std::size_t text_after_any = 0;
    std::size_t pattern_after_any = std::string_view::npos;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '%') {
            pattern_after_any = ++p;
            text_after_any = t;
            continue;
        }
        if (p < pattern.size() && pattern[p] == '_') {
            ++p;
            t += character_size(text.substr(t));
            continue;
        }
        const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
        if (p < pattern.size() && text[t] == pattern[p + (escaped ? 1 : 0)]) {
            p += escaped ? 2 : 1;
            ++t;
            continue;
        }
        if (pattern_after_any == std::string_view::npos) return false;
        text_after_any += character_size(text.substr(text_after_any));
        t = text_after_any;
        p = pattern_after_any;
    }
    while (p < pattern.size() && pattern[p] == '%') ++p;
    return p == pattern.size();
}

}  // namespace tusker::query
