// One value of one row, and how values compare (DESIGN § 3): values of different types are unequal,
// neither less nor greater; absent equals nothing and differs from everything; booleans are the
// numbers 0 and 1; a text that is a date compares with dates. Private to the room.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "query/tree.hpp"

namespace tusker::query {

struct Cell {
    enum class Kind : std::uint8_t {
        Absent,
        Whole,     // an integer, compared exactly even beyond 2^53
        Fraction,  // a double
        Date,
        Text,
    };
    Kind kind = Kind::Absent;
    std::int64_t whole = 0;  // Whole; Date: milliseconds
    double fraction = 0;
    std::string_view text = {};  // lives as long as its segment or plan

    static Cell of_whole(std::int64_t value) { return {Kind::Whole, value, 0, {}}; }
    static Cell of_fraction(double value) { return {Kind::Fraction, 0, value, {}}; }
    static Cell of_date(TimeMs value) { return {Kind::Date, value, 0, {}}; }
    static Cell of_text(std::string_view value) { return {Kind::Text, 0, 0, value}; }
    bool is_number() const { return kind == Kind::Whole || kind == Kind::Fraction; }
    /// For arithmetic: NaN stands for "no number here", and compares as absent does.
    double as_number() const;
};

/// Empty if the two cannot be ordered: absent, or of different types.
std::optional<std::strong_ordering> order_of(const Cell& a, const Cell& b);
/// Not Like.
bool holds(Operator op, std::optional<std::strong_ordering> order);
bool compare(const Cell& left, Operator op, const Cell& right);
/// Numbers where NaN means absent.
bool compare(double left, Operator op, double right);
/// Add to Modulo; NaN if a side is absent, and for what has no finite value, such as 1 / 0.
double calculate(Operator op, double a, double b);
/// The same comparison with its sides changed.
Operator flipped(Operator op);

/// SQL's pattern: % any characters, _ one character, \ takes the next as it is. Case counts.
bool is_like(std::string_view text, std::string_view pattern);

}  // namespace tusker::query
