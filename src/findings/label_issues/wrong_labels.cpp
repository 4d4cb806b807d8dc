#include "findings/label_issues/wrong_labels.hpp"

#include <fmt/format.h>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "findings/label_issues/issue_rows.hpp"

namespace tusker::label_issues {
namespace {

/// One row for each example; kinds and ranks only where the filter found an issue.
std::shared_ptr<const columns::Segment> to_segment(const Examples& examples, const Judged& judged) {
    std::vector<IssueRow> rows;
    rows.reserve(examples.rows.size());
    for (std::size_t i = 0; i < examples.rows.size(); ++i) {
        const Example& example = examples.rows[i];
        rows.push_back({.annotation = example.annotation,
                        .given = examples.codes[example.given],
                        .suggested = examples.codes[example.suggested],
                        .score = judged.scores[i]});
    }
    for (std::size_t rank = 0; rank < judged.ranked.size(); ++rank) {
        IssueRow& row = rows[judged.ranked[rank].index];
        row.kind = Kind::Label;
        row.rank = static_cast<std::uint32_t>(rank);
        row.suggested = examples.codes[judged.ranked[rank].suggested];
    }
    IssueRowsBuilder builder;
    for (const IssueRow& row : rows) builder.add(row);
    return builder.finish();
}

std::string parameters(const Request& request, const catalog::RunTable& run) {
    json::Writer writer;
    writer.object().member("task", "classification").member("run", run.run_id);
    writer.member("filter_by", confident::name_of(request.filter_by));
    writer.member("rank_by", confident::name_of(request.rank_by)).key("compat");
    if (request.order == confident::Order::Cleanlab)
        writer.value("cleanlab");
    else
        writer.null();
    writer.key("taxonomy");
    if (request.taxonomy)
        writer.value(*request.taxonomy);
    else
        writer.null();
    return writer.end().take();
}

std::string summary(const Examples& examples, const Judged& judged) {
    json::Writer writer;
    writer.object().member("found", judged.ranked.size());
    writer.member("scored", examples.rows.size());
    writer.key("skipped").object();
    writer.member("no_label", examples.skipped.no_label);
    writer.member("several_labels", examples.skipped.several_labels);
    writer.member("no_prediction", examples.skipped.no_prediction).end();
    writer.key("classes").array();
    for (const std::string& name : examples.classes) writer.value(name);
    writer.end().key("warnings").array();
    for (const std::string& warning : judged.warnings) writer.value(warning);
    return writer.end().member("took_ms", judged.took_ms).end().take();
}

}  // namespace

confident::LabelIssueOptions options_of(const Request& request) {
    confident::LabelIssueOptions options;
    options.filter_by = request.filter_by;
    options.rank_by = request.rank_by;
    options.order = request.order;
    return options;
}

Result<void> check_comparable(const Examples& examples, const catalog::Version& version,
                              const catalog::RunTable& run) {
    if (!examples.rows.empty()) return {};
    return invalid(
        fmt::format("nothing to compare: of {} items {} have no label, {} several, {} no class "
                    "probabilities in run {}",
                    version.item_count(), examples.skipped.no_label,
                    examples.skipped.several_labels, examples.skipped.no_prediction, run.name));
}

Result<confident::LabelIssues> scan(const Examples& examples, const Request& request,
                                    const Pool& pool, const std::stop_token& stop) {
    std::vector<confident::ClassId> labels;
    labels.reserve(examples.rows.size());
    for (const Example& row : examples.rows) labels.push_back(row.given);
    confident::LabelIssueOptions options = options_of(request);
    options.all_scores = true;
    const std::size_t n = examples.rows.size();
    const std::size_t k = examples.classes.size();
    return examples.is_float
               ? confident::find_label_issues(MatrixView<const float>(examples.floats, n, k),
                                              labels, options, pool, stop)
               : confident::find_label_issues(MatrixView<const double>(examples.doubles, n, k),
                                              labels, options, pool, stop);
}

catalog::Finding finding_of(const Examples& examples, const Request& request,
                            const catalog::RunTable& run, const Judged& judged) {
    catalog::Finding finding;
    finding.id = make_id("iss_");
    finding.kind = "label_issues";
    finding.run_id = run.run_id;
    finding.parameters = parameters(request, run);
    finding.version = judged.version;
    finding.created_at = now_ms();
    finding.summary = summary(examples, judged);
    finding.rows = to_segment(examples, judged);
    finding.worst = finding.rows;
    return finding;
}

}  // namespace tusker::label_issues
