// The two text formats, each behind the functions of arrays.hpp. Private to the room.
#pragma once

#include "formats/arrays/arrays.hpp"

namespace tusker::arrays {

Result<Matrix> matrix_from_csv(const Source& source, std::string_view text, const Options& options);
Result<Column> column_from_csv(const Source& source, std::string_view text, const IsValue& is_value,
                               const Options& options);
Result<Lists> lists_from_csv(const Source& source, std::string_view text, const IsValue& is_value,
                             const Options& options);
Result<std::vector<Texts>> table_from_csv(const Source& source, std::string_view text,
                                          const Texts& names, const Options& options);

Result<Matrix> matrix_from_json(const Source& source, std::string_view text);
Result<Column> column_from_json(const Source& source, std::string_view text);
Result<Lists> lists_from_json(const Source& source, std::string_view text);
Result<std::vector<Texts>> table_from_json(const Source& source, std::string_view text,
                                           const Texts& names);

}  // namespace tusker::arrays
