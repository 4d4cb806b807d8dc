// Tokens of a query text. Private to the room: parse() and complete() read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace tusker::query {

struct Token {
    enum class Kind : std::uint8_t {
        Word,    // letters, digits, underscores; begins with a digit only after a dot
        Text,    // in double quotes
        Number,  // without sign
        Date,
        Symbol,
        Bad,  // reading stopped here; `text` says why
        End,
    };
    Kind kind = Kind::End;
    std::string text;  // Word: as written; Text: without quotes and escapes; Symbol: itself
    double number = 0;
    std::optional<std::int64_t> integer;  // set exactly if the number is whole and fits
    TimeMs time = 0;
    std::size_t begin = 0;   // byte offsets of the source
    std::size_t end = 0;     // one past
    std::size_t column = 1;  // characters, from 1

    bool is_symbol(std::string_view symbol) const { return kind == Kind::Symbol && text == symbol; }
    /// A word equal to `keyword` (given in lower case) in any case.
    bool is_keyword(std::string_view keyword) const;
};

/// All tokens; the last is End, or Bad and then End.
std::vector<Token> read_tokens(std::string_view text);

/// True if `text` can stand as a word of a path without quotes.
bool is_plain_word(std::string_view text);
/// `text` in double quotes with " and \ escaped.
std::string in_quotes(std::string_view text);
/// Whole numbers that fit become integers, so that 5 and 5.0 are one.
std::optional<std::int64_t> as_whole(double number);
/// Characters (code points) in `text`.
std::size_t count_characters(std::string_view text);

}  // namespace tusker::query
