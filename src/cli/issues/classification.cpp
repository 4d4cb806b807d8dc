// One class for each row, and probabilities of each class.
#include <algorithm>

#include <fmt/format.h>

#include "base/pool.hpp"
#include "cli/issues/consensus_ranking.hpp"
#include "cli/issues/inputs.hpp"
#include "cli/issues/report.hpp"
#include "cli/issues/request.hpp"
#include "cli/issues/text_table.hpp"
#include "formats/csv/csv.hpp"

namespace tusker::cli {
namespace {

using confident::LabelIssue;
using confident::LabelIssues;

Result<LabelIssues> find(const IssuesRequest& request, const Probabilities& probs,
                         std::span<const confident::ClassId> labels) {
    confident::LabelIssueOptions options;
    // The names were checked with the command line.
    options.filter_by = confident::find_filter(request.filter_by).value_or(options.filter_by);
    options.rank_by = confident::find_ranking(request.rank_by).value_or(options.rank_by);
    options.order = request.order();
    options.min_examples_per_class = request.min_examples_per_class;
    options.frac_noise = request.frac_noise;
    options.strict = request.strict;
    const Pool pool(request.threads_wanted());
    ProgressLine line;
    auto found = TUSKER_TRY(
        confident::find_label_issues(TUSKER_TRY(probs.in_parts()), labels, options, pool, {},
                                     shown_on(line, "reading probabilities", "rows")));
    if (request.rank_by == kConsensus)
        TUSKER_TRY(rank_by_consensus(request, probs, labels, pool, found));
    return found;
}

/// Everything that is printed or written, of one run.
class Findings {
public:
    Findings(const IssuesRequest& request, const LabelIssues& found, const ClassNames& names,
             bool float32)
        : request_(request),
          found_(found),
          names_(names),
          float32_(float32),
          per_class_(found.labels_per_class.size()) {
        for (const LabelIssue& issue : found.ranked) {
            ++per_class_[issue.given];
            if (issue.given != issue.suggested) ++confusions_[{issue.given, issue.suggested}];
        }
    }

    std::string headline() const {
        return fmt::format("{} label issues among {} rows ({}), {} classes\n", found_.ranked.size(),
                           found_.rows, percentage(found_.ranked.size(), found_.rows),
                           found_.labels_per_class.size());
    }

    std::string tables() const {
        if (found_.ranked.empty()) return {};
        TextTable table;
        table.column("index").column("given").column("suggested").column("score");
        const auto worst =
            std::span(found_.ranked).first(std::min(kWorstShown, found_.ranked.size()));
        for (const LabelIssue& issue : worst)
            table.row({std::to_string(issue.index), names_.text_of(issue.given),
                       names_.text_of(issue.suggested), shown_score(issue.score)});
        return per_class_table(per_class_, found_.labels_per_class, names_) +
               confusions_table(confusions_, names_) +
               fmt::format("\nWorst {}\n{}", worst.size(), table.text());
    }

    std::string csv() const {
        std::string text = "index,given,suggested,score";
        if (names_.are_known()) text += ",given_name,suggested_name";
        text += '\n';
        for (const LabelIssue& issue : found_.ranked) {
            text += fmt::format("{},{},{},{}", issue.index, issue.given, issue.suggested,
                                score_text(issue.score, float32_));
            if (names_.are_known())
                text += fmt::format(",{},{}", csv::as_cell(names_.text_of(issue.given)),
                                    csv::as_cell(names_.text_of(issue.suggested)));
            text += '\n';
        }
        return text;
    }

    std::string json() const {
        json::Writer w;
        w.object();
        w.member("rows", found_.rows).member("classes", found_.labels_per_class.size());
        w.member("filter_by", request_.filter_by).member("rank_by", request_.rank_by);
        w.member("order", request_.order_name());
        w.member("count", found_.ranked.size());
        write_class_members(w, names_, per_class_, confusions_);
        write_warnings(w, found_.warnings);
        w.key("issues").array();
        for (const LabelIssue& issue : found_.ranked) {
            w.object().member("index", issue.index).member("given", issue.given);
            w.member("suggested", issue.suggested).key("score");
            write_score(w, issue.score, float32_);
            w.end();
        }
        w.end().end();
        return w.take() + "\n";
    }

    std::vector<std::int64_t> indices() const { return indices_of(found_.ranked); }

private:
    const IssuesRequest& request_;
    const LabelIssues& found_;
    const ClassNames& names_;
    bool float32_;
    std::vector<std::size_t> per_class_;
    Confusions confusions_;
};

}  // namespace

Result<void> find_classification_issues(const IssuesRequest& request) {
    const auto probs = TUSKER_TRY(read_probabilities(request.probs, request.classes));
    const auto labels = TUSKER_TRY(read_labels(request.labels, probs.names, probs.values.rows()));
    const auto found = TUSKER_TRY(find(request, probs.values, labels));
    // A posterior is a double whatever the probabilities are.
    const bool float32 = probs.values.are_float32() && request.rank_by != kConsensus;
    const Findings findings(request, found, probs.names, float32);
    return deliver(request, findings, found.warnings);
}

}  // namespace tusker::cli
