#include "findings/label_issues/box_issues.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "findings/label_issues/issue_rows.hpp"
#include "kernels/confident/detection/class_thresholds.hpp"
#include "kernels/confident/detection/detection.hpp"

namespace tusker::label_issues {
namespace {

using catalog::LabelCode;
using catalog::Object;
using catalog::ObjectType;
using confident::ClassId;

/// Boxes of the images in flat arrays, and the row of each.
struct Boxes {
    std::vector<std::size_t> offsets = {0};
    std::vector<detection::Box> boxes;
    std::vector<LabelCode> labels;
    std::vector<ClassId> classes;
    std::vector<double> probabilities;
    std::vector<columns::RowKey> keys;

    void add(const Object& object) {
        const auto& g = object.geometry;
        boxes.push_back({g[0], g[1], g[0] + g[2], g[1] + g[3]});
        labels.push_back(object.label);
        keys.push_back({object.item_no, object.row_no});
    }
    void end_image() { offsets.push_back(boxes.size()); }
    detection::BoxesOfImages view() const {
        return {
            .offsets = offsets, .boxes = boxes, .classes = classes, .probabilities = probabilities};
    }
};

struct Gathered {
    Boxes given;
    Boxes predicted;
    std::vector<LabelCode> codes;  // of the classes, by label name
    std::size_t not_labelled = 0;
    std::size_t polygons = 0;
    std::size_t no_confidence = 0;
};

bool is_box(const Object& object) {
    return object.type == ObjectType::Box && object.geometry.size() == 4;
}

void gather_image(const catalog::Version& version, const catalog::RunTable& run,
                  catalog::ItemNo item, Gathered& gathered) {
    const auto annotations = catalog::objects_of(version.annotations, item);
    if (annotations.empty()) {
        ++gathered.not_labelled;
        return;
    }
    for (const Object& object : annotations) {
        if (is_box(object)) gathered.given.add(object);
        if (object.type == ObjectType::Polygon) ++gathered.polygons;
    }
    for (const Object& object : catalog::objects_of(run.predictions, item)) {
        if (!is_box(object)) continue;
        if (!object.confidence) {
            ++gathered.no_confidence;
            continue;
        }
        gathered.predicted.add(object);
        gathered.predicted.probabilities.push_back(*object.confidence);
    }
    gathered.given.end_image();
    gathered.predicted.end_image();
}

/// Labels that occur, sorted by bytes, are the classes.
void number_classes(const catalog::LabelTable& labels, Gathered& gathered) {
    std::map<std::string_view, LabelCode> names;
    for (const Boxes* boxes : {&gathered.given, &gathered.predicted})
        for (const LabelCode code : boxes->labels) names.emplace(labels.text(code), code);
    std::unordered_map<LabelCode, ClassId> class_of;
    for (const auto& [name, code] : names) {
        class_of[code] = static_cast<ClassId>(gathered.codes.size());
        gathered.codes.push_back(code);
    }
    for (Boxes* boxes : {&gathered.given, &gathered.predicted})
        for (const LabelCode code : boxes->labels) boxes->classes.push_back(class_of.at(code));
}

Result<Gathered> gather(const catalog::Version& version, const catalog::RunTable& run,
                        jobs::Progress& progress) {
    constexpr std::uint64_t kItemsPerStep = 1'024;
    Gathered gathered;
    std::uint64_t seen = 0;
    bool is_cancelled = false;
    version.living->for_each([&](catalog::ItemNo item) {
        if (++seen % kItemsPerStep == 0) {
            progress.advance(kItemsPerStep);
            is_cancelled = !progress.check();
        }
        gather_image(version, run, item, gathered);
        return !is_cancelled;
    });
    if (is_cancelled) TUSKER_TRY(progress.check());
    number_classes(*version.labels, gathered);
    return gathered;
}

Kind kind_of(detection::LabelIssueKind kind) {
    switch (kind) {
        case detection::LabelIssueKind::Overlooked:
            return Kind::Overlooked;
        case detection::LabelIssueKind::Swapped:
            return Kind::Swapped;
        case detection::LabelIssueKind::BadlyLocated:
            return Kind::BadlyLocated;
    }
    return Kind::Label;
}

/// Rows of a finding, from the boxes and what a kernel said of them.
class BoxRows {
public:
    BoxRows(const Gathered& gathered, const detection::LabelIssues& issues) : gathered_(gathered) {
        for (std::size_t box = 0; box < gathered.given.boxes.size(); ++box)
            add_given(box, std::min(issues.boxes.badly_located[box], issues.boxes.swapped[box]));
        for (const detection::LabelIssue& issue : issues.ranked) add(issue, issues.boxes);
    }
    BoxRows(const Gathered& gathered, const detection::ConfidentBoxIssues& issues)
        : gathered_(gathered) {
        for (std::size_t box = 0; box < gathered.given.boxes.size(); ++box)
            add_given(box, issues.given_scores[box]);
        for (const detection::ConfidentBoxIssue& issue : issues.issues) {
            const std::size_t predicted = gathered.predicted.offsets[issue.image] + issue.predicted;
            if (issue.kind == detection::LabelIssueKind::Overlooked)
                add_overlooked(predicted, issue.score);
            else
                accuse(gathered.given.offsets[issue.image] + issue.given, kind_of(issue.kind),
                       issue.score, gathered.predicted.labels[predicted], predicted);
        }
    }

