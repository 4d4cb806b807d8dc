#include "query/lexer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tusker::query {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word_character(char c) { return is_letter(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::vector<Token> read() {
        while (true) {
            while (at_ < text_.size() && is_space(text_[at_])) ++at_;
            if (at_ == text_.size()) break;
            const bool after_dot = !tokens_.empty() && tokens_.back().is_symbol(".");
            begin(Token::Kind::Symbol);
            read_one(after_dot);
            finish();
            if (tokens_.back().kind == Token::Kind::Bad) break;
        }
        begin(Token::Kind::End);
        finish();
        return std::move(tokens_);
    }

private:
    void begin(Token::Kind kind) {
        token_ = Token{};
        token_.kind = kind;
        token_.begin = at_;
        column_ += count_characters(text_.substr(counted_, at_ - counted_));
        counted_ = at_;
        token_.column = column_;
    }
    void finish() {
        token_.end = at_;
        tokens_.push_back(std::move(token_));
    }
    void bad(std::string why) {
        token_.kind = Token::Kind::Bad;
        token_.text = std::move(why);
    }

    void read_one(bool after_dot) {
        const char c = text_[at_];
        if (c == '"') return read_text();
        if (is_letter(c) || (after_dot && is_digit(c))) return read_word();
        if (is_digit(c)) return read_number_or_date();
        read_symbol();
    }

    void read_word() {
        token_.kind = Token::Kind::Word;
        while (at_ < text_.size() && is_word_character(text_[at_])) token_.text += text_[at_++];
    }

    void read_text() {
        token_.kind = Token::Kind::Text;
        for (++at_; at_ < text_.size(); ++at_) {
            char c = text_[at_];
            if (c == '"') {
                ++at_;
                return;
            }
            // A backslash before anything else is itself, so LIKE's \% passes through.
            if (c == '\\' && at_ + 1 < text_.size() &&
                (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\'))
                c = text_[++at_];
            token_.text += c;
        }
        bad("text without its closing double quote");
    }

    void read_number_or_date() {
        if (looks_like_date()) return read_date();
        token_.kind = Token::Kind::Number;
        const char* const first = text_.data() + at_;
        const char* const last = text_.data() + text_.size();
        const auto [end, status] = std::from_chars(first, last, token_.number);
        at_ += static_cast<std::size_t>(end - first);
        if (status == std::errc::result_out_of_range)
            return bad("the number is too large or too small for a double");
        std::int64_t whole = 0;
        const auto [whole_end, whole_status] = std::from_chars(first, last, whole);
        if (whole_status == std::errc() && whole_end == end)
            token_.integer = whole;
        else
            token_.integer = as_whole(token_.number);
        if (at_ < text_.size() && is_word_character(text_[at_]))
            bad("letters right after a number; text that begins with a digit stands in double "
                "quotes");
    }

    // dddd-dd-dd: always a date, never arithmetic.
    bool looks_like_date() const {
        static constexpr std::string_view kShape = "dddd-dd-dd";
        if (text_.size() - at_ < kShape.size()) return false;
        for (std::size_t i = 0; i < kShape.size(); ++i) {
            const char c = text_[at_ + i];
            if (kShape[i] == 'd' ? !is_digit(c) : c != '-') return false;
        }
        const std::size_t after = at_ + kShape.size();
        return after == text_.size() || !is_digit(text_[after]);
    }

    void read_date() {
        token_.kind = Token::Kind::Date;
        const std::size_t first = at_;
        const auto belongs = [](char c) { return is_word_character(c) || c == ':' || c == '.'; };
        at_ += 10;
        while (at_ < text_.size() && belongs(text_[at_])) ++at_;
        const auto written = text_.substr(first, at_ - first);
        const auto time = parse_iso(written);
        if (!time)
            return bad("'" + std::string(written) +
                       "' is no date; dates look like 2021-01-31 or 2021-01-31T08:30:00Z");
        token_.time = *time;
    }

    void read_symbol() {
        static constexpr std::string_view kTwo[] = {"!=", "<=", ">="};
        static constexpr std::string_view kOne = "=<>+-*/%()[].,";
        const auto two = text_.substr(at_, 2);
        if (two == "==") return bad("equality is written '='");
        if (two == "<>") return bad("inequality is written '!='");
        if (two == "&&" || two == "||") return bad("write AND or OR");
        if (std::ranges::find(kTwo, two) != std::end(kTwo)) {
            token_.text = two;
            at_ += 2;
        } else if (kOne.find(text_[at_]) != std::string_view::npos) {
            token_.text = text_[at_++];
        } else if (text_[at_] == '\'') {
            bad("text stands in double quotes, not in single ones");
        } else if (text_[at_] == '!') {
            bad("write NOT, or '!=' for inequality");
        } else {
            bad("no such sign; names and texts with other characters stand in double quotes");
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t counted_ = 0;  // bytes that column_ has counted
    std::size_t column_ = 1;
    Token token_;
    std::vector<Token> tokens_;
};

}  // namespace

bool Token::is_keyword(std::string_view keyword) const {
    return kind == Kind::Word && text.size() == keyword.size() &&
           std::ranges::equal(text, keyword, {}, to_lower);
}

std::vector<Token> read_tokens(std::string_view text) { return Lexer(text).read(); }

bool is_plain_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_word_character);
}

std::string in_quotes(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

std::optional<std::int64_t> as_whole(double number) {
    // 2^63 is a double, 2^63 - 1 is not.
    if (!(number >= -0x1p63 && number < 0x1p63) || number != std::trunc(number))
        return std::nullopt;
    return static_cast<std::int64_t>(number);
}

std::size_t count_characters(std::string_view text) {
    const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
    return static_cast<std::size_t>(std::ranges::count_if(text, is_start));
}

}  // namespace tusker::query
