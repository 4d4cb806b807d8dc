// A write: the next Version is computed, the journal row is committed, the Version is published, in
// this order, so that after the commit nothing is left that could fail.
#include <spdlog/spdlog.h>

#include "base/file.hpp"
#include "catalog/catalog_impl.hpp"

namespace tusker::catalog {
namespace {

constexpr std::size_t kPayloadInlineMax = 1'048'576;  // above, a file of its own (DESIGN § 2)

/// New items of the Delta get into the index, or into a larger one.
void insert_references(Dataset& dataset, const Delta& delta, Version& next, ItemNo first_new) {
    const auto more = static_cast<std::size_t>(delta.items_end - first_new);
    if (!dataset.references->has_room_for(more))
        dataset.references = dataset.references->grown(*next.living, more);
    for (const auto& table : delta.tables) {
        if (table.kind != TableKind::Items || !table.added) continue;
        const auto& segment = *table.added;
        const auto* references = segment.find(column::kReferenceId, columns::Type::Text);
        for (std::uint32_t row = 0; row < segment.rows(); ++row)
            if (segment.item_no()[row] >= first_new)
                dataset.references->insert(ReferenceIndex::hash_of(references->text(row)),
                                           segment.item_no()[row]);
    }
    next.references = dataset.references;
}

Result<void> write_blob(const std::filesystem::path& path, std::string_view payload) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    auto file = TUSKER_TRY(File::open(path, File::Mode::Append));
    auto written = file.append(payload);
    if (written) written = file.sync();
    if (written) written = sync_folder(path.parent_path());
    if (!written) std::filesystem::remove(path, ignored);
    return written;
}

}  // namespace

std::filesystem::path Catalog::Impl::blob_path(std::uint64_t journal_no) const {
    return data / "journal" / (std::to_string(journal_no) + ".blob");
}

Result<std::shared_ptr<Dataset>> Catalog::Impl::find(std::string_view dataset_id) const {
    const std::shared_lock lock(registry);
    const auto at = datasets.find(dataset_id);
    if (at == datasets.end())
        return not_found("dataset " + std::string(dataset_id) + " does not exist");
    return at->second;
}

Result<Catalog::Impl::WriteTurn> Catalog::Impl::begin(std::string_view dataset_id) {
    auto dataset = TUSKER_TRY(find(dataset_id));
    if (!dataset->turn.enter())
        return fail(ErrorCode::Unavailable, "dataset " + dataset->id + ": " +
                                                std::to_string(Turn::kWaitingMax) +
                                                " writes are waiting; try again");
    WriteTurn turn(dataset, nullptr);
    if (dataset->is_deleted)
        return not_found("dataset " + std::string(dataset_id) + " does not exist");
    auto version = TUSKER_TRY(version_of(*dataset));
    turn.start_from(std::move(version));
    return turn;
}

Result<void> Catalog::Impl::write(const WriteTurn& turn, const Delta& delta, const Author& author,
                                  const Entry& entry) {
    auto& dataset = turn.dataset();
    const auto at = now_ms();
    auto next = std::make_shared<Version>(delta.applied_to(turn.before(), entry.no));
    if (delta.items_end > turn.before().items_end)
        insert_references(dataset, delta, *next, turn.before().items_end);
    if (entry.amends) entry.amends(*next);

    const auto payload = delta.encode();
    const bool has_blob = payload.size() > kPayloadInlineMax;
    if (has_blob) TUSKER_TRY(write_blob(blob_path(entry.no), payload));
    const auto committed = committer.commit([&](const sqlite::Database& database) -> Result<void> {
        auto insert = TUSKER_TRY(
            database.prepare("INSERT INTO journal (no, dataset, at, who, why, kind, size, payload) "
                             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
        const auto inlined =
            has_blob ? std::nullopt : std::optional<sqlite::Blob>(sqlite::Blob{payload});
        TUSKER_TRY(insert.run(entry.no, dataset.id, at, author.who, author.why, entry.kind,
                              payload.size(), inlined));
        TUSKER_TRY(database.run_with(
            "UPDATE dataset SET changed_at = ?1, changed_by = ?2, changed_what = ?3 WHERE id = ?4",
            at, author.who, entry.what, dataset.id));
        return entry.also ? entry.also(database) : Result<void>();
    });
    if (!committed) {
        std::error_code ignored;
        if (has_blob) std::filesystem::remove(blob_path(entry.no), ignored);
        return committed;
    }
    note_change(dataset, at, author.who, entry.what);
    publish(dataset, next);
    return {};
}

Result<void> Catalog::Impl::amend(const WriteTurn& turn, Committer::Change change,
                                  const std::function<void(Version&)>& amends) {
    auto next = std::make_shared<Version>(turn.before());
    amends(*next);
    TUSKER_TRY(committer.commit(std::move(change)));
    publish(turn.dataset(), next);
    return {};
}

void Catalog::Impl::note_change(Dataset& dataset, TimeMs at, const std::string& who,
                                const std::string& what) {
    const std::unique_lock lock(registry);
    dataset.summary.changed_at = at;
    dataset.summary.changed_by = who;
    dataset.summary.changed_what = what;
}

// noexcept: what is thrown here ends the process, and the restart repairs (DESIGN § 2).
void Catalog::Impl::publish(Dataset& dataset, const std::shared_ptr<const Version>& next) noexcept {
    {
        const std::lock_guard lock(dataset.version_mutex);
        dataset.version = next;
    }
    const std::shared_lock lock(listeners_mutex);
    for (const auto& listener : listeners) listener(*next);
}

}  // namespace tusker::catalog
