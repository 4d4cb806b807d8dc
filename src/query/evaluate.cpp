// Terms are evaluated lane by lane into arrays. The lanes of a condition on items are the items of
// the block; the lanes of a condition on objects are a chunk of consecutive rows of one part, whose
// results are then counted, or ORed, into the lanes of their items. Masks are one byte for each
// lane, which the compiler can combine sixteen at a time; this file is compiled at -O3.
#include "query/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "catalog/item_sizes.hpp"
#include "query/fields.hpp"
#include "query/item_blocks.hpp"

namespace tusker::query {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
// Rows at a time: masks and doubles of a chunk stay in the first-level cache.
constexpr std::uint32_t kChunkRows = 2048;

bool all_zero(std::span<const std::uint8_t> mask) {
    return std::memchr(mask.data(), 1, mask.size()) == nullptr;
}
bool all_one(std::span<const std::uint8_t> mask) {
    return std::memchr(mask.data(), 0, mask.size()) == nullptr;
}

}  // namespace

/// What the lanes of an array are: the items of the block, or rows of one part of a source.
struct BlockEvaluator::Lanes {
    bool are_items = true;
    std::size_t source = 0;
    std::size_t part = 0;
    std::uint32_t begin = 0;                   // first row
    std::span<const std::uint32_t> item_no{};  // of each row
    const columns::Segment* segment = nullptr;
};

BlockEvaluator::BlockEvaluator(const ResolvedQuery& query, catalog::ItemNo first,
                               catalog::ItemNo last)
    : query_(query), first_(first), items_(last - first) {}
BlockEvaluator::~BlockEvaluator() = default;

std::vector<std::uint8_t> BlockEvaluator::condition(const Term& term) {
    std::vector<std::uint8_t> out(items_);
    condition(term, Lanes{}, out);
    return out;
}

std::vector<Cell> BlockEvaluator::cells(const Term& term) {
    std::vector<Cell> out(items_);
    cells(term, Lanes{}, out);
    return out;
}

void BlockEvaluator::condition(const Term& term, const Lanes& lanes, std::span<std::uint8_t> out) {
    if (!lanes.are_items && !term.per_object && term.kind != Term::Kind::Constant) {
        const auto of_items = item_condition(term);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = of_items[lanes.item_no[i] - first_];
        return;
    }
    switch (term.kind) {
        case Term::Kind::Constant:
            std::ranges::fill(out, static_cast<std::uint8_t>(term.flag));
            break;
        case Term::Kind::Or:
        case Term::Kind::And:
            chain(term, lanes, out);
            break;
        case Term::Kind::Not:
            condition(term.parts[0], lanes, out);
            for (auto& value : out) value ^= 1U;
            break;
        case Term::Kind::Compare:
            compare_lanes(term, lanes, out);
            break;
        case Term::Kind::Matches:
            match(term, lanes, out);
            break;
        case Term::Kind::Some:
            std::ranges::fill(out, std::uint8_t{0});
            for_rows(term.source, term.parts[0],
                     [&](std::size_t item, std::uint32_t rows) { out[item] |= rows > 0 ? 1 : 0; });
            break;
        case Term::Kind::Set:
            write_mask(*term.items, first_, out);
            break;
        case Term::Kind::Literal:
        case Term::Kind::Field:
        case Term::Kind::Count:
        case Term::Kind::Arithmetic:
        case Term::Kind::Negate:
            break;  // values
    }
}

void BlockEvaluator::chain(const Term& term, const Lanes& lanes, std::span<std::uint8_t> out) {
    condition(term.parts[0], lanes, out);
    std::vector<std::uint8_t> next(out.size());
    const bool is_and = term.kind == Term::Kind::And;
    for (std::size_t part = 1; part < term.parts.size(); ++part) {
        if (is_and ? all_zero(out) : all_one(out)) return;
        condition(term.parts[part], lanes, next);
        if (is_and)
            for (std::size_t i = 0; i < out.size(); ++i) out[i] &= next[i];
        else
            for (std::size_t i = 0; i < out.size(); ++i) out[i] |= next[i];
    }
}

