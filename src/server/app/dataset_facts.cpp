#include "server/app/dataset_facts.hpp"

namespace tusker::app {
namespace {

namespace column = catalog::column;
using columns::Column;
using columns::Type;

std::string_view type_name(Type type) {
    switch (type) {
        case Type::Bool:
            return "bool";
        case Type::U8:
        case Type::U32:
        case Type::U64:
        case Type::I64:
        case Type::F32:
        case Type::F64:
            return "number";
        case Type::Text:
            return "text";
        case Type::Json:
        case Type::U32List:
        case Type::F32List:
        case Type::F64List:
            return "json";
    }
    return "json";
}

/// How many of the column's values are in living rows.
std::uint64_t count_living(const columns::Part& part, const Column& column) {
    if (!part.dead) return column.size();
    std::uint64_t count = 0;
    if (column.is_dense()) return column.size() - part.dead->size();
    for (const std::uint32_t row : column.positions()) count += part.is_alive(row) ? 1 : 0;
    return count;
}

void add_items(DatasetFacts& facts, const columns::Part& part) {
    for (const Column& column : part.segment->columns()) {
        if (column.name() == column::kMediaSize && column.type() == Type::U64) {
            const auto sizes = column.values<std::uint64_t>();
            for (std::uint32_t row = 0; row < part.segment->rows(); ++row)
                if (const auto index = column.index_of(row); index && part.is_alive(row))
                    facts.media_bytes += sizes[*index];
        }
        if (!column.name().starts_with(column::kMetadataPrefix)) continue;
        const std::uint64_t items = count_living(part, column);
        if (items == 0) continue;
        MetadataKey& key =
            facts.metadata[std::string(column.name().substr(column::kMetadataPrefix.size()))];
        key.types.emplace(type_name(column.type()));
        key.items += items;
    }
}

void add_annotations(DatasetFacts& facts, const columns::Part& part, std::vector<bool>& labelled) {
    const Column* const labels = part.segment->find(column::kLabel, Type::U32);
    const Column* const types = part.segment->find(column::kType, Type::U8);
    std::set<std::uint8_t> seen;
    for (std::uint32_t row = 0; row < part.segment->rows(); ++row) {
        if (!part.is_alive(row)) continue;
        labelled[part.segment->item_no()[row]] = true;
        if (labels != nullptr) ++facts.annotations_of_label[labels->values<std::uint32_t>()[row]];
        if (types != nullptr) seen.insert(types->values<std::uint8_t>()[row]);
    }
    for (const std::uint8_t type : seen)
        facts.types.emplace(to_text(static_cast<catalog::ObjectType>(type)));
}

}  // namespace

DatasetFacts compute_facts(const catalog::Version& version) {
    DatasetFacts facts;
    facts.journal_no = version.journal_no;
    facts.annotations_of_label.assign(version.labels->size(), 0);
    for (const columns::Part& part : version.items.parts()) add_items(facts, part);
    std::vector<bool> labelled(version.items_end, false);
    for (const columns::Part& part : version.annotations.parts())
        add_annotations(facts, part, labelled);
    version.living->for_each([&](std::uint32_t item) {
        facts.unlabelled += labelled[item] ? 0 : 1;
        return true;
    });
    return facts;
}

std::shared_ptr<const DatasetFacts> FactsCache::of(const catalog::Version& version) {
    {
        const std::lock_guard lock(mutex_);
        const auto known = newest_.find(version.dataset_id);
        if (known != newest_.end() && known->second->journal_no == version.journal_no)
            return known->second;
    }
    auto facts = std::make_shared<const DatasetFacts>(compute_facts(version));
    const std::lock_guard lock(mutex_);
    newest_[version.dataset_id] = facts;
    return facts;
}

}  // namespace tusker::app
