// What people decide about labels and boxes. A decision changes the annotation's row (a new row
// with the same numbers), or adds one, and is kept for ever as a correction, in one transaction;
// undoing puts the row back as it was, its last change included, and is kept too.
#include <fmt/format.h>

#include <cmath>
#include <cstring>
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

std::string_view bytes_of(std::span<const double> numbers) {
    return {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()};
}

/// Collects the rows that a write leaves behind.
class ChangedRows {
public:
    ChangedRows(const Version& before, std::uint64_t journal_no)
        : before_(before), journal_no_(journal_no), labels_(*before.labels) {}

    /// The row with another label and, unless empty, geometry; `change` is its last change then.
    void rewrite(const Object& object, std::string_view label, std::span<const double> geometry,
                 std::uint64_t change) {
        const auto& segment = *before_.annotations.parts()[object.place.part].segment;
        builder_.add_row(object.item_no, object.row_no);
        builder_.set_u64(builder_.column(column::kChange, Type::U64), change);
        builder_.set_u32(builder_.column(column::kLabel, Type::U32), labels_.code_of(label));
        if (!geometry.empty()) set_box(geometry);
        copy_row(builder_, segment, object.place.row, [&](std::string_view name) {
            return name == column::kChange || name == column::kLabel ||
                   (!geometry.empty() && is_geometry(name));
        });
        killed_.push_back({object.item_no, object.row_no});
    }

    RowKey add(ItemNo item, std::string_view label, std::span<const double> box) {
        const RowKey key{item, before_.rows_end + added_++};
        NewObject object;
        object.type = ObjectType::Box;
        object.label = label;
        object.geometry = box;
        builder_.add_row(key.item_no, key.row_no);
        ObjectWriter(builder_, labels_, false, journal_no_).write(object);
        return key;
    }

    void remove(RowKey key) { killed_.push_back(key); }

    Delta finish() {
        Delta delta;
        delta.items_end = before_.items_end;
        delta.rows_end = before_.rows_end + added_;
        delta.labels = labels_.take_new();
        if (killed_.empty() && builder_.rows() == 0) return delta;
        auto rows = builder_.rows() > 0 ? builder_.finish() : nullptr;
        delta.tables.push_back(
            {TableKind::Annotations, {}, std::move(killed_), {}, std::move(rows)});
        return delta;
    }

private:
    static bool is_geometry(std::string_view name) {
        return name == column::kGeometry || name == column::kX || name == column::kY ||
               name == column::kW || name == column::kH;
    }
    void set_box(std::span<const double> box) {
        builder_.set_list(builder_.column(column::kGeometry, Type::F64List), box);
        const std::string_view bounds[] = {column::kX, column::kY, column::kW, column::kH};
        for (std::size_t i = 0; i < box.size(); ++i)
            builder_.set_f32(builder_.column(bounds[i], Type::F32), static_cast<float>(box[i]));
    }

    const Version& before_;
    std::uint64_t journal_no_;
    LabelCodes labels_;
    columns::SegmentBuilder builder_;
    std::vector<RowKey> killed_;
    RowNo added_ = 0;
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

Result<void> check_box(std::span<const double> box, const std::string& whose) {
    const bool is_box = box.size() == 4 &&
                        std::ranges::all_of(box, [](double x) { return std::isfinite(x); }) &&
                        box[2] >= 0 && box[3] >= 0;
    if (is_box) return {};
    return invalid(fmt::format("geometry of {} = [{}]: must be x, y, width >= 0, height >= 0",
                               whose, fmt::join(box, ", ")));
}

/// A decision with what it found.
struct Decided {
    const Decision* decision;
    std::optional<Object> object;  // empty: it adds one
    std::string given;
    RowKey key = {};  // of the row that it is about afterwards

