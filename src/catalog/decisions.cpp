// What people decide about labels. A decision changes the label of the annotation's row (a new row
// with the same numbers) and is kept for ever as a correction, in one transaction; undoing puts the
// row back as it was, its last change included, and is kept too.
#include <fmt/format.h>

#include <set>

#include "base/ids.hpp"
#include "catalog/catalog_impl.hpp"
#include "catalog/metadata_rows.hpp"
#include "catalog/object_rows.hpp"

namespace tusker::catalog {
namespace {

using columns::RowKey;
using columns::Type;
using Verdict = Decision::Verdict;

std::string name_of(RowKey key) {
    return "annotation " + row_id("ann_", {.item_no = key.item_no, .row_no = key.row_no});
}

/// Collects the rows that a write leaves with other labels.
class Relabelling {
public:
    explicit Relabelling(const Version& before) : before_(before), labels_(*before.labels) {}

    void set_label(const Object& object, std::string_view label, std::uint64_t change) {
        const auto& segment = *before_.annotations.parts()[object.place.part].segment;
        builder_.add_row(object.item_no, object.row_no);
        builder_.set_u64(builder_.column(column::kChange, Type::U64), change);
        builder_.set_u32(builder_.column(column::kLabel, Type::U32), labels_.code_of(label));
        copy_row(builder_, segment, object.place.row, [](std::string_view name) {
            return name == column::kChange || name == column::kLabel;
        });
        killed_.push_back({object.item_no, object.row_no});
    }

