// Each block of items counts into its own state; states are added in any order, because sums of
// integers do not mind. Compiled at -O3 like the other loops over rows.
#include "query/facets.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "query/fields.hpp"
#include "query/for_values.hpp"
#include "query/item_blocks.hpp"

namespace tusker::query {
namespace {

using catalog::ItemNo;
using catalog::ObjectType;
using columns::Column;
using columns::Part;
using columns::Segment;
using columns::Table;
using columns::Type;
namespace column = catalog::column;

constexpr auto kCategory = static_cast<std::uint8_t>(ObjectType::Category);
constexpr auto kBox = static_cast<std::uint8_t>(ObjectType::Box);

ItemNo end_of(const columns::Bitmap& items) {
    const auto size = items.size();
    return size == 0 ? 0 : *items.select(size - 1) + 1;
}

/// Rows of one part that belong to items of a block.
struct Rows {
    const Part& part;
    std::uint32_t begin;
    std::uint32_t end;
    ItemNo first_item;
    std::span<const std::uint8_t> chosen;  // of the block's items

    /// fn(row, lane of its item) for living rows of chosen items.
    template <class Fn>
    void for_each(Fn&& fn) const {
        const auto item_no = part.segment->item_no();
        const columns::Bitmap* const dead =
            part.dead && part.dead->count_in(begin, end) > 0 ? part.dead.get() : nullptr;
        for (std::uint32_t row = begin; row < end; ++row) {
            const auto lane = item_no[row] - first_item;
            if (chosen[lane] != 0 && (dead == nullptr || !dead->contains(row))) fn(row, lane);
        }
    }
};

/// visit(state, rows) for each part in each block that has chosen items; then merge(state) one by
/// one. A State is made for each block of items.
template <class State, class Visit, class Merge>
void count_rows(std::span<const Part> parts, const columns::Bitmap& items, const Pool& pool,
                const State& empty, Visit visit, Merge merge) {
    const ItemNo items_end = end_of(items);
    std::mutex merging;
    pool.for_each(block_count(items_end), [&](std::size_t number) {
        const ItemBlock block = block_at(number, items_end);
        if (items.count_in(block.first, block.last) == 0) return;
        std::vector<std::uint8_t> chosen(block.size());
        write_mask(items, block.first, chosen);
        State state = empty;
        for (const auto& part : parts) {
            const auto [begin, end] = part.segment->rows_of(block.first, block.last);
            if (begin < end) visit(state, Rows{part, begin, end, block.first, chosen});
        }
        const std::scoped_lock lock(merging);
        merge(state, block, chosen);
    });
}

void add(std::vector<std::uint64_t>& into, const std::vector<std::uint64_t>& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i) into[i] += counts[i];
}

/// Which (label, item of the block) were seen: bits while there are few labels, else a set.
class SeenLabels {
public:
    explicit SeenLabels(std::size_t labels) : labels_(labels) {}
    void add(catalog::LabelCode label, std::uint32_t lane) {
        if (labels_ > kMaxDenseLabels) {
            sparse_.insert(std::uint64_t{label} << 32 | lane);
            return;
        }
        if (bits_.empty()) bits_.resize(labels_ * kWords);
        bits_[label * kWords + lane / 64] |= std::uint64_t{1} << (lane % 64);
    }
    void count_into(std::vector<LabelCount>& counts) const {
        for (const auto pair : sparse_) ++counts[pair >> 32].items;
        for (std::size_t i = 0; i < bits_.size(); ++i)
            counts[i / kWords].items += static_cast<std::uint64_t>(std::popcount(bits_[i]));
    }

private:
    static constexpr std::size_t kMaxDenseLabels = 4'096;  // 8 MB a block
    static constexpr std::size_t kWords = kBlockItems / 64;
    std::size_t labels_;
    std::vector<std::uint64_t> bits_;
    std::unordered_set<std::uint64_t> sparse_;
};

}  // namespace

std::vector<LabelCount> count_labels(const Table& objects, const catalog::LabelTable& labels,
                                     const columns::Bitmap& items, const Pool& pool) {
    struct State {
        std::vector<std::uint64_t> objects;
        SeenLabels seen;
    };
    std::vector<LabelCount> counts(labels.size());
    for (std::size_t i = 0; i < counts.size(); ++i)
        counts[i].label = static_cast<catalog::LabelCode>(i);
    const State empty{std::vector<std::uint64_t>(labels.size()), SeenLabels(labels.size())};
    count_rows(
        objects.parts(), items, pool, empty,
        [](State& state, const Rows& rows) {
            const Column* const label = rows.part.segment->find(column::kLabel, Type::U32);
            if (label == nullptr || !label->is_dense()) return;
            const auto codes = label->values<std::uint32_t>();
            rows.for_each([&](std::uint32_t row, std::uint32_t lane) {
                ++state.objects[codes[row]];
                state.seen.add(codes[row], lane);
            });
        },
        [&](const State& state, const ItemBlock&, const auto&) {
            for (std::size_t i = 0; i < counts.size(); ++i) counts[i].objects += state.objects[i];
            state.seen.count_into(counts);
        });
    return counts;
}

