// Random trees for property tests: whatever parse() can make, with names that often mean something
// in the tests' small dataset.
#pragma once

#include <rapidcheck.h>

#include "query/lexer.hpp"
#include "query/query.hpp"

namespace tusker::query {

namespace random {

inline std::string word(std::vector<std::string> words) {
    return *rc::gen::elementOf(std::move(words));
}
// The whole range from the first case on, whatever the size.
inline int number(int below) { return *rc::gen::resize(100, rc::gen::inRange(0, below)); }

inline Node number_node(double value) {
    Node node;
    node.kind = Node::Kind::Number;
    node.number = value;
    node.integer = as_whole(value);
    return node;
}

inline Node literal() {
    Node node;
    switch (number(5)) {
        case 0:
            return number_node(number(7) - 2);
        case 1:
            return number_node(*rc::gen::elementOf(std::vector<double>{0.5, 0.8, -1.25, 1e30}));
        case 2:
            node.kind = Node::Kind::Bool;
            node.flag = number(2) == 1;
            return node;
        case 3:
            node.kind = Node::Kind::Date;
            node.time = TimeMs{86'400'000} * (18'000 + number(2000)) + TimeMs{5'250} * number(2);
            return node;
        default:
            node.kind = Node::Kind::Text;
            node.text = word({"car", "rainy", "traffic light", "", "say \"hi\"", "back\\slash", "ä",
                              "2021-01-01", "true", "and", "dress", "box"});
            return node;
    }
}

inline Node path(std::vector<Name> names) {
    Node node;
    node.kind = Node::Kind::Path;
    node.names = std::move(names);
    return node;
}
inline Name plain(std::string text) { return {std::move(text), false, 1}; }
inline Name metadata_key() {
    const std::string text = word({"weather", "n", "flag", "day", "mixed", "a key", "missing"});
    return {text, !is_plain_word(text) || number(4) == 0, 1};
}
inline Name label() {
    const std::string text = word({"car", "bus", "traffic light", "count", "nobody"});
    return {text, !is_plain_word(text) || text == "count", 1};
}

inline Node condition(int depth, bool in_group);

/// A name that has one value for each item, or each object inside a group.
inline Node name(int depth, bool in_group) {
    if (in_group) {
        switch (number(8)) {
            case 0:
                return path({plain("label")});
            case 1:
                return path({plain("area")});
            case 2:
                return path({plain("dimensions"), plain(word({"x", "y"}))});
            case 3:
                return path({plain("position"), plain(word({"x", "y"}))});
            case 4:
                return path({plain("item"), plain("metadata"), metadata_key()});
            case 5:
                return path({plain("type")});
            case 6:
                return path({plain("id")});
            default:
                return path({plain("metadata"), metadata_key()});
        }
    }
    const std::string kind = word({"annotations", "predictions"});
    switch (number(12)) {
        case 0:
            return path({plain("metadata"), metadata_key()});
        case 1:
            return path({plain("item"), plain("metadata"), metadata_key()});
        case 2:
            return path({plain("item"), plain(word({"width", "height", "reference_id"}))});
        case 3:
            return path({plain(kind), plain("count")});
        case 4:
            return path({plain(kind), label()});
        case 5:
            return path({plain(kind), plain(word({"box", "polygon", "category"})), label()});
        case 6:
            return path({plain(kind), plain(word({"box", "category"})), plain("count")});
        case 7:
            return path({plain(kind), plain(word({"label", "type", "area"}))});
        case 8:
            return path({plain(kind), label(), metadata_key()});
        case 9:
            return path({plain(kind), plain("clothing_type")});
        case 10:
            return path(
                {plain("issue"), plain(word({"score", "given", "suggested", "kind", "is"}))});
        default: {
            if (depth <= 0) return path({plain("metadata"), metadata_key()});
            Node group = path({plain(kind), plain("count")});
            if (number(2) == 0 && kind == "predictions") group.run = Name{"yolo", true, 1};
            group.parts.push_back(condition(depth - 1, true));
            return group;
        }
    }
}

inline Node value(int depth, bool in_group) {
    if (depth <= 0 || number(3) > 0) return number(3) == 0 ? literal() : name(depth, in_group);
    Node node;
    if (number(5) == 0) {
        node.kind = Node::Kind::Negate;
        node.parts = {value(depth - 1, in_group)};
        if (node.parts[0].kind == Node::Kind::Number) return node.parts[0];
        return node;
    }
    node.kind = Node::Kind::Arithmetic;
    node.op = *rc::gen::elementOf(std::vector<Operator>{
        Operator::Add, Operator::Subtract, Operator::Multiply, Operator::Divide, Operator::Modulo});
    node.parts = {value(depth - 1, in_group), value(depth - 1, in_group)};
    return node;
}

inline Node comparison(int depth, bool in_group) {
    Node node;
    node.kind = Node::Kind::Compare;
    node.op = static_cast<Operator>(number(7));
    if (node.op == Operator::Like) {
        Node pattern;
        pattern.kind = Node::Kind::Text;
        pattern.text = word({"%", "c%", "%r", "_us", "r\\%", "", "traffic_light"});
        node.parts = {name(depth, in_group), pattern};
        return node;
    }
    node.parts = {value(depth, in_group), number(3) > 0 ? literal() : value(depth, in_group)};
    Node& right = node.parts[1];
    // A lone word on the right would be a text.
    if (right.kind == Node::Kind::Path && right.names.size() == 1 && !right.has_group())
        right = literal();
    return node;
}

inline Node condition(int depth, bool in_group) {
    const int kind = depth <= 0 ? 0 : number(6);
    if (kind <= 2) return comparison(depth, in_group);
    Node node;
    if (kind == 3) {
        node.kind = Node::Kind::Not;
        node.parts = {condition(depth - 1, in_group)};
        return node;
    }
    node.kind = kind == 4 ? Node::Kind::And : Node::Kind::Or;
    for (int i = number(2) + 2; i > 0; --i) node.parts.push_back(condition(depth - 1, in_group));
    return node;
}

}  // namespace random

inline rc::Gen<Tree> random_tree() {
    return rc::gen::exec([] {
        Tree tree;
        if (random::number(8) > 0) tree.condition = random::condition(3, false);
        for (int i = random::number(3); i > 1; --i)
            tree.order.push_back({random::value(1, false), random::number(2) == 0});
        return tree;
    });
}

}  // namespace tusker::query
