// A table on the terminal: columns as wide as their widest cell, numbers to the right.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tusker::cli {

class TextTable {
public:
    enum class Align { Left, Right };

    /// Adds a column before any row.
    TextTable& column(std::string heading, Align align = Align::Right);
    TextTable& row(std::vector<std::string> cells);

    /// Lines with their ends. Cells of more than 40 characters are cut, with "…".
    std::string text() const;

private:
    std::vector<Align> aligns_;
    std::vector<std::vector<std::string>> rows_ = {{}};  // the first is the heading
};

}  // namespace tusker::cli
