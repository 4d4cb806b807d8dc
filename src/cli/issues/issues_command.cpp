// tusker issues: label issues of files, by task, or of a dataset.
#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/dataset_issues.hpp"
#include "cli/issues/crowd_judgement.hpp"
#include "cli/issues/report.hpp"
#include "cli/issues/request.hpp"
#include "findings/label_issues/label_issues.hpp"

namespace tusker::cli {

std::size_t IssuesRequest::threads_wanted() const {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    return std::min(threads, cores);
}

namespace {

/// What a task takes of the command line.
struct Task {
    std::string_view name;
    Result<void> (*find)(const IssuesRequest& request);
    std::size_t probs_min;
    std::size_t probs_max;
    bool has_filters;  // --filter-by and what goes with it
    bool has_ranking;
    bool takes_classes;
    bool has_consensus;       // --consensus-method
    bool ranks_by_consensus;  // --rank-by consensus
};

constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();
constexpr std::array kTasks = {
    Task{"classification", find_classification_issues, 1, kAnyNumber, true, true, true, false,
         true},
    Task{"multilabel", find_multilabel_issues, 1, kAnyNumber, true, true, true, false, false},
    Task{"detection", find_detection_issues, 1, 1, false, false, false, false, false},
    Task{"multiannotator", find_multiannotator_issues, 0, kAnyNumber, false, true, true, true,
         false},
};

constexpr std::string_view kExamples = R"(
LABELS and PROBS are .npy, .npz, .csv or .json; FILE:NAME is the array NAME of an .npz or .json, or
the column NAME of a .csv. Labels are numbers of classes, or names where names are known: from
--classes or the header of a .csv of probabilities. Several PROBS are parts of one matrix, row under
row; each may be of float16, float32 or float64.

classification: one class a row; probabilities, rows x classes.
  tusker issues labels.npy probs.npy
  tusker issues labels.npy probs-0.npy probs-1.npy --output issues.csv
  tusker issues data.npz:labels data.npz:probs --classes names.txt
  tusker issues labels.csv probs.csv --filter-by low_self_confidence --json
  tusker issues labels.npy probs.npy --compat cleanlab --output indices.npy
  tusker issues labels.npy probs.npy --rank-by consensus
  tusker issues labels.npy probs.npy --rank-by consensus --model-probs second.npy \
      --features embeddings.npy

multilabel: any number of classes a row; probabilities need not sum to 1. Labels are lists, as in
"0 3 5" on a line of a .csv or [[0, 3, 5], …] in .json, or a matrix of 0 and 1.
  tusker issues --task multilabel labels.csv probs.npy --classes names.txt
  tusker issues --task multilabel labels.npy probs.npy --filter-by low_self_confidence

detection: COCO annotations and a detector's COCO results for the same images.
  tusker issues --task detection instances.json results.json --output boxes.csv

multiannotator: who said what about which item, as lines item,annotator,label, or as a matrix of
items and annotators with NaN or -1 for no label. With probabilities (item = number of a row) the
consensus is CROWDLAB's, without them the majority's. Dawid-Skene needs none: it learns from the
votes which classes each annotator confuses.
  tusker issues --task multiannotator votes.csv
  tusker issues --task multiannotator votes.csv probs.npy --classes names.txt --json
  tusker issues --task multiannotator votes.csv --consensus-method dawid_skene

A dataset in Tusker, with the predictions of a model run; the task is classification or detection,
by what its labels are:
  tusker issues --dataset pallets
  tusker issues --dataset street --task detection --run run_7
)";

std::vector<std::string> listed(std::span<const std::string> names) {
    return {names.begin(), names.end()};
}

std::vector<std::string> ranking_choices() {
    auto names = listed(confident::ranking_names());
    names.emplace_back(kConsensus);
    return names;
}

std::vector<std::string> task_names() {
    std::vector<std::string> names;
    names.reserve(kTasks.size());
    for (const Task& task : kTasks) names.emplace_back(task.name);
    return names;
}

Result<void> run(const IssuesRequest& request, const Task& task) {
    TUSKER_TRY(check_output(request.output));
    return task.find(request);
}

constexpr std::array kFilterOptions = {"--filter-by", "--min-examples-per-class", "--frac-noise"};

/// --rank-by consensus and its options, where `offered` says whether `where` has them.
void check_consensus_ranking(const CLI::App& command, const IssuesRequest& request, bool offered,
                             std::string_view where) {
    const bool asked = request.rank_by == kConsensus;
    if (asked && !offered)
        throw CLI::ValidationError("--rank-by", fmt::format("{} has no consensus", where));
    if (asked && !request.compat.empty())
        throw CLI::ValidationError("--rank-by", "consensus is not cleanlab's: not with --compat");
    for (const char* option : {"--model-probs", "--features"})
        if (command.count(option) > 0 && !asked)
            throw CLI::ValidationError(option, "needs --rank-by consensus");
}

/// What CLI11 cannot say: which arguments a task needs and which options it has.
void check_arguments(const CLI::App& command, const IssuesRequest& request, const Task& task) {
    const auto refuse_option = [&](const char* option) {
        if (command.count(option) > 0)
            throw CLI::ValidationError(option,
                                       fmt::format("--task {} has no use for it", task.name));
    };
    if (!task.has_filters)
        for (const char* option : kFilterOptions) refuse_option(option);
    if (!task.has_ranking) refuse_option("--rank-by");
    if (!task.takes_classes) refuse_option("--classes");
    if (!task.has_consensus) refuse_option("--consensus-method");
    check_consensus_ranking(command, request, task.ranks_by_consensus, task.name);
    if (request.labels.empty()) throw CLI::RequiredError("LABELS");
    if (request.probs.size() < task.probs_min) throw CLI::RequiredError("PROBS");
    if (!request.probs.empty() && is_by_votes_alone(request.consensus_method))
        throw CLI::ValidationError("PROBS",
                                   fmt::format("--consensus-method {} learns from the votes alone",
                                               request.consensus_method));
    if (request.probs.size() > task.probs_max)
        throw CLI::ValidationError("PROBS", fmt::format("--task {} takes one file", task.name));
}

void add_dataset_options(CLI::App& command, IssuesRequest& request, CLI::Option* labels,
                         CLI::Option* probs) {
    auto* dataset = command.add_option("--dataset", request.dataset.dataset,
                                       "a dataset's labels and predictions instead of files");
    dataset->excludes(labels)->excludes(probs);
    command.add_option("--run", request.dataset.run, "with --dataset: id of the model run")
        ->needs(dataset);
    command
        .add_option("--taxonomy", request.dataset.taxonomy,
                    "with --dataset: the taxonomy whose categories are the labels")
        ->needs(dataset);
    add_remote_options(command, request.dataset.remote);
}

void add_method_options(CLI::App& command, IssuesRequest& request) {
    command.add_option("--filter-by", request.filter_by, "which rows are label issues")
        ->check(CLI::IsMember(listed(confident::filter_names())))
        ->capture_default_str();
    command
        .add_option("--rank-by", request.rank_by,
                    "score by which they are ordered, worst first; consensus (classification only) "
                    "is the probability that the given label is right, by all models, neighbours "
                    "and how often classes are confused")
        ->check(CLI::IsMember(ranking_choices()))
        ->capture_default_str();
    command.add_option("--model-probs", request.model_probs,
                       "with --rank-by consensus: probabilities of a further model, a row for each "
                       "label; may be given several times");
    command.add_option("--features", request.features,
                       "with --rank-by consensus: embeddings, a row for each label, whose nearest "
                       "rows vote");
    command
        .add_option("--consensus-method", request.consensus_method,
                    "with --task multiannotator: what the true label of an item is")
        ->check(CLI::IsMember(consensus_method_names()))
        ->capture_default_str();
    command
        .add_option("--compat", request.compat,
                    "order and last bits as cleanlab 2.9.0 has them, instead of by score and row")
        ->check(CLI::IsMember({"cleanlab"}));
    command
        .add_option("--min-examples-per-class", request.min_examples_per_class,
                    "the prune filters leave so many rows in each class")
        ->capture_default_str();
    command
        .add_option("--frac-noise", request.frac_noise,
                    "the prune filters flag this share of the estimated noise, 0 to 1")
        ->capture_default_str();
}

}  // namespace

