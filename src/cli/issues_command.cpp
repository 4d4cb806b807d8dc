// tusker issues LABELS.npy PROBS.npy: label issues of two arrays, printed or written to a file.
#include <unistd.h>

#include <algorithm>
#include <concepts>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/pool.hpp"
#include "cli/commands.hpp"
#include "cli/dataset_issues.hpp"
#include "formats/npy/npy.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::cli {
namespace {

using confident::ClassId;
using confident::LabelIssue;
using confident::LabelIssues;

constexpr std::size_t kRowsShown = 20;
constexpr std::size_t kClassesShown = 10;
constexpr std::size_t kConfusionsShown = 10;
/// Inputs above this take long enough for a progress line.
constexpr std::size_t kLongInputBytes = std::size_t{256} << 20;

struct Request {
    DatasetIssuesOptions dataset;  // with --dataset instead of two arrays
    std::string labels;
    std::string probs;
    std::string filter_by{confident::name_of(confident::FilterBy::PruneByNoiseRate)};
    std::string rank_by{confident::name_of(confident::RankBy::SelfConfidence)};
    std::string compat;
    std::string output;
    std::size_t min_examples_per_class = 1;
    double frac_noise = 1.0;
    std::size_t threads = 0;
    bool strict = false;
    bool json = false;
};

// --- Input --------------------------------------------------------------------------------------

template <std::integral Int>
Result<std::vector<ClassId>> to_class_ids(std::span<const Int> values) {
    std::vector<ClassId> labels;
    labels.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::cmp_less(values[i], 0))
            return invalid(fmt::format("labels[{}] = {}: must be >= 0", i, values[i]));
        if (std::cmp_greater(values[i], std::numeric_limits<ClassId>::max() - 1))
            return invalid(fmt::format("labels[{}] = {}: is no class number", i, values[i]));
        labels.push_back(static_cast<ClassId>(values[i]));
    }
    return labels;
}

Result<std::vector<ClassId>> read_labels(const std::string& path) {
    const auto array = TUSKER_TRY(npy::Array::open(path));
    if (array.shape().size() != 1)
        return invalid(
            fmt::format("labels: {} has {} dimensions: must have 1", path, array.shape().size()));
    switch (array.type()) {
        case npy::Type::Int8:
            return to_class_ids(array.values<std::int8_t>());
        case npy::Type::Int16:
            return to_class_ids(array.values<std::int16_t>());
        case npy::Type::Int32:
            return to_class_ids(array.values<std::int32_t>());
        case npy::Type::Int64:
            return to_class_ids(array.values<std::int64_t>());
        case npy::Type::UInt8:
            return to_class_ids(array.values<std::uint8_t>());
        case npy::Type::UInt16:
            return to_class_ids(array.values<std::uint16_t>());
        case npy::Type::UInt32:
            return to_class_ids(array.values<std::uint32_t>());
        case npy::Type::UInt64:
            return to_class_ids(array.values<std::uint64_t>());
        case npy::Type::Float32:
        case npy::Type::Float64:
        case npy::Type::Float16:
        case npy::Type::Bool:
            break;
    }
    return invalid(fmt::format("labels: {} holds {}: must be integers, the numbers of classes",
                               path, npy::name_of(array.type())));
}

Result<npy::Array> open_probs(const std::string& path) {
    auto array = TUSKER_TRY(npy::Array::open(path));
    if (array.shape().size() != 2)
        return invalid(
            fmt::format("probabilities: {} has {} dimensions: must have 2, rows and classes", path,
                        array.shape().size()));
    if (array.type() != npy::Type::Float32 && array.type() != npy::Type::Float64)
        return invalid(fmt::format("probabilities: {} holds {}: must be float32 or float64", path,
                                   npy::name_of(array.type())));
    return array;
}

// --- Work ---------------------------------------------------------------------------------------

