#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "query/facets.hpp"
#include "query/query.hpp"
#include "query/test_dataset.hpp"

namespace tusker::query {
namespace {

using ::testing::Test;

class Facets : public Test {
protected:
    const catalog::Version version = test::make_version(test::small_dataset());
    const Pool pool{2};
    const columns::Bitmap& all = *version.living;
    columns::Bitmap asked(std::string_view text) const {
        return ask(text, Scope{version}, pool)->items;
    }
    LabelCount of_label(std::string_view label, const columns::Bitmap& items) const {
        return count_labels(version.annotations, *version.labels, items,
                            pool)[*version.labels->find(label)];
    }
};

TEST_F(Facets, LabelsCountObjectsAndItems) {
    EXPECT_EQ(of_label("truck", all).objects, 5U);
    EXPECT_EQ(of_label("truck", all).items, 3U);
    EXPECT_EQ(of_label("traffic light", all).objects, 5U);
    EXPECT_EQ(of_label("traffic light", all).items, 2U);
    EXPECT_EQ(of_label("dress", all).objects, 1U);
    EXPECT_EQ(of_label("pedestrian", all).objects, 0U);
    const auto rainy = asked("metadata.weather = rainy");
    EXPECT_EQ(of_label("truck", rainy).objects, 1U);
    const auto* run = version.find_run("run_0");
    const auto predicted = count_labels(run->predictions, *version.labels, all, pool);
    EXPECT_EQ(predicted[*version.labels->find("car")].objects, 3U);
}

// What a facet says is what its clause answers.
TEST_F(Facets, LabelCountsAreThoseOfTheQuery) {
    for (const auto& label : version.labels->texts())
        EXPECT_EQ(of_label(label, all).items, asked("annotations.label = \"" + label + "\"").size())
            << label;
}

TEST_F(Facets, ObjectsPerItemAreThoseOfTheQuery) {
    const auto counts = count_objects_per_item(version.annotations, all, pool, 5);
    ASSERT_EQ(counts.size(), 6U);
    for (std::size_t n = 0; n < 5; ++n)
        EXPECT_EQ(counts[n], asked("annotations.count = " + std::to_string(n)).size()) << n;
    EXPECT_EQ(counts[5], asked("annotations.count >= 5").size());
}

TEST_F(Facets, AreasFallIntoBinsThatDouble) {
    const auto areas = count_areas(version.annotations, all, pool);
    ASSERT_EQ(areas.edges.size(), areas.counts.size() + 1);
    std::uint64_t total = 0;
    for (std::size_t bin = 0; bin < areas.counts.size(); ++bin) {
        total += areas.counts[bin];
        std::string clause = "annotations(area >= " + std::to_string(areas.edges[bin]) + ").count";
        if (std::isfinite(areas.edges[bin + 1]))
            clause += " - annotations(area >= " + std::to_string(areas.edges[bin + 1]) + ").count";
        EXPECT_EQ(areas.counts[bin] > 0, !asked(clause + " > 0").empty()) << clause;
    }
    EXPECT_EQ(total, 19U);  // boxes and the polygon, without the two categories
    // 16 px² stands at the beginning of a bin, 10 × 10 in the middle of one.
    EXPECT_EQ(areas.edges[4], 64);
    EXPECT_EQ(areas.counts[4], 9U);  // 64 to 256: four traffic lights of 8 × 8, five of 10 × 10
}

TEST_F(Facets, ConfidencesAreBinnedByTheirExactValue) {
    const auto found = count_confidences(version.find_run("run_0")->predictions, all, pool);
    ASSERT_EQ(found.counts.size(), 20U);
    EXPECT_EQ(found.counts[16], 2U);  // 0.8 belongs to [0.8, 0.85)
    EXPECT_EQ(found.counts[12], 1U);  // 0.6
    EXPECT_EQ(found.counts[19], 1U);  // 0.95
}

TEST_F(Facets, MetadataOfEveryType) {
    const auto weather = count_metadata(version.items, "weather", all, pool);
    ASSERT_EQ(weather.values.size(), 3U);
    EXPECT_EQ(weather.values[0].text, "rainy");
    EXPECT_EQ(weather.values[0].rows, 2U);
    EXPECT_EQ(weather.values[1].text, "partly cloudy");
    EXPECT_EQ(weather.text_rows, 4U);

    const auto speed = count_metadata(version.items, "speed_mph", all, pool);
    EXPECT_EQ(speed.number_rows, 3U);
    EXPECT_EQ(speed.text_rows, 1U);
    EXPECT_EQ(speed.min, 55.5);
    EXPECT_EQ(speed.max, 80);
    std::uint64_t binned = 0;
    for (const auto count : speed.numbers.counts) binned += count;
    EXPECT_EQ(binned, 3U);

    const auto occluded = count_metadata(version.items, "occluded", all, pool);
    EXPECT_EQ(occluded.true_rows, 1U);
    EXPECT_EQ(occluded.false_rows, 1U);
    EXPECT_EQ(count_metadata(version.items, "nothing", all, pool).json_rows, 1U);

    // On the axis of the whole, the part.
    const auto rainy = count_metadata(version.items, "speed_mph", asked("metadata.weather = rainy"),
                                      pool, speed.numbers.edges);
    EXPECT_EQ(rainy.numbers.edges, speed.numbers.edges);
    EXPECT_EQ(rainy.number_rows, 2U);
}

TEST_F(Facets, KeysSayTheirTypes) {
    const auto keys = metadata_keys_with_types(version.items);
    const auto at = std::ranges::find(keys, "speed_mph", &MetadataKey::key);
    ASSERT_NE(at, keys.end());
    EXPECT_EQ(at->types, "number, text");
}

TEST(PleasantEdges, AreShortToWriteAndHoldEveryValue) {
    EXPECT_EQ(pleasant_edges(0, 1, false, 5), (std::vector<double>{0, 0.2, 0.4, 0.6, 0.8, 1}));
    EXPECT_EQ(pleasant_edges(0, 3, true), (std::vector<double>{0, 1, 2, 3, 4}));
    EXPECT_EQ(pleasant_edges(7, 7, false), (std::vector<double>{7, 8}));
    for (const auto& [low, high] : {std::pair(-3.7, 912.4),
                                    {0.001, 0.0013},
                                    {1e17, 1e17 + 64},
                                    {-1e308, 1e308},
                                    {0.0, 5e-324}}) {
        const auto edges = pleasant_edges(low, high, false);
        ASSERT_GE(edges.size(), 2U) << low;
        EXPECT_LE(edges.size(), 23U) << low;
        EXPECT_LE(edges.front(), low);
        EXPECT_GE(edges.back(), high);
    }
}

}  // namespace
}  // namespace tusker::query
