// The catalog: what is in the datasets. A journal in SQLite is the truth; segments in memory are a
// view of it (DESIGN § 2).
//
// Thread safety: all members may be called from several threads. Readers take a Version and never
// wait. Writers of one dataset take turns (a queue of at most 64, then ErrorCode::Unavailable).
// Invariants: (1) a write returns only after its journal row survives a crash; one that failed left
// no trace. (2) A published Version is a prefix of the journal. (3) Numbers are never reused.
// (4) All accepted rows of one call are one journal row.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "catalog/version.hpp"

namespace tusker::catalog {

struct Author {
    std::string who;  // account or key name
    std::string why;  // JSON or empty: which finding, which task, which import
};

struct NewItem {
    std::string_view reference_id;  // 1 to 4,096 bytes
    std::string_view image_url;
    bool has_media = false;
    std::uint32_t media_pack = 0;
    std::uint64_t media_offset = 0;
    std::uint64_t media_size = 0;
    std::optional<std::uint32_t> width;
    std::optional<std::uint32_t> height;
    std::string_view metadata;  // JSON object text; empty = {}
    bool update = false;        // present already: replace the metadata; else ignore
};

struct NewObject {
    std::string_view reference_id;  // of the item, unless item_no is given
    std::optional<ItemNo> item_no;
    ObjectType type = ObjectType::Box;
    std::string_view label;
    std::span<const double> geometry;
    std::optional<std::string_view> annotation_id;
    std::optional<std::string_view> task_id;
    std::optional<std::string_view> track_reference_id;
    std::optional<std::string_view> taxonomy_name;
    std::string_view metadata;
    std::optional<double> confidence;                    // predictions
    std::span<const std::string_view> class_pdf_labels;  // predictions
    std::span<const double> class_pdf;
};

struct Refusal {
    std::size_t index;  // of the row in the call
    std::string reference_id;
    std::string message;  // field, value, rule
};

/// What happened to each row of a call; created + updated + ignored + refused = rows.
struct WriteReport {
    std::uint64_t created = 0;
    std::uint64_t updated = 0;
    std::uint64_t ignored = 0;
    std::vector<Refusal> refused;
    std::vector<columns::RowKey> keys;  // of each row not refused, in call order
};

struct DatasetSummary {
    std::string id;
    std::string name;
    TimeMs created_at;
    TimeMs changed_at;
    std::string changed_by;
    std::string changed_what;  // "import", "upload", "12 labels corrected" …
    std::vector<std::string> tags;
};

struct Model {
    std::string id;  // prj_…
    std::string name;
    std::string reference_id;
    std::string metadata;  // JSON object
    std::vector<std::string> tags;
    std::vector<std::string> trained_slice_ids;
};

struct Run {
    std::string id;  // run_…
    std::string model_id;
    std::string dataset_id;
    std::string name;
    std::string metadata;
    TimeMs created_at;
};

/// What a person decided about one label or box.
struct Decision {
    enum class Verdict { Accept, Keep, Choose };
    columns::RowKey annotation;
    Verdict verdict = Verdict::Accept;
    std::string label;       // the new label for Accept and Choose; the kept one for Keep
    std::string finding_id;  // the label-issue run that made one look; may be empty
    std::optional<double> score;
    /// x y w h that a box gets, or that is added; empty: it stays where it is.
    std::vector<double> geometry = {};
    /// `annotation` is a predicted box that no annotation stands for: Accept and Choose add one
    /// with `label` and `geometry`, Keep says that none is missing.
    bool adds = false;
};

/// What a decision did. Numbers are stored; never renumber.
enum class Effect : std::uint8_t {
    Relabelled = 0,  // or nothing, if kept
    Moved = 1,       // the box, and the label if that differs
    Added = 2        // an annotation; kept: none was missing
};

/// A correction or a kept label, as it stays in the history for ever.
struct Correction {
    std::uint64_t id;  // its journal number
    std::size_t part;  // several decisions may be one journal row
    columns::RowKey annotation;
    Decision::Verdict verdict;
    std::string given;  // label before
    std::string label;  // label after
    std::string finding_id;
    std::optional<double> score;
    TimeMs at;
    std::string who;
    bool undone = false;
    TimeMs undone_at = 0;
    std::string undone_by;
    RowNo issue_row = 0;  // the row that the finding named: annotation's, or the prediction's
    Effect effect = Effect::Relabelled;
    std::vector<double> given_geometry = {};  // before, if Moved
};

/// One step of an object's history, newest last.
struct Change {
    std::uint64_t journal_no;
    TimeMs at;
    std::string who;
    std::string what;          // "uploaded", "updated", "corrected", "moved", "added", "kept",
                               // "undone", "imported"
    std::string label_before;  // empty for the first
    std::string label_after;
    std::string why;  // JSON
};

class Catalog {
public:
    /// Opens or creates `data`/catalog.sqlite and journal/; replays lazily. An older format is
    /// migrated, a newer one refused in one sentence.
    static Result<std::unique_ptr<Catalog>> open(const std::filesystem::path& data,
                                                 const Pool& pool);
    ~Catalog();