void add_issues_command(CLI::App& app, Action& action) {
    const auto request = std::make_shared<IssuesRequest>();
    auto& command = *app.add_subcommand("issues", "Find wrong labels: in files, or in a dataset");
    auto* labels = command.add_option("LABELS", request->labels, "given labels");
    auto* probs = command.add_option("PROBS", request->probs, "out-of-sample probabilities");
    command.add_option("--task", request->task, "what a label is")
        ->check(CLI::IsMember(task_names()))
        ->capture_default_str();
    command
        .add_option("--classes", request->classes,
                    "names of the classes: a file with one on each line, or a .json list")
        ->check(CLI::ExistingFile);
    add_dataset_options(command, *request, labels, probs);
    add_method_options(command, *request);
    command.add_option("--output", request->output,
                       "write all label issues: .csv, .npy (indices, worst first) or .json");
    command.add_option("--threads", request->threads, "0: one for each core")
        ->capture_default_str();
    command.add_flag("--strict", request->strict,
                     "refuse rows whose probabilities do not sum to 1 and boxes without area, "
                     "instead of warning");
    command.add_flag("--json", request->json, "print everything as JSON");
    command.footer(std::string(kExamples));
    command.callback([request, &command, &action] {
        if (request->dataset.dataset.empty()) {
            const Task& task = *std::ranges::find(kTasks, request->task, &Task::name);
            check_arguments(command, *request, task);
            action = [request, &task] { return run(*request, task); };
            return;
        }
        if (command.count("--task") > 0) {
            if (!label_issues::find_task(request->task))
                throw CLI::ValidationError("--task",
                                           "with --dataset it must be classification or detection");
            request->dataset.task = request->task;
        }
        if (command.count("--consensus-method") > 0)
            throw CLI::ValidationError("--consensus-method", "--dataset has no use for it");
        check_consensus_ranking(command, *request, false, "--dataset");
        request->dataset.filter_by = request->filter_by;
        request->dataset.rank_by = request->rank_by;
        request->dataset.compat = request->compat;
        request->dataset.json = request->json;
        action = [request] { return find_dataset_issues(request->dataset); };
    });
}

}  // namespace tusker::cli