    /// Worst first; ties by row.
    std::vector<IssueRow> ranked() {
        std::vector<IssueRow*> found;
        for (IssueRow& row : rows_)
            if (row.kind) found.push_back(&row);
        std::ranges::sort(found, {}, [](const IssueRow* row) {
            return std::pair(row->score, row->annotation.row_no);
        });
        for (std::size_t rank = 0; rank < found.size(); ++rank)
            found[rank]->rank = static_cast<std::uint32_t>(rank);
        return std::move(rows_);
    }

private:
    void add_given(std::size_t box, double score) {
        const Boxes& given = gathered_.given;
        rows_.push_back({.annotation = given.keys[box],
                         .given = given.labels[box],
                         .suggested = given.labels[box],
                         .score = score});
    }
    void add_overlooked(std::size_t predicted, double score) {
        const columns::RowKey key = gathered_.predicted.keys[predicted];
        rows_.push_back({.annotation = key,
                         .kind = Kind::Overlooked,
                         .suggested = gathered_.predicted.labels[predicted],
                         .score = score,
                         .prediction = key.row_no});
    }
    /// Of several issues of one given box the worst is kept.
    void accuse(std::size_t box, Kind kind, double score, std::optional<LabelCode> suggested,
                std::optional<std::size_t> predicted) {
        IssueRow& row = rows_[box];
        if (row.kind && row.score <= score) return;
        row.kind = kind;
        row.score = score;
        row.suggested = suggested;
        if (predicted) row.prediction = gathered_.predicted.keys[*predicted].row_no;
    }
    void add(const detection::LabelIssue& issue, const detection::BoxScores& scores) {
        const std::size_t predicted = gathered_.predicted.offsets[issue.image];
        const Kind kind = kind_of(issue.kind);
        if (kind == Kind::Overlooked) return add_overlooked(predicted + issue.box, issue.score);
        const std::size_t box = gathered_.given.offsets[issue.image] + issue.box;
        const auto said_by =
            kind == Kind::Swapped ? scores.swapped_to[box] : scores.located_at[box];
        accuse(box, kind, issue.score,
               issue.suggested ? std::optional(gathered_.codes[*issue.suggested]) : std::nullopt,
               said_by == detection::kNoBox ? std::nullopt : std::optional(predicted + said_by));
    }

