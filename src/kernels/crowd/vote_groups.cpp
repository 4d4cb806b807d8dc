#include "kernels/crowd/vote_groups.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace tusker::crowd {
namespace {

std::vector<Index> begins_of(std::span<const Index> keys, std::size_t distinct) {
    std::vector<Index> begins(distinct + 1);
    for (const Index key : keys) ++begins[key + 1];
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    return begins;
}

/// values[i] of each row i, grouped by keys[i] and in the order of the rows within a group.
std::vector<Index> grouped(std::span<const Index> keys, std::span<const Index> values,
                           std::span<const Index> begins) {
    std::vector<Index> next(begins.begin(), begins.end() - 1);
    std::vector<Index> out(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) out[next[keys[i]]++] = values[i];
    return out;
}

/// Numbers the pairs of annotator and label that occur, by first occurrence. Few annotators and
/// classes: a table of all pairs; else only those that occur are kept.
class Numbering {
public:
    Numbering(const CrowdSize& size, std::size_t rows)
        : classes_(size.classes), dense_(size.annotators * size.classes <= 4 * rows + 4096) {
        if (dense_) table_.assign(size.annotators * size.classes, kNone);
    }

    Index operator()(AnnotatorLabel pair, std::vector<AnnotatorLabel>& given) {
        const std::uint64_t key = std::uint64_t{pair.annotator} * classes_ + pair.label;
        Index& number = dense_ ? table_[key] : sparse_.try_emplace(key, kNone).first->second;
        if (number == kNone) {
            number = static_cast<Index>(given.size());
            given.push_back(pair);
        }
        return number;
    }

private:
    static constexpr Index kNone = std::numeric_limits<Index>::max();
    std::uint64_t classes_;
    bool dense_;
    std::vector<Index> table_;
    std::unordered_map<std::uint64_t, Index> sparse_;
};

}  // namespace

std::vector<Index> VoteGroups::items_by_count() const {
    const std::size_t n = item_begins.size() - 1;
    // Long rows are rare, and cost what a wrong guess at their length would not notice.
    constexpr Index kLong = 63;
    std::vector<Index> counts(n);
    for (std::size_t i = 0; i < n; ++i)
        counts[i] = std::min(item_begins[i + 1] - item_begins[i], kLong);
    std::vector<Index> all(n);
    std::iota(all.begin(), all.end(), Index{0});
    return grouped(counts, all, begins_of(counts, kLong + 1));
}

VoteGroups group_votes(const VoteRows& rows, const CrowdSize& size) {
    VoteGroups all;
    Numbering numbering(size, rows.items.size());
    std::vector<Index> given_of_row(rows.items.size());
    for (std::size_t i = 0; i < given_of_row.size(); ++i)
        given_of_row[i] = numbering({rows.annotators[i], rows.labels[i]}, all.given);
    all.given_begins = begins_of(given_of_row, all.given.size());
    all.item_of = grouped(given_of_row, rows.items, all.given_begins);
    all.item_begins = begins_of(rows.items, size.items);
    all.given_of = std::ranges::is_sorted(rows.items)
                       ? std::move(given_of_row)
                       : grouped(rows.items, given_of_row, all.item_begins);
    std::vector<Index> annotators;
    annotators.reserve(all.given.size());
    std::vector<Index> positions(all.given.size());
    for (const AnnotatorLabel& one : all.given) annotators.push_back(one.annotator);
    std::iota(positions.begin(), positions.end(), Index{0});
    all.annotator_begins = begins_of(annotators, size.annotators);
    all.of_annotator = grouped(annotators, positions, all.annotator_begins);
    return all;
}

}  // namespace tusker::crowd
