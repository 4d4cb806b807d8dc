// Boxes of images, and a detector's boxes of the same images: overlooked, swapped, badly located.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/pool.hpp"
#include "cli/issues/coco_boxes.hpp"
#include "cli/issues/inputs.hpp"
#include "cli/issues/report.hpp"
#include "cli/issues/request.hpp"
#include "cli/issues/text_table.hpp"
#include "formats/csv/csv.hpp"
#include "kernels/confident/detection/detection.hpp"

namespace tusker::cli {
namespace {

using confident::ClassId;
using detection::Box;
using detection::LabelIssue;
using detection::LabelIssueKind;
using detection::LabelIssues;

constexpr std::array kKinds = {LabelIssueKind::Overlooked, LabelIssueKind::Swapped,
                               LabelIssueKind::BadlyLocated};

Result<LabelIssues> find(const IssuesRequest& request, const CocoBoxes& boxes, const Pool& pool) {
    detection::LabelIssueOptions options;
    options.order = request.order();
    ProgressLine line;
    return detection::find_label_issues(boxes.given.view(), boxes.predicted.view(),
                                        boxes.names.names().size(), options, pool, {},
                                        shown_on(line, "comparing boxes", "images"));
}

class Findings {
public:
    Findings(const IssuesRequest& request, const LabelIssues& found, const CocoBoxes& boxes)
        : request_(request),
          found_(found),
          boxes_(boxes),
          per_class_(boxes.names.names().size()),
          labels_per_class_(per_class_.size()) {
        for (const ClassId k : boxes.given.classes) ++labels_per_class_[k];
        for (const LabelIssue& issue : found.ranked) {
            ++per_kind_[static_cast<std::size_t>(issue.kind)];
            if (issue.given) ++per_class_[*issue.given];
            if (issue.kind == LabelIssueKind::Swapped && issue.given && issue.suggested)
                ++confusions_[{*issue.given, *issue.suggested}];
            if (image_indices_.empty() ||
                image_indices_.back() != static_cast<std::int64_t>(issue.image))
                image_indices_.push_back(static_cast<std::int64_t>(issue.image));
        }
    }

    std::string headline() const {
        return fmt::format("{} label issues in {} of {} images ({} given boxes), {} classes\n",
                           found_.ranked.size(), image_indices_.size(), boxes_.images.size(),
                           boxes_.given.boxes.size(), per_class_.size());
    }

    std::string tables() const {
        if (found_.ranked.empty()) return {};
        TextTable kinds;
        kinds.column("kind", TextTable::Align::Left).column("issues");
        for (const auto kind : kKinds)
            kinds.row({std::string(name_of(kind)),
                       std::to_string(per_kind_[static_cast<std::size_t>(kind)])});
        TextTable table;
        table.column("image", TextTable::Align::Left).column("kind", TextTable::Align::Left);
        table.column("given", TextTable::Align::Left).column("suggested", TextTable::Align::Left);
        table.column("x").column("y").column("width").column("height").column("score");
        const auto worst =
            std::span(found_.ranked).first(std::min(kWorstShown, found_.ranked.size()));
        for (const LabelIssue& issue : worst) {
            const Box& box = box_of(issue);
            table.row({boxes_.images[issue.image], std::string(name_of(issue.kind)),
                       text_of(issue.given), text_of(issue.suggested), pixels(box.x1),
                       pixels(box.y1), pixels(box.x2 - box.x1), pixels(box.y2 - box.y1),
                       shown_score(issue.score)});
        }
        return "\nPer kind\n" + kinds.text() +
               per_class_table(per_class_, labels_per_class_, boxes_.names) +
               confusions_table(confusions_, boxes_.names) +
               fmt::format("\nWorst {}\n{}", worst.size(), table.text());
    }

