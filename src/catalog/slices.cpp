#include <algorithm>

#include "base/ids.hpp"
#include "catalog/catalog_impl.hpp"

namespace tusker::catalog {
namespace {

std::unexpected<Error> no_such_slice(std::string_view slice_id) {
    return not_found("slice " + std::string(slice_id) + " does not exist");
}

Slice* find_in(Version& version, std::string_view slice_id) {
    const auto at = std::ranges::find(version.slices, slice_id, &Slice::id);
    return at == version.slices.end() ? nullptr : &*at;
}

}  // namespace

Result<std::string> Catalog::create_slice(std::string_view dataset_id, std::string_view name,
                                          std::string_view query, const columns::Bitmap& items,
                                          const Author& author) {
    if (name.empty()) return invalid("slice name: must not be empty");
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    const Slice slice{make_id("slc_"),    std::string(name),
                      std::string(query), now_ms(),
                      author.who,         std::make_shared<const columns::Bitmap>(items)};
    TUSKER_TRY(impl_->amend(
        turn,
        [&](const sqlite::Database& database) {
            return database.run_with(
                "INSERT INTO slice (id, dataset, name, query, created_at, created_by, items) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                slice.id, dataset_id, name, query, slice.created_at, slice.created_by,
                sqlite::Blob{items.serialise()});
        },
        [&](Version& next) { next.slices.push_back(slice); }));
    return slice.id;
}

Result<columns::Bitmap> Catalog::append_to_slice(std::string_view slice_id,
                                                 const columns::Bitmap& items) {
    const auto dataset_id = TUSKER_TRY(dataset_of_slice(slice_id));
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    const auto at = std::ranges::find(turn.before().slices, slice_id, &Slice::id);
    if (at == turn.before().slices.end()) return no_such_slice(slice_id);
    if (!at->query.empty())
        return invalid("slice " + at->name + " asks its query anew: no items can be appended");
    columns::Bitmap added = items;
    added -= *at->items;
    if (added.empty()) return added;
    columns::Bitmap all = *at->items;
    all |= added;
    TUSKER_TRY(impl_->amend(
        turn,
        [&](const sqlite::Database& database) {
            return database.run_with("UPDATE slice SET items = ?1 WHERE id = ?2",
                                     sqlite::Blob{all.serialise()}, slice_id);
        },
        [&](Version& next) {
            find_in(next, slice_id)->items = std::make_shared<const columns::Bitmap>(all);
        }));
    return added;
}

Result<void> Catalog::rename_slice(std::string_view slice_id, std::string_view name) {
    if (name.empty()) return invalid("slice name: must not be empty");
    const auto dataset_id = TUSKER_TRY(dataset_of_slice(slice_id));
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    return impl_->amend(
        turn,
        [&](const sqlite::Database& database) {
            return database.run_with("UPDATE slice SET name = ?1 WHERE id = ?2", name, slice_id);
        },
        [&](Version& next) {
            if (auto* slice = find_in(next, slice_id)) slice->name = name;
        });
}

Result<void> Catalog::delete_slice(std::string_view slice_id) {
    const auto dataset_id = TUSKER_TRY(dataset_of_slice(slice_id));
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    return impl_->amend(
        turn,
        [&](const sqlite::Database& database) {
            return database.run_with("DELETE FROM slice WHERE id = ?1", slice_id);
        },
        [&](Version& next) {
            std::erase_if(next.slices, [&](const Slice& slice) { return slice.id == slice_id; });
        });
}

Result<std::string> Catalog::dataset_of_slice(std::string_view slice_id) const {
    const std::lock_guard lock(impl_->reads_mutex);
    auto read = TUSKER_TRY(impl_->reads.prepare("SELECT dataset FROM slice WHERE id = ?1"));
    TUSKER_TRY(read.bind(slice_id));
    if (!TUSKER_TRY(read.step())) return no_such_slice(slice_id);
    return read.string(0);
}

}  // namespace tusker::catalog
