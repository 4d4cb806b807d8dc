// Tree: a query as it was written, before names mean anything. Made by parse(), printed by print().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace tusker::query {

/// One word of a path. Quoted ones are never reserved: annotations."count" is a label.
struct Name {
    std::string text;
    bool quoted = false;
    std::size_t column = 1;  // of its first character, from 1, in characters

    friend bool operator==(const Name& a, const Name& b) {
        return a.text == b.text && a.quoted == b.quoted;
    }
};

enum class Operator : std::uint8_t {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Like,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
};

/// A condition (Or, And, Not, Compare, a Path with a group and nothing after it) or a value (the
/// rest).
struct Node {
    enum class Kind : std::uint8_t {
        Or,       // two or more parts
        And,      // two or more parts
        Not,      // one part
        Compare,  // two parts and an operator
        Arithmetic,
        Negate,  // one part, never a Number
        Number,
        Date,
        Bool,
        Text,
        Path,  // names; run; one part if it has a group: predictions["run"](part).count
    };
    Kind kind = Kind::Bool;
    Operator op = Operator::Equal;
    bool flag = false;                    // Bool
    double number = 0;                    // Number
    std::optional<std::int64_t> integer;  // Number: set exactly if it is whole and fits
    TimeMs time = 0;                      // Date
    std::string text;                     // Text
    std::vector<Name> names;              // Path: at least one
    std::optional<Name> run;              // Path: ["…"] after the first name
    std::vector<Node> parts;
    std::size_t column = 1;

    bool has_group() const { return kind == Kind::Path && !parts.empty(); }
    friend bool operator==(const Node& a, const Node& b);  // columns do not count
};

struct Order {
    Node value;
    bool descending = false;
    friend bool operator==(const Order&, const Order&) = default;
};

struct Tree {
    std::optional<Node> condition;  // absent = every item
    std::vector<Order> order;       // first decides
    friend bool operator==(const Tree&, const Tree&) = default;
};

}  // namespace tusker::query
