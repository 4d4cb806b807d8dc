// Arrays in whatever file a person has them: .npy (mapped), .npz (stored or deflated), .csv, .json.
//
// What is read is typed, not judged: numbers as the file has them, or texts; whether a label is a
// class or a probability lies in [0, 1] is for the kernels and their callers. Errors name the
// argument, the place in it and the rule: "probabilities[3, 1] = 'abc' (p.csv, line 5): must be a
// number". Start at source.hpp (where), then here (what).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "formats/arrays/source.hpp"
#include "formats/npy/npy.hpp"

namespace tusker::arrays {

/// Bytes of this machine's memory: nothing larger is unpacked.
std::uint64_t memory_bytes();

struct Options {
    std::uint64_t bytes_max = memory_bytes();
    /// Called now and then with bytes read or unpacked.
    std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

using Texts = std::vector<std::string>;

/// Numbers in rows and columns.
struct Matrix {
    npy::Array values;  // two dimensions
    Texts columns;      // names of the columns; empty where the file has none
};

/// One value for each row: numbers (one dimension), or texts.
struct Column {
    std::variant<Texts, npy::Array> values;
    std::string header;  // what was taken for the name of the column, empty if nothing was
};

/// For each row a list: as texts, or as a matrix whose columns are the possible members.
struct Lists {
    std::variant<std::vector<Texts>, npy::Array> values;
    std::string header;
};

/// Says of the first cell of a .csv whether it is a value; else it is a header.
using IsValue = std::function<bool(std::string_view cell)>;

/// [N × K]. A .csv whose first record is no numbers has a header; so has one that begins 0, 1, 2 …
/// up to K - 1 with K > 2, as tables with numbered columns are written.
Result<Matrix> read_matrix(const Source& source, const Options& options = {});

/// [N]. Of a .csv with several columns the one that `source` names, or else one named label,
/// labels or given.
Result<Column> read_column(const Source& source, const IsValue& is_value,
                           const Options& options = {});

/// [N][…]. In a .csv, the cells of a record; in .json, a list of lists; in .npy and .npz, a matrix.
Result<Lists> read_lists(const Source& source, const IsValue& is_value,
                         const Options& options = {});

/// Columns of texts, in the order of `names`. A .csv has a header with all of them or is exactly
/// those columns; a .json is a list of objects with those keys.
Result<std::vector<Texts>> read_table(const Source& source, const Texts& names,
                                      const Options& options = {});

/// True if the source holds a table of texts rather than arrays of numbers.
inline bool is_text(const Source& source) {
    return source.format == Format::Csv || source.format == Format::Json;
}

/// Numbers of any dimensions, of a .npy or .npz.
Result<npy::Array> read_numbers(const Source& source, const Options& options = {});

}  // namespace tusker::arrays