    std::string csv() const {
        std::string text =
            "image,image_id,annotation_id,kind,given,suggested,score,x,y,width,height,"
            "suggested_x,suggested_y,suggested_width,suggested_height\n";
        for (const LabelIssue& issue : found_.ranked) {
            text += fmt::format(
                "{},{},{},{},{},{},{},{},", csv::as_cell(boxes_.images[issue.image]),
                csv::as_cell(boxes_.image_ids[issue.image]), csv::as_cell(annotation_id(issue)),
                name_of(issue.kind), csv::as_cell(text_of(issue.given)),
                csv::as_cell(text_of(issue.suggested)), score_text(issue.score, false),
                csv_of(box_of(issue)));
            text += (issue.suggested_box ? csv_of(*issue.suggested_box) : ",,,") + "\n";
        }
        return text;
    }

    std::string json() const {
        json::Writer w;
        w.object().member("task", "detection").member("images", boxes_.images.size());
        w.member("boxes", boxes_.given.boxes.size()).member("classes", per_class_.size());
        w.member("order", request_.order_name()).member("count", found_.ranked.size());
        w.key("issues_per_kind").object();
        for (const auto kind : kKinds)
            w.member(name_of(kind), per_kind_[static_cast<std::size_t>(kind)]);
        w.end();
        write_class_members(w, boxes_.names, per_class_, confusions_);
        write_warnings(w, boxes_.warnings);
        w.key("issues").array();
        for (const LabelIssue& issue : found_.ranked) write_issue(w, issue);
        w.end().key("image_scores").array();
        for (const double score : found_.image_scores) w.value(score);
        w.end().end();
        return w.take() + "\n";
    }

    const std::vector<std::int64_t>& indices() const { return image_indices_; }

private:
    const FileBoxes& file_of(const LabelIssue& issue) const {
        return issue.kind == LabelIssueKind::Overlooked ? boxes_.predicted : boxes_.given;
    }
    /// The predicted box where overlooked, else the given one.
    const Box& box_of(const LabelIssue& issue) const {
        const FileBoxes& file = file_of(issue);
        return file.boxes[file.offsets[issue.image] + issue.box];
    }
    /// Of the given box; empty where overlooked.
    std::string annotation_id(const LabelIssue& issue) const {
        if (issue.kind == LabelIssueKind::Overlooked) return {};
        return boxes_.given.ids[boxes_.given.offsets[issue.image] + issue.box];
    }
    std::string text_of(std::optional<ClassId> id) const {
        return id ? boxes_.names.text_of(*id) : std::string();
    }
    static std::string pixels(double value) { return fmt::format("{:.1f}", value); }
    static std::string csv_of(const Box& box) {
        return fmt::format("{},{},{},{}", box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1);
    }
    static void write_box(json::Writer& w, const Box& box) {
        w.array().value(box.x1).value(box.y1).value(box.x2 - box.x1).value(box.y2 - box.y1).end();
    }

    void write_issue(json::Writer& w, const LabelIssue& issue) const {
        w.object().member("image", issue.image);
        w.member("file_name", boxes_.images[issue.image]);
        w.member("image_id", boxes_.image_ids[issue.image]);
        if (issue.kind != LabelIssueKind::Overlooked)
            w.member("annotation_id", annotation_id(issue));
        w.member("kind", name_of(issue.kind));
        if (issue.given) w.member("given", *issue.given);
        if (issue.suggested) w.member("suggested", *issue.suggested);
        w.member("score", issue.score).key("bbox");
        write_box(w, box_of(issue));
        if (issue.suggested_box) {
            w.key("suggested_bbox");
            write_box(w, *issue.suggested_box);
        }
        w.end();
    }

    const IssuesRequest& request_;
    const LabelIssues& found_;
    const CocoBoxes& boxes_;
    std::array<std::size_t, kKinds.size()> per_kind_{};
    std::vector<std::size_t> per_class_;  // swapped and badly located: what has a given box
    std::vector<std::size_t> labels_per_class_;
    Confusions confusions_;
    std::vector<std::int64_t> image_indices_;  // worst first
};

}  // namespace

Result<void> find_detection_issues(const IssuesRequest& request) {
    const Pool pool(request.threads_wanted());
    const auto boxes =
        TUSKER_TRY(read_coco_boxes(request.labels, request.probs.front(), request.strict, pool));
    const auto found = TUSKER_TRY(find(request, boxes, pool));
    const Findings findings(request, found, boxes);
    return deliver(request, findings, boxes.warnings);
}

}  // namespace tusker::cli
