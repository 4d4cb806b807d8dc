#include "storage/columns/table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

namespace tusker::columns {
namespace {

// What a table must hold: a plain map.
using Model = std::map<std::pair<std::uint32_t, std::uint64_t>, std::string>;

std::shared_ptr<const Segment> segment_of(const Model& rows) {
    SegmentBuilder builder;
    for (const auto& [key, text] : rows) {
        builder.add_row(key.first, key.second);
        builder.set_text(builder.column("text", Type::Text), text);
        if (text.size() % 2 == 0)
            builder.set_u32(builder.column("even", Type::U32),
                            static_cast<std::uint32_t>(text.size()));
    }
    return builder.finish();
}

std::string text_at(const Table& table, Place place) {
    const auto& segment = *table.parts()[place.part].segment;
    const auto* column = segment.find("text", Type::Text);
    return std::string(column->text(*column->index_of(place.row)));
}

void expect_same(const Table& table, const Model& model) {
    RC_ASSERT(table.living_rows() == model.size());
    std::map<std::uint32_t, std::vector<std::string>> by_item;
    for (const auto& [key, text] : model) {
        const auto place = table.find({key.first, key.second});
        RC_ASSERT(place.has_value());
        RC_ASSERT(text_at(table, *place) == text);
        const auto* even = table.parts()[place->part].segment->find("even", Type::U32);
        const bool has_even = even != nullptr && even->index_of(place->row).has_value();
        RC_ASSERT(has_even == (text.size() % 2 == 0));
        by_item[key.first].push_back(text);
    }
    for (std::uint32_t item = 0; item < 12; ++item) {
        std::vector<std::string> texts;
        for (const auto place : table.rows_of(item)) texts.push_back(text_at(table, place));
        RC_ASSERT(texts == by_item[item]);
    }
    RC_ASSERT(!table.find({99, 1}).has_value());
}

// Random puts, updates, deletes of rows and of items: through all merges the answers are the map's.
RC_GTEST_PROP(Table, AnswersAsAPlainMap, ()) {
    Table table;
    Model model;
    std::uint64_t next_row = 0;
    const auto steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
        Model added;
        std::vector<RowKey> killed;
        std::vector<std::uint32_t> killed_items;
        if (*rc::gen::inRange(0, 8) == 0) killed_items.push_back(*rc::gen::inRange(0U, 12U));
        for (const auto item : killed_items)
            std::erase_if(model, [&](const auto& row) { return row.first.first == item; });
        const auto touched = *rc::gen::inRange(0, 12);
        for (int i = 0; i < touched && !model.empty(); ++i) {
            auto at = model.begin();
            std::advance(at, *rc::gen::inRange<std::size_t>(0, model.size()));
            const auto key = at->first;
            if (added.count(key) != 0) continue;
            killed.push_back({key.first, key.second});
            model.erase(at);
            if (*rc::gen::arbitrary<bool>()) added[key] = std::string(i % 5, 'u');
        }
        const auto fresh = *rc::gen::inRange(0, 12);
        for (int i = 0; i < fresh; ++i)
            added[{*rc::gen::inRange(0U, 12U), next_row++}] = std::string(i % 7, 'n');
        const auto before = table;
        const auto before_rows = table.living_rows();
        table = table.with(killed, killed_items, added.empty() ? nullptr : segment_of(added));
        model.insert(added.begin(), added.end());
        RC_ASSERT(before.living_rows() == before_rows);  // a reader's table does not change
    }
    expect_same(table, model);
    RC_ASSERT(table.parts().size() <= 8 * 4);
}

TEST(Table, EightOfOneSizeBecomeOne) {
    Table table;
    for (std::uint64_t i = 0; i < 512; ++i) {
        table = table.with({}, {}, segment_of({{{static_cast<std::uint32_t>(i % 5), i}, "x"}}));
        EXPECT_LE(table.parts().size(), 21U);  // seven of each of three tiers
    }
    EXPECT_EQ(table.parts().size(), 1U);
    EXPECT_EQ(table.living_rows(), 512U);
}

TEST(Table, UpdatesInPlaceDoNotGrowIt) {
    Table table;
    table = table.with({}, {}, segment_of({{{0, 1}, "x"}, {{1, 2}, "y"}}));
    for (int i = 0; i < 1'000; ++i) {
        const RowKey key{0, 1};
        table = table.with(std::span(&key, 1), {}, segment_of({{{0, 1}, "z"}}));
    }
    EXPECT_EQ(table.living_rows(), 2U);
    std::uint64_t rows = 0;
    for (const auto& part : table.parts()) rows += part.segment->rows();
    EXPECT_LE(rows, 4U);
}

}  // namespace
}  // namespace tusker::columns