void BlockEvaluator::compare_lanes(const Term& term, const Lanes& lanes,
                                   std::span<std::uint8_t> out) {
    const Term& left = term.parts[0];
    const Term& right = term.parts[1];
    const bool as_numbers = term.op != Operator::Like && (left.is_number() || right.is_number());
    if (as_numbers) {
        std::vector<double> a(out.size());
        std::vector<double> b(out.size());
        numbers(left, lanes, a);
        numbers(right, lanes, b);
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = query::compare(a[i], term.op, b[i]) ? 1 : 0;
        return;
    }
    std::vector<Cell> a(out.size());
    std::vector<Cell> b(out.size());
    cells(left, lanes, a);
    cells(right, lanes, b);
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = query::compare(a[i], term.op, b[i]) ? 1 : 0;
}

void BlockEvaluator::match(const Term& term, const Lanes& lanes, std::span<std::uint8_t> out) {
    const Field& field = term.parts[0].field;
    if (!lanes.are_items)
        return match_rows(field, *term.match, *lanes.segment, lanes.part, lanes.begin, out);
    // An item without a row has no value, so it differs.
    std::ranges::fill(out, static_cast<std::uint8_t>(term.match->is_negated));
    scatter(term.source, out,
            [&](std::size_t part, std::uint32_t begin, std::span<std::uint8_t> rows) {
                match_rows(field, *term.match, *query_.sources[term.source].parts[part].segment,
                           part, begin, rows);
            });
}

void BlockEvaluator::numbers(const Term& term, const Lanes& lanes, std::span<double> out) {
    if (!lanes.are_items && !term.per_object && term.kind != Term::Kind::Literal) {
        const auto of_items = item_numbers(term);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = of_items[lanes.item_no[i] - first_];
        return;
    }
    switch (term.kind) {
        case Term::Kind::Literal:
            std::ranges::fill(out, term.literal.as_number());
            break;
        case Term::Kind::Field:
            if (!lanes.are_items) return read_numbers(term.field, *lanes.segment, lanes.begin, out);
            std::ranges::fill(out, kNone);
            scatter(term.source, out,
                    [&](std::size_t part, std::uint32_t begin, std::span<double> rows) {
                        read_numbers(term.field, *query_.sources[term.source].parts[part].segment,
                                     begin, rows);
                    });
            add_found_sizes(term.field, out);
            break;
        case Term::Kind::Count:
            std::ranges::fill(out, 0.0);
            for_rows(term.source, term.parts[0],
                     [&](std::size_t item, std::uint32_t rows) { out[item] += rows; });
            break;
        case Term::Kind::Arithmetic: {
            numbers(term.parts[0], lanes, out);
            std::vector<double> right(out.size());
            numbers(term.parts[1], lanes, right);
            for (std::size_t i = 0; i < out.size(); ++i)
                out[i] = calculate(term.op, out[i], right[i]);
            break;
        }
        case Term::Kind::Negate:
            numbers(term.parts[0], lanes, out);
            for (auto& value : out) value = -value;
            break;
        case Term::Kind::Constant:
        case Term::Kind::Or:
        case Term::Kind::And:
        case Term::Kind::Not:
        case Term::Kind::Compare:
        case Term::Kind::Matches:
        case Term::Kind::Some:
        case Term::Kind::Set:
            break;  // conditions
    }
}

void BlockEvaluator::cells(const Term& term, const Lanes& lanes, std::span<Cell> out) {
    if (!lanes.are_items && !term.per_object && term.kind != Term::Kind::Literal) {
        const auto of_items = item_cells(term);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = of_items[lanes.item_no[i] - first_];
        return;
    }
    if (term.is_number()) {
        std::vector<double> values(out.size());
        numbers(term, lanes, values);
        std::ranges::transform(values, out.begin(), [](double value) {
            return std::isnan(value) ? Cell{} : Cell::of_fraction(value);
        });
        return;
    }
    if (term.kind == Term::Kind::Literal) return std::ranges::fill(out, term.literal), void();
    if (!lanes.are_items)
        return read_cells(term.field, *lanes.segment, *query_.labels, lanes.begin, out);
    std::ranges::fill(out, Cell{});
    scatter(term.source, out, [&](std::size_t part, std::uint32_t begin, std::span<Cell> rows) {
        read_cells(term.field, *query_.sources[term.source].parts[part].segment, *query_.labels,
                   begin, rows);
    });
}

