#include "kernels/vectors/box_tree.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

namespace tusker::vectors {
namespace {

// A box of so many rows is searched through rather than halved.
constexpr std::size_t kLeafRows = 16;
// Wider than the roundings of a box's distance and of the square root that two rows may tie in.
constexpr double kMargin = 1 + 1e-14;

std::size_t nodes_of(std::size_t rows) {
    std::size_t nodes = 1;
    for (std::size_t left = rows; left > kLeafRows; left = (left + 1) / 2) nodes = 2 * nodes + 1;
    return nodes;
}

}  // namespace

struct BoxTree::Search {
    struct Near {
        double distance;
        Row position;
        auto operator<=>(const Near&) const = default;
    };

    void offer(double squares, Row position) {
        if (squares > limit || position == except) return;
        const Near near{std::sqrt(squares), position};
        if (best.size() == count) {
            if (best.front() < near) return;
            std::ranges::pop_heap(best);
            best.back() = near;
        } else {
            best.push_back(near);
        }
        std::ranges::push_heap(best);
        if (best.size() == count) {
            const double farthest = best.front().distance;
            limit = farthest * farthest * kMargin;
        }
    }

    std::span<const double> query;
    std::size_t count;
    Row except;
    double limit = std::numeric_limits<double>::infinity();  // of squared distances
    std::vector<Near> best = {};                             // a heap, the farthest first
};

template <class T>
BoxTree::BoxTree(const FeatureRows<T>& rows, std::span<const Row> chosen)
    : dims_(rows.rows.columns()),
      positions_(chosen.size()),
      corners_(nodes_of(chosen.size()) * 2 * dims_) {
    assert(dims_ <= kBoxTreeColumns);
    std::iota(positions_.begin(), positions_.end(), Row{0});
    for (const Row row : chosen)
        for (const T x : rows.rows.row(row)) values_.push_back(static_cast<double>(x));
    build(0, 0, chosen.size());
    std::vector<double> in_order;
    in_order.reserve(values_.size());
    for (const Row position : positions_) {
        const auto row = values_.begin() + static_cast<std::ptrdiff_t>(position * dims_);
        in_order.insert(in_order.end(), row, row + static_cast<std::ptrdiff_t>(dims_));
    }
    values_ = std::move(in_order);
}

/// While building, values_ are in the order of `chosen`.
void BoxTree::build(std::size_t node, std::size_t begin, std::size_t end) {
    double* least = &corners_[node * 2 * dims_];
    double* largest = least + dims_;
    std::fill_n(least, dims_, std::numeric_limits<double>::infinity());
    std::fill_n(largest, dims_, -std::numeric_limits<double>::infinity());
    for (std::size_t i = begin; i < end; ++i)
        for (std::size_t c = 0; c < dims_; ++c) {
            const double x = values_[positions_[i] * dims_ + c];
            least[c] = std::min(least[c], x);
            largest[c] = std::max(largest[c], x);
        }
    if (end - begin <= kLeafRows) return;
    std::size_t widest = 0;
    for (std::size_t c = 1; c < dims_; ++c)
        if (largest[c] - least[c] > largest[widest] - least[widest]) widest = c;
    const std::size_t middle = begin + (end - begin + 1) / 2;
    const auto at = [&](std::size_t i) {
        return positions_.begin() + static_cast<std::ptrdiff_t>(i);
    };
    std::nth_element(at(begin), at(middle), at(end), [&](Row a, Row b) {
        return values_[a * dims_ + widest] < values_[b * dims_ + widest];
    });
    build(2 * node + 1, begin, middle);
    build(2 * node + 2, middle, end);
}

double BoxTree::least_squares(std::size_t node, std::span<const double> query) const {
    const double* least = &corners_[node * 2 * dims_];
    const double* largest = least + dims_;
    double squares = 0;
    for (std::size_t c = 0; c < query.size(); ++c) {
        const double outside = std::max({least[c] - query[c], query[c] - largest[c], 0.0});
        squares += outside * outside;
    }
    return squares;
}

void BoxTree::visit(std::size_t node, std::size_t begin, std::size_t end, Search& search) const {
    if (end - begin <= kLeafRows) {
        for (std::size_t i = begin; i < end; ++i) {
            double squares = 0;
            for (std::size_t c = 0; c < search.query.size(); ++c) {
                const double difference = search.query[c] - values_[i * dims_ + c];
                squares += difference * difference;
            }
            search.offer(squares, positions_[i]);
        }
        return;
    }
    const std::size_t middle = begin + (end - begin + 1) / 2;
    const double left = least_squares(2 * node + 1, search.query);
    const double right = least_squares(2 * node + 2, search.query);
    // The nearer half first: what it finds may close the other.
    const auto visit_left = [&] {
        if (left <= search.limit * kMargin) visit(2 * node + 1, begin, middle, search);
    };
    const auto visit_right = [&] {
        if (right <= search.limit * kMargin) visit(2 * node + 2, middle, end, search);
    };
    if (left <= right) {
        visit_left();
        visit_right();
    } else {
        visit_right();
        visit_left();
    }
}

void BoxTree::find(std::span<const double> query, std::size_t count, Row except,
                   std::vector<Row>& found) const {
    Search search{.query = query, .count = count, .except = except};
    if (count > 0) visit(0, 0, positions_.size(), search);
    for (const auto& near : search.best) found.push_back(near.position);
}

template BoxTree::BoxTree(const FeatureRows<float>&, std::span<const Row>);
template BoxTree::BoxTree(const FeatureRows<double>&, std::span<const Row>);

}  // namespace tusker::vectors
