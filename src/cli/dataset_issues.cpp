#include "cli/dataset_issues.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "base/json.hpp"
#include "cli/dataset_work.hpp"
#include "cli/progress_line.hpp"
#include "findings/label_issues/issue_list.hpp"
#include "findings/label_issues/label_issues.hpp"

namespace tusker::cli {
namespace {

constexpr std::size_t kRowsShown = 20;

struct ShownIssue {
    std::string reference_id;
    std::string kind;
    std::string given;
    std::string suggested;
    double score = 0;
};

struct Found {
    std::string run;  // JSON: found, scored, skipped …
    std::vector<ShownIssue> worst;
};

Result<Found> find_locally(const DatasetIssuesOptions& options) {
    LocalCatalog catalog = TUSKER_TRY(LocalCatalog::open(options.remote.data));
    const auto dataset = TUSKER_TRY(catalog.get(options.dataset));
    const auto version = TUSKER_TRY(catalog->version(dataset.id));
    label_issues::Request request;
    request.task = label_issues::find_task(options.task);
    request.run_id = options.run;
    if (!options.taxonomy.empty()) request.taxonomy = options.taxonomy;
    // The names were checked with the command line.
    request.filter_by = confident::find_filter(options.filter_by).value_or(request.filter_by);
    request.rank_by = confident::find_ranking(options.rank_by).value_or(request.rank_by);
    if (options.compat == "cleanlab") request.order = confident::Order::Cleanlab;
    TerminalProgress progress;
    catalog::Finding finding =
        TUSKER_TRY(label_issues::find_label_issues(*version, request, catalog.pool(), progress));
    Found found{.run = finding.summary, .worst = {}};
    for (const label_issues::IssueRow& issue : label_issues::found_issues(finding)) {
        if (found.worst.size() == kRowsShown) break;
        const auto item = catalog::find_item(*version, issue.annotation.item_no);
        const auto text = [&](std::optional<catalog::LabelCode> label) {
            return label ? version->labels->text(*label) : std::string();
        };
        found.worst.push_back(
            {std::string(item ? item->reference_id : ""),
             std::string(issue.kind ? label_issues::name_of(*issue.kind) : std::string_view()),
             text(issue.given), text(issue.suggested), issue.score});
    }
    TUSKER_TRY(catalog->put_finding(dataset.id, std::move(finding)));
    return found;
}

std::string text_of(json::Value value, std::string_view key) {
    const auto member = value.find(key);
    return std::string(member ? member->as_string().value_or("") : "");
}

Result<Found> find_remotely(const Remote& remote, const DatasetIssuesOptions& options) {
    json::Writer body;
    body.object();
    for (const auto& [key, value] :
         {std::pair("task", &options.task), std::pair("run", &options.run),
          std::pair("taxonomy", &options.taxonomy), std::pair("filter_by", &options.filter_by),
          std::pair("rank_by", &options.rank_by), std::pair("compat", &options.compat)})
        if (!value->empty()) body.member(key, *value);
    const std::string job = TUSKER_TRY(
        ask(remote, "POST", dataset_path(options.dataset, "/issue-runs"), body.end().text()));
    Found found{.run = TUSKER_TRY(follow_job(remote, job)), .worst = {}};
    const json::Document run = TUSKER_TRY(json::Document::parse(found.run));
    json::Writer question;
    question.object().member("issues", text_of(run.root(), "id"));
    question.member("limit", kRowsShown).end();
    const json::Document answer = TUSKER_TRY(json::Document::parse(TUSKER_TRY(
        ask(remote, "POST", dataset_path(options.dataset, "/issues"), question.text()))));
    if (const auto tiles = answer.root().find("tiles"))
        (void)tiles->for_each([&](json::Value tile) {
            const auto issue = tile.find_value("issue");
            if (!issue) return;
            const auto score = issue->find("score");
            found.worst.push_back({text_of(tile, "ref"), text_of(*issue, "kind"),
                                   text_of(*issue, "given"), text_of(*issue, "suggested"),
                                   score ? score->as_double().value_or(0) : 0});
        });
    return found;
}

std::uint64_t number_of(json::Value value, std::string_view key) {
    const auto member = value.find(key);
    return static_cast<std::uint64_t>(member ? member->as_int().value_or(0) : 0);
}

void print_skipped(json::Value skipped) {
    std::string line;
    for (const auto& [key, what] :
         {std::pair("no_label", "without label"), std::pair("several_labels", "with several"),
          std::pair("no_prediction", "without probabilities"),
          std::pair("not_labelled", "without any box"), std::pair("polygons", "polygons")})
        if (skipped.find(key))
            line += fmt::format("{}{} {}", line.empty() ? "skipped: " : ", ",
                                with_commas(number_of(skipped, key)), what);
    std::printf("%s\n", line.c_str());
}

void print(const Found& found, const json::Document& run) {
    const json::Value root = run.root();
    const bool of_boxes = root.find_value("kinds").has_value();
    std::printf("%s label issues among %s %s\n", with_commas(number_of(root, "found")).c_str(),
                with_commas(number_of(root, "scored")).c_str(),
                of_boxes ? "boxes" : "items with label and probabilities");
    if (const auto skipped = root.find("skipped")) print_skipped(*skipped);
    if (found.worst.empty()) return;
    std::printf("\nWorst %zu\n%12s  %-13s %-20s %-20s %s\n", found.worst.size(), "score", "kind",
                "given", "suggested", "item");
    for (const ShownIssue& issue : found.worst)
        std::printf("%12.6g  %-13s %-20s %-20s %s\n", issue.score, issue.kind.c_str(),
                    issue.given.c_str(), issue.suggested.c_str(), issue.reference_id.c_str());
}

}  // namespace

Result<void> find_dataset_issues(const DatasetIssuesOptions& options) {
    const auto remote = TUSKER_TRY(find_server(options.remote));
    const Found found =
        TUSKER_TRY(remote ? find_remotely(*remote, options) : find_locally(options));
    if (options.json) {
        std::printf("%s\n", found.run.c_str());
        return {};
    }
    const json::Document run = TUSKER_TRY(json::Document::parse(found.run));
    print(found, run);
    if (const auto warnings = run.root().find("warnings"))
        (void)warnings->for_each([](json::Value warning) {
            std::fprintf(stderr, "tusker: warning: %s\n",
                         std::string(warning.as_string().value_or("")).c_str());
        });
    return {};
}

}  // namespace tusker::cli
