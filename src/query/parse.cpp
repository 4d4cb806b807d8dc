// Text -> Tree by recursive descent, one function for each level of binding:
//
//   query      = [or] [ORDER BY sum [ASC | DESC] {, sum [ASC | DESC]}]
//   or         = and {OR and}
//   and        = not {AND not}
//   not        = NOT not | comparison
//   comparison = sum [(= | != | < | <= | > | >= | LIKE) sum]
//   sum        = product {(+ | -) product}
//   product    = unary {(* | / | %) unary}
//   unary      = - unary | primary
//   primary    = number | date | true | false | "text" | path | ( or )
//   path       = word [ ["run"] ] [ ( or ) ] { . (word | "name") }
//
// Parentheses hold conditions and values alike, so whether a node is a condition is checked where
// it is used. What names mean is plan.cpp's business; only annotations( ) and predictions( ) are
// known here, because their group is a condition and so are they.
#include <simdjson.h>

#include <fmt/format.h>

#include "query/lexer.hpp"
#include "query/problem.hpp"
#include "query/query.hpp"

namespace tusker::query {
namespace {

// Arithmetic of one text; each sign may add a level to the tree.
constexpr std::size_t kMaxArithmetic = 1000;

std::optional<Operator> comparison_of(const Token& token) {
    if (token.is_keyword("like")) return Operator::Like;
    if (token.kind != Token::Kind::Symbol) return std::nullopt;
    if (token.text == "=") return Operator::Equal;
    if (token.text == "!=") return Operator::NotEqual;
    if (token.text == "<") return Operator::Less;
    if (token.text == "<=") return Operator::LessEqual;
    if (token.text == ">") return Operator::Greater;
    if (token.text == ">=") return Operator::GreaterEqual;
    return std::nullopt;
}

std::optional<Operator> additive_of(const Token& token) {
    if (token.is_symbol("+")) return Operator::Add;
    if (token.is_symbol("-")) return Operator::Subtract;
    return std::nullopt;
}

std::optional<Operator> multiplicative_of(const Token& token) {
    if (token.is_symbol("*")) return Operator::Multiply;
    if (token.is_symbol("/")) return Operator::Divide;
    if (token.is_symbol("%")) return Operator::Modulo;
    return std::nullopt;
}

bool is_group_of_objects(const Node& node) {
    return node.has_group() && !node.names[0].quoted &&
           (node.names[0].text == "annotations" || node.names[0].text == "predictions");
}

bool is_condition(const Node& node) {
    switch (node.kind) {
        case Node::Kind::Or:
        case Node::Kind::And:
        case Node::Kind::Not:
        case Node::Kind::Compare:
            return true;
        case Node::Kind::Path:
            return is_group_of_objects(node) && node.names.size() == 1;
        case Node::Kind::Arithmetic:
        case Node::Kind::Negate:
        case Node::Kind::Number:
        case Node::Kind::Date:
        case Node::Kind::Bool:
        case Node::Kind::Text:
            return false;
    }
    return false;
}

class Parser {
public:
    explicit Parser(std::string_view text) : tokens_(read_tokens(text)) {}

    Result<Tree> tree() {
        Tree result;
        if (now().kind != Token::Kind::End && !at_order_by()) {
            result.condition = TUSKER_TRY(condition_or_value());
            TUSKER_TRY(check_condition(*result.condition));
        }
        if (at_order_by()) {
            at_ += 2;
            do result.order.push_back(TUSKER_TRY(order()));
            while (accept(","));
            if (now().kind != Token::Kind::End)
                return unexpected("expected ASC, DESC, ',' or the end");
        }
        if (now().kind != Token::Kind::End)
            return unexpected("expected AND, OR, ORDER BY or the end");
        return result;
    }

private:
    const Token& now() const { return tokens_[at_]; }
    const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
    bool accept(std::string_view symbol) {
        if (!now().is_symbol(symbol)) return false;
        ++at_;
        return true;
    }
    bool at_order_by() const { return now().is_keyword("order") && next().is_keyword("by"); }

    std::unexpected<Error> unexpected(std::string_view expected) const {
        const Token& token = now();
        if (token.kind == Token::Kind::Bad) return problem_at(token.column, token.text);
        if (token.kind == Token::Kind::End)
            return problem_at(token.column, fmt::format("{}, found the end", expected));
        const bool two_words = expected.starts_with("expected AND") &&
                               token.kind == Token::Kind::Word && at_ > 0 &&
                               tokens_[at_ - 1].kind == Token::Kind::Word &&
                               tokens_[at_ - 1].text.size() + tokens_[at_ - 1].begin < token.begin;
        return problem_at(
            token.column,
            fmt::format("{}, found {}{}", expected, written(token),
                        two_words ? " (text with spaces stands in double quotes)" : ""));
    }
    static std::string written(const Token& token) {
        switch (token.kind) {
            case Token::Kind::Word:
            case Token::Kind::Symbol:
                return "'" + token.text + "'";
            case Token::Kind::Text:
                return in_quotes(token.text);
            case Token::Kind::Number:
                return "a number";
            case Token::Kind::Date:
                return "a date";
            case Token::Kind::Bad:
            case Token::Kind::End:
                return "the end";
        }
        return "";
    }

