// Reading back who changed what: corrections of a dataset, and the steps of one annotation.
#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "catalog/catalog_impl.hpp"

namespace tusker::catalog {
namespace {

using Verdict = Decision::Verdict;

constexpr std::string_view kSelect =
    "SELECT c.journal_no, c.part, c.item_no, c.row_no, c.verdict, c.given, c.label, c.finding_id, "
    "c.score, j.at, j.who, c.undone_no, u.at, u.who, c.given_change, j.why, u.why, "
    "COALESCE(c.issue_row, c.row_no), c.effect, c.given_geometry "
    "FROM correction c JOIN journal j ON j.no = c.journal_no "
    "LEFT JOIN journal u ON u.no = c.undone_no WHERE c.dataset = ?1";

Correction read_correction(const sqlite::Statement& read) {
    Correction correction;
    correction.id = static_cast<std::uint64_t>(read.integer(0));
    correction.part = static_cast<std::size_t>(read.integer(1));
    correction.annotation = {static_cast<ItemNo>(read.integer(2)),
                             static_cast<RowNo>(read.integer(3))};
    correction.verdict = static_cast<Verdict>(read.integer(4));
    correction.given = read.text(5);
    correction.label = read.text(6);
    correction.finding_id = read.text(7);
    if (!read.is_null(8)) correction.score = read.real(8);
    correction.at = read.integer(9);
    correction.who = read.text(10);
    correction.undone = !read.is_null(11);
    correction.undone_at = read.integer(12);
    correction.undone_by = read.text(13);
    correction.issue_row = static_cast<RowNo>(read.integer(17));
    correction.effect = static_cast<Effect>(read.integer(18));
    correction.given_geometry = doubles_of(read.blob(19));
    return correction;
}

std::string what_of(const Correction& correction) {
    if (correction.verdict == Verdict::Keep) return "kept";
    switch (correction.effect) {
        case Effect::Relabelled:
            return "corrected";
        case Effect::Moved:
            return "moved";
        case Effect::Added:
            return "added";
    }
    return "";
}

/// The author's own words, else which finding made one look.
std::string why_of(std::string_view given, const Correction& correction) {
    if (!given.empty() || correction.finding_id.empty()) return std::string(given);
    json::Writer out;
    out.object().member("finding", correction.finding_id);
    if (correction.score) out.member("score", *correction.score);
    out.end();
    return out.take();
}

/// Collects the steps of one annotation; those that only a number tells of are uploads and updates.
class Steps {
public:
    void add_correction(const sqlite::Statement& read) {
        const auto correction = read_correction(read);
        decided_.insert(correction.id);
        // What was added had no label before.
        if (correction.effect != Effect::Added)
            add_write(static_cast<std::uint64_t>(read.integer(14)), correction.given);
        changes_.push_back({correction.id, correction.at, correction.who, what_of(correction),
                            correction.given, correction.label, why_of(read.text(15), correction)});
        if (correction.undone)
            changes_.push_back({static_cast<std::uint64_t>(read.integer(11)), correction.undone_at,
                                correction.undone_by, "undone", correction.label, correction.given,
                                read.string(16)});
    }
    /// A row had this label after that journal number.
    void add_write(std::uint64_t journal_no, const std::string& label) {
        if (decided_.count(journal_no) != 0 || !written_.insert(journal_no).second) return;
        changes_.push_back({journal_no, 0, {}, {}, {}, label, {}});
    }

    Result<std::vector<Change>> finish(const sqlite::Database& database) {
        std::ranges::sort(changes_, {}, &Change::journal_no);
        auto read = TUSKER_TRY(database.prepare("SELECT at, who, why FROM journal WHERE no = ?1"));
        for (std::size_t i = 0; i < changes_.size(); ++i) {
            auto& change = changes_[i];
            if (!change.what.empty()) continue;
            if (i > 0) change.label_before = changes_[i - 1].label_after;
            TUSKER_TRY(read.bind(change.journal_no));
            if (TUSKER_TRY(read.step())) {
                change.at = read.integer(0);
                change.who = read.text(1);
                change.why = read.text(2);
            }
            // An import says so: {"import": PATH}.
            const auto why = json::Document::parse(change.why);
            const bool is_import = why && why->root().find("import").has_value();
            change.what = i > 0 ? "updated" : is_import ? "imported" : "uploaded";
        }
        return std::move(changes_);
    }

private:
    std::set<std::uint64_t> decided_;
    std::set<std::uint64_t> written_;
    std::vector<Change> changes_;
};

}  // namespace

Result<std::vector<Correction>> Catalog::corrections(std::string_view dataset_id) const {
    TUSKER_TRY(impl_->find(dataset_id));
    const std::lock_guard lock(impl_->reads_mutex);
    auto read = TUSKER_TRY(
        impl_->reads.prepare(std::string(kSelect) + " ORDER BY c.journal_no DESC, c.part"));
    TUSKER_TRY(read.bind(dataset_id));
    std::vector<Correction> all;
    while (TUSKER_TRY(read.step())) all.push_back(read_correction(read));
    return all;
}

Result<std::vector<Change>> Catalog::history(std::string_view dataset_id,
                                             columns::RowKey annotation) const {
    const auto now = TUSKER_TRY(version(dataset_id));
    const std::lock_guard lock(impl_->reads_mutex);
    auto read = TUSKER_TRY(impl_->reads.prepare(
        std::string(kSelect) +
        " AND c.row_no = ?2 AND c.item_no = ?3 ORDER BY c.journal_no, c.part"));
    TUSKER_TRY(read.bind(dataset_id, annotation.row_no, annotation.item_no));
    Steps steps;
    while (TUSKER_TRY(read.step())) steps.add_correction(read);
    if (const auto object = find_object(now->annotations, annotation))
        steps.add_write(object->change, now->labels->text(object->label));
    auto changes = TUSKER_TRY(steps.finish(impl_->reads));
    if (changes.empty())
        return not_found("annotation does not exist in dataset " + now->dataset_id);
    return changes;
}

}  // namespace tusker::catalog
