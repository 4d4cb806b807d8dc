// Version: all of one dataset at one moment, immutable. A reader holds one for the length of its
// work; writers publish new ones. Rooms below (query, findings, formats, server) read this.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "storage/columns/table.hpp"

namespace tusker::catalog {

using ItemNo = std::uint32_t;  // dense per dataset, in upload order, never reused
using RowNo = std::uint64_t;   // one annotation or prediction, never reused; an update keeps it
using LabelCode = std::uint32_t;

/// Numbers are stored; never renumber.
enum class ObjectType : std::uint8_t { Box = 1, Polygon = 3, Category = 6 };
std::string_view to_text(ObjectType type);  // "box", "polygon", "category"
std::optional<ObjectType> parse_object_type(std::string_view text);

/// Names of columns. Metadata key K of an item or object is the column "metadata.K" (any types).
namespace column {
// items (row_no = 0)
inline constexpr std::string_view kReferenceId = "reference_id";  // Text
inline constexpr std::string_view kImageUrl = "image_url";        // Text, as given
inline constexpr std::string_view kMediaPack =
    "media.pack";  // U32; absent: picture stays at image_url
inline constexpr std::string_view kMediaOffset = "media.offset";  // U64
inline constexpr std::string_view kMediaSize = "media.size";      // U64
inline constexpr std::string_view kWidth = "width";           // U32 pixels, absent = not known yet
inline constexpr std::string_view kHeight = "height";         // U32
inline constexpr std::string_view kCreatedAt = "created_at";  // I64 ms
inline constexpr std::string_view kChange = "change";  // U64 journal number of the last change
// objects: hot
inline constexpr std::string_view kType = "type";    // U8 ObjectType
inline constexpr std::string_view kLabel = "label";  // U32 LabelCode
// box, or bounds of a polygon; absent for a category. F32, rounded from geometry.
inline constexpr std::string_view kX = "x";
inline constexpr std::string_view kY = "y";
inline constexpr std::string_view kW = "width";
inline constexpr std::string_view kH = "height";
inline constexpr std::string_view kConfidence =
    "confidence";  // F32 rounded; exact in confidence.exact
// objects: cold
inline constexpr std::string_view kConfidenceExact = "confidence.exact";  // F64
inline constexpr std::string_view kGeometry =
    "geometry";  // F64List: box x y w h; polygon x0 y0 x1 y1 …
inline constexpr std::string_view kAnnotationId = "annotation_id";  // Text, absent = null
inline constexpr std::string_view kTaskId = "task_id";              // Text, absent = null
inline constexpr std::string_view kTrackId = "track_reference_id";  // Text, absent = null
inline constexpr std::string_view kTaxonomy = "taxonomy_name";  // Text, absent = default taxonomy
inline constexpr std::string_view kClassPdfLabels = "class_pdf.labels";  // U32List of LabelCode
inline constexpr std::string_view kClassPdf = "class_pdf";  // F64List, or F32List if exact
inline constexpr std::string_view kMetadataPrefix = "metadata.";
// findings of a label-issue run: a row for each label or box that was scored; row_no = the
// annotation's, or the prediction's where no annotation stands for it (overlooked)
inline constexpr std::string_view kIssueScore = "issue.score";  // F64
inline constexpr std::string_view kIssueGiven = "issue.given";  // U32 LabelCode, absent: overlooked
inline constexpr std::string_view kIssueSuggested =
    "issue.suggested";  // U32 LabelCode, absent: nothing says which
inline constexpr std::string_view kIssueKind =
    "issue.kind";  // Text, only where issue.is: label, overlooked, swapped, badly_located
inline constexpr std::string_view kIssuePrediction =
    "issue.prediction";  // U64: row of the predicted box that says so
inline constexpr std::string_view kIssueIs = "issue.is";      // Bool: found by the filter
inline constexpr std::string_view kIssueRank = "issue.rank";  // U32, 0 = worst; only where issue.is
}  // namespace column

/// Label texts and their dataset-wide codes; append-only.
class LabelTable {
public:
    std::size_t size() const { return texts_.size(); }
    const std::string& text(LabelCode code) const { return texts_[code]; }
    std::optional<LabelCode> find(std::string_view text) const;
    const std::vector<std::string>& texts() const { return texts_; }
    /// This table with `text` at the end.
    LabelTable with(std::string_view text) const;
    /// The code of `text`, a new one if need be; only before the table is published.
    LabelCode add(std::string_view text);

private:
    struct Hash {
        using is_transparent = void;  // finds a string_view without making a string
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    std::vector<std::string> texts_;
    std::unordered_map<std::string, LabelCode, Hash, std::equal_to<>> codes_;
};

struct Taxonomy {
    std::string name;
    ObjectType type;  // Category
    std::vector<std::string> labels;
};

struct Slice {
    std::string id;  // slc_…
    std::string name;
    std::string query;  // empty = static: `items` says it; else live: the query is asked anew
    TimeMs created_at;
    std::string created_by;
    std::shared_ptr<const columns::Bitmap> items;  // item numbers; dead items included
};

/// One model's predictions on this dataset.
struct RunTable {
    std::string run_id;    // run_…
    std::string model_id;  // prj_…
    std::string name;
    bool run_free = false;  // predictions given to the model itself, without a run
    columns::Table predictions;
};

/// What Tusker computed; recomputable, so not journalled.
struct Finding {
    std::string id;             // iss_…
    std::string kind;           // "label_issues"
    std::string run_id;         // the predictions it read
    std::string parameters;     // JSON: filter_by, rank_by, taxonomy …
    std::uint64_t version = 0;  // journal number of the Version it read
    TimeMs created_at = 0;
    std::string summary;  // JSON: counts, skipped, class order, thresholds
    std::shared_ptr<const columns::Segment> rows;
    /// One row an item, its worst: by rank, then score. `rows` itself where no item has more.
    std::shared_ptr<const columns::Segment> worst = nullptr;

