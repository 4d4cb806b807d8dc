#include "cli/issues/report.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "base/file.hpp"
#include "cli/issues/text_table.hpp"
#include "formats/npy/npy.hpp"

namespace tusker::cli {

using confident::ClassId;

Result<void> check_output(const std::string& output) {
    const auto kind = std::filesystem::path(output).extension();
    if (output.empty() || kind == ".csv" || kind == ".npy" || kind == ".json") return {};
    return invalid(fmt::format("--output {}: must end in .csv, .npy or .json", output));
}

Result<void> deliver(const IssuesRequest& request, const Report& report) {
    for (const auto& warning : report.warnings)
        std::fprintf(stderr, "tusker: warning: %s\n", warning.c_str());
    if (!request.output.empty()) {
        const auto kind = std::filesystem::path(request.output).extension();
        const auto bytes = kind == ".csv"   ? report.csv()
                           : kind == ".npy" ? npy::to_npy(report.indices())
                                            : report.json();
        TUSKER_TRY(replace_file(request.output, bytes));
    }
    const std::string text = request.json             ? report.json()
                             : request.output.empty() ? report.headline + report.tables()
                                                      : report.headline;
    std::fwrite(text.data(), 1, text.size(), stdout);
    return {};
}

std::vector<Confusion> largest_first(const Confusions& confusions) {
    std::vector<Confusion> sorted;
    sorted.reserve(confusions.size());
    for (const auto& [pair, count] : confusions) sorted.push_back({pair.first, pair.second, count});
    std::ranges::stable_sort(sorted, std::ranges::greater{}, &Confusion::count);
    return sorted;
}

std::string percentage(std::size_t part, std::size_t whole) {
    if (whole == 0) return "-";
    return fmt::format("{:.2f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string shown_score(double score) { return fmt::format("{:.6g}", score); }

std::string per_class_table(std::span<const std::size_t> issues,
                            std::span<const std::size_t> labels, const ClassNames& names) {
    std::vector<ClassId> classes;
    for (ClassId k = 0; k < issues.size(); ++k)
        if (issues[k] > 0) classes.push_back(k);
    std::ranges::stable_sort(classes, std::ranges::greater{}, [&](ClassId k) { return issues[k]; });
    TextTable table;
    table.column("class", names.are_known() ? TextTable::Align::Left : TextTable::Align::Right);
    table.column("issues").column("labels").column("share");
    for (const ClassId k : std::span(classes).first(std::min(kClassesShown, classes.size())))
        table.row({names.text_of(k), std::to_string(issues[k]), std::to_string(labels[k]),
                   percentage(issues[k], labels[k])});
    return fmt::format("\nPer given class, most first ({} of {} have any)\n{}", classes.size(),
                       issues.size(), table.text());
}

std::string confusions_table(const Confusions& confusions, const ClassNames& names) {
    if (confusions.empty()) return {};
    const auto sorted = largest_first(confusions);
    TextTable table;
    table.column("given").column("", TextTable::Align::Left);
    table.column("suggested", TextTable::Align::Left).column("issues");
    for (const auto& c : std::span(sorted).first(std::min(kConfusionsShown, sorted.size())))
        table.row(
            {names.text_of(c.given), "->", names.text_of(c.suggested), std::to_string(c.count)});
    return fmt::format("\nLargest confusions ({} pairs)\n{}", sorted.size(), table.text());
}

void write_class_members(json::Writer& writer, const ClassNames& names,
                         std::span<const std::size_t> issues, const Confusions& confusions) {
    if (names.are_known()) {
        writer.key("class_names").array();
        for (const auto& name : names.names()) writer.value(name);
        writer.end();
    }
    writer.key("issues_per_class").array();
    for (const std::size_t count : issues) writer.value(count);
    writer.end().key("confusions").array();
    for (const auto& c : largest_first(confusions))
        writer.object()
            .member("given", c.given)
            .member("suggested", c.suggested)
            .member("count", c.count)
            .end();
    writer.end();
}

void write_warnings(json::Writer& writer, std::span<const std::string> warnings) {
    writer.key("warnings").array();
    for (const auto& warning : warnings) writer.value(warning);
    writer.end();
}

void write_score(json::Writer& writer, double score, bool float32) {
    if (float32)
        writer.value(static_cast<float>(score));
    else
        writer.value(score);
}

std::string score_text(double score, bool float32) {
    json::Writer writer;
    write_score(writer, score, float32);
    return writer.take();
}

}  // namespace tusker::cli