std::vector<std::uint64_t> count_objects_per_item(const Table& objects,
                                                  const columns::Bitmap& items, const Pool& pool,
                                                  std::size_t last) {
    std::vector<std::uint64_t> counts(last + 1);
    using State = std::vector<std::uint32_t>;  // objects of each item of the block
    count_rows(
        objects.parts(), items, pool, State(kBlockItems),
        [](State& state, const Rows& rows) {
            const Column* const type = rows.part.segment->find(column::kType, Type::U8);
            if (type == nullptr || !type->is_dense()) return;
            const auto types = type->values<std::uint8_t>();
            rows.for_each([&](std::uint32_t row, std::uint32_t lane) {
                state[lane] += types[row] != kCategory ? 1U : 0U;
            });
        },
        [&](const State& state, const ItemBlock&, std::span<const std::uint8_t> chosen) {
            for (std::size_t i = 0; i < chosen.size(); ++i)
                if (chosen[i] != 0) ++counts[std::min<std::size_t>(state[i], last)];
        });
    return counts;
}

std::vector<double> pleasant_edges(double low, double high, bool whole, std::size_t bins) {
    if (!(low <= high) || bins == 0) return {};
    const double raw = (high - low) / static_cast<double>(bins);
    if (!std::isfinite(raw)) return {low, high};
    double step = 1;
    if (raw > 0) {
        const double power = std::pow(10.0, std::floor(std::log10(raw)));
        const auto fits = [&](double factor) { return power * factor >= raw; };
        step = power * (fits(1) ? 1 : fits(2) ? 2 : fits(5) ? 5 : 10);
    }
    if (whole) step = std::max(step, 1.0);
    // Edges are multiples of the step, so that 0.30000000000000004 becomes 0.3.
    const double first = std::floor(low / step);
    std::vector<double> edges;
    for (double i = first; edges.size() <= bins + 1; ++i) {
        const double edge = step >= 1 ? i * step : i / std::round(1 / step);
        if (!edges.empty() && edge <= edges.back()) break;  // steps below a double's precision
        edges.push_back(edge);
        if (edge > high || (edge == high && edges.size() > 1 && !whole)) break;
    }
    if (edges.size() < 2 || edges.back() < high)
        return {low, low < high ? high : std::nextafter(low, std::numeric_limits<double>::max())};
    return edges;
}

namespace {

/// The bin of `value`; empty outside the edges.
std::optional<std::size_t> bin_of(std::span<const double> edges, double value) {
    if (edges.size() < 2 || !(value >= edges.front()) || value > edges.back()) return std::nullopt;
    const auto at = std::ranges::upper_bound(edges, value) - edges.begin();
    return std::min<std::size_t>(static_cast<std::size_t>(at), edges.size() - 1) - 1;
}

/// Counts read(segment, row) of the rows; NaN is left out.
template <class Visit>
Histogram histogram_of(const Table& objects, const columns::Bitmap& items, const Pool& pool,
                       std::vector<double> edges, Visit visit) {
    Histogram histogram;
    histogram.counts.resize(edges.size() - 1);
    count_rows(objects.parts(), items, pool, std::vector<std::uint64_t>(edges.size() - 1), visit,
               [&](const std::vector<std::uint64_t>& counts, const ItemBlock&, const auto&) {
                   add(histogram.counts, counts);
               });
    histogram.edges = std::move(edges);
    return histogram;
}

constexpr std::size_t kAreaBins = 14;  // up to 4^12, a square of 4096 px, and beyond

}  // namespace