void BlockEvaluator::add_found_sizes(const Field& field, std::span<double> out) const {
    const bool is_width = field.kind == Field::Kind::ItemWidth;
    if (!query_.sizes || (!is_width && field.kind != Field::Kind::ItemHeight)) return;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (!std::isnan(out[i])) continue;
        const auto size = query_.sizes->find(first_ + static_cast<catalog::ItemNo>(i));
        if (size) out[i] = is_width ? size->first : size->second;
    }
}

bool BlockEvaluator::is_alive(const RowSource& source, std::size_t part, std::uint32_t row) const {
    const auto& dead = source.dead[part];
    return dead.empty() || ((dead[row / 64] >> (row % 64)) & 1U) == 0;
}

template <class Visit>
void BlockEvaluator::for_rows(std::size_t source, const Term& condition_term, Visit&& visit) {
    const RowSource& rows = query_.sources[source];
    std::array<std::uint8_t, kChunkRows> mask;
    const auto last = first_ + static_cast<catalog::ItemNo>(items_);
    for (std::size_t part = 0; part < rows.parts.size(); ++part) {
        const auto& segment = *rows.parts[part].segment;
        const auto [begin, end] = segment.rows_of(first_, last);
        for (std::uint32_t at = begin; at < end; at += kChunkRows) {
            const auto count = std::min(kChunkRows, end - at);
            const auto item_no = segment.item_no().subspan(at, count);
            const std::span<std::uint8_t> out(mask.data(), count);
            condition(condition_term, {false, source, part, at, item_no, &segment}, out);
            if (!rows.dead[part].empty())
                for (std::uint32_t i = 0; i < count; ++i)
                    out[i] &= static_cast<std::uint8_t>(is_alive(rows, part, at + i));
            if (all_zero(out)) continue;
            // Rows of an item stand together: summing them first spares a dependent store a row.
            for (std::uint32_t i = 0; i < count;) {
                const auto item = item_no[i];
                std::uint32_t rows_of_item = 0;
                for (; i < count && item_no[i] == item; ++i) rows_of_item += out[i];
                visit(item - first_, rows_of_item);
            }
        }
    }
}

template <class T, class Read>
void BlockEvaluator::scatter(std::size_t source, std::span<T> out, Read&& read) {
    const RowSource& rows = query_.sources[source];
    std::vector<T> chunk(kChunkRows);
    const auto last = first_ + static_cast<catalog::ItemNo>(items_);
    for (std::size_t part = 0; part < rows.parts.size(); ++part) {
        const auto& segment = *rows.parts[part].segment;
        const auto [begin, end] = segment.rows_of(first_, last);
        const bool all_live = rows.dead[part].empty();
        for (std::uint32_t at = begin; at < end; at += kChunkRows) {
            const auto count = std::min(kChunkRows, end - at);
            read(part, at, std::span<T>(chunk.data(), count));
            const auto item_no = segment.item_no().subspan(at, count);
            for (std::uint32_t i = 0; i < count; ++i)
                if (all_live || is_alive(rows, part, at + i)) out[item_no[i] - first_] = chunk[i];
        }
    }
}

std::span<const std::uint8_t> BlockEvaluator::item_condition(const Term& term) {
    const auto known = conditions_.find(&term);
    if (known != conditions_.end()) return known->second;
    auto made = condition(term);
    return conditions_[&term] = std::move(made);
}

std::span<const double> BlockEvaluator::item_numbers(const Term& term) {
    const auto known = numbers_.find(&term);
    if (known != numbers_.end()) return known->second;
    std::vector<double> made(items_);
    numbers(term, Lanes{}, made);
    return numbers_[&term] = std::move(made);
}

std::span<const Cell> BlockEvaluator::item_cells(const Term& term) {
    const auto known = cells_.find(&term);
    if (known != cells_.end()) return known->second;
    auto made = cells(term);
    return cells_[&term] = std::move(made);
}

}  // namespace tusker::query
