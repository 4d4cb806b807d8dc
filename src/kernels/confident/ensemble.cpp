#include "kernels/confident/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/large_vector.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/row_arithmetic.hpp"
#include "kernels/confident/row_pass.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

constexpr double kLeastProbability = 1e-6;
/// Values a row costs where each is one of a few columns, for the size of blocks.
constexpr std::size_t kValuesPerRow = 8;

/// Mean of -ln p over `rows` rows.
/// given(first row, out)  writes p, one value a row
template <class Order, class T, class Given>
double log_loss(std::size_t rows, const Pool& pool, Given&& given) {
    constexpr T kEps = std::numeric_limits<T>::epsilon();
    std::vector<T> losses(rows);
    (void)RowPass(rows, kValuesPerRow, pool).run([&](std::size_t first, std::size_t count) {
        const auto out = std::span(losses).subspan(first, count);
        given(first, out);
        for (T& p : out) p = std::clamp(p, kEps, T{1} - kEps);
        Order::log_each(out);
        for (T& log : out) log = -log;
    });
    const T sum = Order::sum(std::span<const T>(losses));
    return static_cast<double>(
        static_cast<T>(static_cast<double>(sum) / static_cast<double>(rows)));
}

/// p[given] of each row.
template <class T>
LargeVector<T> gathered(MatrixView<const T> probs, std::span<const ClassId> labels,
                        const Pool& pool) {
    LargeVector<T> given(labels.size());
    (void)RowPass(labels.size(), kValuesPerRow, pool)
        .run([&](std::size_t first, std::size_t count) {
            for (std::size_t i = first; i < first + count; ++i) given[i] = probs.row(i)[labels[i]];
        });
    return given;
}

/// The same after every p is raised to 1e-6 and the row divided by its sum.
template <class Order, class T>
std::vector<T> renormalized(MatrixView<const T> probs, std::span<const ClassId> labels,
                            const Pool& pool) {
    const auto least = static_cast<T>(kLeastProbability);
    std::vector<T> given(probs.rows());
    (void)RowPass(probs.rows(), probs.columns(), pool)
        .run([&](std::size_t first, std::size_t count) {
            std::vector<T> raised(quick_scratch<T>(probs.columns()));
            const std::size_t at_once = raised.size() / probs.columns();
            for (std::size_t i = first; i < first + count; i += at_once) {
                const auto rows = probs.rows_from(i, std::min(at_once, first + count - i));
                const auto values = std::span(raised).first(rows.values().size());
                raise_to(rows.values(), least, values);
                const auto sums = std::span(given).subspan(i, rows.rows());
                Order::sum_rows(MatrixView<const T>(values, rows.rows(), rows.columns()), sums);
                for (std::size_t j = 0; j < rows.rows(); ++j)
                    sums[j] = values[j * rows.columns() + labels[i + j]] / sums[j];
            }
        });
    return given;
}

}  // namespace

template <class T>
double accuracy(const RowFacts<T>& facts, std::span<const ClassId> labels) {
    std::size_t right = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) right += facts.top[i] == labels[i] ? 1U : 0U;
    return static_cast<double>(right) / static_cast<double>(labels.size());
}

