// What Tusker computed: a segment file each and a row that names it. Recomputable, so a file that
// is missing or broken is left out with a line in the log.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/file.hpp"
#include "catalog/catalog_impl.hpp"
#include "catalog/metadata_rows.hpp"

namespace tusker::catalog {
namespace {

Result<std::shared_ptr<const columns::Segment>> read_segment(const std::filesystem::path& path) {
    const auto bytes = TUSKER_TRY(read_file(path));
    return columns::Segment::parse(bytes);
}

}  // namespace

std::filesystem::path Catalog::Impl::finding_path(std::string_view dataset_id,
                                                  std::string_view id) const {
    return data / "findings" / dataset_id / (std::string(id) + ".seg");
}

void Catalog::Impl::read_findings(const sqlite::Database& database, Version& version) const {
    auto read = database.prepare(
        "SELECT id, kind, run, parameters, version, created_at, summary FROM finding "
        "WHERE dataset = ?1 ORDER BY position");
    if (!read || !read->bind(version.dataset_id)) return;
    while (read->step().value_or(false)) {
        auto finding = std::make_shared<Finding>();
        finding->id = read->text(0);
        finding->kind = read->text(1);
        finding->run_id = read->text(2);
        finding->parameters = read->text(3);
        finding->version = static_cast<std::uint64_t>(read->integer(4));
        finding->created_at = read->integer(5);
        finding->summary = read->text(6);
        auto rows = read_segment(finding_path(version.dataset_id, finding->id));
        if (!rows) {
            spdlog::warn("catalog: finding {} of dataset {} is left out: {}", finding->id,
                         version.dataset_id, rows.error().message);
            continue;
        }
        finding->rows = std::move(*rows);
        finding->worst = worst_of_items(finding->rows);
        version.findings.push_back(std::move(finding));
    }
}

std::shared_ptr<const columns::Segment> worst_of_items(
    const std::shared_ptr<const columns::Segment>& rows) {
    const auto item_no = rows->item_no();
    if (std::ranges::adjacent_find(item_no) == item_no.end()) return rows;
    const auto* const score = rows->find(column::kIssueScore, columns::Type::F64);
    const auto* const rank = rows->find(column::kIssueRank, columns::Type::U32);
    const auto order_of = [&](std::uint32_t row) {
        const auto ranked = rank ? rank->index_of(row) : std::nullopt;
        const auto scored = score ? score->index_of(row) : std::nullopt;
        return std::pair(ranked ? rank->values<std::uint32_t>()[*ranked] : UINT32_MAX,
                         scored ? score->values<double>()[*scored] : 0.0);
    };
    columns::SegmentBuilder builder;
    for (std::uint32_t row = 0; row < rows->rows();) {
        std::uint32_t worst = row;
        const catalog::ItemNo item = item_no[row];
        for (; row < rows->rows() && item_no[row] == item; ++row)
            if (order_of(row) < order_of(worst)) worst = row;
        builder.add_row(item, rows->row_no()[worst]);
        copy_row(builder, *rows, worst, [](std::string_view) { return false; });
    }
    return builder.finish();
}

Result<void> Catalog::put_finding(std::string_view dataset_id, Finding finding) {
    if (finding.id.empty() || finding.id.find_first_of("/.") != std::string::npos)
        return invalid("finding.id = '" + finding.id + "': must be a name without '/' and '.'");
    if (!finding.rows) return invalid("finding.rows: must not be empty");
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    const auto path = impl_->finding_path(dataset_id, finding.id);
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    TUSKER_TRY(replace_file(path, finding.rows->bytes()));
    if (finding.created_at == 0) finding.created_at = now_ms();
    finding.worst = worst_of_items(finding.rows);
    const auto kept = std::make_shared<const Finding>(std::move(finding));
    return impl_->amend(
        turn,
        [&](const sqlite::Database& database) {
            return database.run_with(
                "INSERT OR REPLACE INTO finding (id, dataset, kind, run, parameters, version, "
                "created_at, summary) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                kept->id, dataset_id, kept->kind, kept->run_id, kept->parameters, kept->version,
                kept->created_at, kept->summary);
        },
        [&](Version& next) {
            std::erase_if(next.findings, [&](const auto& old) { return old->id == kept->id; });
            next.findings.push_back(kept);
        });
}

}  // namespace tusker::catalog
