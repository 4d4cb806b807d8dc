// Canonical text: keywords in capitals, one space around signs, text in double quotes, parentheses
// only where the tree would be another without them.
#include <charconv>

#include <fmt/format.h>

#include "query/lexer.hpp"
#include "query/query.hpp"

namespace tusker::query {
namespace {

// How tightly a node binds; children that bind less stand in parentheses.
enum Binding {
    OrBinding = 1,
    AndBinding,
    NotBinding,
    CompareBinding,
    SumBinding,
    ProductBinding,
    SignBinding,
    Primary
};

std::string_view sign_of(Operator op) {
    switch (op) {
        case Operator::Equal:
            return "=";
        case Operator::NotEqual:
            return "!=";
        case Operator::Less:
            return "<";
        case Operator::LessEqual:
            return "<=";
        case Operator::Greater:
            return ">";
        case Operator::GreaterEqual:
            return ">=";
        case Operator::Like:
            return "LIKE";
        case Operator::Add:
            return "+";
        case Operator::Subtract:
            return "-";
        case Operator::Multiply:
            return "*";
        case Operator::Divide:
            return "/";
        case Operator::Modulo:
            return "%";
    }
    return "";
}

bool is_additive(Operator op) { return op == Operator::Add || op == Operator::Subtract; }

Binding binding_of(const Node& node) {
    switch (node.kind) {
        case Node::Kind::Or:
            return OrBinding;
        case Node::Kind::And:
            return AndBinding;
        case Node::Kind::Not:
            return NotBinding;
        case Node::Kind::Compare:
            return CompareBinding;
        case Node::Kind::Arithmetic:
            return is_additive(node.op) ? SumBinding : ProductBinding;
        case Node::Kind::Negate:
            return SignBinding;
        case Node::Kind::Number:
        case Node::Kind::Date:
        case Node::Kind::Bool:
        case Node::Kind::Text:
        case Node::Kind::Path:
            return Primary;
    }
    return Primary;
}

std::string number_text(const Node& node) {
    if (node.integer) return std::to_string(*node.integer);
    char digits[40];
    const auto end = std::to_chars(digits, digits + sizeof digits, node.number).ptr;
    return std::string(digits, end);
}

std::string date_text(TimeMs time) {
    std::string iso = to_iso(time);
    static constexpr std::string_view kMidnight = "T00:00:00.000Z";
    if (iso.ends_with(kMidnight)) return iso.substr(0, iso.size() - kMidnight.size());
    return iso;
}

class Printer {
public:
    void node(const Node& n, int at_least = 0) {
        const bool wrapped = binding_of(n) < at_least;
        if (wrapped) out_ += '(';
        switch (n.kind) {
            case Node::Kind::Or:
                list(n, " OR ", AndBinding);
                break;
            case Node::Kind::And:
                list(n, " AND ", NotBinding);
                break;
            case Node::Kind::Not:
                out_ += "NOT ";
                node(n.parts[0], NotBinding);
                break;
            case Node::Kind::Compare:
                pair(n, SumBinding, SumBinding);
                break;
            case Node::Kind::Arithmetic:
                if (is_additive(n.op))
                    pair(n, SumBinding, ProductBinding);
                else
                    pair(n, ProductBinding, SignBinding);
                break;
            case Node::Kind::Negate:
                out_ += '-';
                node(n.parts[0], SignBinding);
                break;
            case Node::Kind::Number:
                out_ += number_text(n);
                break;
            case Node::Kind::Date:
                out_ += date_text(n.time);
                break;
            case Node::Kind::Bool:
                out_ += n.flag ? "true" : "false";
                break;
            case Node::Kind::Text:
                out_ += in_quotes(n.text);
                break;
            case Node::Kind::Path:
                path(n);
                break;
        }
        if (wrapped) out_ += ')';
    }

    void order(const Order& order) {
        node(order.value, SumBinding);
        if (order.descending) out_ += " DESC";
    }
    void add(std::string_view text) { out_ += text; }
    std::string take() { return std::move(out_); }

private:
    void list(const Node& n, std::string_view between, int at_least) {
        for (std::size_t i = 0; i < n.parts.size(); ++i) {
            if (i > 0) out_ += between;
            node(n.parts[i], at_least);
        }
    }
    void pair(const Node& n, int left, int right) {
        node(n.parts[0], left);
        out_ += fmt::format(" {} ", sign_of(n.op));
        node(n.parts[1], right);
    }
    void name(const Name& n) { out_ += n.quoted ? in_quotes(n.text) : n.text; }
    void path(const Node& n) {
        name(n.names[0]);
        if (n.run) out_ += '[' + in_quotes(n.run->text) + ']';
        if (n.has_group()) {
            out_ += '(';
            node(n.parts[0]);
            out_ += ')';
        }
        for (std::size_t i = 1; i < n.names.size(); ++i) {
            out_ += '.';
            name(n.names[i]);
        }
    }

    std::string out_;
};

}  // namespace

std::string print(const Node& node) {
    Printer printer;
    printer.node(node);
    return printer.take();
}

std::string print(const Tree& tree) {
    Printer printer;
    if (tree.condition) printer.node(*tree.condition);
    for (std::size_t i = 0; i < tree.order.size(); ++i) {
        printer.add(i > 0 ? ", " : tree.condition ? " ORDER BY " : "ORDER BY ");
        printer.order(tree.order[i]);
    }
    return printer.take();
}

}  // namespace tusker::query
