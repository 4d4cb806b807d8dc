// Exact counts under a set of items: what the app shows as facets and histograms. A facet "without
// its own filter" is the same call with another set.
//
// Rows are read once, in blocks of items on the pool, and only the columns that a count needs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/pool.hpp"
#include "catalog/version.hpp"

namespace tusker::query {

struct LabelCount {
    catalog::LabelCode label = 0;
    std::uint64_t objects = 0;  // categories included, as annotations.label sees them
    std::uint64_t items = 0;    // with at least one
};
/// Every label of the dataset, by code. `objects` is Version::annotations or a run's predictions.
std::vector<LabelCount> count_labels(const columns::Table& objects,
                                     const catalog::LabelTable& labels,
                                     const columns::Bitmap& items, const Pool& pool);

/// How many items have 0, 1, … `last` or more objects that are no categories (annotations.count).
std::vector<std::uint64_t> count_objects_per_item(const columns::Table& objects,
                                                  const columns::Bitmap& items, const Pool& pool,
                                                  std::size_t last = 29);

/// Rising edges; bin i is [edges[i], edges[i + 1]), the last bin closed.
struct Histogram {
    std::vector<double> edges;
    std::vector<std::uint64_t> counts;  // one less than edges, or none
};
/// About `bins` bins, with edges that are short to write, over [low, high]; `whole`: the values are
/// integers, so no bin is narrower than one.
std::vector<double> pleasant_edges(double low, double high, bool whole, std::size_t bins = 20);

/// Objects by area in px²: edges 0, 1, 4, 16, … so that the side doubles from bin to bin, then
/// infinity. Categories have no area.
Histogram count_areas(const columns::Table& objects, const columns::Bitmap& items,
                      const Pool& pool);
/// Predictions by confidence, twenty bins from 0 to 1; others are left out.
Histogram count_confidences(const columns::Table& predictions, const columns::Bitmap& items,
                            const Pool& pool);

struct ValueCount {
    std::string text;
    std::uint64_t rows = 0;
};
/// One metadata key of items or objects. A key may have values of several types.
struct MetadataFacet {
    std::string key;
    std::uint64_t text_rows = 0;
    std::uint64_t number_rows = 0;
    std::uint64_t true_rows = 0;
    std::uint64_t false_rows = 0;
    std::uint64_t json_rows = 0;     // arrays, objects, null
    std::vector<ValueCount> values;  // every text, the most frequent first, then by bytes
    double min = 0;                  // of the numbers, if any
    double max = 0;
    bool all_whole = true;
    Histogram numbers;  // empty without numbers
};
/// Rows of `table` (Version::items: then rows are items) that belong to `items`. `edges`: of the
/// histogram; empty = pleasant ones over the numbers found. Pass the edges of the whole dataset to
/// draw a part of it on the same axis.
MetadataFacet count_metadata(const columns::Table& table, std::string_view key,
                             const columns::Bitmap& items, const Pool& pool,
                             std::span<const double> edges = {});
/// Label issues by kind, of living items in `items`; kinds that the run found, by name.
struct IssueKindCount {
    std::uint64_t issues = 0;
    std::uint64_t items = 0;  // with at least one
};
std::map<std::string, IssueKindCount> count_issue_kinds(const catalog::Finding& finding,
                                                        const columns::Bitmap& items);
/// Keys that rows have, by bytes, each with its types, such as "text" or "number, text".
struct MetadataKey {
    std::string key;
    std::string types;  // of: bool, json, number, text
};
std::vector<MetadataKey> metadata_keys_with_types(const columns::Table& table);

}  // namespace tusker::query