Histogram count_areas(const Table& objects, const columns::Bitmap& items, const Pool& pool) {
    std::vector<double> edges = {0};
    for (std::size_t i = 0; i + 1 < kAreaBins; ++i)
        edges.push_back(std::ldexp(1.0, static_cast<int>(2 * i)));
    edges.push_back(std::numeric_limits<double>::infinity());
    const auto of_edges = edges;
    return histogram_of(objects, items, pool, std::move(edges),
                        [&of_edges](std::vector<std::uint64_t>& counts, const Rows& rows) {
                            const Segment& segment = *rows.part.segment;
                            const Column* const type = segment.find(column::kType, Type::U8);
                            const Column* const width = segment.find(column::kW, Type::F32);
                            const Column* const height = segment.find(column::kH, Type::F32);
                            if (type == nullptr || width == nullptr || height == nullptr) return;
                            const Field field{Field::Kind::Area, {}};
                            rows.for_each([&](std::uint32_t row, std::uint32_t) {
                                const auto w = width->index_of(row);
                                const auto h = height->index_of(row);
                                if (!w || !h) return;
                                double area = static_cast<double>(width->values<float>()[*w]) *
                                              static_cast<double>(height->values<float>()[*h]);
                                // Near a power of four, and for polygons, the exact area decides.
                                const int power = std::ilogb(area * (1 + 0x1p-20));
                                const bool near_edge = power != std::ilogb(area * (1 - 0x1p-20));
                                if (type->values<std::uint8_t>()[row] != kBox || near_edge)
                                    read_numbers(field, segment, row, {&area, 1});
                                if (const auto bin = bin_of(of_edges, area)) ++counts[*bin];
                            });
                        });
}

Histogram count_confidences(const Table& predictions, const columns::Bitmap& items,
                            const Pool& pool) {
    static constexpr std::size_t kBins = 20;
    std::vector<double> edges;
    for (std::size_t i = 0; i <= kBins; ++i)
        edges.push_back(static_cast<double>(i) / static_cast<double>(kBins));
    const auto of_edges = edges;
    return histogram_of(predictions, items, pool, std::move(edges),
                        [&of_edges](std::vector<std::uint64_t>& counts, const Rows& rows) {
                            const Column* const exact =
                                rows.part.segment->find(column::kConfidenceExact, Type::F64);
                            if (exact == nullptr) return;
                            const auto values = exact->values<double>();
                            rows.for_each([&](std::uint32_t row, std::uint32_t) {
                                const auto index = exact->index_of(row);
                                if (!index) return;
                                if (const auto bin = bin_of(of_edges, values[*index]))
                                    ++counts[*bin];
                            });
                        });
}

namespace {

struct MetadataState {
    std::uint64_t text_rows = 0;
    std::uint64_t number_rows = 0;
    std::uint64_t true_rows = 0;
    std::uint64_t false_rows = 0;
    std::uint64_t json_rows = 0;
    double min = std::numeric_limits<double>::infinity();
    double max = -std::numeric_limits<double>::infinity();
    bool all_whole = true;
    std::unordered_map<std::string_view, std::uint64_t> texts;  // views into segments
    std::vector<double> numbers;

    void add_number(double value) {
        ++number_rows;
        min = std::min(min, value);
        max = std::max(max, value);
        all_whole = all_whole && value == std::trunc(value);
        numbers.push_back(value);
    }
    void add(const MetadataState& other) {
        text_rows += other.text_rows;
        number_rows += other.number_rows;
        true_rows += other.true_rows;
        false_rows += other.false_rows;
        json_rows += other.json_rows;
        min = std::min(min, other.min);
        max = std::max(max, other.max);
        all_whole = all_whole && other.all_whole;
        for (const auto& [text, items] : other.texts) texts[text] += items;
        numbers.insert(numbers.end(), other.numbers.begin(), other.numbers.end());
    }
};

/// fn(index among the values) for living, chosen rows that have a value.
template <class Fn>
void for_chosen_values(const Column& values, const Rows& rows, Fn&& fn) {
    const auto item_no = rows.part.segment->item_no();
    for_values(values, rows.begin, rows.end - rows.begin, [&](std::size_t index, std::size_t i) {
        const auto row = rows.begin + static_cast<std::uint32_t>(i);
        if (rows.chosen[item_no[row] - rows.first_item] != 0 && rows.part.is_alive(row)) fn(index);
    });
}

void count_texts(MetadataState& state, const Column& values, const Rows& rows) {
    if (!values.has_dictionary()) {
        for_chosen_values(values, rows, [&](std::size_t index) {
            ++state.text_rows;
            ++state.texts[values.text(static_cast<std::uint32_t>(index))];
        });
        return;
    }
    std::vector<std::uint64_t> counts(values.dictionary_size());
    for_chosen_values(values, rows, [&](std::size_t index) { ++counts[values.codes()[index]]; });
    for (std::uint32_t code = 0; code < counts.size(); ++code) {
        if (counts[code] == 0) continue;
        state.text_rows += counts[code];
        state.texts[values.dictionary_entry(code)] += counts[code];
    }
}

void count_column(MetadataState& state, const Column& values, const Rows& rows) {
    switch (values.type()) {
        case Type::Bool:
            for_chosen_values(values, rows, [&](std::size_t index) {
                ++(values.values<std::uint8_t>()[index] != 0 ? state.true_rows : state.false_rows);
            });
            break;
        case Type::I64:
            for_chosen_values(values, rows, [&](std::size_t index) {
                state.add_number(static_cast<double>(values.values<std::int64_t>()[index]));
            });
            break;
        case Type::F64:
            for_chosen_values(values, rows, [&](std::size_t index) {
                state.add_number(values.values<double>()[index]);
            });
            break;
        case Type::Text:
            count_texts(state, values, rows);
            break;
        case Type::Json:
            for_chosen_values(values, rows, [&](std::size_t) { ++state.json_rows; });
            break;
        case Type::U8:
        case Type::U32:
        case Type::U64:
        case Type::F32:
        case Type::U32List:
        case Type::F32List:
        case Type::F64List:
            break;  // metadata has none of these
    }
}

}  // namespace

