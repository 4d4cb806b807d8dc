// Rewriting a COCO file in place: only the category of corrected annotations changes (and, for a
// label that the file does not know, one category is added); every other byte stays.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/coco/reader.hpp"

namespace tusker::coco {

/// An annotation of the file and the label it should have.
struct Relabel {
    Range annotation;
    std::string label;
};

/// A changed (or added) row as a person reads it in a difference.
struct ChangedRow {
    std::uint64_t line = 0;
    std::string before;  // empty for an added category
    std::string after;
};

struct Patch {
    std::string text;
    std::vector<ChangedRow> changed;  // in file order
};

/// `text` is what `reader` read. Relabels in any order; one whose label is the file's already
/// changes nothing. Error: an annotation without category_id (a bug of the caller: it was read from
/// there).
Result<Patch> patch(std::string_view text, const Reader& reader, std::span<const Relabel> relabels);

}  // namespace tusker::coco
