#include <algorithm>

#include "catalog/catalog_impl.hpp"

namespace tusker::catalog {
namespace {

using columns::Type;

/// Keys of the living categories of one taxonomy.
std::vector<columns::RowKey> categories_of(const columns::Table& table, std::string_view taxonomy) {
    std::vector<columns::RowKey> keys;
    for (const auto& part : table.parts()) {
        const auto& segment = *part.segment;
        const auto* types = segment.find(column::kType, Type::U8);
        const auto* names = segment.find(column::kTaxonomy, Type::Text);
        if (names == nullptr) continue;
        for (std::uint32_t row = 0; row < segment.rows(); ++row) {
            const auto index = names->index_of(row);
            if (index && names->text(*index) == taxonomy && part.is_alive(row) &&
                types->values<std::uint8_t>()[row] ==
                    static_cast<std::uint8_t>(ObjectType::Category))
                keys.push_back({segment.item_no()[row], segment.row_no()[row]});
        }
    }
    return keys;
}

void append_new(std::vector<std::string>& labels, const std::vector<std::string>& more) {
    for (const auto& label : more)
        if (std::ranges::find(labels, label) == labels.end()) labels.push_back(label);
}

}  // namespace

Result<Catalog::TaxonomyStatus> Catalog::put_taxonomy(std::string_view dataset_id,
                                                      const Taxonomy& taxonomy, bool update,
                                                      const Author& author) {
    if (taxonomy.name.empty()) return invalid("taxonomy_name: must not be empty");
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    const auto& stored = turn.before().taxonomies;
    const auto at = std::ranges::find(stored, taxonomy.name, &Taxonomy::name);
    const bool exists = at != stored.end();
    if (exists && !update) return TaxonomyStatus::Exists;
    Taxonomy next = exists ? *at : Taxonomy{taxonomy.name, taxonomy.type, {}};
    append_new(next.labels, taxonomy.labels);
    const auto position = at - stored.begin();
    TUSKER_TRY(impl_->amend(
        turn,
        [&](const sqlite::Database& database) -> Result<void> {
            // Behind all others, also after one of them was deleted.
            TUSKER_TRY(database.run_with(
                "INSERT INTO taxonomy (dataset, position, name, type, labels) "
                "SELECT ?1, ifnull(max(position), 0) + 1, ?2, ?3, ?4 FROM taxonomy "
                "WHERE dataset = ?1 ON CONFLICT DO UPDATE SET labels = ?4",
                dataset_id, next.name, static_cast<int>(next.type), json_of(next.labels)));
            return database.run_with(
                "UPDATE dataset SET changed_at = ?1, changed_by = ?2, changed_what = ?3 "
                "WHERE id = ?4",
                now_ms(), author.who, "taxonomy " + next.name, dataset_id);
        },
        [&](Version& version) {
            if (exists)
                version.taxonomies[static_cast<std::size_t>(position)] = next;
            else
                version.taxonomies.push_back(next);
        }));
    impl_->note_change(turn.dataset(), now_ms(), author.who, "taxonomy " + next.name);
    return exists ? TaxonomyStatus::Updated : TaxonomyStatus::Created;
}

Result<void> Catalog::delete_taxonomy(std::string_view dataset_id, std::string_view name,
                                      const Author& author) {
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    const auto& before = turn.before();
    if (std::ranges::find(before.taxonomies, name, &Taxonomy::name) == before.taxonomies.end())
        return not_found("Taxonomy " + std::string(name) + " does not exist in dataset " +
                         before.dataset_id);
    Delta delta;
    delta.items_end = before.items_end;
    delta.rows_end = before.rows_end;
    const auto kill = [&](TableKind kind, const std::string& run_id, const columns::Table& table) {
        auto keys = categories_of(table, name);
        if (!keys.empty()) delta.tables.push_back({kind, run_id, std::move(keys), {}, nullptr});
    };
    kill(TableKind::Annotations, {}, before.annotations);
    for (const auto& [run_id, run] : before.runs)
        kill(TableKind::Predictions, run_id, run->predictions);
    return impl_->write(
        turn, delta, author,
        {.no = impl_->next_no(),
         .kind = "delete taxonomy",
         .what = "taxonomy " + std::string(name) + " deleted",
         .also =
             [&](const sqlite::Database& database) {
                 return database.run_with("DELETE FROM taxonomy WHERE dataset = ?1 AND name = ?2",
                                          dataset_id, name);
             },
         .amends =
             [&](Version& next) {
                 std::erase_if(next.taxonomies,
                               [&](const Taxonomy& taxonomy) { return taxonomy.name == name; });
             }});
}

}  // namespace tusker::catalog
