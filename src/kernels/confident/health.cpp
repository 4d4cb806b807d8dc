#include "kernels/confident/health.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "kernels/confident/dense_square.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/row_pass.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

constexpr double kLeastShare = 1e-6;

struct Margins {
    std::vector<double> rows;     // [K] share of each given class
    std::vector<double> columns;  // [K] share of each true class
};

/// NumPy adds pairwise along memory, and line after line across it.
Margins margins_of(const JointView& joint, const Pool& pool) {
    const std::size_t classes = joint.shares.rows();
    Margins margins{std::vector<double>(classes), std::vector<double>(classes)};
    if (joint.layout == Layout::Rows) {
        NumpyOrder::sum_rows(joint.shares, margins.rows);
        for (std::size_t i = 0; i < classes; ++i)
            for (std::size_t k = 0; k < classes; ++k) margins.columns[k] += joint.shares.row(i)[k];
        return margins;
    }
    NumpyAcross::sum_rows(joint.shares, std::span<double>(margins.rows));
    each_columns(joint.shares, pool, [&](std::size_t first, MatrixView<double> columns) {
        NumpyOrder::sum_rows({columns.values(), columns.rows(), columns.columns()},
                             std::span(margins.columns).subspan(first, columns.rows()));
    });
    return margins;
}

std::int64_t count_of(double share, double examples) {
    return static_cast<std::int64_t>(std::nearbyint(share * examples));
}

std::vector<std::uint32_t> ascending(std::span<const double> keys, Order order) {
    return order == Order::Sound ? SoundOrder::argsort(keys) : NumpyOrder::argsort(keys);
}

/// Sound: equal keys in order of position. Cleanlab: pandas sorts the reversed keys upwards and
/// reads the result from its end.
std::vector<std::uint32_t> descending(std::span<const double> keys, Order order, const Pool& pool) {
    std::vector<double> turned(keys.rbegin(), keys.rend());
    const auto last = static_cast<std::uint32_t>(keys.size() - 1);
    if (order == Order::Sound) {
        turned.assign(keys.begin(), keys.end());
        for (double& key : turned) key = -key;
        return SoundOrder::argsort(std::span<const double>(turned), &pool);
    }
    auto positions = NumpyOrder::argsort(std::span<const double>(turned), &pool);
    for (auto& position : positions) position = last - position;
    std::ranges::reverse(positions);
    return positions;
}

template <class Row>
std::vector<Row> in_places(const std::vector<Row>& rows, std::span<const std::uint32_t> places,
                           const Pool& pool) {
    std::vector<Row> result(rows.size());
    (void)RowPass(rows.size(), sizeof(Row), pool).run([&](std::size_t first, std::size_t count) {
        for (std::size_t i = first; i < first + count; ++i) result[i] = rows[places[i]];
    });
    return result;
}

}  // namespace

std::vector<ClassQuality> rank_classes(const JointView& joint, double examples, Order order,
                                       const Pool& pool) {
    const Margins margins = margins_of(joint, pool);
    std::vector<ClassQuality> classes;
    std::vector<double> qualities;
    for (std::size_t k = 0; k < joint.shares.rows(); ++k) {
        const double right = joint.shares.row(k)[k];
        const double wrong = margins.rows[k] - right;
        const double missed = margins.columns[k] - right;
        const double noise = wrong / std::max(margins.rows[k], kLeastShare);
        classes.push_back({static_cast<ClassId>(k), count_of(wrong, examples),
                           count_of(missed, examples), noise,
                           missed / std::max(margins.columns[k], kLeastShare), 1 - noise});
        qualities.push_back(1 - noise);
    }
    return in_places(classes, ascending(qualities, order), pool);
}

std::vector<ClassOverlap> find_overlaps(const JointView& joint, double examples, bool asymmetric,
                                        Order order, const Pool& pool) {
    const std::size_t classes = joint.shares.rows();
    const std::size_t pairs = classes * (classes - 1);
    std::vector<ClassOverlap> overlaps(asymmetric ? pairs : pairs / 2);
    std::vector<double> probabilities(overlaps.size());
    std::vector<double> reverse;
    if (!asymmetric) reverse = turned_over(joint.shares, pool);
    pool.for_each(classes, [&](std::size_t a) {
        std::size_t place = asymmetric ? a * (classes - 1) : a * (2 * classes - a - 1) / 2;
        for (std::size_t b = asymmetric ? 0 : a + 1; b < classes; ++b) {
            if (a == b) continue;
            const double there = joint.shares.row(a)[b];
            const double probability = asymmetric ? there : there + reverse[a * classes + b];
            overlaps[place] = {static_cast<ClassId>(a), static_cast<ClassId>(b),
                               count_of(probability, examples), probability};
            probabilities[place++] = probability;
        }
    });
    if (overlaps.empty()) return overlaps;
    return in_places(overlaps, descending(probabilities, order, pool), pool);
}

}  // namespace tusker::confident