/// A percentage on the terminal's error stream; silent for short input and when piped.
confident::Progress progress_for(std::size_t bytes) {
    if (bytes < kLongInputBytes || ::isatty(STDERR_FILENO) == 0) return {};
    return [shown = std::size_t{101}](std::size_t done, std::size_t total) mutable {
        const std::size_t percent = done * 100 / total;
        if (percent == shown) return;
        shown = percent;
        std::fprintf(stderr, "\rreading probabilities %3zu%%%s", percent,
                     done == total ? "\n" : "");
    };
}

Result<LabelIssues> find(const Request& request, const npy::Array& probs,
                         std::span<const ClassId> labels) {
    confident::LabelIssueOptions options;
    options.filter_by = *confident::find_filter(request.filter_by);
    options.rank_by = *confident::find_ranking(request.rank_by);
    options.order = request.compat.empty() ? confident::Order::Sound : confident::Order::Cleanlab;
    options.min_examples_per_class = request.min_examples_per_class;
    options.frac_noise = request.frac_noise;
    options.strict = request.strict;
    // More threads than cores would only wait for each other.
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const Pool pool(std::min(request.threads, cores));
    const std::size_t rows = probs.shape()[0];
    const std::size_t classes = probs.shape()[1];
    if (probs.type() == npy::Type::Float32)
        return confident::find_label_issues(MatrixView(probs.values<float>(), rows, classes),
                                            labels, options, pool, {},
                                            progress_for(probs.values<float>().size_bytes()));
    return confident::find_label_issues(MatrixView(probs.values<double>(), rows, classes), labels,
                                        options, pool, {},
                                        progress_for(probs.values<double>().size_bytes()));
}

// --- Summary ------------------------------------------------------------------------------------

struct Confusion {
    ClassId given;
    ClassId suggested;
    std::size_t count;
};

std::vector<Confusion> largest_first(const std::vector<LabelIssue>& issues) {
    std::map<std::pair<ClassId, ClassId>, std::size_t> counts;
    for (const auto& issue : issues)
        if (issue.given != issue.suggested) ++counts[{issue.given, issue.suggested}];
    std::vector<Confusion> confusions;
    confusions.reserve(counts.size());
    for (const auto& [pair, count] : counts) confusions.push_back({pair.first, pair.second, count});
    std::ranges::stable_sort(confusions, std::ranges::greater{}, &Confusion::count);
    return confusions;
}

std::vector<std::size_t> issues_per_class(const LabelIssues& found) {
    std::vector<std::size_t> counts(found.labels_per_class.size());
    for (const auto& issue : found.ranked) ++counts[issue.given];
    return counts;
}

