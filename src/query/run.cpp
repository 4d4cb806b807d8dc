// Plan -> items, and pages of them in order.
#include <algorithm>
#include <limits>

#include "query/evaluate.hpp"
#include "query/item_blocks.hpp"
#include "query/query.hpp"

namespace tusker::query {
namespace {

using catalog::ItemNo;

constexpr std::size_t kWordsOfBlock = kBlockItems / 64;

/// What ORDER BY compares: one cell for each of its terms.
struct Ranked {
    ItemNo item;
    std::vector<Cell> keys;
};

// Numbers, then dates, then texts, then absent.
int rank_of_type(const Cell& cell) {
    switch (cell.kind) {
        case Cell::Kind::Whole:
        case Cell::Kind::Fraction:
            return 0;
        case Cell::Kind::Date:
            return 1;
        case Cell::Kind::Text:
            return 2;
        case Cell::Kind::Absent:
            return 3;
    }
    return 3;
}

class Before {
public:
    explicit Before(const std::vector<ResolvedOrder>& order) : order_(order) {}
    bool operator()(const Ranked& a, const Ranked& b) const {
        for (std::size_t i = 0; i < order_.size(); ++i) {
            const Cell& x = a.keys[i];
            const Cell& y = b.keys[i];
            const int type_x = rank_of_type(x);
            const int type_y = rank_of_type(y);
            if (type_x == 3 && type_y == 3) continue;
            if (type_x == 3 || type_y == 3) return type_y == 3;  // absent last, whatever the way
            const auto order =
                type_x != type_y ? type_x <=> type_y : order_of(x, y).value_or(type_x <=> type_x);
            if (order != 0) return order_[i].descending ? order > 0 : order < 0;
        }
        return a.item < b.item;
    }

private:
    const std::vector<ResolvedOrder>& order_;
};

// The first `wanted` in order, of all; the rest is dropped.
void keep_first(std::vector<Ranked>& ranked, std::uint64_t wanted, const Before& before) {
    const auto count = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(wanted, ranked.size()));
    std::partial_sort(ranked.begin(), ranked.begin() + count, ranked.end(), before);
    ranked.erase(ranked.begin() + count, ranked.end());
}

std::vector<Ranked> first_of_block(const ResolvedQuery& query, const Answer& answer,
                                   ItemBlock block, std::uint64_t wanted, const Before& before) {
    BlockEvaluator evaluator(query, block.first, block.last);
    std::vector<std::vector<Cell>> keys;
    keys.reserve(query.order.size());
    for (const auto& order : query.order) keys.push_back(evaluator.cells(order.value));
    std::vector<std::uint8_t> chosen(block.size());
    write_mask(answer.items, block.first, chosen);
    std::vector<Ranked> ranked;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        if (chosen[i] == 0) continue;
        Ranked& one = ranked.emplace_back(Ranked{block.first + static_cast<ItemNo>(i), {}});
        for (const auto& column : keys) one.keys.push_back(column[i]);
    }
    keep_first(ranked, wanted, before);
    return ranked;
}

std::vector<ItemNo> in_upload_order(const columns::Bitmap& items, std::uint64_t offset,
                                    std::size_t limit) {
    std::vector<ItemNo> result;
    const std::uint64_t size = items.size();
    for (std::uint64_t rank = offset; rank < size && result.size() < limit; ++rank)
        result.push_back(*items.select(rank));
    return result;
}

}  // namespace

Result<Answer> run(const Plan& plan, const Scope&, const Pool& pool) {
    const auto& query = plan.resolved();
    const std::size_t blocks = block_count(query.items_end);
    std::vector<std::uint64_t> words(blocks * kWordsOfBlock);
    pool.for_each(blocks, [&](std::size_t block) {
        const auto [first, last] = block_at(block, query.items_end);
        BlockEvaluator evaluator(query, first, last);
        const auto mask = evaluator.condition(query.condition);
        std::uint64_t* const into = words.data() + block * kWordsOfBlock;
        for (std::size_t i = 0; i < mask.size(); ++i)
            into[i / 64] |= std::uint64_t{mask[i]} << (i % 64);
    });
    Answer answer;
    answer.items = columns::Bitmap::from_words(0, words.data(), words.size());
    answer.items &= *query.living;
    answer.sorted = plan.is_sorted();
    answer.warnings = plan.warnings();
    return answer;
}

Result<std::vector<ItemNo>> page(const Plan& plan, const Answer& answer, const Scope&,
                                 const Pool& pool, std::uint64_t offset, std::size_t limit) {
    if (!plan.is_sorted()) return in_upload_order(answer.items, offset, limit);
    const auto& query = plan.resolved();
    const Before before(query.order);
    const std::size_t blocks = block_count(query.items_end);
    std::vector<std::vector<Ranked>> found(blocks);
    const std::uint64_t wanted =
        offset + std::min<std::uint64_t>(limit, std::numeric_limits<std::uint64_t>::max() - offset);
    pool.for_each(blocks, [&](std::size_t block) {
        const ItemBlock items = block_at(block, query.items_end);
        if (answer.items.count_in(items.first, items.last) > 0)
            found[block] = first_of_block(query, answer, items, wanted, before);
    });
    std::vector<Ranked> all;
    for (auto& block : found) std::ranges::move(block, std::back_inserter(all));
    keep_first(all, wanted, before);
    std::vector<ItemNo> items;
    for (auto at = offset; at < all.size(); ++at) items.push_back(all[at].item);
    return items;
}

Result<Asked> ask_planned(std::string_view text, const Scope& scope, const Pool& pool) {
    const Tree tree = TUSKER_TRY(parse(text));
    Plan made = TUSKER_TRY(plan(tree, scope));
    Answer answer = TUSKER_TRY(run(made, scope, pool));
    return Asked{std::move(made), std::move(answer)};
}

Result<Answer> ask(std::string_view text, const Scope& scope, const Pool& pool) {
    return TUSKER_TRY(ask_planned(text, scope, pool)).answer;
}

}  // namespace tusker::query
