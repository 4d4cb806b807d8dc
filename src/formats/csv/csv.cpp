#include "formats/csv/csv.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

namespace tusker::csv {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// More than any table of class probabilities has; a limit so that a file of commas ends early.
constexpr std::size_t kCellsMax = std::size_t{1} << 20;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

template <class Number>
std::optional<Number> whole_text(std::string_view cell) {
    if (cell.starts_with('+')) cell.remove_prefix(1);
    Number number{};
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
    if (error != std::errc() || end != cell.data() + cell.size()) return std::nullopt;
    return number;
}

}  // namespace

Reader::Reader(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
}

Result<bool> Reader::next(Record& record) {
    record.cells.clear();
    unescaped_.clear();
    if (at_ >= text_.size()) return false;
    record.line = line_;
    while (true) {
        record.cells.push_back(TUSKER_TRY(read_cell()));
        if (record.cells.size() > kCellsMax)
            return refuse(record.line, fmt::format("more than {} cells", kCellsMax));
        if (at_line_end()) break;
        ++at_;  // the comma
    }
    if (at_ < text_.size()) {
        at_ += text_[at_] == '\r' ? 2 : 1;
        ++line_;
    }
    return true;
}

bool Reader::at_line_end() const {
    if (at_ >= text_.size() || text_[at_] == '\n') return true;
    return text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
}

Result<std::string_view> Reader::read_cell() {
    std::size_t start = at_;
    while (start < text_.size() && (text_[start] == ' ' || text_[start] == '\t')) ++start;
    if (start < text_.size() && text_[start] == '"') {
        at_ = start;
        return read_quoted();
    }
    while (!at_line_end() && text_[at_] != ',') {
        if (text_[at_] == '"') return refuse(line_, "a quote inside a cell without quotes");
        ++at_;
    }
    return trimmed(text_.substr(start, at_ - start));
}

Result<std::string_view> Reader::read_quoted() {
    const std::size_t line = line_;
    const std::size_t first = ++at_;
    bool has_doubled = false;
    while (true) {
        if (at_ >= text_.size()) return refuse(line, "a quote is not closed");
        if (text_[at_] == '\n') ++line_;
        if (text_[at_] == '"') {
            if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
            has_doubled = true;
            ++at_;
        }
        ++at_;
    }
    const std::string_view cell = text_.substr(first, at_ - first);
    ++at_;
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    if (!at_line_end() && text_[at_] != ',')
        return refuse(line_, "text follows the closing quote of a cell");
    if (!has_doubled) return cell;
    std::string& plain = unescaped_.emplace_back();
    for (std::size_t i = 0; i < cell.size(); ++i) {
        plain += cell[i];
        if (cell[i] == '"') ++i;
    }
    return std::string_view(plain);
}

std::unexpected<Error> Reader::refuse(std::size_t line, std::string_view reason) const {
    return invalid(fmt::format("{}: line {}: {}", name_, line, reason));
}

std::optional<double> number_of(std::string_view cell) { return whole_text<double>(cell); }
std::optional<std::int64_t> integer_of(std::string_view cell) {
    return whole_text<std::int64_t>(cell);
}

std::string as_cell(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos && trimmed(text) == text &&
        !text.starts_with(kByteOrderMark))
        return std::string(text);
    std::string cell = "\"";
    for (const char c : text) {
        cell += c;
        if (c == '"') cell += '"';
    }
    return cell + '"';
}

}  // namespace tusker::csv
