// Rows, or a value of each row, by given class; in order of rows within a class.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/large_vector.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::confident {

/// work(first class, end) for blocks of classes: so many that each thread has some, so few that
/// each is worth handing out.
template <class Work>
void for_each_class_block(std::size_t classes, const Pool& pool, Work&& work) {
    const std::size_t at_once = std::clamp<std::size_t>(classes / 64, 1, 16);
    pool.for_each((classes + at_once - 1) / at_once, [&](std::size_t block) {
        work(block * at_once, std::min(classes, (block + 1) * at_once));
    });
}

/// [K] rows of each class.
inline std::vector<std::size_t> count_labels(std::span<const ClassId> labels, std::size_t classes) {
    // Of few classes the same is met again and again, and a counter that was just raised must be
    // waited for: so there are two.
    std::vector<std::size_t> even(classes);
    std::vector<std::size_t> odd(classes);
    for (std::size_t i = 0; i + 1 < labels.size(); i += 2) {
        ++even[labels[i]];
        ++odd[labels[i + 1]];
    }
    if (labels.size() % 2 == 1) ++even[labels.back()];
    std::ranges::transform(even, odd, even.begin(), std::plus{});
    return even;
}

/// A value of each row.
template <class T>
class ByClass {
public:
    /// labels  [N], each below `classes`
    /// value(i) is called once for each row, on the pool's threads
    template <class Value>
    ByClass(std::span<const ClassId> labels, std::size_t classes, const Pool& pool, Value&& value)
        : begins_(classes + 1), values_(labels.size()) {
        const std::size_t shares = labels.size() < kWorthSharing ? 1 : pool.threads();
        const auto first_of = [&](std::size_t share) { return labels.size() * share / shares; };
        // [K] for each share: how many rows of a class it has, then where the next one goes.
        std::vector<std::vector<std::size_t>> next(shares);
        pool.for_each(shares, [&](std::size_t share) {
            next[share] = count_labels(
                labels.subspan(first_of(share), first_of(share + 1) - first_of(share)), classes);
        });
        for (std::size_t k = 0, place = 0; k < classes; ++k) {
            begins_[k] = place;
            for (auto& of_share : next) place += std::exchange(of_share[k], place);
            begins_[k + 1] = place;
        }
        pool.for_each(shares, [&](std::size_t share) {
            for (std::size_t i = first_of(share); i < first_of(share + 1); ++i)
                values_[next[share][labels[i]]++] = value(i);
        });
    }

    std::size_t classes() const { return begins_.size() - 1; }
    std::size_t count(std::size_t k) const { return begins_[k + 1] - begins_[k]; }
    std::size_t begin_of(std::size_t k) const { return begins_[k]; }
    std::span<const T> of(std::size_t k) const {
        return std::span(values_).subspan(begins_[k], count(k));
    }
    std::vector<std::size_t> counts() const {
        std::vector<std::size_t> counts(classes());
        for (std::size_t k = 0; k < counts.size(); ++k) counts[k] = count(k);
        return counts;
    }

protected:
    /// Fewer rows are grouped before a second thread has woken.
    static constexpr std::size_t kWorthSharing = std::size_t{1} << 15;

    std::vector<std::size_t> begins_;
    LargeVector<T> values_;
};

/// The rows of each class, ascending.
class ClassRows : public ByClass<Row> {
public:
    ClassRows(std::span<const ClassId> labels, std::size_t classes, const Pool& pool)
        : ByClass(labels, classes, pool, [](std::size_t i) { return static_cast<Row>(i); }) {}

    /// Takes a row out of one class and puts it into another. Moves what stands between them.
    void move(Row row, ClassId from, ClassId to) {
        if (from == to) return;
        const auto place = [&](ClassId k) {
            const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(begins_[k]);
            return std::lower_bound(begin, begin + static_cast<std::ptrdiff_t>(count(k)), row);
        };
        const auto old_place = place(from);
        const auto new_place = place(to);
        if (from < to) {
            std::rotate(old_place, old_place + 1, new_place);
            for (std::size_t k = from + 1; k <= to; ++k) --begins_[k];
        } else {
            std::rotate(new_place, old_place, old_place + 1);
            for (std::size_t k = to + 1; k <= from; ++k) ++begins_[k];
        }
    }
};

}  // namespace tusker::confident