template <class Order, class T>
Result<std::vector<double>> search_weights(std::span<const Opinion<T>> models,
                                           std::span<const ClassId> labels,
                                           std::span<const double> temperatures, const Pool& pool) {
    std::vector<double> losses;
    std::vector<LargeVector<T>> given;
    for (const auto& model : models) {
        const auto own = with_row_order<Order>(model.layout, [&]<class RowOrder>(RowOrder) {
            return renormalized<RowOrder>(model.probs, labels, pool);
        });
        losses.push_back(log_loss<Order, T>(own.size(), pool, [&](std::size_t first, auto out) {
            std::copy_n(own.begin() + static_cast<std::ptrdiff_t>(first), out.size(), out.begin());
        }));
        given.push_back(gathered(model.probs, labels, pool));
    }
    std::vector<double> best;
    double least = std::numeric_limits<double>::infinity();
    for (const double t : temperatures) {
        std::vector<double> weights;
        weights.reserve(losses.size());
        for (const double loss : losses) weights.push_back(std::exp(-t * loss));
        const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
        for (double& weight : weights) weight /= sum;
        const double loss =
            log_loss<Order, T>(labels.size(), pool, [&](std::size_t first, auto out) {
                std::ranges::fill(out, T{0});
                for (std::size_t m = 0; m < given.size(); ++m)
                    for (std::size_t i = 0; i < out.size(); ++i)
                        out[i] += static_cast<T>(weights[m]) * given[m][first + i];
            });
        if (!(loss < least)) continue;
        least = loss;
        best = weights;
    }
    if (best.empty()) return invalid("log_loss_search_T_values: none gives a finite log loss");
    return best;
}

namespace {

/// finish(sum) of term(model, row) over models, one after the other; but one row alone lies in one
/// piece, which NumPy adds pairwise.
template <class W, class Term, class Finish>
std::vector<W> over_models(std::size_t models, std::size_t rows, const Pool& pool, Term&& term,
                           Finish&& finish) {
    std::vector<W> result(rows);
    if (rows == 1) {
        std::vector<W> terms(models);
        for (std::size_t m = 0; m < models; ++m) terms[m] = term(m, 0);
        result[0] = finish(NumpyOrder::sum(std::span<const W>(terms)));
        return result;
    }
    (void)RowPass(rows, kValuesPerRow, pool).run([&](std::size_t first, std::size_t count) {
        for (std::size_t i = first; i < first + count; ++i) {
            W sum = 0;
            for (std::size_t m = 0; m < models; ++m) sum += term(m, i);
            result[i] = finish(sum);
        }
    });
    return result;
}

}  // namespace

template <class T>
std::vector<double> weighted_scores(std::span<const std::span<const T>> scores,
                                    std::span<const double> weights, const Pool& pool) {
    return over_models<double>(
        scores.size(), scores.front().size(), pool,
        [&](std::size_t m, std::size_t i) {
            return static_cast<double>(scores[m][i]) * weights[m];
        },
        [](double sum) { return sum; });
}

template <class T>
std::vector<T> mean_scores(std::span<const std::span<const T>> scores, const Pool& pool) {
    return over_models<T>(
        scores.size(), scores.front().size(), pool,
        [&](std::size_t m, std::size_t i) { return scores[m][i]; },
        [&](T sum) { return sum / static_cast<T>(scores.size()); });
}

template double accuracy(const RowFacts<float>&, std::span<const ClassId>);
template double accuracy(const RowFacts<double>&, std::span<const ClassId>);
template Result<std::vector<double>> search_weights<NumpyOrder>(std::span<const Opinion<float>>,
                                                                std::span<const ClassId>,
                                                                std::span<const double>,
                                                                const Pool&);
template Result<std::vector<double>> search_weights<NumpyOrder>(std::span<const Opinion<double>>,
                                                                std::span<const ClassId>,
                                                                std::span<const double>,
                                                                const Pool&);
template Result<std::vector<double>> search_weights<SoundOrder>(std::span<const Opinion<float>>,
                                                                std::span<const ClassId>,
                                                                std::span<const double>,
                                                                const Pool&);
template Result<std::vector<double>> search_weights<SoundOrder>(std::span<const Opinion<double>>,
                                                                std::span<const ClassId>,
                                                                std::span<const double>,
                                                                const Pool&);
template std::vector<double> weighted_scores(std::span<const std::span<const float>>,
                                             std::span<const double>, const Pool&);
template std::vector<double> weighted_scores(std::span<const std::span<const double>>,
                                             std::span<const double>, const Pool&);
template std::vector<float> mean_scores(std::span<const std::span<const float>>, const Pool&);
template std::vector<double> mean_scores(std::span<const std::span<const double>>, const Pool&);

}  // namespace tusker::confident
