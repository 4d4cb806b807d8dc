#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "query/lexer.hpp"
#include "query/query.hpp"
#include "query/random_tree.hpp"
#include "query/test_file.hpp"

namespace tusker::query {
namespace {

TEST(Parse, EveryTextOfTheTableMeansWhatTheTableSays) {
    const auto cases = read_test_file("parse.test");
    EXPECT_GT(cases.size(), 60U);
    for (const auto& c : cases) {
        SCOPED_TRACE("parse.test:" + std::to_string(c.line) + ": " + c.query);
        ASSERT_NE(c.canonical.has_value(), c.error.has_value());
        const auto tree = parse(c.query);
        if (c.error) {
            ASSERT_FALSE(tree.has_value()) << print(*tree);
            EXPECT_EQ(tree.error().message, *c.error);
            EXPECT_EQ(tree.error().code, ErrorCode::InvalidArgument);
        } else {
            ASSERT_TRUE(tree.has_value()) << tree.error().message;
            EXPECT_EQ(print(*tree), *c.canonical);
        }
    }
}

RC_GTEST_PROP(Parse, PrintedTreesParseToThemselves, ()) {
    const Tree tree = *random_tree();
    const std::string text = print(tree);
    const auto again = parse(text);
    if (!again) RC_FAIL(text + "\n" + again.error().message);
    if (!(*again == tree)) RC_FAIL(text + "\n" + print(*again));
}

// Whatever comes in, an answer comes out: a tree that prints and parses again, or a column.
void parses_or_says_where(const std::string& text) {
    const auto tree = parse(text);
    if (tree) {
        const auto again = parse(print(*tree));
        RC_ASSERT(again.has_value());
        RC_ASSERT(*again == *tree);
    } else {
        RC_ASSERT(tree.error().message.starts_with("column "));
    }
}

RC_GTEST_PROP(Parse, SurvivesAnyBytes, (const std::string& text)) { parses_or_says_where(text); }

RC_GTEST_PROP(Parse, SurvivesAnyOrderOfItsOwnWords, ()) {
    const auto words =
        *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
            "annotations", "predictions", "metadata", "count",   "label", "(",  ")",   "[",
            "]",           ".",           ",",        "=",       "!=",    "<",  ">=",  "+",
            "-",           "*",           "/",        "%",       "AND",   "or", "Not", "like",
            "ORDER",       "BY",          "desc",     "\"x y\"", "\"",    "1",  "2.5", "1e9",
            "2021-01-01",  "true",        "'",        "\xc3\xa4"}));
    std::string text;
    for (const auto& word : words) text += word + (*rc::gen::arbitrary<bool>() ? " " : "");
    parses_or_says_where(text);
}

TEST(Parse, DeepNestingIsRefusedNotCrashed) {
    for (const std::string& opening :
         {std::string("("), std::string("NOT "), std::string("-"), std::string("annotations(")}) {
        std::string text;
        for (int i = 0; i < 100'000 / static_cast<int>(opening.size()); ++i) text += opening;
        const auto tree = parse(text);
        ASSERT_FALSE(tree.has_value());
        EXPECT_NE(tree.error().message.find("nested deeper than 256 levels"), std::string::npos)
            << tree.error().message;
    }
    std::string sum = "metadata.a = 1";
    for (int i = 0; i < 50'000; ++i) sum += "+1";
    const auto tree = parse(sum);
    ASSERT_FALSE(tree.has_value());
    EXPECT_NE(tree.error().message.find("more than 1000 arithmetic signs"), std::string::npos);
}

TEST(Parse, ALongListOfAlternativesIsOneLevel) {
    std::string text = "item.reference_id = \"r0\"";
    for (int i = 1; i < 5'000; ++i)
        text += " OR item.reference_id = \"r" + std::to_string(i) + "\"";
    const auto tree = parse(text);
    ASSERT_TRUE(tree.has_value()) << tree.error().message;
    EXPECT_EQ(tree->condition->parts.size(), 5'000U);
}

TEST(Parse, TooLongTextsAreRefused) {
    EXPECT_FALSE(parse(std::string(kMaxTextBytes + 1, ' ')).has_value());
    EXPECT_TRUE(parse(std::string(kMaxTextBytes, ' ')).has_value());
    EXPECT_EQ(parse("metadata.a = \"\xff\"").error().message,
              "column 1: the query is not valid UTF-8");
}

}  // namespace
}  // namespace tusker::query
