#include "catalog/object_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tusker::catalog {
namespace {

using columns::Type;

constexpr std::size_t kPolygonPointsMin = 3;

std::optional<std::string> geometry_fault(const NewObject& object) {
    const auto numbers = object.geometry;
    switch (object.type) {
        case ObjectType::Category:
            return std::nullopt;
        case ObjectType::Box: {
            if (numbers.size() != 4)
                return fmt::format("geometry has {} numbers: a box has x, y, width, height",
                                   numbers.size());
            constexpr const char* kNames[] = {"x", "y", "width", "height"};
            for (std::size_t i = 0; i < 4; ++i)
                if (!std::isfinite(numbers[i]) || (i >= 2 && numbers[i] < 0))
                    return fmt::format("geometry.{} = {}: must be a number{}", kNames[i],
                                       numbers[i], i >= 2 ? " >= 0" : "");
            return std::nullopt;
        }
        case ObjectType::Polygon:
            if (numbers.size() % 2 != 0 || numbers.size() < 2 * kPolygonPointsMin)
                return fmt::format("geometry.vertices has {} points: a polygon has at least {}",
                                   numbers.size() / 2, kPolygonPointsMin);
            for (std::size_t i = 0; i < numbers.size(); ++i)
                if (!std::isfinite(numbers[i]))
                    return fmt::format("geometry.vertices[{}].{} = {}: must be a number", i / 2,
                                       i % 2 == 0 ? "x" : "y", numbers[i]);
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<std::string> prediction_fault(const NewObject& object) {
    if (object.confidence && !(*object.confidence >= 0 && *object.confidence <= 1))
        return fmt::format("confidence = {}: must be between 0 and 1", *object.confidence);
    if (object.class_pdf.size() != object.class_pdf_labels.size())
        return fmt::format("class_pdf has {} values for {} labels", object.class_pdf.size(),
                           object.class_pdf_labels.size());
    for (std::size_t i = 0; i < object.class_pdf.size(); ++i)
        if (!std::isfinite(object.class_pdf[i]) || object.class_pdf[i] < 0)
            return fmt::format("class_pdf[\"{}\"] = {}: must be a number >= 0",
                               object.class_pdf_labels[i], object.class_pdf[i]);
    return std::nullopt;
}

std::optional<std::string> taxonomy_fault(const NewObject& object, const Version& version) {
    if (object.type != ObjectType::Category || !object.taxonomy_name) return std::nullopt;
    const auto taxonomy = std::ranges::find(version.taxonomies, *object.taxonomy_name,
                                            [](const Taxonomy& t) { return t.name; });
    if (taxonomy == version.taxonomies.end())
        return fmt::format("Input validation failed: Taxonomy {} does not exist in dataset {}",
                           *object.taxonomy_name, version.dataset_id);
    if (std::ranges::find(taxonomy->labels, object.label) == taxonomy->labels.end())
        return fmt::format(
            "Input validation failed: Label {} does not exist in taxonomy {} of dataset {}",
            object.label, taxonomy->name, version.dataset_id);
    return std::nullopt;
}

}  // namespace

LabelCode LabelCodes::code_of(std::string_view label) {
    if (last_code_ && last_ == label) return *last_code_;
    last_ = label;
    last_code_ = stored_.find(label);
    if (!last_code_) {
        const auto [at, is_new] =
            new_codes_.try_emplace(last_, static_cast<LabelCode>(stored_.size() + new_.size()));
        if (is_new) new_.push_back(last_);
        last_code_ = at->second;
    }
    return *last_code_;
}

std::optional<std::string> find_fault(const NewObject& object, const Version& version,
                                      std::string_view kind, std::size_t index) {
    auto fault = geometry_fault(object);
    if (!fault) fault = prediction_fault(object);
    if (fault) return fmt::format("{}[{}].{}", kind, index, *fault);
    return taxonomy_fault(object, version);
}

ObjectWriter::ObjectWriter(columns::SegmentBuilder& builder, LabelCodes& labels, bool is_prediction,
                           std::uint64_t journal_no)
    : builder_(builder),
      labels_(labels),
      is_prediction_(is_prediction),
      journal_no_(journal_no),
      change_(builder.column(column::kChange, Type::U64)),
      type_(builder.column(column::kType, Type::U8)),
      label_(builder.column(column::kLabel, Type::U32)),
      bounds_{builder.column(column::kX, Type::F32), builder.column(column::kY, Type::F32),
              builder.column(column::kW, Type::F32), builder.column(column::kH, Type::F32)},
      geometry_(builder.column(column::kGeometry, Type::F64List)),
      annotation_id_(builder.column(column::kAnnotationId, Type::Text)),
      task_id_(builder.column(column::kTaskId, Type::Text)),
      track_id_(builder.column(column::kTrackId, Type::Text)),
      taxonomy_(builder.column(column::kTaxonomy, Type::Text)),
      confidence_(builder.column(column::kConfidence, Type::F32)),
      confidence_exact_(builder.column(column::kConfidenceExact, Type::F64)),
      pdf_labels_(builder.column(column::kClassPdfLabels, Type::U32List)),
      pdf_f32_(builder.column(column::kClassPdf, Type::F32List)),
      pdf_f64_(builder.column(column::kClassPdf, Type::F64List)) {}

void ObjectWriter::write(const NewObject& object) {
    builder_.set_u64(change_, journal_no_);
    builder_.set_u8(type_, static_cast<std::uint8_t>(object.type));
    builder_.set_u32(label_, labels_.code_of(object.label));
    if (object.type != ObjectType::Category) {
        write_bounds(object);
        builder_.set_list(geometry_, object.geometry);
    }
    if (object.annotation_id) builder_.set_text(annotation_id_, *object.annotation_id);
    if (object.task_id && !is_prediction_) builder_.set_text(task_id_, *object.task_id);
    if (object.track_reference_id) builder_.set_text(track_id_, *object.track_reference_id);
    if (object.taxonomy_name) builder_.set_text(taxonomy_, *object.taxonomy_name);
    if (object.confidence) {
        builder_.set_f32(confidence_, static_cast<float>(*object.confidence));
        builder_.set_f64(confidence_exact_, *object.confidence);
    }
    if (!object.class_pdf.empty()) write_pdf(object);
}

void ObjectWriter::write_bounds(const NewObject& object) {
    const auto numbers = object.geometry;
    double bounds[4] = {};
    if (object.type == ObjectType::Box) {
        std::copy_n(numbers.begin(), 4, bounds);
    } else {
        double right = numbers[0];
        double bottom = numbers[1];
        bounds[0] = right;
        bounds[1] = bottom;
        for (std::size_t i = 0; i + 1 < numbers.size(); i += 2) {
            bounds[0] = std::min(bounds[0], numbers[i]);
            bounds[1] = std::min(bounds[1], numbers[i + 1]);
            right = std::max(right, numbers[i]);
            bottom = std::max(bottom, numbers[i + 1]);
        }
        bounds[2] = right - bounds[0];
        bounds[3] = bottom - bounds[1];
    }
    for (std::size_t i = 0; i < 4; ++i) builder_.set_f32(bounds_[i], static_cast<float>(bounds[i]));
}

void ObjectWriter::write_pdf(const NewObject& object) {
    const auto labels = object.class_pdf_labels;
    if (!std::ranges::equal(labels, pdf_texts_)) {
        pdf_texts_.assign(labels.begin(), labels.end());
        pdf_codes_.clear();
        for (const auto& label : labels) pdf_codes_.push_back(labels_.code_of(label));
    }
    builder_.set_list(pdf_labels_, std::span<const std::uint32_t>(pdf_codes_));
    rounded_.clear();
    for (const double value : object.class_pdf) rounded_.push_back(static_cast<float>(value));
    const bool is_exact = std::ranges::equal(
        rounded_, object.class_pdf, [](float a, double b) { return static_cast<double>(a) == b; });
    if (is_exact)
        builder_.set_list(pdf_f32_, std::span<const float>(rounded_));
    else
        builder_.set_list(pdf_f64_, object.class_pdf);
}

}  // namespace tusker::catalog
