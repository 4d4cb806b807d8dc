// What every task says at its end: a headline, tables for a person, and the same as csv, npy and
// json; and where it goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "cli/issues/class_names.hpp"
#include "cli/issues/request.hpp"

namespace tusker::cli {

/// Made only as far as it is asked for. The functions live no longer than the task's own values.
struct Report {
    std::string headline;  // one line with its end
    std::vector<std::string> warnings;
    std::function<std::string()> tables;  // for a person, after the headline
    std::function<std::string()> csv;
    std::function<std::string()> json;
    std::function<std::vector<std::int64_t>()> indices;  // worst first
};

/// Refuses an --output that deliver() could not write, before anything is read.
Result<void> check_output(const std::string& output);
/// Warnings to standard error; then the file, if one is asked for; then json, the headline or all
/// tables to standard output.
Result<void> deliver(const IssuesRequest& request, const Report& report);
/// The same of a task's findings, which have a function for each part of a report.
template <class Findings>
Result<void> deliver(const IssuesRequest& request, const Findings& findings,
                     const std::vector<std::string>& warnings) {
    return deliver(request, Report{.headline = findings.headline(),
                                   .warnings = warnings,
                                   .tables = [&] { return findings.tables(); },
                                   .csv = [&] { return findings.csv(); },
                                   .json = [&] { return findings.json(); },
                                   .indices = [&] { return findings.indices(); }});
}

// --- What tables and JSON of several tasks share
// --------------------------------------------------

inline constexpr std::size_t kWorstShown = 10;
inline constexpr std::size_t kClassesShown = 10;
inline constexpr std::size_t kConfusionsShown = 10;

/// How often each pair (given, suggested) was found.
using Confusions = std::map<std::pair<confident::ClassId, confident::ClassId>, std::size_t>;

struct Confusion {
    confident::ClassId given;
    confident::ClassId suggested;
    std::size_t count;
};
/// Of equals the lower classes first.
std::vector<Confusion> largest_first(const Confusions& confusions);

/// "12.50 %"
std::string percentage(std::size_t part, std::size_t whole);
/// The rows of ranked issues, in their order.
template <class Issue>
std::vector<std::int64_t> indices_of(const std::vector<Issue>& ranked) {
    std::vector<std::int64_t> indices;
    indices.reserve(ranked.size());
    for (const Issue& issue : ranked) indices.push_back(static_cast<std::int64_t>(issue.index));
    return indices;
}

/// A score as it is shown, six digits.
std::string shown_score(double score);

/// "Per given class, most first (…)": issues [K] of labels [K].
std::string per_class_table(std::span<const std::size_t> issues,
                            std::span<const std::size_t> labels, const ClassNames& names);
/// "Largest confusions (…)"; empty if there are none.
std::string confusions_table(const Confusions& confusions, const ClassNames& names);

/// Members "class_names" (if known), "issues_per_class" and "confusions" of an open object.
void write_class_members(json::Writer& writer, const ClassNames& names,
                         std::span<const std::size_t> issues, const Confusions& confusions);
/// Member "warnings".
void write_warnings(json::Writer& writer, std::span<const std::string> warnings);
/// A score as the shortest text that reads back as the same number of its own type.
void write_score(json::Writer& writer, double score, bool float32);
std::string score_text(double score, bool float32);

}  // namespace tusker::cli
