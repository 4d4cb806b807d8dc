// Parts that images and annotations of COCO share: blocks of elements as parsed values, metadata.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "formats/coco/scan.hpp"

namespace tusker::coco {

/// Parses `elements` (neighbours in `text`) together; visit(index, value) for each. Error: the line
/// of the element that is no JSON.
Result<void> parse_elements(std::string_view text, std::span<const Range> elements,
                            const std::function<void(std::size_t, json::Value)>& visit);

/// Metadata of an object: members for which `is_known` is false, and those of the objects
/// "metadata" and "attributes"; null counts as absent. JSON object text, keys in byte order, the
/// first of doubled ones.
std::string metadata_of(json::Value object, bool (*is_known)(std::string_view key));

/// A value as it is shown in a refusal: JSON, at most 80 bytes.
std::string shown(json::Value value);

}  // namespace tusker::coco