    bool is_kept() const { return decision->verdict == Verdict::Keep; }
    const std::string& label() const {
        return decision->verdict == Verdict::Keep ? given : decision->label;
    }
    bool moves() const { return object && !is_kept() && !decision->geometry.empty(); }
    Effect effect() const {
        return decision->adds ? Effect::Added : moves() ? Effect::Moved : Effect::Relabelled;
    }
};

Result<Decided> check_addition(const Version& version, const Decision& decision) {
    const std::string whose = fmt::format("the box added to item {}", decision.annotation.item_no);
    if (!version.living->contains(decision.annotation.item_no))
        return not_found(fmt::format("item {} does not exist", decision.annotation.item_no));
    Decided decided{.decision = &decision, .object = {}, .given = {}, .key = decision.annotation};
    if (decided.is_kept()) return decided;
    if (decision.label.empty()) return invalid("label of " + whose + ": must not be empty");
    TUSKER_TRY(check_box(decision.geometry, whose));
    return decided;
}

Result<Decided> check_change(const Version& version, const Decision& decision) {
    const auto object = find_object(version.annotations, decision.annotation);
    if (!object) return not_found(name_of(decision.annotation) + " does not exist");
    Decided decided{.decision = &decision,
                    .object = object,
                    .given = version.labels->text(object->label),
                    .key = decision.annotation};
    if (decided.is_kept()) return decided;
    TUSKER_TRY(check_label(version, *object, decision.label));
    if (!decided.moves()) return decided;
    if (object->type != ObjectType::Box)
        return invalid(fmt::format("{} is a {}: only boxes can be moved",
                                   name_of(decision.annotation), to_text(object->type)));
    TUSKER_TRY(check_box(decision.geometry, name_of(decision.annotation)));
    return decided;
}

Result<std::vector<Decided>> check(const Version& version, std::span<const Decision> decisions) {
    if (decisions.empty()) return invalid("decisions: must not be empty");
    std::vector<Decided> decided;
    std::set<RowNo> seen;
    for (const auto& decision : decisions) {
        if (!seen.insert(decision.annotation.row_no).second)
            return invalid(name_of(decision.annotation) + ": decided twice in one call");
        decided.push_back(
            TUSKER_TRY((decision.adds ? check_addition : check_change)(version, decision)));
    }
    return decided;
}

void apply(std::span<Decided> decided, ChangedRows& rows, std::uint64_t journal_no) {
    for (Decided& one : decided) {
        if (one.is_kept()) continue;
        const std::span<const double> geometry = one.decision->geometry;
        if (one.object)
            rows.rewrite(*one.object, one.label(), geometry, journal_no);
        else
            one.key = rows.add(one.decision->annotation.item_no, one.label(), geometry);
    }
}

Result<void> keep(const sqlite::Database& database, std::string_view dataset_id,
                  std::span<const Decided> decided, std::uint64_t journal_no) {
    auto insert = TUSKER_TRY(database.prepare(
        "INSERT INTO correction (journal_no, part, dataset, item_no, row_no, verdict, given, "
        "given_change, label, finding_id, score, issue_row, effect, given_geometry) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"));
    for (std::size_t part = 0; part < decided.size(); ++part) {
        const Decided& one = decided[part];
        const RowNo issue_row = one.decision->annotation.row_no;
        TUSKER_TRY(insert.run(
            journal_no, part, dataset_id, one.key.item_no, one.key.row_no,
            static_cast<int>(one.decision->verdict), one.given, one.object ? one.object->change : 0,
            one.label(), one.decision->finding_id, one.decision->score,
            issue_row == one.key.row_no ? std::nullopt : std::optional(issue_row),
            static_cast<int>(one.effect()),
            one.moves() ? std::optional(sqlite::Blob{bytes_of(one.object->geometry)})
                        : std::nullopt));
    }
    return {};
}

/// One kept correction, for undoing.
struct Kept {
    RowKey key;
    Verdict verdict;
    std::string given;
    std::uint64_t given_change;
    bool undone;
    Effect effect;
    std::vector<double> given_geometry;
};

Result<std::vector<Kept>> read_kept(const sqlite::Database& database, std::string_view dataset_id,
                                    std::uint64_t decision) {
    auto read = TUSKER_TRY(database.prepare(
        "SELECT item_no, row_no, verdict, given, given_change, undone_no, effect, given_geometry "
        "FROM correction WHERE journal_no = ?1 AND dataset = ?2 ORDER BY part"));
    TUSKER_TRY(read.bind(decision, dataset_id));
    std::vector<Kept> kept;
    while (TUSKER_TRY(read.step()))
        kept.push_back({{static_cast<ItemNo>(read.integer(0)), static_cast<RowNo>(read.integer(1))},
                        static_cast<Verdict>(read.integer(2)),
                        read.string(3),
                        static_cast<std::uint64_t>(read.integer(4)),
                        !read.is_null(5),
                        static_cast<Effect>(read.integer(6)),
                        doubles_of(read.blob(7))});
    return kept;
}

std::string summary_of(std::span<const Decided> decided) {
    std::size_t changed = 0;
    std::size_t boxes = 0;
    for (const auto& one : decided) {
        if (!one.is_kept()) ++changed;
        if (one.effect() != Effect::Relabelled) ++boxes;
    }
    const auto count = changed > 0 ? changed : decided.size();
    return fmt::format("{} {}{} {}", count, boxes == decided.size() ? "box" : "label",
                       count == 1                ? ""
                       : boxes == decided.size() ? "es"
                                                 : "s",
                       changed > 0 ? "corrected" : "kept");
}

Result<void> take_back(const Kept& one, const Version& before, std::uint64_t decision,
                       ChangedRows& rows) {
    const auto object = find_object(before.annotations, one.key);
    if (!object) return fail(ErrorCode::Conflict, name_of(one.key) + " was deleted since");
    if (object->change != decision)
        return fail(ErrorCode::Conflict,
                    fmt::format("{} was changed since: its label is '{}' now", name_of(one.key),
                                before.labels->text(object->label)));
    if (one.effect == Effect::Added)
        rows.remove(one.key);
    else
        rows.rewrite(*object, one.given, one.given_geometry, one.given_change);
    return {};
}

}  // namespace

