#include "server/nucleus/dataset_settings.hpp"

#include <array>

namespace tusker::nucleus {
namespace {

constexpr std::array kMigrations = {
    "CREATE TABLE dataset_setting(dataset_id TEXT PRIMARY KEY, use_privacy_mode INTEGER NOT NULL,"
    " annotation_metadata_schema TEXT NOT NULL, item_metadata_schema TEXT NOT NULL) STRICT;",
    "ALTER TABLE dataset_setting ADD COLUMN is_scene INTEGER NOT NULL DEFAULT 0;",
};

}  // namespace

Result<DatasetSettings> DatasetSettings::open(const std::filesystem::path& file) {
    return DatasetSettings(TUSKER_TRY(sqlite::Database::open(file, kMigrations)));
}

Result<void> DatasetSettings::put(std::string_view dataset_id, const DatasetSetting& setting) {
    const std::scoped_lock lock(*mutex_);
    return database_.run_with("INSERT OR REPLACE INTO dataset_setting VALUES(?1, ?2, ?3, ?4, ?5)",
                              dataset_id, setting.use_privacy_mode,
                              setting.annotation_metadata_schema, setting.item_metadata_schema,
                              setting.is_scene);
}

Result<DatasetSetting> DatasetSettings::find(std::string_view dataset_id) const {
    const std::scoped_lock lock(*mutex_);
    auto select = TUSKER_TRY(database_.prepare(
        "SELECT use_privacy_mode, annotation_metadata_schema,"
        " item_metadata_schema, is_scene FROM dataset_setting WHERE dataset_id = ?1"));
    TUSKER_TRY(select.bind(dataset_id));
    if (!TUSKER_TRY(select.step())) return DatasetSetting{};
    return DatasetSetting{.use_privacy_mode = select.integer(0) != 0,
                          .is_scene = select.integer(3) != 0,
                          .annotation_metadata_schema = select.string(1),
                          .item_metadata_schema = select.string(2)};
}

Result<void> DatasetSettings::erase(std::string_view dataset_id) {
    const std::scoped_lock lock(*mutex_);
    return database_.run_with("DELETE FROM dataset_setting WHERE dataset_id = ?1", dataset_id);
}

}  // namespace tusker::nucleus