std::string percentage(std::size_t part, std::size_t whole) {
    return fmt::format("{:.2f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string headline(const LabelIssues& found) {
    return fmt::format("{} label issues among {} rows ({}), {} classes\n", found.ranked.size(),
                       found.rows, percentage(found.ranked.size(), found.rows),
                       found.labels_per_class.size());
}

std::string summary(const LabelIssues& found) {
    std::string text = headline(found);
    if (found.ranked.empty()) return text;
    const auto per_class = issues_per_class(found);
    std::vector<ClassId> classes;
    for (ClassId k = 0; k < per_class.size(); ++k)
        if (per_class[k] > 0) classes.push_back(k);
    std::ranges::stable_sort(classes, std::ranges::greater{},
                             [&](ClassId k) { return per_class[k]; });
    text += fmt::format(
        "\nPer given class, most first ({} of {} have any)\n{:>10} {:>10} {:>10} {:>10}\n",
        classes.size(), per_class.size(), "class", "issues", "labels", "share");
    for (const ClassId k : std::span(classes).first(std::min(kClassesShown, classes.size())))
        text +=
            fmt::format("{:>10} {:>10} {:>10} {:>10}\n", k, per_class[k], found.labels_per_class[k],
                        percentage(per_class[k], found.labels_per_class[k]));
    const auto confusions = largest_first(found.ranked);
    text += fmt::format("\nLargest confusions ({} pairs)\n{:>10} -> {:<10} {:>10}\n",
                        confusions.size(), "given", "suggested", "issues");
    for (const auto& c : std::span(confusions).first(std::min(kConfusionsShown, confusions.size())))
        text += fmt::format("{:>10} -> {:<10} {:>10}\n", c.given, c.suggested, c.count);
    const auto worst = std::span(found.ranked).first(std::min(kRowsShown, found.ranked.size()));
    text += fmt::format("\nWorst {}\n{:>10} {:>10} {:>10} {:>12}\n", worst.size(), "index", "given",
                        "suggested", "score");
    for (const auto& issue : worst)
        text += fmt::format("{:>10} {:>10} {:>10} {:>12.6g}\n", issue.index, issue.given,
                            issue.suggested, issue.score);
    return text;
}

// --- Output -------------------------------------------------------------------------------------

/// The shortest text that reads back as the same number of the probabilities' own type.
void write_score(json::Writer& writer, double score, bool float32) {
    if (float32)
        writer.value(static_cast<float>(score));
    else
        writer.value(score);
}

std::string to_csv(const LabelIssues& found, bool float32) {
    std::string text = "index,given,suggested,score\n";
    for (const auto& issue : found.ranked) {
        json::Writer score;
        write_score(score, issue.score, float32);
        text +=
            fmt::format("{},{},{},{}\n", issue.index, issue.given, issue.suggested, score.text());
    }
    return text;
}

std::string to_npy(const LabelIssues& found) {
    std::vector<std::int64_t> indices;
    indices.reserve(found.ranked.size());
    for (const auto& issue : found.ranked)
        indices.push_back(static_cast<std::int64_t>(issue.index));
    return npy::to_npy(indices);
}

std::string to_json(const LabelIssues& found, const Request& request, bool float32) {
    json::Writer w;
    w.object();
    w.member("rows", found.rows).member("classes", found.labels_per_class.size());
    w.member("filter_by", request.filter_by).member("rank_by", request.rank_by);
    w.member("order", request.compat.empty() ? "sound" : request.compat.c_str());
    w.member("count", found.ranked.size());
    w.key("issues_per_class").array();
    for (const std::size_t count : issues_per_class(found)) w.value(count);
    w.end().key("confusions").array();
    for (const auto& c : largest_first(found.ranked))
        w.object()
            .member("given", c.given)
            .member("suggested", c.suggested)
            .member("count", c.count)
            .end();
    w.end().key("warnings").array();
    for (const auto& warning : found.warnings) w.value(warning);
    w.end().key("issues").array();
    for (const auto& issue : found.ranked) {
        w.object().member("index", issue.index).member("given", issue.given);
        w.member("suggested", issue.suggested).key("score");
        write_score(w, issue.score, float32);
        w.end();
    }
    w.end().end();
    return w.take() + "\n";
}

Result<void> check_output(const std::string& output) {
    const auto kind = std::filesystem::path(output).extension();
    if (output.empty() || kind == ".csv" || kind == ".npy" || kind == ".json") return {};
    return invalid(fmt::format("--output {}: must end in .csv, .npy or .json", output));
}

Result<void> write_output(const LabelIssues& found, const Request& request, bool float32) {
    const auto kind = std::filesystem::path(request.output).extension();
    if (kind == ".csv") return replace_file(request.output, to_csv(found, float32));
    if (kind == ".npy") return replace_file(request.output, to_npy(found));
    return replace_file(request.output, to_json(found, request, float32));
}

Result<void> run(const Request& request) {
    TUSKER_TRY(check_output(request.output));
    const auto labels = TUSKER_TRY(read_labels(request.labels));
    const auto probs = TUSKER_TRY(open_probs(request.probs));
    const auto found = TUSKER_TRY(find(request, probs, labels));
    const bool float32 = probs.type() == npy::Type::Float32;
    for (const auto& warning : found.warnings)
        std::fprintf(stderr, "tusker: warning: %s\n", warning.c_str());
    if (!request.output.empty()) TUSKER_TRY(write_output(found, request, float32));
    const std::string text = request.json             ? to_json(found, request, float32)
                             : request.output.empty() ? summary(found)
                                                      : headline(found);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return {};
}

std::vector<std::string> listed(std::span<const std::string> names) {
    return {names.begin(), names.end()};
}

}  // namespace