    bool has_several_an_item() const { return worst && worst != rows; }
};
/// Of a finding's rows; items without a row have none.
std::shared_ptr<const columns::Segment> worst_of_items(
    const std::shared_ptr<const columns::Segment>& rows);

class ReferenceIndex;  // (reference_id -> item_no), shared by Versions
class ItemSizes;       // pixels of pictures, found out after the upload, shared by Versions

struct Version {
    std::string dataset_id;  // ds_…
    std::string name;
    std::uint64_t journal_no = 0;  // last change that this Version holds
    ItemNo items_end = 0;          // all item numbers are below
    RowNo rows_end = 0;            // all row numbers are below
    columns::Table items;
    columns::Table annotations;
    std::map<std::string, std::shared_ptr<const RunTable>> runs;  // by run id
    std::shared_ptr<const columns::Bitmap> living;  // item numbers that are not deleted
    std::shared_ptr<const LabelTable> labels;
    std::vector<Taxonomy> taxonomies;
    std::vector<Slice> slices;
    std::vector<std::shared_ptr<const Finding>> findings;  // oldest first
    std::shared_ptr<const ReferenceIndex> references;
    std::shared_ptr<const ItemSizes> sizes;  // null = none known beside the columns

    std::uint64_t item_count() const { return living->size(); }
    const RunTable* find_run(std::string_view run_id) const;
    const Slice* find_slice(std::string_view id_or_name) const;
    /// The newest label-issue run, or the one with that id.
    const Finding* find_label_issues(std::string_view id = {}) const;
};

/// An item as given, for answers and exports.
struct Item {
    ItemNo item_no;
    std::string_view reference_id;  // views live as long as the Version
    std::string_view image_url;
    std::optional<std::uint32_t> width;  // as given, or found out by Catalog::set_item_size
    std::optional<std::uint32_t> height;
    bool has_media;  // uploaded: bytes are in a pack
    std::uint32_t media_pack;
    std::uint64_t media_offset;
    std::uint64_t media_size;
    TimeMs created_at;
    columns::Place place;
};

/// An annotation or prediction as given.
struct Object {
    ItemNo item_no;
    RowNo row_no;
    ObjectType type;
    LabelCode label;
    std::span<const double> geometry;  // box x y w h; polygon x0 y0 x1 y1 …; category none
    std::optional<std::string_view> annotation_id;
    std::optional<std::string_view> task_id;
    std::optional<std::string_view> track_reference_id;
    std::optional<std::string_view> taxonomy_name;
    std::optional<double> confidence;
    std::uint64_t change;  // journal number
    columns::Place place;
};

std::optional<Item> find_item(const Version& version, ItemNo item_no);
std::optional<ItemNo> find_item_no(const Version& version, std::string_view reference_id);
/// Living objects of an item in row_no order (for predictions pass the run's table).
std::vector<Object> objects_of(const columns::Table& table, ItemNo item_no);
std::optional<Object> find_object(const columns::Table& table, columns::RowKey key);
/// (label code, probability) as given; empty if none.
std::vector<std::pair<LabelCode, double>> class_pdf(const columns::Table& table,
                                                    columns::Place place);
/// All metadata of a row as a JSON object text, "{}" if none; keys in byte order.
std::string metadata_json(const columns::Table& table, columns::Place place);

}  // namespace tusker::catalog