    const Gathered& gathered_;
    std::vector<IssueRow> rows_;  // of the given boxes in order, then the overlooked ones
};

Result<std::vector<IssueRow>> judge(const Gathered& gathered, const Request& request,
                                    const Pool& pool, const jobs::Progress& progress) {
    const auto given = gathered.given.view();
    const auto predicted = gathered.predicted.view();
    const std::size_t classes = gathered.codes.size();
    switch (request.box_filter) {
        case BoxFilter::ClassThresholds:
            return BoxRows(gathered, TUSKER_TRY(detection::find_by_class_thresholds(
                                         given, predicted, classes, {}, pool, progress.stop())))
                .ranked();
        case BoxFilter::ObjectLab: {
            detection::LabelIssueOptions options;
            options.order = request.order;
            return BoxRows(gathered,
                           TUSKER_TRY(detection::find_label_issues(given, predicted, classes,
                                                                   options, pool, progress.stop())))
                .ranked();
        }
    }
    return invalid("filter_by: must be class_thresholds or objectlab");
}

std::string summary(const Gathered& gathered, std::span<const IssueRow> rows,
                    const catalog::LabelTable& labels, TimeMs took_ms) {
    std::array<std::size_t, kKinds> kinds = {};
    std::size_t found = 0;
    for (const IssueRow& row : rows) {
        if (!row.kind) continue;
        ++found;
        ++kinds[static_cast<std::size_t>(*row.kind)];
    }
    json::Writer writer;
    writer.object().member("found", found).member("scored", gathered.given.boxes.size());
    writer.key("kinds").object();
    for (const Kind kind : {Kind::Overlooked, Kind::Swapped, Kind::BadlyLocated})
        writer.member(name_of(kind), kinds[static_cast<std::size_t>(kind)]);
    writer.end().key("skipped").object().member("not_labelled", gathered.not_labelled);
    writer.member("polygons", gathered.polygons);
    writer.member("no_confidence", gathered.no_confidence).end();
    writer.key("classes").array();
    for (const LabelCode code : gathered.codes) writer.value(labels.text(code));
    return writer.end().key("warnings").array().end().member("took_ms", took_ms).end().take();
}

std::string parameters(const catalog::RunTable& run, const Request& request) {
    json::Writer writer;
    writer.object().member("task", "detection").member("run", run.run_id);
    writer.member("filter_by", name_of(request.box_filter));
    writer.member("rank_by", "box_score").key("compat");
    if (request.order == confident::Order::Cleanlab)
        writer.value("cleanlab");
    else
        writer.null();
    return writer.key("taxonomy").null().end().take();
}

std::size_t count_boxes(const catalog::RunTable& run) {
    std::size_t boxes = 0;
    for (const columns::Part& part : run.predictions.parts()) {
        const auto* const types = part.segment->find(catalog::column::kType, columns::Type::U8);
        const auto* const confidence =
            part.segment->find(catalog::column::kConfidence, columns::Type::F32);
        if (types == nullptr || confidence == nullptr) continue;
        const auto box = static_cast<std::uint8_t>(ObjectType::Box);
        for (std::uint32_t row = 0; row < part.segment->rows(); ++row)
            if (part.is_alive(row) && types->values<std::uint8_t>()[row] == box) ++boxes;
    }
    return boxes;
}

}  // namespace

bool has_several_boxes(const catalog::Version& version) {
    std::unordered_map<catalog::ItemNo, bool> has_box;
    bool has_several = false;
    for (const columns::Part& part : version.annotations.parts()) {
        const auto* const types = part.segment->find(catalog::column::kType, columns::Type::U8);
        if (types == nullptr) continue;
        for (std::uint32_t row = 0; row < part.segment->rows(); ++row) {
            if (!part.is_alive(row)) continue;
            const auto type = static_cast<ObjectType>(types->values<std::uint8_t>()[row]);
            if (type == ObjectType::Category) return false;
            if (type != ObjectType::Box || has_several) continue;
            has_several = !has_box.emplace(part.segment->item_no()[row], true).second;
        }
    }
    return has_several;
}

Result<std::string> choose_run_of_boxes(const catalog::Version& version) {
    const catalog::RunTable* best = nullptr;
    std::size_t most = 0;
    for (const auto& [id, run] : version.runs) {
        const std::size_t boxes = count_boxes(*run);
        if (boxes <= most) continue;
        most = boxes;
        best = run.get();
    }
    if (best == nullptr)
        return not_found(fmt::format(
            "dataset {} has no predicted boxes with a confidence: upload them, or import them by "
            "`tusker import --format coco_results`",
            version.name));
    return best->run_id;
}

Result<catalog::Finding> find_box_issues(const catalog::Version& version, const Request& request,
                                         const Pool& pool, jobs::Progress& progress) {
    const TimeMs started = now_ms();
    const std::string run_id =
        request.run_id.empty() ? TUSKER_TRY(choose_run_of_boxes(version)) : request.run_id;
    const catalog::RunTable* const run = version.find_run(run_id);
    if (run == nullptr)
        return not_found(fmt::format("run = {}: dataset {} has no such run", run_id, version.name));
    progress.set_total(2 * version.item_count());
    progress.say("gathering boxes");
    const Gathered gathered = TUSKER_TRY(gather(version, *run, progress));
    if (gathered.given.boxes.empty() || gathered.predicted.boxes.empty())
        return invalid(fmt::format(
            "nothing to compare: {} given boxes, and {} boxes with a confidence in run {}",
            gathered.given.boxes.size(), gathered.predicted.boxes.size(), run->name));
    progress.say("finding label issues");
    const std::vector<IssueRow> rows = TUSKER_TRY(judge(gathered, request, pool, progress));
    progress.advance(version.item_count());
    IssueRowsBuilder builder;
    for (const IssueRow& row : rows) builder.add(row);
    catalog::Finding finding;
    finding.id = make_id("iss_");
    finding.kind = "label_issues";
    finding.run_id = run_id;
    finding.parameters = parameters(*run, request);
    finding.version = version.journal_no;
    finding.created_at = now_ms();
    finding.summary = summary(gathered, rows, *version.labels, finding.created_at - started);
    finding.rows = builder.finish();
    finding.worst = catalog::worst_of_items(finding.rows);
    return finding;
}

}  // namespace tusker::label_issues
