// Labels by several annotators, with or without a model's probabilities: what is consensus, which
// labels differ from it and are not to be trusted, and how good each annotator is.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "cli/issues/crowd_judgement.hpp"
#include "cli/issues/inputs.hpp"
#include "cli/issues/report.hpp"
#include "cli/issues/request.hpp"
#include "cli/issues/text_table.hpp"
#include "cli/issues/votes_input.hpp"
#include "formats/csv/csv.hpp"

namespace tusker::cli {
namespace {

using confident::ClassId;
using crowd::CrowdQuality;

constexpr std::size_t kAnnotatorsShown = 10;

class Findings {
public:
    Findings(const IssuesRequest& request, const CrowdJudgement& judged, const NamedVotes& votes)
        : request_(request),
          found_(judged.quality),
          learnt_(judged.learnt),
          votes_(votes),
          per_class_(votes.classes),
          labels_per_class_(votes.classes) {
        for (std::size_t i = 0; i < votes.labels.size(); ++i) {
            const ClassId given = votes.labels[i];
            ++labels_per_class_[given];
            if (given == consensus_of(i)) continue;
            ++per_class_[given];
            ++confusions_[{given, consensus_of(i)}];
            ranked_.push_back(i);
        }
        std::ranges::stable_sort(ranked_, {},
                                 [&](std::size_t i) { return found_.vote_quality[i]; });
    }

    std::string headline() const {
        return fmt::format(
            "{} of {} labels ({}) by {} annotators differ from the consensus of {} "
            "items, {} classes\n",
            ranked_.size(), votes_.labels.size(), percentage(ranked_.size(), votes_.labels.size()),
            votes_.annotator_names.size(), votes_.item_names.size(), votes_.classes);
    }

    std::string tables() const {
        TextTable table;
        table.column("item").column("annotator").column("given");
        table.column("consensus").column("score");
        const auto worst = std::span(ranked_).first(std::min(kWorstShown, ranked_.size()));
        for (const std::size_t i : worst)
            table.row({item(i), annotator(i), votes_.names.text_of(votes_.labels[i]),
                       votes_.names.text_of(consensus_of(i)), shown_score(found_.vote_quality[i])});
        std::string text =
            ties() + annotators_table() + annotator_confusions_table() + items_table();
        if (ranked_.empty()) return text;
        return text + per_class_table(per_class_, labels_per_class_, votes_.names) +
               confusions_table(confusions_, votes_.names) +
               fmt::format("\nWorst {}\n{}", worst.size(), table.text());
    }

    std::string csv() const {
        std::string text = "row,item,annotator,given,consensus,score\n";
        for (const std::size_t i : ranked_)
            text += fmt::format("{},{},{},{},{},{}\n", i, csv::as_cell(item(i)),
                                csv::as_cell(annotator(i)),
                                csv::as_cell(votes_.names.text_of(votes_.labels[i])),
                                csv::as_cell(votes_.names.text_of(consensus_of(i))),
                                score_text(found_.vote_quality[i], false));
        return text;
    }

    std::string json() const {
        json::Writer w;
        w.object().member("task", "multiannotator").member("labels", votes_.labels.size());
        w.member("classes", votes_.classes).member("rank_by", request_.rank_by);
        w.member("consensus_method", request_.consensus_method);
        w.member("order", request_.order_name()).member("count", ranked_.size());
        write_class_members(w, votes_.names, per_class_, confusions_);
        write_warnings(w, found_.warnings);
        if (learnt_) write_numbers(w, "priors", learnt_->priors);
        w.key("issues").array();
        for (const std::size_t i : ranked_) {
            w.object().member("row", i).member("item", item(i)).member("annotator", annotator(i));
            w.member("given", votes_.labels[i]).member("consensus", consensus_of(i));
            w.member("score", found_.vote_quality[i]).end();
        }
        w.end();
        write_items(w);
        write_annotators(w);
        w.end();
        return w.take() + "\n";
    }

    std::vector<std::int64_t> indices() const { return {ranked_.begin(), ranked_.end()}; }

private:
    ClassId consensus_of(std::size_t vote) const {
        return found_.consensus.labels[votes_.items[vote]];
    }
    const std::string& item(std::size_t vote) const {
        return votes_.item_names[votes_.items[vote]];
    }
    const std::string& annotator(std::size_t vote) const {
        return votes_.annotator_names[votes_.annotators[vote]];
    }

    std::string ties() const {
        const auto& majority = found_.majority;
        if (is_by_votes_alone(request_.consensus_method))
            return fmt::format("Items with a tie of votes: {}\n", majority.tied.size());
        return fmt::format("Items with a tie of votes: {}, of which nothing decides {}\n",
                           majority.tied.size(), majority.undecided.size());
    }

    std::string annotators_table() const {
        TextTable table;
        table.column("annotator", TextTable::Align::Left).column("quality").column("agreement");
        table.column("labels").column("worst class");
        const auto worst = std::span(found_.worst_first)
                               .first(std::min(kAnnotatorsShown, found_.worst_first.size()));
        for (const auto a : worst) {
            const auto& quality = found_.annotators[a];
            table.row({votes_.annotator_names[a],
                       std::isnan(quality.quality) ? "-" : shown_score(quality.quality),
                       shown_score(quality.agreement), std::to_string(quality.labelled),
                       votes_.names.text_of(quality.worst_class)});
        }
        return fmt::format("\nAnnotators, worst first ({} of {})\n{}", worst.size(),
                           found_.worst_first.size(), table.text());
    }

