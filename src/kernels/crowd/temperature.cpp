#include "kernels/crowd/temperature.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/crowd/blocks.hpp"
#include "kernels/crowd/conventions.hpp"
#include "kernels/crowd/label_shares.hpp"

namespace tusker::crowd {
namespace {

constexpr double kLeastProbability = 1e-30;
constexpr double kLeastTemperature = 1e-6;
constexpr std::array kCoarse = {0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 3.0, 5.0, 8.0};
constexpr int kFineSteps = 4;

/// Mean soft cross-entropy at each of the temperatures.
template <class Conventions, class T>
std::vector<double> cross_entropies(const Votes& votes, MatrixView<const T> probs,
                                    std::span<const double> temperatures, const Pool& pool) {
    using Order = typename Conventions::Order;
    const std::size_t n = votes.items();
    const std::size_t classes = probs.columns();
    const double log_classes = Order::log(static_cast<double>(classes));
    std::vector<double> losses(temperatures.size() * n);
    for_ranges(pool, n, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
        std::vector<double> logs(classes);
        std::vector<double> powers(classes);
        std::vector<double> terms(classes);
        std::vector<LabelShare> shares;
        for (std::size_t i = begin; i < end; ++i) {
            const auto p = probs.row(i);
            for (std::size_t k = 0; k < classes; ++k)
                logs[k] = p[k] > 0 ? static_cast<double>(Order::log(p[k]))
                                   : -std::numeric_limits<double>::infinity();
            share_labels<Conventions>(votes, i, shares);
            for (std::size_t t = 0; t < temperatures.size(); ++t) {
                for (std::size_t k = 0; k < classes; ++k)
                    powers[k] = Order::exp(logs[k] / temperatures[t]);
                const double total = Order::sum(powers);
                for (const LabelShare& one : shares)
                    terms[one.label] = one.share * Order::log(std::max(powers[one.label] / total,
                                                                       kLeastProbability));
                losses[t * n + i] = -Order::sum(terms) / log_classes;
                for (const LabelShare& one : shares) terms[one.label] = 0;
            }
        }
    });
    std::vector<double> means;
    for (std::size_t t = 0; t < temperatures.size(); ++t)
        means.push_back(Order::sum(std::span<const double>(losses).subspan(t * n, n)) /
                        static_cast<double>(n));
    return means;
}

/// The first smallest; the first NaN, as NumPy's argmin.
std::size_t first_smallest(std::span<const double> values) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isnan(values[i])) return i;
        if (values[i] < values[best]) best = i;
    }
    return best;
}

/// From a neighbour of the best coarse temperature to the other; the best stands among them once.
std::vector<double> fine_temperatures(std::size_t best) {
    std::vector<double> fine;
    const auto steps = [&](double from, double to) {
        const double step = (to - from) / kFineSteps;
        for (int i = 0; i < kFineSteps; ++i) fine.push_back(i * step + from);
    };
    if (best > 0) steps(kCoarse[best - 1], kCoarse[best]);
    if (best + 1 < kCoarse.size()) {
        steps(kCoarse[best], kCoarse[best + 1]);
        fine.push_back(kCoarse[best + 1]);
    }
    return fine;
}

}  // namespace

template <class Conventions, class T>
double best_temperature(const Votes& votes, MatrixView<const T> probs, const Pool& pool) {
    const auto coarse = cross_entropies<Conventions>(votes, probs, kCoarse, pool);
    const auto fine = fine_temperatures(first_smallest(coarse));
    return fine[first_smallest(cross_entropies<Conventions>(votes, probs, fine, pool))];
}

template <class Conventions, class T>
std::vector<T> temper(MatrixView<const T> probs, double temperature, const Pool& pool) {
    using Order = typename Conventions::Order;
    const std::size_t classes = probs.columns();
    const T divisor = static_cast<T>(std::max(temperature, kLeastTemperature));
    std::vector<T> tempered(probs.values().size());
    for_ranges(pool, probs.rows(), kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const auto row = std::span(tempered).subspan(i * classes, classes);
            const auto divide_by_sum = [&] {
                const T total = Order::sum(std::span<const T>(row));
                for (T& x : row) x /= total;
            };
            std::ranges::transform(probs.row(i), row.begin(), [](T p) {
                return std::max(p, static_cast<T>(kLeastProbability));
            });
            divide_by_sum();
            for (T& x : row) x = Order::exp(Order::log(x) / divisor);
            divide_by_sum();
            divide_by_sum();
        }
    });
    return tempered;
}

template double best_temperature<Sound>(const Votes&, MatrixView<const float>, const Pool&);
template double best_temperature<Sound>(const Votes&, MatrixView<const double>, const Pool&);
template double best_temperature<Cleanlab>(const Votes&, MatrixView<const float>, const Pool&);
template double best_temperature<Cleanlab>(const Votes&, MatrixView<const double>, const Pool&);
template std::vector<float> temper<Sound>(MatrixView<const float>, double, const Pool&);
template std::vector<double> temper<Sound>(MatrixView<const double>, double, const Pool&);
template std::vector<float> temper<Cleanlab>(MatrixView<const float>, double, const Pool&);
template std::vector<double> temper<Cleanlab>(MatrixView<const double>, double, const Pool&);

}  // namespace tusker::crowd
