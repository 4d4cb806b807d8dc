// Comma-separated text (RFC 4180): cells in double quotes may hold commas, line ends and doubled
// quotes; lines end in \n or \r\n; a byte-order mark at the front is skipped. What cells mean (and
// whether the first record is a header) is the caller's business; every record knows its line, so
// that a refusal can name it.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tusker::csv {

struct Record {
    std::size_t line = 0;  // from 1, where it begins
    /// Without quotes and the spaces around; a blank line is one empty cell. They live until the
    /// next record is read.
    std::vector<std::string_view> cells;
};

class Reader {
public:
    /// `text` must outlive the reader; `name` starts each message.
    Reader(std::string_view text, std::string name);

    /// The next record, or false at the end. Error: a quote that is not closed or stands inside an
    /// unquoted cell, too many cells, text after the closing quote.
    Result<bool> next(Record& record);

    /// Bytes read so far, for progress.
    std::size_t offset() const { return at_; }

private:
    Result<std::string_view> read_cell();
    Result<std::string_view> read_quoted();
    bool at_line_end() const;
    std::unexpected<Error> refuse(std::size_t line, std::string_view reason) const;

    std::string_view text_;
    std::string name_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::deque<std::string> unescaped_;  // cells of this record that held doubled quotes
};

/// The text of a cell as a number; the whole of it must be one. "nan" and "inf" are numbers here.
std::optional<double> number_of(std::string_view cell);
/// A whole number without fraction and exponent.
std::optional<std::int64_t> integer_of(std::string_view cell);

/// `text` as one cell: in quotes if it needs them.
std::string as_cell(std::string_view text);

}  // namespace tusker::csv
