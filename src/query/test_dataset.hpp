// A dataset as plain structs, and the Version that holds the same. Tests ask the Version and
// compare with what an obvious loop over the structs says.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "catalog/version.hpp"

namespace tusker::query::test {

struct Json {
    std::string text;  // of an array, an object or null
};
using Value = std::variant<bool, std::int64_t, double, std::string, Json>;
using Metadata = std::map<std::string, Value>;

struct ObjectRow {
    catalog::ObjectType type = catalog::ObjectType::Box;
    std::string label;
    std::vector<double> geometry;
    std::optional<std::string> id = std::nullopt;
    std::optional<std::string> taxonomy = std::nullopt;
    std::optional<double> confidence = std::nullopt;
    Metadata metadata = {};
};

struct IssueRow {
    double score;
    std::string given;
    std::string suggested;
    bool is_issue;
};

struct ItemRow {
    std::string reference_id;
    std::optional<std::uint32_t> width = std::nullopt;
    std::optional<std::uint32_t> height = std::nullopt;
    TimeMs created_at = 0;
    Metadata metadata = {};
    std::vector<ObjectRow> annotations = {};
    std::vector<std::vector<ObjectRow>> predictions = {};  // of each run
    std::optional<IssueRow> issue = std::nullopt;
    bool deleted = false;
};

struct SliceRow {
    std::string name;
    std::string query;               // live
    std::vector<std::size_t> items;  // static
};

struct Dataset {
    std::vector<ItemRow> items;
    std::vector<std::string> runs;
    std::vector<catalog::Taxonomy> taxonomies;
    std::vector<SliceRow> slices;
    bool has_issues = false;
    std::uint32_t stride = 1;  // item i has number i * stride; the numbers between were deleted
};

/// Rows are spread over several segments, and each table has dead rows of older versions, so that
/// whoever reads a row twice or a dead one is found out.
catalog::Version make_version(const Dataset& dataset);

/// The dataset of testdata/query.test.
Dataset small_dataset();

}  // namespace tusker::query::test
