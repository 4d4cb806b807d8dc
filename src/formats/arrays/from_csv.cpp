#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/nearest.hpp"
#include "formats/arrays/readers.hpp"
#include "formats/csv/csv.hpp"

namespace tusker::arrays {
namespace {

/// Names that a column of labels goes by.
constexpr std::array<std::string_view, 3> kLabelColumns = {"label", "labels", "given"};
constexpr std::size_t kBytesBetweenReports = std::size_t{4} << 20;

/// csv::Reader with the argument in front of its errors, and progress.
class Records {
public:
    Records(const Source& source, std::string_view text, const Options& options)
        : source_(source),
          bytes_(text.size()),
          options_(options),
          reader_(text, source.file.string()) {}

    Result<bool> next() {
        auto more = reader_.next(record_);
        if (!more) return std::unexpected(source_.with_argument(more.error()));
        if (options_.progress && (reader_.offset() >= report_at_ || !*more)) {
            report_at_ = reader_.offset() + kBytesBetweenReports;
            options_.progress(reader_.offset(), bytes_);
        }
        return *more;
    }
    const csv::Record& now() const { return record_; }
    bool is_blank() const { return record_.cells.size() == 1 && record_.cells[0].empty(); }
    Texts texts() const { return {record_.cells.begin(), record_.cells.end()}; }

private:
    const Source& source_;
    std::size_t bytes_;
    const Options& options_;
    csv::Reader reader_;
    csv::Record record_;
    std::size_t report_at_ = 0;
};

/// "labels[7] = 'x' (l.csv, line 9): rule"
std::unexpected<Error> refuse_cell(const Source& source, const std::string& place,
                                   std::string_view value, std::size_t line,
                                   std::string_view rule) {
    return invalid(fmt::format("{}[{}] = '{}' ({}, line {}): {}", source.argument, place, value,
                               source.file.string(), line, rule));
}

Result<void> check_width(const Source& source, const csv::Record& record, std::size_t columns) {
    if (record.cells.size() == columns) return {};
    return source.refuse(fmt::format("line {}: {} cells, the first line has {}", record.line,
                                     record.cells.size(), columns));
}

bool is_header_of_numbers(const csv::Record& record) {
    const auto& cells = record.cells;
    if (!std::ranges::all_of(cells, [](auto cell) { return csv::number_of(cell).has_value(); }))
        return true;
    if (cells.size() < 3) return false;
    for (std::size_t i = 0; i < cells.size(); ++i)
        if (csv::integer_of(cells[i]) != static_cast<std::int64_t>(i)) return false;
    return true;
}

/// Which column of a header a source means.
Result<std::size_t> find_column(const Source& source, const Texts& header) {
    const auto index_of = [&](std::string_view name) -> std::optional<std::size_t> {
        const auto found = std::ranges::find(header, name);
        if (found == header.end()) return std::nullopt;
        return static_cast<std::size_t>(found - header.begin());
    };
    if (!source.member.empty()) {
        const auto column = index_of(source.member);
        if (column) return *column;
        return source.refuse(fmt::format("no column '{}'{}; it has {}", source.member,
                                         did_you_mean(source.member, header),
                                         fmt::join(header, ", ")));
    }
    if (header.size() == 1) return std::size_t{0};
    for (const auto name : kLabelColumns)
        if (const auto column = index_of(name)) return *column;
    return source.refuse(fmt::format("has {} columns ({}): name one, as {}:{}", header.size(),
                                     fmt::join(header, ", "), source.file.filename().string(),
                                     header.back()));
}

}  // namespace

Result<Matrix> matrix_from_csv(const Source& source, std::string_view text,
                               const Options& options) {
    Records records(source, text, options);
    Texts header;
    std::vector<double> values;
    std::size_t columns = 0;
    std::size_t rows = 0;
    while (TUSKER_TRY(records.next())) {
        const csv::Record& record = records.now();
        if (columns == 0) {
            columns = record.cells.size();
            if (is_header_of_numbers(record)) {
                header = records.texts();
                continue;
            }
        }
        TUSKER_TRY(check_width(source, record, columns));
        for (std::size_t j = 0; j < columns; ++j) {
            const auto value = csv::number_of(record.cells[j]);
            if (!value)
                return refuse_cell(source, fmt::format("{}, {}", rows, j), record.cells[j],
                                   record.line, "must be a number");
            values.push_back(*value);
        }
        ++rows;
    }
    return Matrix{npy::Array::of(std::move(values), {rows, columns}), std::move(header)};
}

Result<Column> column_from_csv(const Source& source, std::string_view text, const IsValue& is_value,
                               const Options& options) {
    Records records(source, text, options);
    Column column;
    Texts values;
    std::size_t columns = 0;
    std::size_t wanted = 0;
    while (TUSKER_TRY(records.next())) {
        const csv::Record& record = records.now();
        if (columns == 0) {
            columns = record.cells.size();
            const bool header = columns > 1 || !source.member.empty() || !is_value(record.cells[0]);
            if (header) {
                wanted = TUSKER_TRY(find_column(source, records.texts()));
                column.header = record.cells[wanted];
                continue;
            }
        }
        TUSKER_TRY(check_width(source, record, columns));
        if (record.cells[wanted].empty())
            return refuse_cell(source, std::to_string(values.size()), "", record.line,
                               "there must be a label on each line");
        values.emplace_back(record.cells[wanted]);
    }
    column.values = std::move(values);
    return column;
}

Result<Lists> lists_from_csv(const Source& source, std::string_view text, const IsValue& is_value,
                             const Options& options) {
    Records records(source, text, options);
    Lists lists;
    std::vector<Texts> values;
    bool is_first = true;
    while (TUSKER_TRY(records.next())) {
        Texts cells = records.is_blank() ? Texts{} : records.texts();
        if (std::exchange(is_first, false) && !cells.empty() && !is_value(cells.front())) {
            lists.header = cells.front();
            continue;
        }
        values.push_back(std::move(cells));
    }
    lists.values = std::move(values);
    return lists;
}

Result<std::vector<Texts>> table_from_csv(const Source& source, std::string_view text,
                                          const Texts& names, const Options& options) {
    Records records(source, text, options);
    std::vector<Texts> table(names.size());
    std::vector<std::size_t> places;
    std::size_t columns = 0;
    while (TUSKER_TRY(records.next())) {
        const csv::Record& record = records.now();
        if (places.empty()) {
            columns = record.cells.size();
            const Texts header = records.texts();
            std::size_t known = 0;
            for (const auto& name : names)
                if (const auto found = std::ranges::find(header, name); found != header.end()) {
                    places.push_back(static_cast<std::size_t>(found - header.begin()));
                    ++known;
                }
            if (known == names.size()) continue;
            if (known > 0 || columns != names.size())
                return source.refuse(fmt::format("line {}: has the columns {}: must be {}",
                                                 record.line, fmt::join(header, ", "),
                                                 fmt::join(names, ", ")));
            for (std::size_t i = 0; i < names.size(); ++i) places.push_back(i);
        }
        TUSKER_TRY(check_width(source, record, columns));
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (record.cells[places[i]].empty())
                return refuse_cell(source, fmt::format("{}, {}", table[i].size(), names[i]), "",
                                   record.line, "must not be empty");
            table[i].emplace_back(record.cells[places[i]]);
        }
    }
    return table;
}

}  // namespace tusker::arrays
