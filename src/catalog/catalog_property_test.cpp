// Random calls against plain maps: what a client would expect, written as slowly and obviously as
// possible. Restarts happen in between, so replaying is held to the same answers.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "base/json.hpp"
#include "catalog/catalog_testing.hpp"
#include "catalog/delta.hpp"

namespace tusker::catalog {
namespace {

struct ModelDecision {
    std::uint64_t id;
    std::map<std::string, std::pair<std::string, std::uint64_t>> before;  // key -> label, change
    bool undone = false;
};

struct ModelAnnotation {
    std::string label;
    std::uint64_t change = 0;  // counts changes, as the catalog's journal numbers do
    columns::RowKey key{};
};

/// What the catalog must hold: reference -> metadata, reference/id -> annotation.
struct ModelState {
    std::map<std::string, int> items;
    std::map<std::string, ModelAnnotation> annotations;
    std::vector<ModelDecision> decisions;
};

std::string any_reference() { return *rc::gen::element<std::string>("a", "b", "c", "d", "e"); }
std::string any_label() { return *rc::gen::element<std::string>("car", "bus", "van"); }
std::string any_id() { return *rc::gen::element<std::string>("1", "2"); }

class Driver {
public:
    Driver(TestCatalog& catalog, ModelState& model)
        : catalog_(catalog), model_(model), dataset_(catalog->create_dataset("d", kAnna).value()) {}
    ~Driver() { EXPECT_TRUE(catalog_->delete_dataset(dataset_)); }

    void put_items() {
        std::vector<std::pair<std::string, std::string>> texts(
            *rc::gen::inRange<std::size_t>(1, 5));
        std::vector<NewItem> items;
        std::uint64_t created = 0;
        std::uint64_t updated = 0;
        for (auto& [reference, metadata] : texts) {
            reference = any_reference();
            const int value = *rc::gen::inRange(0, 100);
            metadata = json::Writer().object().member("v", value).end().text();
            const bool update = *rc::gen::arbitrary<bool>();
            items.push_back(item(reference, metadata, update));
            const bool is_new = model_.items.count(reference) == 0;
            if (is_new || update) model_.items[reference] = value;
            created += is_new ? 1 : 0;
            updated += !is_new && update ? 1 : 0;
        }
        const auto report = catalog_->put_items(dataset_, items, kAnna);
        RC_ASSERT(report.has_value());
        RC_ASSERT(report->created == created);
        RC_ASSERT(report->updated == updated);
        RC_ASSERT(report->ignored == items.size() - created - updated);
    }

    void put_annotations() {
        std::vector<std::array<std::string, 3>> texts(*rc::gen::inRange<std::size_t>(1, 6));
        std::vector<NewObject> rows;
        const bool update = *rc::gen::arbitrary<bool>();
        std::uint64_t refused = 0;
        ++changes_;
        for (auto& [reference, id, label] : texts) {
            reference = any_reference();
            id = any_id();
            label = any_label();
            rows.push_back(box(reference, label, id));
            const auto key = std::string(reference).append("/").append(id);
            if (model_.items.count(reference) == 0)
                ++refused;
            else if (model_.annotations.count(key) == 0 || update)
                model_.annotations[key] = {label, changes_, {}};
        }
        const auto report = catalog_->put_annotations(dataset_, rows, update, kAnna);
        RC_ASSERT(report.has_value());
        RC_ASSERT(report->refused.size() == refused);
    }

    void delete_item() {
        const std::vector<std::string> references = {any_reference()};
        const auto deleted = catalog_->delete_items(dataset_, references, kAnna);
        RC_ASSERT(deleted.has_value() == (model_.items.erase(references[0]) == 1));
        std::erase_if(model_.annotations,
                      [&](const auto& row) { return row.first.starts_with(references[0] + "/"); });
    }

    void delete_annotations() {
        const std::vector<std::string> references = {any_reference()};
        const auto deleted = catalog_->delete_annotations(dataset_, references, kAnna);
        RC_ASSERT(deleted.has_value() == (model_.items.count(references[0]) == 1));
        const auto count = std::erase_if(model_.annotations, [&](const auto& row) {
            return row.first.starts_with(references[0] + "/");
        });
        if (deleted) RC_ASSERT(*deleted == count);
    }

    void decide() {
        read_keys();
        if (model_.annotations.empty()) return;
        std::vector<Decision> decisions;
        ModelDecision made{};
        ++changes_;
        for (auto& [key, annotation] : model_.annotations) {
            if (*rc::gen::inRange(0, 3) != 0) continue;
            Decision decision;
            decision.annotation = annotation.key;
            decision.verdict =
                *rc::gen::element(Decision::Verdict::Choose, Decision::Verdict::Keep);
            decision.label = any_label();
            decisions.push_back(decision);
            if (decision.verdict == Decision::Verdict::Keep) continue;
            made.before[key] = {annotation.label, annotation.change};
            annotation.label = decision.label;
            annotation.change = changes_;
        }
        if (decisions.empty()) return;
        const auto id = catalog_->decide(dataset_, decisions, kAnna);
        RC_ASSERT(id.has_value());
        made.id = *id;
        changes_of_[*id] = changes_;
        model_.decisions.push_back(made);
    }

