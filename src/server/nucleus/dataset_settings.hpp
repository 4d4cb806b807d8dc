// What create_dataset says and only this wire format reads back: privacy mode (Tusker fetches no
// picture either way), whether it is for scenes (it then takes no items), and the two metadata
// schemas.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "storage/sqlite/sqlite.hpp"

namespace tusker::nucleus {

struct DatasetSetting {
    bool use_privacy_mode = false;
    bool is_scene = false;
    std::string annotation_metadata_schema = {};  // JSON; empty = none
    std::string item_metadata_schema = {};
};

/// Thread safety: one mutex around the database.
class DatasetSettings {
public:
    static Result<DatasetSettings> open(const std::filesystem::path& file);
    Result<void> put(std::string_view dataset_id, const DatasetSetting& setting);
    /// The defaults for a dataset that was made another way.
    Result<DatasetSetting> find(std::string_view dataset_id) const;
    Result<void> erase(std::string_view dataset_id);

private:
    explicit DatasetSettings(sqlite::Database database)
        : mutex_(std::make_unique<std::mutex>()), database_(std::move(database)) {}

    std::unique_ptr<std::mutex> mutex_;
    sqlite::Database database_;
};

}  // namespace tusker::nucleus
