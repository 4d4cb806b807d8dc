// Where things stand in JSON text: byte ranges, found without building values. COCO files are a few
// arrays of very many small objects; knowing each object's bytes lets them be parsed in blocks on
// all cores in constant memory, named by line when refused, and changed in place later. The scan
// checks strings and nesting only; whoever uses a range's text parses it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tusker::coco {

/// Bytes [offset, offset + size) of the file.
struct Range {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;  // of an element: at most 4 GiB

    std::string_view of(std::string_view text) const { return text.substr(offset, size); }
};

/// An array in the file: its elements and where its closing bracket stands.
struct ArrayRange {
    std::vector<Range> elements;
    std::uint64_t closing = 0;
    bool present = false;
};

/// A file of labels is an object with three arrays; a file of results is one array.
struct Layout {
    bool is_results = false;
    ArrayRange images;
    ArrayRange annotations;  // or the results
    ArrayRange categories;
};

/// Error: line and column, and what was expected there ("line 3, column 17: the text stops inside a
/// string").
Result<Layout> scan(std::string_view text);

/// The value of `key` in the text of one object, as a range within that text; an Error if the text
/// is no object or lacks the key. The first of several counts, as in base/json.
Result<Range> find_member(std::string_view object, std::string_view key);

/// Line numbers of ascending offsets, counted once over the text.
class LineCounter {
public:
    explicit LineCounter(std::string_view text) : text_(text) {}
    /// From 1. An offset before the last one starts again.
    std::uint64_t line_of(std::uint64_t offset);

private:
    std::string_view text_;
    std::uint64_t at_ = 0;
    std::uint64_t line_ = 1;
};

}  // namespace tusker::coco