    std::string annotator_confusions_table() const {
        if (!learnt_) return {};
        const auto confusions = confusions_of(*learnt_, found_.annotators);
        if (confusions.empty()) return {};
        TextTable table;
        table.column("annotator", TextTable::Align::Left).column("true");
        table.column("", TextTable::Align::Left).column("given", TextTable::Align::Left);
        table.column("chance").column("labels");
        const auto most =
            std::span(confusions).first(std::min(kConfusionsShown, confusions.size()));
        for (const auto& one : most)
            table.row({votes_.annotator_names[one.annotator], votes_.names.text_of(one.truth), "->",
                       votes_.names.text_of(one.given), shown_score(one.chance),
                       fmt::format("{:.0f}", one.labels)});
        return fmt::format("\nWhat annotators take for what, most labels first ({} of {})\n{}",
                           most.size(), confusions.size(), table.text());
    }

    std::string items_table() const {
        const auto& quality = found_.consensus.quality;
        std::vector<std::size_t> order(quality.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        const auto shown = std::min(kWorstShown, order.size());
        std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(shown), {},
                                  [&](std::size_t i) { return std::pair(quality[i], i); });
        TextTable table;
        table.column("item").column("consensus").column("quality").column("agreement");
        for (const std::size_t i : std::span(order).first(shown))
            table.row({votes_.item_names[i], votes_.names.text_of(found_.consensus.labels[i]),
                       shown_score(quality[i]), shown_score(found_.consensus.agreement[i])});
        return fmt::format("\nItems whose consensus is least certain\n{}", table.text());
    }

    void write_items(json::Writer& w) const {
        w.key("items").array();
        for (std::size_t i = 0; i < votes_.item_names.size(); ++i)
            w.object()
                .member("item", votes_.item_names[i])
                .member("consensus", found_.consensus.labels[i])
                .member("quality", found_.consensus.quality[i])
                .member("agreement", found_.consensus.agreement[i])
                .end();
        w.end();
    }

    static void write_numbers(json::Writer& w, std::string_view key, std::span<const double> all) {
        w.key(key).array();
        for (const double number : all) w.value(number);
        w.end();
    }

    /// For each label that he gave: the chance that he gives it, by true class.
    void write_chances(json::Writer& w, std::span<const std::size_t> given) const {
        const std::size_t classes = learnt_->priors.size();
        w.key("chances").array();
        for (const std::size_t g : given) {
            w.object().member("given", learnt_->given[g].label);
            write_numbers(w, "by_true_class",
                          std::span(learnt_->errors).subspan(g * classes, classes));
            w.end();
        }
        w.end();
    }

    /// Positions in learnt_->given, annotator by annotator.
    std::vector<std::vector<std::size_t>> given_by_annotator() const {
        std::vector<std::vector<std::size_t>> given(votes_.annotator_names.size());
        if (learnt_)
            for (std::size_t g = 0; g < learnt_->given.size(); ++g)
                given[learnt_->given[g].annotator].push_back(g);
        return given;
    }

    void write_annotators(json::Writer& w) const {
        const auto given = given_by_annotator();
        w.key("annotators").array();
        for (std::size_t a = 0; a < votes_.annotator_names.size(); ++a) {
            w.object()
                .member("annotator", votes_.annotator_names[a])
                .member("quality", found_.annotators[a].quality)
                .member("agreement", found_.annotators[a].agreement)
                .member("labels", found_.annotators[a].labelled)
                .member("worst_class", found_.annotators[a].worst_class);
            if (learnt_) write_chances(w, given[a]);
            w.end();
        }
        w.end();
    }

    const IssuesRequest& request_;
    const CrowdQuality& found_;
    const std::optional<crowd::DawidSkene>& learnt_;
    const NamedVotes& votes_;
    std::vector<std::size_t> per_class_;
    std::vector<std::size_t> labels_per_class_;
    Confusions confusions_;
    std::vector<std::size_t> ranked_;  // votes that differ from consensus, worst first
};

}  // namespace

Result<void> find_multiannotator_issues(const IssuesRequest& request) {
    ExpectedVotes expected;
    std::optional<NamedProbabilities> probs;
    if (request.probs.empty()) {
        expected.names = TUSKER_TRY(read_class_names(request.classes));
        if (expected.names.are_known()) expected.classes = expected.names.names().size();
    } else {
        probs = TUSKER_TRY(read_probabilities(request.probs, request.classes));
        expected = {.names = probs->names,
                    .rows = probs->values.rows(),
                    .classes = probs->values.classes()};
    }
    const auto named = TUSKER_TRY(read_votes(request.labels, std::move(expected)));
    const auto judged = TUSKER_TRY(judge_crowd(request, named, probs ? &probs->values : nullptr));
    const Findings findings(request, judged, named);
    return deliver(request, findings, judged.quality.warnings);
}

}  // namespace tusker::cli