    // The token after the node is where a comparison sign was missing.
    Result<void> check_condition(const Node& node) const {
        if (is_condition(node)) return {};
        return unexpected("expected a comparison (=, !=, <, <=, >, >=, LIKE)");
    }
    static Result<void> check_value(const Node& node) {
        if (!is_condition(node)) return {};
        return problem_at(node.column, "expected a value, found a condition");
    }

    // Counts levels of recursion for as long as it lives.
    class Level {
    public:
        explicit Level(std::size_t& depth) : depth_(depth) { ++depth_; }
        ~Level() { --depth_; }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;

    private:
        std::size_t& depth_;
    };
    Result<void> check_depth() const {
        if (depth_ <= kMaxDepth) return {};
        return problem_at(now().column, fmt::format("nested deeper than {} levels", kMaxDepth));
    }

    Result<Order> order() {
        Order result;
        result.value = TUSKER_TRY(sum());
        TUSKER_TRY(check_value(result.value));
        if (now().is_keyword("desc") || now().is_keyword("asc")) {
            result.descending = now().is_keyword("desc");
            ++at_;
        }
        return result;
    }

    Result<Node> condition_or_value() {
        const Level level(depth_);
        TUSKER_TRY(check_depth());
        return chain(Node::Kind::Or);
    }

    // or and and: the same but for their word and what they hold.
    Result<Node> chain(Node::Kind kind) {
        const std::string_view keyword = kind == Node::Kind::Or ? "or" : "and";
        const auto member = [&] {
            return kind == Node::Kind::Or ? chain(Node::Kind::And) : negation();
        };
        Node first = TUSKER_TRY(member());
        if (!now().is_keyword(keyword)) return first;
        TUSKER_TRY(check_condition(first));
        Node result;
        result.kind = kind;
        result.column = first.column;
        result.parts.push_back(std::move(first));
        while (now().is_keyword(keyword)) {
            ++at_;
            result.parts.push_back(TUSKER_TRY(member()));
            TUSKER_TRY(check_condition(result.parts.back()));
        }
        return result;
    }

    Result<Node> negation() {
        if (!now().is_keyword("not")) return comparison();
        const Level level(depth_);
        TUSKER_TRY(check_depth());
        Node result;
        result.kind = Node::Kind::Not;
        result.column = now().column;
        ++at_;
        result.parts.push_back(TUSKER_TRY(negation()));
        TUSKER_TRY(check_condition(result.parts[0]));
        return result;
    }

    Result<Node> comparison() {
        Node left = TUSKER_TRY(sum());
        const auto op = comparison_of(now());
        if (!op) return left;
        TUSKER_TRY(check_value(left));
        ++at_;
        const std::size_t right_column = now().column;
        Node right = TUSKER_TRY(sum());
        TUSKER_TRY(check_value(right));
        right = bare_word_as_text(std::move(right));
        if (*op == Operator::Like && right.kind != Node::Kind::Text)
            return problem_at(right_column, "LIKE expects a text in double quotes");
        if (comparison_of(now()))
            return problem_at(now().column, "a comparison cannot be compared again; use AND");
        return binary(Node::Kind::Compare, *op, std::move(left), std::move(right));
    }

    static Node bare_word_as_text(Node node) {
        if (node.kind != Node::Kind::Path || node.names.size() != 1 || node.names[0].quoted ||
            node.run || node.has_group())
            return node;
        Node text;
        text.kind = Node::Kind::Text;
        text.column = node.column;
        text.text = std::move(node.names[0].text);
        return text;
    }

    static Node binary(Node::Kind kind, Operator op, Node left, Node right) {
        Node result;
        result.kind = kind;
        result.op = op;
        result.column = left.column;
        result.parts.push_back(std::move(left));
        result.parts.push_back(std::move(right));
        return result;
    }