MetadataFacet count_metadata(const columns::Table& table, std::string_view key,
                             const columns::Bitmap& items, const Pool& pool,
                             std::span<const double> edges) {
    const std::string name = std::string(column::kMetadataPrefix) + std::string(key);
    MetadataState all;
    count_rows(
        table.parts(), items, pool, MetadataState(),
        [&name](MetadataState& state, const Rows& rows) {
            for (const auto& values : rows.part.segment->find_all(name))
                count_column(state, values, rows);
        },
        [&](const MetadataState& state, const ItemBlock&, const auto&) { all.add(state); });
    MetadataFacet facet;
    facet.key = key;
    facet.text_rows = all.text_rows;
    facet.number_rows = all.number_rows;
    facet.true_rows = all.true_rows;
    facet.false_rows = all.false_rows;
    facet.json_rows = all.json_rows;
    for (const auto& [text, count] : all.texts) facet.values.push_back({std::string(text), count});
    std::ranges::sort(facet.values, [](const ValueCount& a, const ValueCount& b) {
        return a.rows != b.rows ? a.rows > b.rows : a.text < b.text;
    });
    if (all.number_rows > 0) {
        facet.min = all.min;
        facet.max = all.max;
        facet.all_whole = all.all_whole;
        facet.numbers.edges = edges.empty() ? pleasant_edges(all.min, all.max, all.all_whole)
                                            : std::vector<double>(edges.begin(), edges.end());
    } else {
        facet.numbers.edges.assign(edges.begin(), edges.end());
    }
    if (facet.numbers.edges.size() > 1) facet.numbers.counts.resize(facet.numbers.edges.size() - 1);
    for (const double value : all.numbers)
        if (const auto bin = bin_of(facet.numbers.edges, value)) ++facet.numbers.counts[*bin];
    return facet;
}

std::vector<MetadataKey> metadata_keys_with_types(const columns::Table& table) {
    std::map<std::string, std::set<std::string>> types;
    for (const auto& part : table.parts())
        for (const auto& values : part.segment->columns()) {
            if (!values.name().starts_with(column::kMetadataPrefix)) continue;
            const auto type = values.type() == Type::Text   ? "text"
                              : values.type() == Type::Bool ? "bool"
                              : values.type() == Type::Json ? "json"
                                                            : "number";
            types[std::string(values.name().substr(column::kMetadataPrefix.size()))].insert(type);
        }
    std::vector<MetadataKey> keys;
    for (const auto& [key, of_key] : types) {
        auto& added = keys.emplace_back(MetadataKey{key, {}});
        for (const auto& type : of_key) added.types += (added.types.empty() ? "" : ", ") + type;
    }
    return keys;
}

std::map<std::string, IssueKindCount> count_issue_kinds(const catalog::Finding& finding,
                                                        const columns::Bitmap& items) {
    std::map<std::string, IssueKindCount> counts;
    const Segment& rows = *finding.rows;
    const Column* const kinds = rows.find(column::kIssueKind, Type::Text);
    if (kinds == nullptr) return counts;
    std::map<std::string_view, ItemNo> last_item;  // rows of an item stand together
    const auto item_no = rows.item_no();
    for_values(*kinds, 0, rows.rows(), [&](std::size_t index, std::size_t row) {
        const ItemNo item = item_no[row];
        if (!items.contains(item)) return;
        const std::string_view kind = kinds->text(static_cast<std::uint32_t>(index));
        IssueKindCount& count = counts[std::string(kind)];
        ++count.issues;
        const auto [last, is_new] = last_item.try_emplace(kind, item);
        if (is_new || last->second != item) ++count.items;
        last->second = item;
    });
    return counts;
}

}  // namespace tusker::query