std::vector<double> doubles_of(std::string_view bytes) {
    std::vector<double> numbers(bytes.size() / sizeof(double));
    if (!numbers.empty())
        std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(double));
    return numbers;
}

Result<std::uint64_t> Catalog::decide(std::string_view dataset_id,
                                      std::span<const Decision> decisions, const Author& author) {
    const auto turn = TUSKER_TRY(impl_->begin(dataset_id));
    auto decided = TUSKER_TRY(check(turn.before(), decisions));
    const auto no = impl_->next_no();
    ChangedRows rows(turn.before(), no);
    apply(decided, rows, no);
    TUSKER_TRY(impl_->write(turn, rows.finish(), author,
                            {.no = no,
                             .kind = "decide",
                             .what = summary_of(decided),
                             .also = [&](const sqlite::Database& database) {
                                 return keep(database, dataset_id, decided, no);
                             }}));
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
    const auto no = impl_->next_no();
    ChangedRows rows(before, no);
    for (const auto& one : kept) {
        if (one.undone)
            return fail(ErrorCode::Conflict,
                        fmt::format("decision {} is undone already", decision));
        if (one.verdict != Verdict::Keep) TUSKER_TRY(take_back(one, before, decision, rows));
    }
    return impl_->write(
        turn, rows.finish(), author,
        {.no = no,
         .kind = "undo",
         .what = fmt::format("{} decision{} undone", kept.size(), kept.size() == 1 ? "" : "s"),
         .also = [&](const sqlite::Database& database) {
             return database.run_with("UPDATE correction SET undone_no = ?1 WHERE journal_no = ?2",
                                      no, decision);
         }});
}

}  // namespace tusker::catalog
