// Inside the room only: annotations and predictions on their way into columns.
#pragma once

#include <unordered_map>

#include "catalog/catalog.hpp"

namespace tusker::catalog {

/// Codes of a Version's labels and of those that a write adds.
class LabelCodes {
public:
    explicit LabelCodes(const LabelTable& stored) : stored_(stored) {}
    LabelCode code_of(std::string_view label);
    /// In the order of their codes, after the stored ones.
    std::vector<std::string> take_new() { return std::move(new_); }

private:
    const LabelTable& stored_;
    std::vector<std::string> new_;
    std::unordered_map<std::string, LabelCode> new_codes_;
    std::string last_;  // rows in a row often have one label
    std::optional<LabelCode> last_code_;
};

/// Why a row is refused ("annotations[3].geometry.width = -4: must be a number >= 0"), else
/// nothing. `kind` is "annotations" or "predictions".
std::optional<std::string> find_fault(const NewObject& object, const Version& version,
                                      std::string_view kind, std::size_t index);

/// Sets the columns of one object in the builder's current row, less metadata.
class ObjectWriter {
public:
    ObjectWriter(columns::SegmentBuilder& builder, LabelCodes& labels, bool is_prediction,
                 std::uint64_t journal_no);
    void write(const NewObject& object);

private:
    using Ref = columns::SegmentBuilder::ColumnRef;
    void write_bounds(const NewObject& object);
    void write_pdf(const NewObject& object);

    columns::SegmentBuilder& builder_;
    LabelCodes& labels_;
    bool is_prediction_;
    std::uint64_t journal_no_;
    Ref change_;
    Ref type_;
    Ref label_;
    Ref bounds_[4];
    Ref geometry_;
    Ref annotation_id_;
    Ref task_id_;
    Ref track_id_;
    Ref taxonomy_;
    Ref confidence_;
    Ref confidence_exact_;
    Ref pdf_labels_;
    Ref pdf_f32_;
    Ref pdf_f64_;
    std::vector<std::string> pdf_texts_;  // of the row before, whose codes are pdf_codes_
    std::vector<LabelCode> pdf_codes_;
    std::vector<float> rounded_;
};

}  // namespace tusker::catalog
