// Reading fields of rows: as numbers, as cells, or matched against a constant. Rows are
// [begin, begin + out.size()) of one part. Dead rows are read like living ones; callers drop them.
#pragma once

#include <span>

#include "query/resolved.hpp"

namespace tusker::query {

/// NaN where there is no number. Exact doubles, not the hot float32.
void read_numbers(const Field& field, const columns::Segment& segment, std::uint32_t begin,
                  std::span<double> out);
void read_cells(const Field& field, const columns::Segment& segment,
                const catalog::LabelTable& labels, std::uint32_t begin, std::span<Cell> out);
/// The number that a JSON text is, else absent: what arrays, objects and null compare as.
Cell cell_of_json(std::string_view json);
/// out[i] = 1 where the row's value satisfies `match`, else 0. `part` indexes the dictionaries.
void match_rows(const Field& field, const Match& match, const columns::Segment& segment,
                std::size_t part, std::uint32_t begin, std::span<std::uint8_t> out);

/// Whether values of this field can be matched against a constant column by column.
bool can_match(const Field& field);
/// `op` may be NotEqual or Like; `literal` is a term of that kind.
Match make_match(const Field& field, Operator op, const Term& literal, const RowSource& source,
                 const catalog::LabelTable& labels);

}  // namespace tusker::query