void add_issues_command(CLI::App& app, Action& action) {
    const auto request = std::make_shared<Request>();
    auto& command =
        *app.add_subcommand("issues", "Find wrong labels: in two .npy arrays, or in a dataset");
    auto* labels =
        command
            .add_option("LABELS", request->labels, "given labels: .npy, integers, one for each row")
            ->check(CLI::ExistingFile);
    auto* probs =
        command
            .add_option("PROBS", request->probs,
                        "out-of-sample probabilities: .npy, float32 or float64, rows x classes")
            ->check(CLI::ExistingFile);
    auto* dataset = command.add_option("--dataset", request->dataset.dataset,
                                       "a dataset's labels and predictions instead of arrays");
    dataset->excludes(labels)->excludes(probs);
    command.add_option("--run", request->dataset.run, "with --dataset: id of the model run")
        ->needs(dataset);
    command
        .add_option("--taxonomy", request->dataset.taxonomy,
                    "with --dataset: the taxonomy whose categories are the labels")
        ->needs(dataset);
    add_remote_options(command, request->dataset.remote);
    command.add_option("--filter-by", request->filter_by, "which rows are label issues")
        ->check(CLI::IsMember(listed(confident::filter_names())))
        ->capture_default_str();
    command
        .add_option("--rank-by", request->rank_by, "score by which they are ordered, worst first")
        ->check(CLI::IsMember(listed(confident::ranking_names())))
        ->capture_default_str();
    command
        .add_option("--compat", request->compat,
                    "order and last bits as cleanlab 2.9.0 has them, instead of by score and row")
        ->check(CLI::IsMember({"cleanlab"}));
    command.add_option("--output", request->output,
                       "write all label issues: .csv, .npy (indices, worst first) or .json");
    command
        .add_option("--min-examples-per-class", request->min_examples_per_class,
                    "the prune filters leave so many rows in each class")
        ->capture_default_str();
    command
        .add_option("--frac-noise", request->frac_noise,
                    "the prune filters flag this share of the estimated noise, 0 to 1")
        ->capture_default_str();
    command.add_option("--threads", request->threads, "0: one for each core")
        ->capture_default_str();
    command.add_flag("--strict", request->strict,
                     "refuse rows whose probabilities do not sum to 1, instead of warning");
    command.add_flag("--json", request->json, "print everything as JSON");
    command.footer(
        "\nExamples:\n"
        "  tusker issues labels.npy probs.npy\n"
        "  tusker issues labels.npy probs.npy --output issues.csv\n"
        "  tusker issues labels.npy probs.npy --filter-by low_self_confidence --json\n"
        "  tusker issues labels.npy probs.npy --compat cleanlab --output indices.npy\n"
        "  tusker issues --dataset pallets\n");
    command.callback([request, labels, probs, &action] {
        if (request->dataset.dataset.empty()) {
            if (labels->count() == 0) throw CLI::RequiredError("LABELS");
            if (probs->count() == 0) throw CLI::RequiredError("PROBS");
            action = [request] { return run(*request); };
            return;
        }
        request->dataset.filter_by = request->filter_by;
        request->dataset.rank_by = request->rank_by;
        request->dataset.compat = request->compat;
        request->dataset.json = request->json;
        action = [request] { return find_dataset_issues(request->dataset); };
    });
}

}  // namespace tusker::cli
