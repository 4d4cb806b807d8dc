#include "server/app/clause_keys.hpp"

#include <gtest/gtest.h>

#include "query/query.hpp"

namespace tusker::app {
namespace {

/// The query without the facet's own clauses, printed; "=" if it has none.
std::string without(std::string_view text, const std::string& facet) {
    const auto tree = query::parse(text);
    EXPECT_TRUE(tree) << tree.error().message;
    const auto rest = without_own_clauses(*tree, facet);
    return rest ? query::print(*rest) : "=";
}

TEST(OwnClauses, AreThoseOfTheFacetAtTheTop) {
    const std::string both = "metadata.weather = rainy AND annotations.car > 0";
    EXPECT_EQ(without(both, "metadata.weather"), "annotations.car > 0");
    EXPECT_EQ(without(both, "label"), "metadata.weather = \"rainy\"");
    EXPECT_EQ(without(both, "metadata.scene"), "=");
    EXPECT_EQ(without("metadata.weather = rainy", "metadata.weather"), "");
    EXPECT_EQ(without("", "label"), "=");
}

TEST(OwnClauses, MayBeChoicesAndExclusions) {
    EXPECT_EQ(
        without("(metadata.w = a OR item.metadata.w = b) AND annotations.count = 0", "metadata.w"),
        "annotations.count = 0");
    EXPECT_EQ(without("NOT metadata.w = a", "metadata.w"), "");
    EXPECT_EQ(without("annotations.label = car AND annotations(label = bus).count >= 2", "label"),
              "");
}

TEST(OwnClauses, AreNotPartsOfOtherClauses) {
    EXPECT_EQ(without("metadata.w = a OR metadata.v = b", "metadata.w"), "=");
    EXPECT_EQ(without("annotations.count = 0", "label"), "=");
    EXPECT_EQ(without("annotations.car + annotations.bus > 2", "label"), "=");
    EXPECT_EQ(without("annotations(label = car AND area > 9).count > 0", "label"), "=");
    EXPECT_EQ(without("annotations.\"count\" > 1", "label"), "");
}

}  // namespace
}  // namespace tusker::app
