// Commands about a dataset, in both ways they can run: asked of the server that holds the data
// directory, or on the catalog itself where no server runs.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/pool.hpp"
#include "catalog/catalog.hpp"
#include "cli/remote.hpp"
#include "storage/data_folder/data_folder.hpp"

namespace tusker::cli {

/// A catalog that this process holds for the length of a command.
class LocalCatalog {
public:
    /// NotFound if there is no catalog in that folder.
    static Result<LocalCatalog> open(const std::filesystem::path& data);
    static Result<LocalCatalog> open_or_make(const std::filesystem::path& data);
    catalog::Catalog& operator*() { return *catalog_; }
    catalog::Catalog* operator->() { return catalog_.get(); }
    const Pool& pool() const { return *pool_; }
    /// By id or name; empty if there is none.
    std::optional<catalog::DatasetSummary> find(std::string_view dataset) const;
    /// NotFound names the nearest.
    Result<catalog::DatasetSummary> get(std::string_view dataset) const;

private:
    LocalCatalog(data_folder::DataLock lock, std::unique_ptr<Pool> pool)
        : lock_(std::move(lock)), pool_(std::move(pool)) {}
    data_folder::DataLock lock_;
    std::unique_ptr<Pool> pool_;
    std::unique_ptr<catalog::Catalog> catalog_;
};

/// The server to ask, if --url names one or one holds --data; a folder that is not there has none.
Result<std::optional<Remote>> find_server(const RemoteOptions& options);

/// Who provenance names for what the command line does itself.
std::string command_line_user();

/// "/api/datasets/NAME" + rest, percent-encoded.
std::string dataset_path(std::string_view dataset, std::string_view rest = {});
/// True if the server has the dataset.
Result<bool> has_dataset(const Remote& remote, std::string_view dataset);
/// Waits for a job (the answer that started it) with its progress on the terminal; its result.
Result<std::string> follow_job(const Remote& remote, const std::string& started);

}  // namespace tusker::cli
