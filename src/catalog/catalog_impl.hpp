// Inside the room only: what the Catalog's members share. How a write goes: WriteTurn::begin waits
// for the dataset's turn and loads it at first touch; the member checks its rows against the
// Version and makes a Delta; write() computes the next Version, commits the journal row, publishes.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "catalog/catalog.hpp"
#include "catalog/committer.hpp"
#include "catalog/delta.hpp"
#include "catalog/item_sizes.hpp"
#include "catalog/reference_index.hpp"
#include "catalog/turn.hpp"

namespace tusker::catalog {

enum class RunKind { Named = 0, Implicit = 1, RunFree = 2 };

struct StoredRun {
    Run run;
    RunKind kind = RunKind::Named;
};

struct Dataset {
    std::string id;
    DatasetSummary summary;  // guarded by Impl::registry
    Turn turn;
    bool is_deleted = false;  // read and written only in turn
    std::mutex load;          // held by whoever replays
    mutable std::mutex version_mutex;
    std::shared_ptr<const Version> version;  // null before the first touch
    // What the Versions share and only the one in turn extends.
    std::shared_ptr<ReferenceIndex> references;
    std::shared_ptr<ItemSizes> sizes;
};

/// The numbers of a correction's given_geometry.
std::vector<double> doubles_of(std::string_view bytes);

/// Reads a row's JSON list of texts, and writes one.
std::vector<std::string> texts_of(std::string_view json);
std::string json_of(const std::vector<std::string>& texts);

struct Catalog::Impl {
    Impl(std::filesystem::path data_folder, sqlite::Database writer, sqlite::Database reader)
        : data(std::move(data_folder)), reads(std::move(reader)), committer(std::move(writer)) {}

    /// One writer's turn at one dataset.
    class WriteTurn {
    public:
        WriteTurn(std::shared_ptr<Dataset> dataset, std::shared_ptr<const Version> before)
            : dataset_(std::move(dataset)), before_(std::move(before)) {}
        WriteTurn(WriteTurn&& other) = default;  // a moved-from shared_ptr is null
        WriteTurn& operator=(WriteTurn&&) = delete;
        ~WriteTurn() {
            if (dataset_) dataset_->turn.leave();
        }
        Dataset& dataset() const { return *dataset_; }
        const Version& before() const { return *before_; }
        void start_from(std::shared_ptr<const Version> before) { before_ = std::move(before); }

    private:
        std::shared_ptr<Dataset> dataset_;
        std::shared_ptr<const Version> before_;
    };

    /// What goes with a Delta.
    struct Entry {
        std::uint64_t no;  // of next_no()
        std::string_view kind;
        std::string what;                           // for people: "12 labels corrected"
        Committer::Change also = {};                // in the same transaction
        std::function<void(Version&)> amends = {};  // what else differs in the next Version
    };

    Result<std::shared_ptr<Dataset>> find(std::string_view dataset_id) const;
    Result<std::shared_ptr<const Version>> version_of(Dataset& dataset);
    Result<WriteTurn> begin(std::string_view dataset_id);
    std::uint64_t next_no() { return next_journal_no.fetch_add(1); }

    /// Journals, then publishes. On Error nothing was kept.
    Result<void> write(const WriteTurn& turn, const Delta& delta, const Author& author,
                       const Entry& entry);
    /// A change of tables other than the journal, then the next Version.
    Result<void> amend(const WriteTurn& turn, Committer::Change change,
                       const std::function<void(Version&)>& amends);
    void note_change(Dataset& dataset, TimeMs at, const std::string& who, const std::string& what);
    /// The next Version is there for readers. Cannot fail: the journal is ahead already.
    void publish(Dataset& dataset, const std::shared_ptr<const Version>& next) noexcept;

    /// The run of that kind that is there, else a new one.
    Result<std::string> add_run(std::string_view model_id, std::string_view dataset_id,
                                std::string_view name, std::string_view metadata, RunKind kind);

    // open and replay
    Result<void> load_registry();
    Result<void> remove_stray_files();
    Result<std::shared_ptr<const Version>> replay(Dataset& dataset);
    Result<void> replay_journal(const sqlite::Database& database, Version& version);
    Result<void> read_tables(const sqlite::Database& database, const Dataset& dataset,
                             Version& version) const;
    void read_findings(const sqlite::Database& database, Version& version) const;
    std::filesystem::path blob_path(std::uint64_t journal_no) const;
    std::filesystem::path finding_path(std::string_view dataset_id, std::string_view id) const;

    std::filesystem::path data;
    std::mutex reads_mutex;
    const sqlite::Database reads;  // guarded by reads_mutex
    std::atomic<std::uint64_t> next_journal_no = 1;

    mutable std::shared_mutex registry;  // guards the next three and Dataset::summary
    std::map<std::string, std::shared_ptr<Dataset>, std::less<>> datasets;
    std::vector<Model> models;
    std::vector<StoredRun> runs;

    std::shared_mutex listeners_mutex;
    std::vector<std::function<void(const Version&)>> listeners;

    Committer committer;  // last: ends first
};

}  // namespace tusker::catalog
