// Who said what about which item, from a table of votes or a matrix of items and annotators.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/issues/class_names.hpp"
#include "kernels/crowd/votes.hpp"

namespace tusker::cli {

/// Votes in the order of the file, and what items, annotators and classes are called there.
struct NamedVotes {
    std::vector<crowd::Index> items;
    std::vector<crowd::Index> annotators;
    std::vector<confident::ClassId> labels;
    std::vector<std::string> item_names;
    std::vector<std::string> annotator_names;
    ClassNames names;
    std::size_t classes = 0;

    Result<crowd::Votes> votes() const;
};

/// What probabilities say about the votes beside them.
struct ExpectedVotes {
    ClassNames names;
    std::optional<std::size_t> rows;     // items are the numbers of rows
    std::optional<std::size_t> classes;  // labels are below
};

/// A .csv or .json of item, annotator, label; or a matrix, a row for each item and a column for
/// each annotator, with NaN or -1 for "no label". Without probabilities items are named by any
/// text, and labels that are names stand in the order of their bytes.
Result<NamedVotes> read_votes(const std::string& file, ExpectedVotes expected);

}  // namespace tusker::cli
