// What is stored -> the objects that the client reads: ITEM, ANN, PRED, BYTYPE, ROW. Texts and
// numbers come back exactly as they were given.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "catalog/version.hpp"

namespace tusker::nucleus {

/// The address that a client can fetch an item's picture from.
using PictureUrl = std::function<std::string(const catalog::Version&, const catalog::Item&)>;

/// Writes objects of one Version.
class Render {
public:
    Render(const catalog::Version& version, PictureUrl picture_url)
        : version_(version), picture_url_(std::move(picture_url)) {}

    const catalog::Version& version() const { return version_; }

    /// ITEM. `processed`: with processed_url, which readers of chips want.
    void item(json::Writer& writer, const catalog::Item& item, bool processed = false) const;
    /// ANN.
    void annotation(json::Writer& writer, const catalog::Object& object,
                    const catalog::Item& item) const;
    /// PRED of a table of predictions.
    void prediction(json::Writer& writer, const columns::Table& table,
                    const catalog::Object& object, const catalog::Item& item) const;

    /// BYTYPE: an object of lists; a type that has none is left out.
    void annotations_by_type(json::Writer& writer, const catalog::Item& item) const;
    void predictions_by_type(json::Writer& writer, const columns::Table& table,
                             const catalog::Item& item) const;
    /// BYTYPE over all living items.
    void all_predictions_by_type(json::Writer& writer, const columns::Table& table) const;

    /// ROW: the item and a list for every type, empty ones too. `predictions` null = annotations.
    void row(json::Writer& writer, const catalog::Item& item, const columns::Table* predictions,
             bool processed = false) const;

    /// {"id","ref_id","original_image_url","metadata"} with each metadata key in both spellings,
    /// mislabel_score and mislabelScore: scripts of 2021 read the second one.
    void item_of_slice_info(json::Writer& writer, const catalog::Item& item) const;

    std::string url(const catalog::Item& item) const;

private:
    void object_members(json::Writer& writer, const columns::Table& table,
                        const catalog::Object& object, const catalog::Item& item) const;
    void object(json::Writer& writer, const columns::Table* predictions,
                const catalog::Object& object, const catalog::Item& item) const;
    void by_type(json::Writer& writer, const columns::Table* predictions,
                 std::span<const catalog::Item> items) const;

    const catalog::Version& version_;
    PictureUrl picture_url_;
};

/// Labels that living annotations have, by bytes; `items` null = of all items.
std::vector<std::string> labels_in_use(const catalog::Version& version, const columns::Table& table,
                                       const columns::Bitmap* items);

}  // namespace tusker::nucleus