    Delta finish() {
        Delta delta;
        delta.items_end = before_.items_end;
        delta.rows_end = before_.rows_end;
        delta.labels = labels_.take_new();
        if (!killed_.empty())
            delta.tables.push_back(
                {TableKind::Annotations, {}, std::move(killed_), {}, builder_.finish()});
        return delta;
    }

private:
    const Version& before_;
    LabelCodes labels_;
    columns::SegmentBuilder builder_;
    std::vector<RowKey> killed_;
};

Result<void> check_label(const Version& version, const Object& object, const std::string& label) {
    if (label.empty())
        return invalid("label of " + name_of({object.item_no, object.row_no}) +
                       ": must not be empty");
    if (object.type != ObjectType::Category || !object.taxonomy_name) return {};
    for (const auto& taxonomy : version.taxonomies) {
        if (taxonomy.name != *object.taxonomy_name) continue;
        for (const auto& known : taxonomy.labels)
            if (known == label) return {};
        return invalid(
            fmt::format("label '{}' does not exist in taxonomy {}", label, taxonomy.name));
    }
    return {};
}

/// A decision with what it found.
struct Decided {
    const Decision* decision;
    Object object;
    std::string given;
    const std::string& label() const {
        return decision->verdict == Verdict::Keep ? given : decision->label;
    }
};

Result<std::vector<Decided>> check(const Version& version, std::span<const Decision> decisions) {
    if (decisions.empty()) return invalid("decisions: must not be empty");
    std::vector<Decided> decided;
    std::set<RowNo> seen;
    for (const auto& decision : decisions) {
        const auto object = find_object(version.annotations, decision.annotation);
        if (!object) return not_found(name_of(decision.annotation) + " does not exist");
        if (!seen.insert(object->row_no).second)
            return invalid(name_of(decision.annotation) + ": decided twice in one call");
        decided.push_back({&decision, *object, version.labels->text(object->label)});
        if (decision.verdict != Verdict::Keep)
            TUSKER_TRY(check_label(version, *object, decision.label));
    }
    return decided;
}

/// One kept correction, for undoing.
struct Kept {
    RowKey key;
    Verdict verdict;
    std::string given;
    std::uint64_t given_change;
    bool undone;
};

Result<std::vector<Kept>> read_kept(const sqlite::Database& database, std::string_view dataset_id,
                                    std::uint64_t decision) {
    auto read = TUSKER_TRY(database.prepare(
        "SELECT item_no, row_no, verdict, given, given_change, undone_no FROM correction "
        "WHERE journal_no = ?1 AND dataset = ?2 ORDER BY part"));
    TUSKER_TRY(read.bind(decision, dataset_id));
    std::vector<Kept> kept;
    while (TUSKER_TRY(read.step()))
        kept.push_back({{static_cast<ItemNo>(read.integer(0)), static_cast<RowNo>(read.integer(1))},
                        static_cast<Verdict>(read.integer(2)),
                        read.string(3),
                        static_cast<std::uint64_t>(read.integer(4)),
                        !read.is_null(5)});
    return kept;
}

std::string summary_of(std::span<const Decided> decided) {
    std::size_t changed = 0;
    for (const auto& one : decided)
        if (one.decision->verdict != Verdict::Keep) ++changed;
    const auto count = changed > 0 ? changed : decided.size();
    return fmt::format("{} label{} {}", count, count == 1 ? "" : "s",
                       changed > 0 ? "corrected" : "kept");
}

}  // namespace

Result<std::uint64_t> Catalog::decide(std::string_view dataset_id,
                                      std::span<const Decision> decisions, const Author& author) {
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    const auto decided = TUSKER_TRY(check(turn.before(), decisions));
    const auto no = impl_->next_no();
    Relabelling relabelling(turn.before());
    for (const auto& one : decided)
        if (one.decision->verdict != Verdict::Keep)
            relabelling.set_label(one.object, one.label(), no);
    const auto keep = [&](const sqlite::Database& database) -> Result<void> {
        auto insert = TUSKER_TRY(database.prepare(
            "INSERT INTO correction (journal_no, part, dataset, item_no, row_no, verdict, given, "
            "given_change, label, finding_id, score) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"));
        for (std::size_t part = 0; part < decided.size(); ++part) {
            const auto& one = decided[part];
            TUSKER_TRY(insert.run(no, part, dataset_id, one.object.item_no, one.object.row_no,
                                  static_cast<int>(one.decision->verdict), one.given,
                                  one.object.change, one.label(), one.decision->finding_id,
                                  one.decision->score));
        }
        return {};
    };
    TUSKER_TRY(
        impl_->write(turn, relabelling.finish(), author,
                     {.no = no, .kind = "decide", .what = summary_of(decided), .also = keep}));
    return no;
}

Result<void> Catalog::undo(std::string_view dataset_id, std::uint64_t decision,
                           const Author& author) {
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    const auto& before = turn.before();
    std::vector<Kept> kept;
    {
        const std::lock_guard lock(impl_->reads_mutex);
        kept = TUSKER_TRY(read_kept(impl_->reads, dataset_id, decision));
    }
    if (kept.empty())
        return not_found(
            fmt::format("decision {} does not exist in dataset {}", decision, dataset_id));
    Relabelling relabelling(before);
    for (const auto& one : kept) {
        if (one.undone)
            return fail(ErrorCode::Conflict,
                        fmt::format("decision {} is undone already", decision));
        if (one.verdict == Verdict::Keep) continue;
        const auto object = find_object(before.annotations, one.key);
        if (!object) return fail(ErrorCode::Conflict, name_of(one.key) + " was deleted since");
        if (object->change != decision)
            return fail(ErrorCode::Conflict,
                        fmt::format("{} was changed since: its label is '{}' now", name_of(one.key),
                                    before.labels->text(object->label)));
        relabelling.set_label(*object, one.given, one.given_change);
    }
    const auto no = impl_->next_no();
    return impl_->write(
        turn, relabelling.finish(), author,
        {.no = no,
         .kind = "undo",
         .what = fmt::format("{} decision{} undone", kept.size(), kept.size() == 1 ? "" : "s"),
         .also = [&](const sqlite::Database& database) {
             return database.run_with("UPDATE correction SET undone_no = ?1 WHERE journal_no = ?2",
                                      no, decision);
         }});
}

}  // namespace tusker::catalog
