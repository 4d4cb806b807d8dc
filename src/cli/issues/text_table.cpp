#include "cli/issues/text_table.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace tusker::cli {
namespace {

constexpr std::size_t kCellCharactersMax = 40;

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string cut(std::string text) {
    if (characters(text) <= kCellCharactersMax) return text;
    std::size_t end = 0;
    for (std::size_t seen = 0; end < text.size(); ++end)
        if (begins_character(text[end]) && ++seen == kCellCharactersMax) break;
    return text.substr(0, end) + "…";
}

}  // namespace

TextTable& TextTable::column(std::string heading, Align align) {
    aligns_.push_back(align);
    rows_.front().push_back(std::move(heading));
    return *this;
}

TextTable& TextTable::row(std::vector<std::string> cells) {
    for (std::string& cell : cells) cell = cut(std::move(cell));
    rows_.push_back(std::move(cells));
    return *this;
}

std::string TextTable::text() const {
    std::vector<std::size_t> widths(aligns_.size());
    for (const auto& row : rows_)
        for (std::size_t j = 0; j < row.size(); ++j)
            widths[j] = std::max(widths[j], characters(row[j]));
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t j = 0; j < row.size(); ++j) {
            const std::string padding(widths[j] - characters(row[j]), ' ');
            line += "  ";
            line += aligns_[j] == Align::Right ? padding + row[j] : row[j] + padding;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

}  // namespace tusker::cli
