// Entropies of many rows: p ln p of whole blocks, then the sums of their rows.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <vector>

#include "base/matrix_view.hpp"

namespace tusker::confident {

/// True if every value is in [0, 1] and none is -0. Quick: for others, look closer.
bool surely_in_zero_one(std::span<const float> values);
bool surely_in_zero_one(std::span<const double> values);

/// -(sum of p ln p) / ln K of each row, in [0, 1] for distributions.
///
/// rows     [n × K], K >= 2, each in [0, 1]
/// scratch  at least K values: as many rows are taken at a time as it holds
/// out      [n]
template <class Order, class T>
void normalized_entropies(MatrixView<const T> rows, std::span<T> scratch, std::span<T> out) {
    const std::size_t at_once = scratch.size() / rows.columns();
    assert(at_once > 0);
    for (std::size_t i = 0; i < rows.rows(); i += at_once) {
        const auto some = rows.rows_from(i, std::min(at_once, rows.rows() - i));
        const auto terms = scratch.first(some.values().size());
        Order::p_log_p(some.values(), terms);
        Order::sum_rows(MatrixView<const T>(terms, some.rows(), some.columns()),
                        out.subspan(i, some.rows()));
    }
    const T log_classes = static_cast<T>(Order::log(static_cast<double>(rows.columns())));
    for (T& x : out) x = -x / log_classes;
}

/// ln(x + 1) / max(x, 1e-6) with x = (entropy of p / ln K) / max(p[given], 1e-6).
///
/// As x falls below 1e-6 cleanlab's score falls to 0, so that rows which are right and certain rank
/// as the worst; `continuous` gives them their limit, 1.
///
/// entropies  [n] normalised; become the scores
/// self       [n] p[given]
template <class Order, class T>
void weigh_entropies(std::span<T> entropies, std::span<const T> self, bool continuous) {
    constexpr T kLeast = static_cast<T>(1e-6);
    std::vector<T> logs(entropies.size());
    for (std::size_t i = 0; i < entropies.size(); ++i) {
        entropies[i] /= std::max(self[i], kLeast);
        logs[i] = entropies[i] + T{1};
    }
    Order::log_each(logs);
    for (std::size_t i = 0; i < entropies.size(); ++i) {
        const T x = entropies[i];
        entropies[i] = continuous && x < kLeast ? T{1} : logs[i] / std::max(x, kLeast);
    }
}

}  // namespace tusker::confident
