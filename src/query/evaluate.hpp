// Evaluates resolved terms over one block of items. Private to the room.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "query/resolved.hpp"

namespace tusker::query {

/// Values of all items in [first, last), one lane for each. Not thread-safe: one for each block.
class BlockEvaluator {
public:
    BlockEvaluator(const ResolvedQuery& query, catalog::ItemNo first, catalog::ItemNo last);
    ~BlockEvaluator();

    /// 1 where the condition holds. Dead items are not looked at specially.
    std::vector<std::uint8_t> condition(const Term& term);
    /// The value of each item.
    std::vector<Cell> cells(const Term& term);

private:
    struct Lanes;

    void condition(const Term& term, const Lanes& lanes, std::span<std::uint8_t> out);
    void numbers(const Term& term, const Lanes& lanes, std::span<double> out);
    void cells(const Term& term, const Lanes& lanes, std::span<Cell> out);

    void chain(const Term& term, const Lanes& lanes, std::span<std::uint8_t> out);
    void compare_lanes(const Term& term, const Lanes& lanes, std::span<std::uint8_t> out);
    void match(const Term& term, const Lanes& lanes, std::span<std::uint8_t> out);
    void add_found_sizes(const Field& field, std::span<double> out) const;
    /// visit(item lane, how many rows) for living rows of the source that satisfy the condition; an
    /// item may come several times, or with none.
    template <class Visit>
    void for_rows(std::size_t source, const Term& condition, Visit&& visit);
    /// read(part, begin, out) rows of item-level fields into the lanes of their items.
    template <class T, class Read>
    void scatter(std::size_t source, std::span<T> out, Read&& read);
    bool is_alive(const RowSource& source, std::size_t part, std::uint32_t row) const;

    // Item-level terms inside conditions on objects: evaluated once, gathered for each row.
    std::span<const std::uint8_t> item_condition(const Term& term);
    std::span<const double> item_numbers(const Term& term);
    std::span<const Cell> item_cells(const Term& term);

    const ResolvedQuery& query_;
    const catalog::ItemNo first_;
    const std::size_t items_;
    std::unordered_map<const Term*, std::vector<std::uint8_t>> conditions_;
    std::unordered_map<const Term*, std::vector<double>> numbers_;
    std::unordered_map<const Term*, std::vector<Cell>> cells_;
};

}  // namespace tusker::query
