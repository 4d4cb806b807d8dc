#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <limits>

#include "base/checksum.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/nearest.hpp"
#include "base/pool.hpp"

namespace tusker {
namespace {

TEST(Json, WriterPutsCommasAndEscapes) {
    json::Writer w;
    w.object().member("a", 1).key("b").array().value("x\"\n").value(2.0).null().end();
    w.member("c", true).end();
    EXPECT_EQ(w.text(), R"({"a":1,"b":["x\"\n",2.0,null],"c":true})");
}

RC_GTEST_PROP(Json, AnyTextComesBackAsItWas, ()) {
    const auto text = *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
    const auto document = json::Document::parse(json::quote(text));
    RC_ASSERT(document.has_value());
    RC_ASSERT(document->root().as_string() == text);
}

RC_GTEST_PROP(Json, AnyDoubleComesBackAsItWas, (double number)) {
    json::Writer w;
    w.value(number);
    const auto document = json::Document::parse(w.text());
    RC_ASSERT(document.has_value());
    RC_ASSERT(document->root().as_double() == number);
}

TEST(Json, TextThatStopsHalfWayIsRefused) {
    EXPECT_FALSE(json::Document::parse(R"({"a": [1, 2)"));
    EXPECT_FALSE(json::Document::parse(R"({} {})"));
}

RC_GTEST_PROP(Ids, RowIdsComeBackAsTheyWere, (std::uint32_t item, std::uint64_t row)) {
    const auto id = row_id("ann_", {.item_no = item, .row_no = row});
    const auto address = parse_row_id("ann_", id);
    RC_ASSERT(address.has_value());
    RC_ASSERT(address->item_no == item);
    RC_ASSERT(address->row_no == row);
}

TEST(Ids, StrangeRowIdsAreNone) {
    EXPECT_FALSE(parse_row_id("ann_", "pred_00000001"));
    EXPECT_FALSE(parse_row_id("ann_", "ann_"));
    EXPECT_FALSE(parse_row_id("ann_", "ann_00000ilou"));
}

TEST(Ids, AnItemIsKnownByItsIdAlone) {
    const auto id = item_id("ds_c8jwdhy4y4f0078hzceg", 4'294'967'295U);
    const auto address = parse_item_id(id);
    ASSERT_TRUE(address);
    EXPECT_EQ(address->item_no, 4'294'967'295U);
    EXPECT_TRUE(address->is_in("ds_c8jwdhy4y4f0078hzceg"));
    EXPECT_FALSE(address->is_in("ds_bwhjbyfb8mjj0ykagxf0"));
    EXPECT_FALSE(parse_item_id("di_0000001"));
    EXPECT_FALSE(parse_item_id("ann_" + id.substr(3)));
    EXPECT_FALSE(parse_item_id("di_zzzzzzz" + id.substr(10)));
}

TEST(Clock, DatesAreReadAsPeopleWriteThem) {
    EXPECT_EQ(parse_iso("1970-01-02"), 86'400'000);
    EXPECT_EQ(parse_iso("1970-01-01T00:01"), 60'000);
    EXPECT_EQ(parse_iso("1970-01-01T00:00:01.5Z"), 1'500);
    EXPECT_EQ(to_iso(1'500), "1970-01-01T00:00:01.500Z");
    EXPECT_FALSE(parse_iso("2021-02-30"));
    EXPECT_FALSE(parse_iso("2021-1-1"));
}

TEST(Nearest, FindsTheWordOneMeant) {
    const std::vector<std::string> names = {"weather", "scene", "timeofday"};
    EXPECT_EQ(did_you_mean("wheather", names), " (did you mean 'weather'?)");
    EXPECT_EQ(did_you_mean("banana", names), "");
}

TEST(Pool, EveryBlockRunsOnce) {
    const Pool pool(3);
    std::vector<int> runs(1'000, 0);
    pool.for_each(runs.size(), [&](std::size_t i) { ++runs[i]; });
    EXPECT_EQ(std::count(runs.begin(), runs.end(), 1), 1'000);
}

TEST(Files, ReplaceKeepsOldOrNew) {
    const auto path =
        std::filesystem::temp_directory_path() / ("tusker_files_" + make_id("") + ".txt");
    ASSERT_TRUE(replace_file(path, "one"));
    ASSERT_TRUE(replace_file(path, "two"));
    EXPECT_EQ(read_file(path), "two");
    std::filesystem::remove(path);
    EXPECT_EQ(read_file(path).error().code, ErrorCode::NotFound);
}

// The published test vectors of XXH64.
TEST(Checksum, IsXxh64) {
    EXPECT_EQ(checksum(""), 0xEF46DB3751D8E999ULL);
    EXPECT_EQ(checksum("a"), 0xD24EC4F1A98C6E5BULL);
    EXPECT_EQ(checksum("abc"), 0x44BC2CF5AD770999ULL);
    EXPECT_EQ(checksum("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1ULL);
}

}  // namespace
}  // namespace tusker
