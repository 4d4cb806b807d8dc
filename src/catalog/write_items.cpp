#include <unordered_map>

#include "catalog/catalog_impl.hpp"
#include "catalog/metadata_rows.hpp"

namespace tusker::catalog {
namespace {

using columns::Type;

constexpr std::size_t kReferenceIdMax = 4'096;  // bytes

/// One row that the call leaves behind.
struct ItemRow {
    ItemNo item_no;
    const NewItem* given;               // of a new item
    std::optional<columns::Place> old;  // of one that was there: its other columns stay
    MetadataRows::Ref metadata;
};

/// Collects what one call does to items.
class ItemBatch {
public:
    explicit ItemBatch(const Version& before) : before_(before), items_end_(before.items_end) {}

    void put(std::size_t index, const NewItem& item) {
        if (item.reference_id.empty() || item.reference_id.size() > kReferenceIdMax)
            return refuse(index, item.reference_id,
                          "items[" + std::to_string(index) + "].reference_id: must have 1 to " +
                              std::to_string(kReferenceIdMax) + " bytes, has " +
                              std::to_string(item.reference_id.size()));
        const auto metadata = metadata_.add(item.metadata);
        if (!metadata)
            return refuse(
                index, item.reference_id,
                "items[" + std::to_string(index) + "].metadata: " + metadata.error().message);
        if (ItemRow* row = find(item.reference_id)) {
            if (item.update) row->metadata = *metadata;
            return count(row->item_no, item.update);
        }
        if (const auto stored = find_item_no(before_, item.reference_id)) {
            if (item.update)
                add({*stored, nullptr, before_.items.find({*stored, 0}), *metadata},
                    item.reference_id);
            return count(*stored, item.update);
        }
        ++report.created;
        report.keys.push_back({items_end_, 0});
        add({items_end_++, &item, std::nullopt, *metadata}, item.reference_id);
    }

    void merge(std::size_t index, const Catalog::MetadataPatch& patch) {
        const auto metadata = metadata_.add(patch.metadata);
        if (!metadata)
            return refuse(
                index, patch.reference_id,
                "metadata[" + std::to_string(index) + "].metadata: " + metadata.error().message);
        const auto stored = find_item_no(before_, patch.reference_id);
        if (!stored)
            return refuse(index, patch.reference_id,
                          "Item with id " + std::string(patch.reference_id) + " doesn't exist");
        if (find(patch.reference_id) == nullptr)
            add({*stored, nullptr, before_.items.find({*stored, 0}), MetadataRows::kNone},
                patch.reference_id);
        patches_[*stored].push_back(*metadata);
        count(*stored, true);
    }

    bool is_empty() const { return rows_.empty(); }

    Delta finish(std::uint64_t journal_no, TimeMs at) {
        for (auto& row : rows_) {
            const auto patches = patches_.find(row.item_no);
            if (patches == patches_.end()) continue;
            // Later patches of one call win over earlier ones, and all over what is stored.
            auto merged = MetadataRows::kNone;
            for (const auto patch : patches->second) merged = metadata_.merge(merged, patch);
            row.metadata = metadata_.merge(segment_of(*row.old), row.old->row, merged);
        }
        Delta delta;
        TableDelta items;
        items.kind = TableKind::Items;
        columns::SegmentBuilder builder;
        for (const auto& row : rows_) {
            builder.add_row(row.item_no, 0);
            builder.set_u64(builder.column(column::kChange, Type::U64), journal_no);
            metadata_.write(builder, row.metadata);
            if (row.old) {
                items.killed.push_back({row.item_no, 0});
                copy_row(builder, segment_of(*row.old), row.old->row, [](std::string_view name) {
                    return name == column::kChange || name.starts_with(column::kMetadataPrefix);
                });
            } else {
                write_new(builder, *row.given, at);
            }
        }
        items.added = builder.finish();
        delta.items_end = items_end_;
        delta.rows_end = before_.rows_end;
        delta.tables.push_back(std::move(items));
        return delta;
    }

    WriteReport report;

private:
    const columns::Segment& segment_of(columns::Place place) const {
        return *before_.items.parts()[place.part].segment;
    }
    static void write_new(columns::SegmentBuilder& builder, const NewItem& item, TimeMs at) {
        builder.set_text(builder.column(column::kReferenceId, Type::Text), item.reference_id);
        builder.set_text(builder.column(column::kImageUrl, Type::Text), item.image_url);
        builder.set_i64(builder.column(column::kCreatedAt, Type::I64), at);
        if (item.has_media) {
            builder.set_u32(builder.column(column::kMediaPack, Type::U32), item.media_pack);
            builder.set_u64(builder.column(column::kMediaOffset, Type::U64), item.media_offset);
            builder.set_u64(builder.column(column::kMediaSize, Type::U64), item.media_size);
        }
        if (item.width) builder.set_u32(builder.column(column::kWidth, Type::U32), *item.width);
        if (item.height) builder.set_u32(builder.column(column::kHeight, Type::U32), *item.height);
    }
    void refuse(std::size_t index, std::string_view reference_id, std::string message) {
        report.refused.push_back({index, std::string(reference_id), std::move(message)});
    }
    void count(ItemNo item, bool is_update) {
        ++(is_update ? report.updated : report.ignored);
        report.keys.push_back({item, 0});
    }
    ItemRow* find(std::string_view reference_id) {
        const auto at = by_reference_.find(reference_id);
        return at == by_reference_.end() ? nullptr : &rows_[at->second];
    }
    ItemRow& add(ItemRow row, std::string_view reference_id) {
        by_reference_.emplace(reference_id, rows_.size());
        return rows_.emplace_back(row);
    }

    const Version& before_;
    ItemNo items_end_;
    MetadataRows metadata_;
    std::vector<ItemRow> rows_;
    std::unordered_map<std::string_view, std::size_t> by_reference_;
    std::unordered_map<ItemNo, std::vector<MetadataRows::Ref>> patches_;
};

}  // namespace

Result<WriteReport> Catalog::put_items(std::string_view dataset_id, std::span<const NewItem> items,
                                       const Author& author) {
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    ItemBatch batch(turn.before());
    for (std::size_t i = 0; i < items.size(); ++i) batch.put(i, items[i]);
    if (!batch.is_empty()) {
        const auto no = impl_->next_no();
        const auto stored = batch.report.created + batch.report.updated;
        TUSKER_TRY(impl_->write(
            turn, batch.finish(no, now_ms()), author,
            {.no = no, .kind = "items", .what = std::to_string(stored) + " items uploaded"}));
    }
    return std::move(batch.report);
}

Result<WriteReport> Catalog::merge_item_metadata(std::string_view dataset_id,
                                                 std::span<const MetadataPatch> patches,
                                                 const Author& author) {
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    ItemBatch batch(turn.before());
    for (std::size_t i = 0; i < patches.size(); ++i) batch.merge(i, patches[i]);
    if (!batch.is_empty()) {
        const auto no = impl_->next_no();
        TUSKER_TRY(impl_->write(
            turn, batch.finish(no, now_ms()), author,
            {.no = no,
             .kind = "items",
             .what = "metadata of " + std::to_string(batch.report.updated) + " items updated"}));
    }
    return std::move(batch.report);
}

}  // namespace tusker::catalog