    void undo() {
        if (model_.decisions.empty()) return;
        auto& decision =
            model_.decisions[*rc::gen::inRange<std::size_t>(0, model_.decisions.size())];
        bool possible = !decision.undone;
        for (const auto& [key, before] : decision.before) {
            const auto at = model_.annotations.find(key);
            possible = possible && at != model_.annotations.end() &&
                       at->second.change == changes_of_[decision.id];
        }
        const auto undone = catalog_->undo(dataset_, decision.id, kAnna);
        RC_ASSERT(undone.has_value() == possible);
        if (!possible) {
            RC_ASSERT(undone.error().code == ErrorCode::Conflict);
            return;
        }
        decision.undone = true;
        for (const auto& [key, before] : decision.before) {
            model_.annotations[key].label = before.first;
            model_.annotations[key].change = before.second;
        }
    }

    void compare() const {
        const auto version = catalog_.version(dataset_);
        std::map<std::string, int> items;
        std::map<std::string, std::string> annotations;
        version->living->for_each([&](ItemNo no) {
            const auto stored = find_item(*version, no);
            RC_ASSERT(stored.has_value());
            const auto metadata =
                json::Document::parse(metadata_json(version->items, stored->place));
            items[std::string(stored->reference_id)] =
                static_cast<int>(*metadata->root().find("v")->as_int());
            for (const auto& object : objects_of(version->annotations, no)) {
                const auto key =
                    std::string(stored->reference_id) + "/" + std::string(*object.annotation_id);
                RC_ASSERT(annotations.emplace(key, version->labels->text(object.label)).second);
            }
            return true;
        });
        RC_ASSERT(items == model_.items);
        std::map<std::string, std::string> expected;
        for (const auto& [key, annotation] : model_.annotations) expected[key] = annotation.label;
        RC_ASSERT(annotations == expected);
        RC_ASSERT(version->annotations.living_rows() == expected.size());
        for (const auto* reference : {"a", "b", "c", "d", "e"})
            RC_ASSERT(find_item_no(*version, reference).has_value() ==
                      (items.count(reference) == 1));
        std::size_t undone = 0;
        for (const auto& decision : model_.decisions) undone += decision.undone ? 1 : 0;
        std::set<std::uint64_t> kept_undone;
        const auto corrections = catalog_->corrections(dataset_);
        for (const auto& correction : *corrections)
            if (correction.undone) kept_undone.insert(correction.id);
        RC_ASSERT(kept_undone.size() == undone);
    }

private:
    void read_keys() {
        const auto version = catalog_.version(dataset_);
        for (auto& [key, annotation] : model_.annotations) {
            const auto no = find_item_no(*version, key.substr(0, 1));
            for (const auto& object : objects_of(version->annotations, *no))
                if (object.annotation_id == key.substr(2))
                    annotation.key = {object.item_no, object.row_no};
        }
    }

    TestCatalog& catalog_;
    ModelState& model_;
    std::string dataset_;
    std::uint64_t changes_ = 0;
    std::map<std::uint64_t, std::uint64_t> changes_of_;  // decision -> its change
};

void agree_with_plain_maps(TestCatalog& catalog) {
    ModelState model;
    Driver driver(catalog, model);
    const auto steps = *rc::gen::inRange(1, 25);
    for (int step = 0; step < steps; ++step) {
        switch (*rc::gen::inRange(0, 12)) {
            case 0:
            case 1:
            case 2:
                driver.put_items();
                break;
            case 3:
            case 4:
            case 5:
                driver.put_annotations();
                break;
            case 6:
                driver.delete_item();
                break;
            case 7:
                driver.delete_annotations();
                break;
            case 8:
            case 9:
                driver.decide();
                break;
            case 10:
                driver.undo();
                break;
            default:
                catalog.restart();
        }
        driver.compare();
    }
    catalog.restart();
    driver.compare();
}

TEST(CatalogModel, AnswersAsPlainMapsThroughRestarts) {
    TestCatalog catalog;  // one for all cases, a dataset for each
    EXPECT_TRUE(rc::check([&] { agree_with_plain_maps(catalog); }));
}

RC_GTEST_PROP(Delta, AFlippedByteIsRefused, ()) {
    Delta delta;
    delta.labels = *rc::gen::container<std::vector<std::string>>(rc::gen::arbitrary<std::string>());
    delta.deleted_items = *rc::gen::arbitrary<std::vector<ItemNo>>();
    columns::SegmentBuilder rows;
    rows.add_row(1, 2);
    rows.set_u32(rows.column(column::kLabel, columns::Type::U32), 3);
    delta.tables.push_back({TableKind::Predictions, "run_1", {{7, 8}}, {9}, rows.finish()});
    auto bytes = delta.encode();
    const auto same = Delta::decode(bytes);
    RC_ASSERT(same.has_value());
    RC_ASSERT(same->labels == delta.labels);
    RC_ASSERT(same->deleted_items == delta.deleted_items);
    RC_ASSERT(same->tables[0].run_id == "run_1");
    RC_ASSERT(same->tables[0].killed[0].row_no == 8U);
    RC_ASSERT(same->tables[0].added->bytes() == delta.tables[0].added->bytes());
    auto& byte = bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())];
    byte = static_cast<char>(byte ^ *rc::gen::inRange(1, 256));
    const auto changed = Delta::decode(bytes);
    // A flipped bit of the frame's header that changes nothing is the same Delta.
    if (changed) RC_ASSERT(changed->encode() == delta.encode());
    RC_ASSERT(!Delta::decode(std::string_view(bytes).substr(0, bytes.size() / 2)).has_value());
}

}  // namespace
}  // namespace tusker::catalog
