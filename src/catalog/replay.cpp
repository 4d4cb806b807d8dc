// Opening and replaying. A dataset is built from its journal at first touch: thousands of small
// ones cost nothing until somebody looks.
#include <spdlog/spdlog.h>

#include <csignal>
#include <set>

#include "base/file.hpp"
#include "base/json.hpp"
#include "catalog/catalog_impl.hpp"
#include "catalog/schema.hpp"

namespace tusker::catalog {

std::vector<std::string> texts_of(std::string_view json) {
    std::vector<std::string> texts;
    const auto document = json::Document::parse(json);
    if (!document) return texts;
    const auto read = document->root().for_each(
        [&](json::Value value) { texts.emplace_back(value.as_string().value_or("")); });
    TUSKER_CHECK(read.has_value());
    return texts;
}

std::string json_of(const std::vector<std::string>& texts) {
    json::Writer out;
    out.array();
    for (const auto& text : texts) out.value(text);
    out.end();
    return out.take();
}

Catalog::Catalog() = default;
Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::open(const std::filesystem::path& data,
                                               const Pool& /*pool*/) {
    // A limit on the size of files must arrive as an error, not end the process.
    std::signal(SIGXFSZ, SIG_IGN);
    std::error_code error;
    std::filesystem::create_directories(data / "journal", error);
    std::filesystem::create_directories(data / "findings", error);
    if (error)
        return fail(ErrorCode::Internal, "cannot make " + data.string() + ": " + error.message());
    auto writer = TUSKER_TRY(sqlite::Database::open(data / "catalog.sqlite", kSchema));
    auto reader = TUSKER_TRY(sqlite::Database::open(data / "catalog.sqlite", kSchema));
    std::unique_ptr<Catalog> catalog(new Catalog());  // NOLINT: the constructor is private
    catalog->impl_ = std::make_unique<Impl>(data, std::move(writer), std::move(reader));
    TUSKER_TRY(catalog->impl_->load_registry());
    TUSKER_TRY(catalog->impl_->remove_stray_files());
    return catalog;
}

Result<void> Catalog::Impl::load_registry() {
    auto read = TUSKER_TRY(
        reads.prepare("SELECT id, name, tags, created_at, changed_at, changed_by, changed_what "
                      "FROM dataset"));
    while (TUSKER_TRY(read.step())) {
        auto dataset = std::make_shared<Dataset>();
        dataset->id = read.text(0);
        dataset->summary = {dataset->id,    read.string(1), read.integer(3),       read.integer(4),
                            read.string(5), read.string(6), texts_of(read.text(2))};
        datasets.emplace(dataset->id, std::move(dataset));
    }
    read = TUSKER_TRY(
        reads.prepare("SELECT id, name, reference_id, metadata, tags, trained_slice_ids FROM model "
                      "ORDER BY position"));
    while (TUSKER_TRY(read.step()))
        models.push_back({read.string(0), read.string(1), read.string(2), read.string(3),
                          texts_of(read.text(4)), texts_of(read.text(5))});
    read = TUSKER_TRY(reads.prepare(
        "SELECT id, model, dataset, name, metadata, created_at, kind FROM run ORDER BY position"));
    while (TUSKER_TRY(read.step()))
        runs.push_back({{read.string(0), read.string(1), read.string(2), read.string(3),
                         read.string(4), read.integer(5)},
                        static_cast<RunKind>(read.integer(6))});
    // The sequence survives the deletion of rows, so that no number comes twice.
    read = TUSKER_TRY(reads.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'journal'"));
    if (TUSKER_TRY(read.step())) next_journal_no = static_cast<std::uint64_t>(read.integer(0)) + 1;
    return {};
}

// A blob is written before the row that names it, and a dataset's files go after its rows: a crash
// between leaves files that nothing names.
Result<void> Catalog::Impl::remove_stray_files() {
    std::set<std::string> named;
    auto read = TUSKER_TRY(reads.prepare("SELECT no FROM journal WHERE payload IS NULL"));
    while (TUSKER_TRY(read.step())) named.insert(std::to_string(read.integer(0)) + ".blob");
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(data / "journal", error))
        if (named.count(entry.path().filename().string()) == 0)
            std::filesystem::remove(entry.path(), error);
    for (const auto& entry : std::filesystem::directory_iterator(data / "findings", error))
        if (datasets.count(entry.path().filename().string()) == 0)
            std::filesystem::remove_all(entry.path(), error);
    return {};
}

Result<std::shared_ptr<const Version>> Catalog::Impl::version_of(Dataset& dataset) {
    const auto current = [&] {
        const std::lock_guard lock(dataset.version_mutex);
        return dataset.version;
    };
    if (auto version = current()) return version;
    const std::lock_guard loading(dataset.load);
    if (auto version = current()) return version;
    auto version = TUSKER_TRY(replay(dataset));
    const std::lock_guard lock(dataset.version_mutex);
    dataset.version = version;
    return version;
}

Result<std::shared_ptr<const Version>> Catalog::Impl::replay(Dataset& dataset) {
    // A connection of its own: a long replay holds nobody up.
    const auto database = TUSKER_TRY(sqlite::Database::open(data / "catalog.sqlite", kSchema));
    auto version = std::make_shared<Version>();
    version->dataset_id = dataset.id;
    version->living = std::make_shared<columns::Bitmap>();
    version->labels = std::make_shared<LabelTable>();
    dataset.sizes = std::make_shared<ItemSizes>();
    version->sizes = dataset.sizes;
    {
        const std::shared_lock lock(registry);
        version->name = dataset.summary.name;
        for (const auto& stored : runs) {
            if (stored.run.dataset_id != dataset.id) continue;
            auto run = std::make_shared<RunTable>();
            run->run_id = stored.run.id;
            run->model_id = stored.run.model_id;
            run->name = stored.run.name;
            run->run_free = stored.kind == RunKind::RunFree;
            version->runs.emplace(run->run_id, std::move(run));
        }
    }
    TUSKER_TRY(replay_journal(database, *version));
    TUSKER_TRY(read_tables(database, dataset, *version));
    read_findings(database, *version);

    dataset.references = std::make_shared<ReferenceIndex>(version->living->size());
    for (const auto& part : version->items.parts()) {
        const auto* references = part.segment->find(column::kReferenceId, columns::Type::Text);
        for (std::uint32_t row = 0; row < part.segment->rows(); ++row)
            if (part.is_alive(row))
                dataset.references->insert(ReferenceIndex::hash_of(references->text(row)),
                                           part.segment->item_no()[row]);
    }
    version->references = dataset.references;
    return version;
}

Result<void> Catalog::Impl::replay_journal(const sqlite::Database& database, Version& version) {
    auto read = TUSKER_TRY(
        database.prepare("SELECT no, payload FROM journal WHERE dataset = ?1 ORDER BY no"));
    TUSKER_TRY(read.bind(version.dataset_id));
    while (TUSKER_TRY(read.step())) {
        const auto no = static_cast<std::uint64_t>(read.integer(0));
        std::string blob;
        if (read.is_null(1)) blob = TUSKER_TRY(read_file(blob_path(no)));
        const auto delta = Delta::decode(read.is_null(1) ? blob : read.blob(1));
        if (!delta)
            return fail(ErrorCode::Internal, "journal row " + std::to_string(no) + " of dataset " +
                                                 version.dataset_id + ": " + delta.error().message);
        version = delta->applied_to(version, no);
    }
    return {};
}

Result<void> Catalog::Impl::read_tables(const sqlite::Database& database, const Dataset& dataset,
                                        Version& version) const {
    auto read = TUSKER_TRY(database.prepare(
        "SELECT name, type, labels FROM taxonomy WHERE dataset = ?1 ORDER BY position"));
    TUSKER_TRY(read.bind(dataset.id));
    while (TUSKER_TRY(read.step()))
        version.taxonomies.push_back(
            {read.string(0), static_cast<ObjectType>(read.integer(1)), texts_of(read.text(2))});
    read = TUSKER_TRY(database.prepare(
        "SELECT id, name, query, created_at, created_by, items FROM slice WHERE dataset = ?1 "
        "ORDER BY position"));
    TUSKER_TRY(read.bind(dataset.id));
    while (TUSKER_TRY(read.step()))
        version.slices.push_back({read.string(0), read.string(1), read.string(2), read.integer(3),
                                  read.string(4),
                                  std::make_shared<const columns::Bitmap>(
                                      TUSKER_TRY(columns::Bitmap::parse(read.blob(5))))});
    read = TUSKER_TRY(
        database.prepare("SELECT item_no, width, height FROM item_size WHERE dataset = ?1"));
    TUSKER_TRY(read.bind(dataset.id));
    while (TUSKER_TRY(read.step()))
        dataset.sizes->set(static_cast<ItemNo>(read.integer(0)),
                           static_cast<std::uint32_t>(read.integer(1)),
                           static_cast<std::uint32_t>(read.integer(2)));
    return {};
}

}  // namespace tusker::catalog
