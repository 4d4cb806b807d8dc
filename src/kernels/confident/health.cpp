#include "kernels/confident/health.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

constexpr double kLeastShare = 1e-6;

double one_after_the_other(std::span<const double> values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
}

struct Margins {
    std::vector<double> rows;     // [K] share of each given class
    std::vector<double> columns;  // [K] share of each true class
};

/// NumPy adds pairwise along memory, and line after line across it.
Margins margins_of(const JointView& joint) {
    const std::size_t classes = joint.shares.rows();
    const bool by_rows = joint.layout == Layout::Rows;
    Margins margins{std::vector<double>(classes), std::vector<double>(classes)};
    std::vector<double> column(classes);
    for (std::size_t k = 0; k < classes; ++k) {
        for (std::size_t i = 0; i < classes; ++i) column[i] = joint.shares.row(i)[k];
        const std::span<const double> down(column);
        const std::span<const double> across = joint.shares.row(k);
        margins.rows[k] = by_rows ? NumpyOrder::sum(across) : one_after_the_other(across);
        margins.columns[k] = by_rows ? one_after_the_other(down) : NumpyOrder::sum(down);
    }
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
std::vector<std::uint32_t> descending(std::span<const double> keys, Order order) {
    std::vector<double> turned(keys.rbegin(), keys.rend());
    const auto last = static_cast<std::uint32_t>(keys.size() - 1);
    if (order == Order::Sound) {
        turned.assign(keys.begin(), keys.end());
        for (double& key : turned) key = -key;
        return SoundOrder::argsort(std::span<const double>(turned));
    }
    auto positions = NumpyOrder::argsort(std::span<const double>(turned));
    for (auto& position : positions) position = last - position;
    std::ranges::reverse(positions);
    return positions;
}

template <class Row>
std::vector<Row> in_places(const std::vector<Row>& rows, std::span<const std::uint32_t> places) {
    std::vector<Row> result;
    result.reserve(rows.size());
    for (const auto place : places) result.push_back(rows[place]);
    return result;
}

}  // namespace

std::vector<ClassQuality> rank_classes(const JointView& joint, double examples, Order order) {
    const Margins margins = margins_of(joint);
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
    return in_places(classes, ascending(qualities, order));
}

std::vector<ClassOverlap> find_overlaps(const JointView& joint, double examples, bool asymmetric,
                                        Order order) {
    const std::size_t classes = joint.shares.rows();
    std::vector<ClassOverlap> overlaps;
    std::vector<double> probabilities;
    for (std::size_t a = 0; a < classes; ++a) {
        for (std::size_t b = asymmetric ? 0 : a + 1; b < classes; ++b) {
            if (a == b) continue;
            const double there = joint.shares.row(a)[b];
            const double probability = asymmetric ? there : there + joint.shares.row(b)[a];
            overlaps.push_back({static_cast<ClassId>(a), static_cast<ClassId>(b),
                                count_of(probability, examples), probability});
            probabilities.push_back(probability);
        }
    }
    if (overlaps.empty()) return overlaps;
    return in_places(overlaps, descending(probabilities, order));
}

}  // namespace tusker::confident
