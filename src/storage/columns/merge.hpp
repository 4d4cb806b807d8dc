// Inside the room only: several parts become one segment of their living rows.
#pragma once

#include <memory>
#include <span>

#include "storage/columns/table.hpp"

namespace tusker::columns {

/// All living rows, sorted by (item_no, row_no), with every column and type that any part has.
std::shared_ptr<const Segment> merge(std::span<const Part> parts);

}  // namespace tusker::columns
