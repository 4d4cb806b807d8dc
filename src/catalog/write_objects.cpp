// Annotations and predictions of one call: each row is resolved, checked, told apart from those
// that are there by its key, and the accepted ones become one segment and one journal row.
#include <unordered_map>

#include "catalog/catalog_impl.hpp"
#include "catalog/metadata_rows.hpp"
#include "catalog/object_key.hpp"
#include "catalog/object_rows.hpp"

namespace tusker::catalog {
namespace {

/// One row that the call leaves behind.
struct ObjectRow {
    columns::RowKey key;
    std::size_t source;  // index in the call
    MetadataRows::Ref metadata;
    std::uint64_t hash;
};

class ObjectBatch {
public:
    ObjectBatch(const Version& before, const columns::Table& table,
                std::span<const NewObject> objects, bool is_prediction, bool update)
        : before_(before),
          table_(table),
          objects_(objects),
          is_prediction_(is_prediction),
          update_(update),
          rows_end_(before.rows_end) {
        report.keys.reserve(objects.size());
        rows_.reserve(objects.size());
        by_hash_.reserve(objects.size());
    }

    void put(std::size_t index) {
        const NewObject& object = objects_[index];
        const auto item = find_item(object);
        if (!item)
            return refuse(index, "Item with id " +
                                     (object.item_no ? "number " + std::to_string(*object.item_no)
                                                     : std::string(object.reference_id)) +
                                     " doesn't exist");
        const auto kind = is_prediction_ ? "predictions" : "annotations";
        if (auto fault = find_fault(object, before_, kind, index))
            return refuse(index, std::move(*fault));
        const auto metadata = metadata_.add(object.metadata);
        if (!metadata)
            return refuse(index, std::string(kind) + "[" + std::to_string(index) +
                                     "].metadata: " + metadata.error().message);
        const auto key = ObjectKey::of(object, is_prediction_);
        const auto hash = key.hash();
        if (auto* row = find_row(*item, key, hash)) {
            if (update_) {
                row->source = index;
                row->metadata = *metadata;
            }
            return count(row->key);
        }
        if (const auto stored = find_stored(*item, key, hash)) {
            if (update_) {
                killed_.push_back(*stored);
                add({*stored, index, *metadata, hash});
            }
            return count(*stored);
        }
        const columns::RowKey fresh{*item, rows_end_++};
        ++report.created;
        report.keys.push_back(fresh);
        add({fresh, index, *metadata, hash});
    }

    bool is_empty() const { return rows_.empty(); }

    Delta finish(std::uint64_t journal_no, std::string_view run_id) {
        Delta delta;
        TableDelta table;
        table.kind = is_prediction_ ? TableKind::Predictions : TableKind::Annotations;
        table.run_id = run_id;
        table.killed = std::move(killed_);
        columns::SegmentBuilder builder;
        LabelCodes labels(*before_.labels);
        ObjectWriter writer(builder, labels, is_prediction_, journal_no);
        for (const auto& row : rows_) {
            builder.add_row(row.key.item_no, row.key.row_no);
            writer.write(objects_[row.source]);
            metadata_.write(builder, row.metadata);
        }
        table.added = builder.finish();
        delta.items_end = before_.items_end;
        delta.rows_end = rows_end_;
        delta.labels = labels.take_new();
        delta.tables.push_back(std::move(table));
        return delta;
    }

    WriteReport report;

private:
    struct Stored {
        std::uint64_t hash;
        Object object;
    };

    std::optional<ItemNo> find_item(const NewObject& object) {
        if (object.item_no)
            return before_.living->contains(*object.item_no) ? object.item_no : std::nullopt;
        // Rows of one item come one after the other.
        if (!last_reference_ || *last_reference_ != object.reference_id) {
            last_reference_ = object.reference_id;
            last_item_ = find_item_no(before_, object.reference_id);
        }
        return last_item_;
    }

    /// A row of this call with the same key.
    ObjectRow* find_row(ItemNo item, const ObjectKey& key, std::uint64_t hash) {
        const auto [first, last] = by_hash_.equal_range(hash ^ item);
        for (auto at = first; at != last; ++at) {
            auto& row = rows_[at->second];
            if (row.key.item_no == item &&
                ObjectKey::of(objects_[row.source], is_prediction_) == key)
                return &row;
        }
        return nullptr;
    }

    std::optional<columns::RowKey> find_stored(ItemNo item, const ObjectKey& key,
                                               std::uint64_t hash) {
        if (stored_of_ != item) {
            stored_of_ = item;
            stored_.clear();
            for (const auto& object : objects_of(table_, item))
                stored_.push_back({ObjectKey::of(object, *before_.labels).hash(), object});
        }
        for (const auto& stored : stored_)
            if (stored.hash == hash && ObjectKey::of(stored.object, *before_.labels) == key)
                return columns::RowKey{item, stored.object.row_no};
        return std::nullopt;
    }

    void add(ObjectRow row) {
        by_hash_.emplace(row.hash ^ row.key.item_no, rows_.size());
        rows_.push_back(row);
    }
    void count(columns::RowKey key) {
        ++(update_ ? report.updated : report.ignored);
        report.keys.push_back(key);
    }
    void refuse(std::size_t index, std::string message) {
        report.refused.push_back(
            {index, std::string(objects_[index].reference_id), std::move(message)});
    }

    const Version& before_;
    const columns::Table& table_;
    std::span<const NewObject> objects_;
    bool is_prediction_;
    bool update_;
    RowNo rows_end_;
    MetadataRows metadata_;
    std::vector<ObjectRow> rows_;
    std::vector<columns::RowKey> killed_;
    std::unordered_multimap<std::uint64_t, std::size_t> by_hash_;
    std::optional<std::string_view> last_reference_;
    std::optional<ItemNo> last_item_;
    std::optional<ItemNo> stored_of_;  // whose stored rows are in stored_
    std::vector<Stored> stored_;
};

}  // namespace

Result<WriteReport> Catalog::put_annotations(std::string_view dataset_id,
                                             std::span<const NewObject> annotations, bool update,
                                             const Author& author) {
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    ObjectBatch batch(turn.before(), turn.before().annotations, annotations, false, update);
    for (std::size_t i = 0; i < annotations.size(); ++i) batch.put(i);
    if (!batch.is_empty()) {
        const auto no = impl_->next_no();
        const auto stored = batch.report.created + batch.report.updated;
        TUSKER_TRY(impl_->write(turn, batch.finish(no, {}), author,
                                {.no = no,
                                 .kind = "annotations",
                                 .what = std::to_string(stored) + " annotations uploaded"}));
    }
    return std::move(batch.report);
}

Result<WriteReport> Catalog::put_predictions(std::string_view dataset_id, std::string_view run_id,
                                             std::span<const NewObject> predictions, bool update,
                                             const Author& author) {
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    const auto* run = turn.before().find_run(run_id);
    if (run == nullptr)
        return not_found("model run " + std::string(run_id) + " does not exist in dataset " +
                         std::string(dataset_id));
    ObjectBatch batch(turn.before(), run->predictions, predictions, true, update);
    for (std::size_t i = 0; i < predictions.size(); ++i) batch.put(i);
    if (!batch.is_empty()) {
        const auto no = impl_->next_no();
        const auto stored = batch.report.created + batch.report.updated;
        TUSKER_TRY(impl_->write(turn, batch.finish(no, run_id), author,
                                {.no = no,
                                 .kind = "predictions",
                                 .what = std::to_string(stored) + " predictions uploaded"}));
    }
    return std::move(batch.report);
}

}  // namespace tusker::catalog
