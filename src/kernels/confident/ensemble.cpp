#include "kernels/confident/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/confident/estimates.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/scores.hpp"
#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

constexpr double kLeastProbability = 1e-6;
constexpr std::size_t kBlockRows = 1024;

/// Mean of -ln p, p one value a row.
template <class Order, class T>
double log_loss(std::vector<T> given) {
    constexpr T kEps = std::numeric_limits<T>::epsilon();
    for (T& p : given) {
        p = std::clamp(p, kEps, T{1} - kEps);
        p = -Order::log(p);
    }
    const T sum = Order::sum(std::span<const T>(given));
    return static_cast<double>(
        static_cast<T>(static_cast<double>(sum) / static_cast<double>(given.size())));
}

/// p[given] of each row after every p is raised to 1e-6 and the row divided by its sum.
template <class Order, class T>
std::vector<T> renormalized(MatrixView<const T> probs, std::span<const ClassId> labels,
                            const Pool& pool) {
    std::vector<T> given(probs.rows());
    pool.for_each((probs.rows() + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
        std::vector<T> row(probs.columns());
        const std::size_t end = std::min(probs.rows(), (block + 1) * kBlockRows);
        for (std::size_t i = block * kBlockRows; i < end; ++i) {
            std::ranges::transform(probs.row(i), row.begin(), [](T p) {
                return std::max(p, static_cast<T>(kLeastProbability));
            });
            given[i] = row[labels[i]] / Order::sum(std::span<const T>(row));
        }
    });
    return given;
}

template <class T>
std::vector<T> weighted_given(std::span<const Opinion<T>> models, std::span<const ClassId> labels,
                              std::span<const double> weights) {
    std::vector<T> given(labels.size());
    for (std::size_t m = 0; m < models.size(); ++m)
        for (std::size_t i = 0; i < labels.size(); ++i)
            given[i] += static_cast<T>(weights[m]) * models[m].probs.row(i)[labels[i]];
    return given;
}

}  // namespace

template <class T>
Result<double> accuracy(MatrixView<const T> probs, std::span<const ClassId> labels,
                        const Pool& pool) {
    const auto facts = TUSKER_TRY(read_rows(probs, labels, ValueRule::NearZeroOne, pool));
    std::size_t right = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) right += facts.top[i] == labels[i] ? 1U : 0U;
    return static_cast<double>(right) / static_cast<double>(labels.size());
}

template <class Order, class T>
Result<std::vector<double>> search_weights(std::span<const Opinion<T>> models,
                                           std::span<const ClassId> labels,
                                           std::span<const double> temperatures, const Pool& pool) {
    std::vector<double> losses;
    for (const auto& model : models)
        losses.push_back(
            log_loss<Order>(with_row_order<Order>(model.layout, [&]<class RowOrder>(RowOrder) {
                return renormalized<RowOrder>(model.probs, labels, pool);
            })));
    std::vector<double> best;
    double least = std::numeric_limits<double>::infinity();
    for (const double t : temperatures) {
        std::vector<double> weights;
        for (const double loss : losses) weights.push_back(std::exp(-t * loss));
        const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
        for (double& weight : weights) weight /= sum;
        const double loss = log_loss<Order>(weighted_given(models, labels, weights));
        if (!(loss < least)) continue;
        least = loss;
        best = weights;
    }
    if (best.empty()) return invalid("log_loss_search_T_values: none gives a finite log loss");
    return best;
}

template <class T>
std::vector<double> weighted_scores(std::span<const std::span<const T>> scores,
                                    std::span<const double> weights) {
    // One row alone lies in one piece, which NumPy adds pairwise.
    const std::size_t rows = scores.front().size();
    std::vector<double> result(rows);
    std::vector<double> terms(scores.size());
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t m = 0; m < scores.size(); ++m)
            terms[m] = static_cast<double>(scores[m][i]) * weights[m];
        result[i] = rows == 1 ? NumpyOrder::sum(std::span<const double>(terms))
                              : std::accumulate(terms.begin(), terms.end(), 0.0);
    }
    return result;
}

template <class T>
std::vector<T> mean_scores(std::span<const std::span<const T>> scores) {
    const std::size_t rows = scores.front().size();
    std::vector<T> result(rows);
    std::vector<T> terms(scores.size());
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t m = 0; m < scores.size(); ++m) terms[m] = scores[m][i];
        const T sum = rows == 1 ? NumpyOrder::sum(std::span<const T>(terms))
                                : std::accumulate(terms.begin(), terms.end(), T{0});
        result[i] = sum / static_cast<T>(scores.size());
    }
    return result;
}

template Result<double> accuracy(MatrixView<const float>, std::span<const ClassId>, const Pool&);
template Result<double> accuracy(MatrixView<const double>, std::span<const ClassId>, const Pool&);
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
                                             std::span<const double>);
template std::vector<double> weighted_scores(std::span<const std::span<const double>>,
                                             std::span<const double>);
template std::vector<float> mean_scores(std::span<const std::span<const float>>);
template std::vector<double> mean_scores(std::span<const std::span<const double>>);

}  // namespace tusker::confident
