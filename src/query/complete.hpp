// What could be written at a cursor: names that mean something there, and the values of the name
// before the comparison sign, with their counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "query/facets.hpp"
#include "query/query.hpp"

namespace tusker::query {

struct Suggestion {
    std::string text;    // as it is to be written, quotes included
    std::string kind;    // word, label, metadata, taxonomy, slice, run, issue, operator
    std::string detail;  // types of a metadata key, and the like; may be empty
};

struct Completion {
    std::size_t from = 0;  // bytes of the text that a choice replaces
    std::size_t to = 0;
    std::vector<Suggestion> names;   // at most kMaxSuggestions, those that begin so first
    std::vector<ValueCount> values;  // likewise; text as it is to be written
};

inline constexpr std::size_t kMaxSuggestions = 50;
/// A text key with more distinct values than this is free text, whose values are not listed.
inline constexpr std::size_t kMaxListedValues = 250;

/// `cursor`: a byte offset, at most text.size(). Never fails: where nothing fits, nothing is
/// suggested.
Completion complete(std::string_view text, std::size_t cursor, const Scope& scope,
                    const Pool& pool);

}  // namespace tusker::query