    // Datasets.
    Result<std::string> create_dataset(std::string_view name, const Author& author);
    Result<void> delete_dataset(std::string_view dataset_id);
    Result<void> rename_dataset(std::string_view dataset_id, std::string_view name);
    Result<void> set_dataset_tags(std::string_view dataset_id, std::vector<std::string> tags);
    std::vector<DatasetSummary> datasets() const;
    Result<DatasetSummary> dataset(std::string_view dataset_id) const;
    /// NotFound names the id. First touch replays the dataset's journal.
    Result<std::shared_ptr<const Version>> version(std::string_view dataset_id) const;

    // Rows. Each returns after its rows are durable.
    Result<WriteReport> put_items(std::string_view dataset_id, std::span<const NewItem> items,
                                  const Author& author);
    /// New keys win over stored ones; unknown items are refused.
    struct MetadataPatch {
        std::string_view reference_id;
        std::string_view metadata;  // JSON object text
    };
    Result<WriteReport> merge_item_metadata(std::string_view dataset_id,
                                            std::span<const MetadataPatch> patches,
                                            const Author& author);
    /// Width and height found out later (from the picture); not a change that people see.
    Result<void> set_item_size(std::string_view dataset_id, ItemNo item, std::uint32_t width,
                               std::uint32_t height);
    Result<WriteReport> put_annotations(std::string_view dataset_id,
                                        std::span<const NewObject> annotations, bool update,
                                        const Author& author);
    Result<WriteReport> put_predictions(std::string_view dataset_id, std::string_view run_id,
                                        std::span<const NewObject> predictions, bool update,
                                        const Author& author);
    /// With their annotations and predictions. Unknown references are NotFound, nothing is deleted.
    Result<std::uint64_t> delete_items(std::string_view dataset_id,
                                       std::span<const std::string> reference_ids,
                                       const Author& author);
    /// Of these items; of all if the list is empty. Returns how many.
    Result<std::uint64_t> delete_annotations(std::string_view dataset_id,
                                             std::span<const std::string> reference_ids,
                                             const Author& author);

    // Decisions about labels.
    /// All or nothing, one journal row: its number is the id to undo.
    Result<std::uint64_t> decide(std::string_view dataset_id, std::span<const Decision> decisions,
                                 const Author& author);
    /// Puts every label back that has not been changed since; Conflict names one that was.
    Result<void> undo(std::string_view dataset_id, std::uint64_t decision, const Author& author);
    /// Newest first; undone ones included.
    Result<std::vector<Correction>> corrections(std::string_view dataset_id) const;
    Result<std::vector<Change>> history(std::string_view dataset_id,
                                        columns::RowKey annotation) const;

    // Taxonomies.
    enum class TaxonomyStatus { Created, Exists, Updated };
    Result<TaxonomyStatus> put_taxonomy(std::string_view dataset_id, const Taxonomy& taxonomy,
                                        bool update, const Author& author);
    /// With its category annotations and predictions.
    Result<void> delete_taxonomy(std::string_view dataset_id, std::string_view name,
                                 const Author& author);

    // Slices.
    Result<std::string> create_slice(std::string_view dataset_id, std::string_view name,
                                     std::string_view query, const columns::Bitmap& items,
                                     const Author& author);
    /// Returns the items really added.
    Result<columns::Bitmap> append_to_slice(std::string_view slice_id,
                                            const columns::Bitmap& items);
    Result<void> rename_slice(std::string_view slice_id, std::string_view name);
    Result<void> delete_slice(std::string_view slice_id);
    /// The dataset of a slice; NotFound names the id.
    Result<std::string> dataset_of_slice(std::string_view slice_id) const;

    // Models and runs.
    Result<std::string> create_model(const Model& model);  // Conflict: reference_id is taken
    Result<void> delete_model(std::string_view model_id);
    Result<void> set_model_tags(std::string_view model_id, std::vector<std::string> tags);
    /// Slices that the model was trained on.
    Result<void> set_model_trained_slices(std::string_view model_id,
                                          std::vector<std::string> slice_ids);
    std::vector<Model> models() const;
    Result<Model> model(std::string_view model_id) const;
    Result<Model> model_by_reference(std::string_view reference_id) const;
    Result<std::string> create_run(std::string_view model_id, std::string_view dataset_id,
                                   std::string_view name, std::string_view metadata);
    /// The implicit run of (model, dataset), made at first use; `run_free`: the hidden one that
    /// holds predictions given to the model itself.
    Result<std::string> implicit_run(std::string_view model_id, std::string_view dataset_id,
                                     bool run_free = false);
    Result<void> delete_run(std::string_view run_id);
    Result<Run> run(std::string_view run_id) const;
    /// Without the hidden ones.
    std::vector<Run> runs() const;
    /// The hidden runs of a model, one for each dataset that it was given predictions for.
    std::vector<Run> run_free_runs(std::string_view model_id) const;

    // Findings: kept in findings/, attached to the Versions from then on.
    Result<void> put_finding(std::string_view dataset_id, Finding finding);

    /// Called after each published Version; several may be registered, none may block.
    void on_publish(std::function<void(const Version&)> listener);

    /// Bytes on disk of one dataset without its pictures.
    std::uint64_t stored_bytes(std::string_view dataset_id) const;

private:
    Catalog();
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tusker::catalog
