#include "server/app/tile.hpp"

#include <array>

#include "base/ids.hpp"

namespace tusker::app {
namespace {

constexpr std::array<std::string_view, 3> kVerdicts = {"accept", "keep", "choose"};

void write_geometry(json::Writer& writer, const catalog::Object& object) {
    switch (object.type) {
        case catalog::ObjectType::Box:
            writer.key("box").array();
            for (const double number : object.geometry) writer.value(number);
            writer.end();
            return;
        case catalog::ObjectType::Polygon:
            writer.key("points").array();
            for (std::size_t i = 0; i + 1 < object.geometry.size(); i += 2)
                writer.array().value(object.geometry[i]).value(object.geometry[i + 1]).end();
            writer.end();
            return;
        case catalog::ObjectType::Category:
            return;
    }
}

}  // namespace

std::optional<std::string_view> label_text(const catalog::Version& version,
                                           std::optional<catalog::LabelCode> label) {
    return label.transform(
        [&](catalog::LabelCode code) -> std::string_view { return version.labels->text(code); });
}

std::string_view verdict_name(catalog::Decision::Verdict verdict) {
    return kVerdicts[static_cast<std::size_t>(verdict)];
}

std::optional<catalog::Decision::Verdict> find_verdict(std::string_view name) {
    for (std::size_t i = 0; i < kVerdicts.size(); ++i)
        if (kVerdicts[i] == name) return static_cast<catalog::Decision::Verdict>(i);
    return std::nullopt;
}

Result<TileWriter> TileWriter::make(Services& services, const Scope& scope, bool overlays) {
    TileWriter writer;
    writer.scope_ = &scope;
    writer.run_ = scope.run();
    writer.finding_ = scope.finding();
    writer.decisions_ = TUSKER_TRY(services.issues.decisions(services.catalog, *scope.version));
    writer.colors_ = &services.colors;
    writer.overlays_ = overlays;
    return writer;
}

void TileWriter::write(json::Writer& writer, catalog::ItemNo item_no) const {
    const auto item = catalog::find_item(*scope_->version, item_no);
    if (!item) return;
    writer.object();
    write_members(writer, *item,
                  finding_ ? label_issues::issue_of(*finding_, item_no) : std::nullopt);
    writer.end();
}

void TileWriter::write(json::Writer& writer, const label_issues::IssueRow& issue) const {
    const auto item = catalog::find_item(*scope_->version, issue.annotation.item_no);
    if (!item) return;
    writer.object();
    write_members(writer, *item, issue);
    writer.end();
}

void TileWriter::write_members(json::Writer& writer, const catalog::Item& item,
                               const std::optional<label_issues::IssueRow>& issue) const {
    const catalog::Version& version = *scope_->version;
    writer.member("no", item.item_no);
    writer.member("id", item_id(version.dataset_id, item.item_no));
    writer.member("ref", item.reference_id);
    writer.member("w", item.width).member("h", item.height);
    writer.member("color", colors_->find(version.dataset_id, item.item_no));
    write_objects(writer, "annotations", &version.annotations, "ann_", item.item_no);
    write_objects(writer, "predictions", run_ ? &run_->predictions : nullptr, "pred_",
                  item.item_no);
    write_issue(writer, issue);
}

void TileWriter::write_objects(json::Writer& writer, std::string_view key,
                               const columns::Table* table, std::string_view id_prefix,
                               catalog::ItemNo item) const {
    writer.key(key).array();
    if (table != nullptr && overlays_)
        for (const catalog::Object& object : catalog::objects_of(*table, item)) {
            writer.object().member("row", std::to_string(object.row_no));
            writer.member("id", row_id(id_prefix, {object.item_no, object.row_no}));
            writer.member("type", to_text(object.type));
            writer.member("label", scope_->version->labels->text(object.label));
            write_geometry(writer, object);
            if (object.confidence) writer.member("confidence", *object.confidence);
            if (object.annotation_id) writer.member("annotation_id", *object.annotation_id);
            writer.end();
        }
    writer.end();
}

void TileWriter::write_issue(json::Writer& writer,
                             const std::optional<label_issues::IssueRow>& issue) const {
    writer.key("issue");
    const catalog::Version& version = *scope_->version;
    const auto object = issue ? label_issues::subject_of(version, *finding_, *issue) : std::nullopt;
    if (!object) {
        writer.null();
        return;
    }
    writer.object().member("row", std::to_string(issue->annotation.row_no));
    writer.member("kind",
                  issue->kind.transform([](auto kind) { return label_issues::name_of(kind); }));
    writer.member("given", label_text(version, issue->given));
    writer.member("suggested", label_text(version, issue->suggested));
    writer.member("score", issue->score).member("rank", issue->rank);
    write_boxes(writer, *issue, *object);
    const auto* const decision = decisions_->standing().find(issue->annotation.row_no);
    write_decision(writer, decision);
    std::optional<catalog::LabelCode> now = object->label;
    if (issue->is_overlooked())
        now = decision ? version.labels->find(decision->label) : std::nullopt;
    writer.member("now", label_text(version, now)).end();
}

void TileWriter::write_decision(json::Writer& writer, const catalog::Correction* decision) const {
    writer.key("decision");
    if (decision == nullptr) {
        writer.null();
        return;
    }
    writer.object().member("id", std::to_string(decision->id));
    writer.member("verdict", verdict_name(decision->verdict));
    writer.member("label", decision->label).member("who", decision->who);
    writer.member("at", to_iso(decision->at)).end();
}

/// The given box as it was when the issue was found, and the one the model suggests.
void TileWriter::write_boxes(json::Writer& writer, const label_issues::IssueRow& issue,
                             const catalog::Object& subject) const {
    if (subject.type == catalog::ObjectType::Category) return;
    const auto write = [&](std::string_view key, std::span<const double> box) {
        writer.key(key);
        if (box.size() != 4) {
            writer.null();
            return;
        }
        writer.array();
        for (const double number : box) writer.value(number);
        writer.end();
    };
    const auto* const decision = decisions_->standing().find(issue.annotation.row_no);
    const bool was_moved = decision && decision->effect == catalog::Effect::Moved;
    const auto predicted = label_issues::prediction_of(*scope_->version, *finding_, issue);
    write("box", issue.is_overlooked() ? std::span<const double>()
                 : was_moved           ? decision->given_geometry
                                       : subject.geometry);
    write("suggested_box", predicted ? predicted->geometry : std::span<const double>());
}

}  // namespace tusker::app