    template <class Member>
    Result<Node> arithmetic(std::optional<Operator> (*operator_of)(const Token&), Member member) {
        Node left = TUSKER_TRY(member());
        while (const auto op = operator_of(now())) {
            if (++arithmetic_ > kMaxArithmetic)
                return problem_at(now().column,
                                  fmt::format("more than {} arithmetic signs", kMaxArithmetic));
            TUSKER_TRY(check_value(left));
            ++at_;
            Node right = TUSKER_TRY(member());
            TUSKER_TRY(check_value(right));
            left = binary(Node::Kind::Arithmetic, *op, std::move(left), std::move(right));
        }
        return left;
    }
    Result<Node> sum() {
        return arithmetic(additive_of, [this] { return product(); });
    }
    Result<Node> product() {
        return arithmetic(multiplicative_of, [this] { return unary(); });
    }

    Result<Node> unary() {
        if (!now().is_symbol("-")) return primary();
        const Level level(depth_);
        TUSKER_TRY(check_depth());
        const std::size_t column = now().column;
        ++at_;
        Node operand = TUSKER_TRY(unary());
        TUSKER_TRY(check_value(operand));
        if (operand.kind == Node::Kind::Number) return negated(std::move(operand), column);
        Node result;
        result.kind = Node::Kind::Negate;
        result.column = column;
        result.parts.push_back(std::move(operand));
        return result;
    }

    static Node negated(Node number, std::size_t column) {
        number.column = column;
        number.number = number.number == 0 ? 0 : -number.number;
        if (number.integer && *number.integer != std::numeric_limits<std::int64_t>::min())
            number.integer = -*number.integer;
        else
            number.integer = as_whole(number.number);
        return number;
    }

    Result<Node> primary() {
        const Token& token = now();
        Node node;
        node.column = token.column;
        switch (token.kind) {
            case Token::Kind::Number:
                node.kind = Node::Kind::Number;
                node.number = token.number;
                node.integer = token.integer;
                break;
            case Token::Kind::Date:
                node.kind = Node::Kind::Date;
                node.time = token.time;
                break;
            case Token::Kind::Text:
                node.kind = Node::Kind::Text;
                node.text = token.text;
                break;
            case Token::Kind::Word:
                if (token.is_keyword("and") || token.is_keyword("or") || token.is_keyword("not") ||
                    token.is_keyword("like"))
                    return unexpected("expected a value");
                if (!token.is_keyword("true") && !token.is_keyword("false")) return path();
                node.kind = Node::Kind::Bool;
                node.flag = token.is_keyword("true");
                break;
            case Token::Kind::Symbol:
                if (token.is_symbol("(")) return parenthesised();
                return unexpected("expected a value");
            case Token::Kind::Bad:
            case Token::Kind::End:
                return unexpected("expected a value");
        }
        ++at_;
        return node;
    }

    Result<Node> parenthesised() {
        ++at_;
        Node inner = TUSKER_TRY(condition_or_value());
        if (!accept(")"))
            return unexpected(is_condition(inner) ? "expected AND, OR or ')'"
                                                  : "expected a comparison or ')'");
        return inner;
    }

    Result<Node> path() {
        Node node;
        node.kind = Node::Kind::Path;
        node.column = now().column;
        node.names.push_back({now().text, false, now().column});
        ++at_;
        if (accept("[")) {
            if (now().kind != Token::Kind::Text && now().kind != Token::Kind::Word)
                return unexpected("expected the name of a model run in double quotes");
            node.run = Name{now().text, true, now().column};
            ++at_;
            if (!accept("]")) return unexpected("expected ']'");
        }
        if (accept("(")) {
            node.parts.push_back(TUSKER_TRY(condition_or_value()));
            if (is_group_of_objects(node)) TUSKER_TRY(check_condition(node.parts[0]));
            if (!accept(")")) return unexpected("expected AND, OR or ')'");
        }
        while (accept(".")) {
            if (now().kind != Token::Kind::Word && now().kind != Token::Kind::Text)
                return unexpected("expected a name after '.'");
            node.names.push_back({now().text, now().kind == Token::Kind::Text, now().column});
            ++at_;
        }
        if (node.names.size() > 1 && now().is_symbol("("))
            return problem_at(now().column,
                              "a group stands right after annotations or predictions: "
                              "annotations(label = \"car\" AND area > 100).count > 0");
        return node;
    }

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::size_t arithmetic_ = 0;
};

}  // namespace

bool operator==(const Node& a, const Node& b) {
    return a.kind == b.kind && a.op == b.op && a.flag == b.flag && a.number == b.number &&
           a.integer == b.integer && a.time == b.time && a.text == b.text && a.names == b.names &&
           a.run == b.run && a.parts == b.parts;
}

Result<Tree> parse(std::string_view text) {
    if (text.size() > kMaxTextBytes)
        return problem_at(
            1, fmt::format("the query has {} bytes: at most {}", text.size(), kMaxTextBytes));
    if (!simdjson::validate_utf8(text)) return problem_at(1, "the query is not valid UTF-8");
    return Parser(text).tree();
}

}  // namespace tusker::query
