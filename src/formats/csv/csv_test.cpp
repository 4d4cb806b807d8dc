#include "formats/csv/csv.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace tusker::csv {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Result<Rows> rows_of(std::string_view text) {
    Reader reader(text, "x.csv");
    Record record;
    Rows rows;
    while (TUSKER_TRY(reader.next(record)))
        rows.emplace_back(record.cells.begin(), record.cells.end());
    return rows;
}

std::string refusal(std::string_view text) {
    const auto rows = rows_of(text);
    return rows ? "accepted" : rows.error().message;
}

TEST(Csv, ReadsLinesOfEitherKindAndTheLastWithoutEnd) {
    const Rows expected = {{"a", "b"}, {"1", "2"}, {"3", ""}};
    EXPECT_EQ(rows_of("a,b\n1,2\n3,"), expected);
    EXPECT_EQ(rows_of("a,b\r\n1,2\r\n3,\r\n"), expected);
    EXPECT_EQ(rows_of("\xEF\xBB\xBF"
                      "a, b\n 1 ,2\t\n3,"),
              expected);
    EXPECT_EQ(rows_of(""), Rows{});
    EXPECT_EQ(rows_of("a\n\nb\n"), (Rows{{"a"}, {""}, {"b"}}));
}

TEST(Csv, QuotesHoldCommasLineEndsAndQuotes) {
    EXPECT_EQ(rows_of("\"a,b\",\"c\nd\" , \"say \"\"so\"\"\"\nx,y,z\n"),
              (Rows{{"a,b", "c\nd", "say \"so\""}, {"x", "y", "z"}}));
}

TEST(Csv, NamesTheLineThatItRefuses) {
    EXPECT_EQ(refusal("a\n\"b\n"), "x.csv: line 2: a quote is not closed");
    EXPECT_EQ(refusal("a\nb\"c\n"), "x.csv: line 2: a quote inside a cell without quotes");
    EXPECT_EQ(refusal("\"a\nb\"c\n"), "x.csv: line 2: text follows the closing quote of a cell");
}

TEST(Csv, NumbersAreWholeCells) {
    EXPECT_EQ(number_of("0.25"), 0.25);
    EXPECT_EQ(number_of("+1e-3"), 0.001);
    EXPECT_TRUE(std::isnan(number_of("nan").value_or(0)));
    EXPECT_EQ(number_of("1,5"), std::nullopt);
    EXPECT_EQ(number_of(""), std::nullopt);
    EXPECT_EQ(integer_of("-7"), -7);
    EXPECT_EQ(integer_of("7.0"), std::nullopt);
    EXPECT_EQ(integer_of("99999999999999999999"), std::nullopt);
}

TEST(Csv, ACellThatBeginsWithAByteOrderMarkKeepsIt) {
    const std::string cell =
        "\xEF\xBB\xBF"
        "0.5";
    EXPECT_EQ(rows_of(as_cell(cell)), (Rows{{cell}}));
}

RC_GTEST_PROP(Csv, WhatIsQuotedComesBack, ()) {
    const auto cells = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
        rc::gen::container<std::string>(rc::gen::element('a', ',', '"', '\n', '\r', ' '))));
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) line += ',';
        line += as_cell(cells[i]);
    }
    line += '\n';
    const auto rows = rows_of(line);
    RC_ASSERT(rows.has_value());
    RC_ASSERT(rows->size() == 1U);
    RC_ASSERT(rows->front() == cells);
}

}  // namespace
}  // namespace tusker::csv
