#include <algorithm>

#include "base/ids.hpp"
#include "catalog/catalog_impl.hpp"

namespace tusker::catalog {
namespace {

constexpr std::size_t kNameMax = 4'096;  // bytes

Result<void> check_name(std::string_view name) {
    if (name.empty() || name.size() > kNameMax)
        return invalid("name: must have 1 to " + std::to_string(kNameMax) + " bytes, has " +
                       std::to_string(name.size()));
    return {};
}

}  // namespace

Result<std::string> Catalog::create_dataset(std::string_view name, const Author& author) {
    TUSKER_TRY(check_name(name));
    auto dataset = std::make_shared<Dataset>();
    dataset->id = make_id("ds_");
    const auto at = now_ms();
    dataset->summary = {dataset->id, std::string(name), at, at, author.who, "created", {}};
    TUSKER_TRY(impl_->committer.commit([&](const sqlite::Database& database) {
        return database.run_with(
            "INSERT INTO dataset (id, name, tags, created_at, changed_at, changed_by, "
            "changed_what) VALUES (?1, ?2, '[]', ?3, ?3, ?4, 'created')",
            dataset->id, name, at, author.who);
    }));
    const std::unique_lock lock(impl_->registry);
    impl_->datasets.emplace(dataset->id, dataset);
    return dataset->id;
}

Result<void> Catalog::delete_dataset(std::string_view dataset_id) {
    // Not begin(): a dataset whose journal cannot be read can still be deleted.
    const auto dataset = TUSKER_TRY(impl_->find(dataset_id));
    if (!dataset->turn.enter())
        return fail(ErrorCode::Unavailable, "dataset " + dataset->id + ": " +
                                                std::to_string(Turn::kWaitingMax) +
                                                " writes are waiting; try again");
    const Impl::WriteTurn turn(dataset, nullptr);
    if (dataset->is_deleted)
        return not_found("dataset " + std::string(dataset_id) + " does not exist");
    std::vector<std::filesystem::path> blobs;
    TUSKER_TRY(impl_->committer.commit([&](const sqlite::Database& database) -> Result<void> {
        blobs.clear();
        auto read = TUSKER_TRY(
            database.prepare("SELECT no FROM journal WHERE dataset = ?1 AND payload IS NULL"));
        TUSKER_TRY(read.bind(dataset_id));
        while (TUSKER_TRY(read.step()))
            blobs.push_back(impl_->blob_path(static_cast<std::uint64_t>(read.integer(0))));
        for (const auto* table :
             {"journal", "correction", "taxonomy", "slice", "run", "finding", "item_size"})
            TUSKER_TRY(database.run_with(
                std::string("DELETE FROM ") + table + " WHERE dataset = ?1", dataset_id));
        return database.run_with("DELETE FROM dataset WHERE id = ?1", dataset_id);
    }));
    dataset->is_deleted = true;
    {
        const std::unique_lock lock(impl_->registry);
        impl_->datasets.erase(dataset->id);
        std::erase_if(impl_->runs, [&](const StoredRun& stored) {
            return stored.run.dataset_id == dataset->id;
        });
    }
    // What a crash leaves here is removed at the next start: no row names it.
    std::error_code ignored;
    for (const auto& blob : blobs) std::filesystem::remove(blob, ignored);
    std::filesystem::remove_all(impl_->data / "findings" / dataset->id, ignored);
    return {};
}

Result<void> Catalog::rename_dataset(std::string_view dataset_id, std::string_view name) {
    TUSKER_TRY(check_name(name));
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    TUSKER_TRY(impl_->amend(
        turn,
        [&](const sqlite::Database& database) {
            return database.run_with("UPDATE dataset SET name = ?1 WHERE id = ?2", name,
                                     dataset_id);
        },
        [&](Version& next) { next.name = name; }));
    const std::unique_lock lock(impl_->registry);
    turn.dataset().summary.name = name;
    return {};
}

Result<void> Catalog::set_dataset_tags(std::string_view dataset_id, std::vector<std::string> tags) {
    const auto dataset = TUSKER_TRY(impl_->find(dataset_id));
    TUSKER_TRY(impl_->committer.commit([&](const sqlite::Database& database) {
        return database.run_with("UPDATE dataset SET tags = ?1 WHERE id = ?2", json_of(tags),
                                 dataset_id);
    }));
    const std::unique_lock lock(impl_->registry);
    dataset->summary.tags = std::move(tags);
    return {};
}

std::vector<DatasetSummary> Catalog::datasets() const {
    std::vector<DatasetSummary> all;
    {
        const std::shared_lock lock(impl_->registry);
        for (const auto& [id, dataset] : impl_->datasets) all.push_back(dataset->summary);
    }
    std::stable_sort(all.begin(), all.end(), [](const DatasetSummary& a, const DatasetSummary& b) {
        return a.created_at < b.created_at;
    });
    return all;
}

Result<DatasetSummary> Catalog::dataset(std::string_view dataset_id) const {
    const auto dataset = TUSKER_TRY(impl_->find(dataset_id));
    const std::shared_lock lock(impl_->registry);
    return dataset->summary;
}

Result<std::shared_ptr<const Version>> Catalog::version(std::string_view dataset_id) const {
    const auto dataset = TUSKER_TRY(impl_->find(dataset_id));
    return impl_->version_of(*dataset);
}

Result<void> Catalog::set_item_size(std::string_view dataset_id, ItemNo item, std::uint32_t width,
                                    std::uint32_t height) {
    const auto dataset = TUSKER_TRY(impl_->find(dataset_id));
    const auto version = TUSKER_TRY(impl_->version_of(*dataset));
    if (!version->living->contains(item))
        return not_found("item number " + std::to_string(item) + " doesn't exist");
    if (width == 0 || height == 0)
        return invalid("item size " + std::to_string(width) + " x " + std::to_string(height) +
                       ": must be at least 1 x 1");
    dataset->sizes->set(item, width, height);
    impl_->committer.later([id = dataset->id, item, width, height](const sqlite::Database& d) {
        return d.run_with(
            "INSERT OR REPLACE INTO item_size (dataset, item_no, width, height) "
            "SELECT ?1, ?2, ?3, ?4 FROM dataset WHERE id = ?1",
            id, item, width, height);
    });
    return {};
}

void Catalog::on_publish(std::function<void(const Version&)> listener) {
    const std::unique_lock lock(impl_->listeners_mutex);
    impl_->listeners.push_back(std::move(listener));
}

std::uint64_t Catalog::stored_bytes(std::string_view dataset_id) const {
    std::uint64_t bytes = 0;
    {
        const std::lock_guard lock(impl_->reads_mutex);
        auto read = impl_->reads.prepare("SELECT total(size) FROM journal WHERE dataset = ?1");
        if (read && read->bind(dataset_id) && read->step().value_or(false))
            bytes = static_cast<std::uint64_t>(read->real(0));
    }
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(impl_->data / "findings" / dataset_id, error))
        bytes += entry.file_size(error);
    return bytes;
}

}  // namespace tusker::catalog
