#include "kernels/crowd/votes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

namespace tusker::crowd {
namespace {

constexpr std::size_t kMost = std::numeric_limits<Index>::max();

/// Positions of `keys` sorted by key, equal ones in the order of `order`.
std::vector<Index> counting_sort(std::span<const Index> keys, std::span<const Index> order,
                                 std::size_t distinct) {
    std::vector<Index> next(distinct + 1);
    for (const Index key : keys) ++next[key + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<Index> sorted(keys.size());
    for (const Index i : order) sorted[next[keys[i]]++] = i;
    return sorted;
}

/// The votes of some neighbouring rows of a wide table.
struct Piece {
    std::vector<Index> counts;  // per row
    std::vector<Vote> votes;
    bool integral = true;
    double least = std::numeric_limits<double>::infinity();
    double most = -std::numeric_limits<double>::infinity();

    ClassId take(double label) {
        least = std::min(least, label);
        most = std::max(most, label);
        if (!std::isfinite(label) || label != std::floor(label)) {
            integral = false;
            return 0;
        }
        return label >= 0 && label < static_cast<double>(kMost) ? static_cast<ClassId>(label) : 0;
    }
};

Piece gather_by_row(const WideTable& table, std::size_t begin, std::size_t end) {
    Piece piece;
    piece.counts.resize(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
        const auto row = table.cells.subspan(i * table.columns, table.columns);
        const std::size_t before = piece.votes.size();
        for (std::size_t a = 0; a < row.size(); ++a)
            if (!std::isnan(row[a]))
                piece.votes.push_back({static_cast<Index>(a), piece.take(row[a])});
        piece.counts[i - begin] = static_cast<Index>(piece.votes.size() - before);
    }
    return piece;
}

/// Walks the columns in memory's order twice: to count, then to place.
Piece gather_by_column(const WideTable& table, std::size_t begin, std::size_t end) {
    Piece piece;
    piece.counts.resize(end - begin);
    const auto column = [&](std::size_t a) {
        return table.cells.subspan(a * table.rows + begin, end - begin);
    };
    for (std::size_t a = 0; a < table.columns; ++a) {
        const auto cells = column(a);
        for (std::size_t i = 0; i < cells.size(); ++i) piece.counts[i] += !std::isnan(cells[i]);
    }
    std::vector<std::size_t> next(piece.counts.size());
    std::exclusive_scan(piece.counts.begin(), piece.counts.end(), next.begin(), std::size_t{0});
    piece.votes.resize(next.empty() ? 0 : next.back() + piece.counts.back());
    for (std::size_t a = 0; a < table.columns; ++a) {
        const auto cells = column(a);
        for (std::size_t i = 0; i < cells.size(); ++i)
            if (!std::isnan(cells[i]))
                piece.votes[next[i]++] = {static_cast<Index>(a), piece.take(cells[i])};
    }
    return piece;
}

}  // namespace

Result<void> check_rows(const VoteRows& rows, const CrowdSize& size) {
    const std::size_t n = rows.items.size();
    if (rows.annotators.size() != n || rows.labels.size() != n)
        return invalid(fmt::format("votes: {} items, {} annotators, {} labels: must be as many", n,
                                   rows.annotators.size(), rows.labels.size()));
    if (std::max({n, size.items, size.annotators, size.classes}) >= kMost)
        return fail(ErrorCode::TooLarge, "votes: more than 2^32 - 2 rows, items or annotators");
    for (std::size_t i = 0; i < n; ++i) {
        if (rows.items[i] >= size.items)
            return invalid(
                fmt::format("votes[{}].item = {}: must be below {}", i, rows.items[i], size.items));
        if (rows.annotators[i] >= size.annotators)
            return invalid(fmt::format("votes[{}].annotator = {}: must be below {}", i,
                                       rows.annotators[i], size.annotators));
        if (rows.labels[i] >= size.classes)
            return invalid(
                fmt::format("votes[{}].label = {}: must be below {}, the number of "
                            "classes",
                            i, rows.labels[i], size.classes));
    }
    return {};
}

Votes::Votes(std::vector<Index> begins, std::vector<Vote> votes, const CrowdSize& size)
    : classes_(size.classes), begins_(std::move(begins)), votes_(std::move(votes)) {
    index_annotators(size.annotators);
}

void Votes::index_annotators(std::size_t annotators) {
    annotator_begins_.assign(annotators + 1, 0);
    for (const Vote& vote : votes_) ++annotator_begins_[vote.annotator + 1];
    std::partial_sum(annotator_begins_.begin(), annotator_begins_.end(), annotator_begins_.begin());
    std::vector<Index> next(annotator_begins_.begin(), annotator_begins_.end() - 1);
    own_.resize(votes_.size());
    for (std::size_t item = 0; item < items(); ++item)
        for (Index v = begins_[item]; v < begins_[item + 1]; ++v)
            own_[next[votes_[v].annotator]++] = {static_cast<Index>(item), v};
}

Result<Votes> Votes::from_rows(const VoteRows& rows, const CrowdSize& size, Repeats repeats) {
    TUSKER_TRY(check_rows(rows, size));
    std::vector<Index> order(rows.items.size());
    std::iota(order.begin(), order.end(), Index{0});
    if (repeats == Repeats::Refused) order = counting_sort(rows.annotators, order, size.annotators);
    order = counting_sort(rows.items, order, size.items);

    std::vector<Index> begins(size.items + 1);
    std::vector<Vote> votes(order.size());
    for (std::size_t v = 0; v < order.size(); ++v) {
        const Index row = order[v];
        ++begins[rows.items[row] + 1];
        votes[v] = {rows.annotators[row], rows.labels[row]};
        if (repeats == Repeats::Kept || v == 0) continue;
        const Index before = order[v - 1];
        if (rows.items[before] == rows.items[row] &&
            rows.annotators[before] == rows.annotators[row])
            return invalid(fmt::format(
                "votes[{}]: annotator {} labels item {} again (votes[{}]): must label it once", row,
                rows.annotators[row], rows.items[row], before));
    }
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    Votes made(std::move(begins), std::move(votes), size);
    made.rows_ = std::move(order);
    return made;
}

WideVotes gather_votes(const WideTable& table, const Pool& pool) {
    constexpr std::size_t kRowsPerBlock = 1024;
    const std::size_t blocks = (table.rows + kRowsPerBlock - 1) / kRowsPerBlock;
    std::vector<Piece> pieces(blocks);
    pool.for_each(blocks, [&](std::size_t block) {
        const std::size_t begin = block * kRowsPerBlock;
        const std::size_t end = std::min(begin + kRowsPerBlock, table.rows);
        pieces[block] = table.layout == WideTable::Layout::ByRow
                            ? gather_by_row(table, begin, end)
                            : gather_by_column(table, begin, end);
    });
    WideVotes all;
    all.begins.reserve(table.rows + 1);
    all.begins.push_back(0);
    for (Piece& piece : pieces) {
        for (const Index count : piece.counts) all.begins.push_back(all.begins.back() + count);
        if (!piece.votes.empty()) {
            all.least = all.votes.empty() ? piece.least : std::min(all.least, piece.least);
            all.most = all.votes.empty() ? piece.most : std::max(all.most, piece.most);
        }
        all.votes.insert(all.votes.end(), piece.votes.begin(), piece.votes.end());
        all.integral = all.integral && piece.integral;
    }
    return all;
}

}  // namespace tusker::crowd
