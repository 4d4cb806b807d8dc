#include "findings/label_issues/label_issues.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/nearest.hpp"
#include "findings/label_issues/examples.hpp"

namespace tusker::label_issues {
namespace {

bool has_probabilities(const catalog::RunTable& run) {
    for (const columns::Part& part : run.predictions.parts())
        if (!part.segment->find_all(catalog::column::kClassPdf).empty()) return true;
    return false;
}

Result<confident::LabelIssues> scan(const Examples& examples, const Request& request,
                                    const Pool& pool, jobs::Progress& progress) {
    std::vector<confident::ClassId> labels;
    labels.reserve(examples.rows.size());
    for (const Example& row : examples.rows) labels.push_back(row.given);
    confident::LabelIssueOptions options;
    options.filter_by = request.filter_by;
    options.rank_by = request.rank_by;
    options.order = request.order;
    options.all_scores = true;
    const std::size_t n = examples.rows.size();
    const std::size_t k = examples.classes.size();
    return examples.is_float
               ? confident::find_label_issues(MatrixView<const float>(examples.floats, n, k),
                                              labels, options, pool, progress.stop())
               : confident::find_label_issues(MatrixView<const double>(examples.doubles, n, k),
                                              labels, options, pool, progress.stop());
}

/// One row for each example; ranks only where the filter found an issue.
std::shared_ptr<const columns::Segment> to_segment(const Examples& examples,
                                                   const confident::LabelIssues& issues) {
    namespace column = catalog::column;
    std::vector<std::uint32_t> ranks(examples.rows.size(), UINT32_MAX);
    std::vector<confident::ClassId> suggested;
    for (const Example& row : examples.rows) suggested.push_back(row.suggested);
    for (std::size_t rank = 0; rank < issues.ranked.size(); ++rank) {
        ranks[issues.ranked[rank].index] = static_cast<std::uint32_t>(rank);
        suggested[issues.ranked[rank].index] = issues.ranked[rank].suggested;
    }
    columns::SegmentBuilder builder;
    const auto score = builder.column(column::kIssueScore, columns::Type::F64);
    const auto given = builder.column(column::kIssueGiven, columns::Type::U32);
    const auto best = builder.column(column::kIssueSuggested, columns::Type::U32);
    const auto is = builder.column(column::kIssueIs, columns::Type::Bool);
    const auto rank = builder.column(column::kIssueRank, columns::Type::U32);
    for (std::size_t i = 0; i < examples.rows.size(); ++i) {
        const Example& row = examples.rows[i];
        builder.add_row(row.annotation.item_no, row.annotation.row_no);
        builder.set_f64(score, issues.scores[i]);
        builder.set_u32(given, examples.codes[row.given]);
        builder.set_u32(best, examples.codes[suggested[i]]);
        builder.set_bool(is, ranks[i] != UINT32_MAX);
        if (ranks[i] != UINT32_MAX) builder.set_u32(rank, ranks[i]);
    }
    return builder.finish();
}

std::string parameters(const Request& request, const catalog::RunTable& run) {
    json::Writer writer;
    writer.object().member("run", run.run_id);
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

std::string summary(const Examples& examples, const confident::LabelIssues& issues,
                    TimeMs took_ms) {
    json::Writer writer;
    writer.object().member("found", issues.ranked.size());
    writer.member("scored", examples.rows.size());
    writer.key("skipped").object();
    writer.member("no_label", examples.skipped.no_label);
    writer.member("several_labels", examples.skipped.several_labels);
    writer.member("no_prediction", examples.skipped.no_prediction).end();
    writer.key("classes").array();
    for (const std::string& name : examples.classes) writer.value(name);
    writer.end().key("warnings").array();
    for (const std::string& warning : issues.warnings) writer.value(warning);
    return writer.end().member("took_ms", took_ms).end().take();
}

}  // namespace

Result<std::string> choose_run(const catalog::Version& version) {
    const catalog::RunTable* best = nullptr;
    for (const auto& [id, run] : version.runs)
        if (has_probabilities(*run) &&
            (best == nullptr || run->predictions.living_rows() > best->predictions.living_rows()))
            best = run.get();
    if (best == nullptr)
        return not_found(
            fmt::format("dataset {} has no predictions with class probabilities: upload them "
                        "(class_pdf) or `tusker import probabilities`",
                        version.name));
    return best->run_id;
}

Result<catalog::Finding> find_label_issues(const catalog::Version& version, const Request& request,
                                           const Pool& pool, jobs::Progress& progress) {
    const TimeMs started = now_ms();
    const std::string run_id =
        request.run_id.empty() ? TUSKER_TRY(choose_run(version)) : request.run_id;
    const catalog::RunTable* const run = version.find_run(run_id);
    if (run == nullptr)
        return not_found(fmt::format("run = {}: dataset {} has no such run", run_id, version.name));
    // Gathering and scanning each pass over all items.
    progress.set_total(2 * version.item_count());
    progress.say("gathering probabilities");
    const Examples examples =
        TUSKER_TRY(gather_examples(version, *run, request.taxonomy, progress));
    if (examples.rows.empty())
        return invalid(fmt::format(
            "nothing to compare: of {} items {} have no label, {} several, {} no class "
            "probabilities in run {}",
            version.item_count(), examples.skipped.no_label, examples.skipped.several_labels,
            examples.skipped.no_prediction, run->name));
    progress.say("finding label issues");
    const confident::LabelIssues issues = TUSKER_TRY(scan(examples, request, pool, progress));
    progress.advance(version.item_count());
    catalog::Finding finding;
    finding.id = make_id("iss_");
    finding.kind = "label_issues";
    finding.run_id = run_id;
    finding.parameters = parameters(request, *run);
    finding.version = version.journal_no;
    finding.created_at = now_ms();
    finding.summary = summary(examples, issues, finding.created_at - started);
    finding.rows = to_segment(examples, issues);
    return finding;
}

}  // namespace tusker::label_issues
