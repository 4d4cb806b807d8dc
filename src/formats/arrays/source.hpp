// Where an array stands, as a person writes it: FILE, or FILE:NAME where a file holds several.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tusker::arrays {

enum class Format { Npy, Npz, Csv, Json };

struct Source {
    std::string argument;  // "labels": what messages call it
    std::filesystem::path file;
    std::string member;  // array of an .npz, column of a .csv, key of a .json; empty = the only one
    Format format = Format::Npy;

    /// "argument: file: reason"
    std::unexpected<Error> refuse(std::string_view reason) const;
    /// The argument in front of an error of a reader, which names the file already.
    Error with_argument(const Error& error) const;
};

/// A file of the whole name comes before FILE:NAME. Error: no such file, or an ending that is none
/// of .npy, .npz, .csv and .json.
Result<Source> find_source(std::string_view text, std::string argument);

}  // namespace tusker::arrays
