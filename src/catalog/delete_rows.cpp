#include "catalog/catalog_impl.hpp"

namespace tusker::catalog {
namespace {

/// NotFound names the first that is unknown.
Result<std::vector<ItemNo>> find_items(const Version& version,
                                       std::span<const std::string> reference_ids) {
    columns::Bitmap found;
    for (const auto& reference_id : reference_ids) {
        const auto item = find_item_no(version, reference_id);
        if (!item) return not_found("Item with id " + reference_id + " doesn't exist");
        found.add(*item);
    }
    std::vector<ItemNo> items;
    found.for_each([&](ItemNo item) {
        items.push_back(item);
        return true;
    });
    return items;
}

Delta nothing_after(const Version& version) {
    Delta delta;
    delta.items_end = version.items_end;
    delta.rows_end = version.rows_end;
    return delta;
}

}  // namespace

Result<std::uint64_t> Catalog::delete_items(std::string_view dataset_id,
                                            std::span<const std::string> reference_ids,
                                            const Author& author) {
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    auto delta = nothing_after(turn.before());
    delta.deleted_items = TUSKER_TRY(find_items(turn.before(), reference_ids));
    const std::uint64_t count = delta.deleted_items.size();
    if (count == 0) return count;
    TUSKER_TRY(impl_->write(turn, delta, author,
                            {.no = impl_->next_no(),
                             .kind = "delete items",
                             .what = std::to_string(count) + " items deleted"}));
    return count;
}

Result<std::uint64_t> Catalog::delete_annotations(std::string_view dataset_id,
                                                  std::span<const std::string> reference_ids,
                                                  const Author& author) {
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    const auto& before = turn.before();
    TableDelta annotations;
    annotations.kind = TableKind::Annotations;
    if (reference_ids.empty()) {
        before.living->for_each([&](ItemNo item) {
            annotations.killed_items.push_back(item);
            return true;
        });
    } else {
        annotations.killed_items = TUSKER_TRY(find_items(before, reference_ids));
    }
    const auto left = before.annotations.with({}, annotations.killed_items, nullptr);
    const std::uint64_t count = before.annotations.living_rows() - left.living_rows();
    if (count == 0) return count;
    auto delta = nothing_after(before);
    delta.tables.push_back(std::move(annotations));
    TUSKER_TRY(impl_->write(turn, delta, author,
                            {.no = impl_->next_no(),
                             .kind = "delete annotations",
                             .what = std::to_string(count) + " annotations deleted"}));
    return count;
}

}  // namespace tusker::catalog
