// A given label is drawn from the pooled probabilities or, with a small chance, from all classes
// alike. Without the second a few wrong labels of rows that all opinions are certain of would weigh
// more than all others together and flatten the pool. The chance and the powers are found in turn
// (expectation, maximisation): each row weighs as much as its label is likely to be no such draw.
// With the weights fixed, the likelihood is concave in the powers, so Newton's method finds its
// only maximum; a power that would be negative is put to 0 and the others are found anew. Sums over
// rows are taken block by block and merged in order of blocks, so that threads change nothing.
#include "kernels/confident/opinion_pool.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/confident/sound_order.hpp"

namespace tusker::confident {
namespace {

constexpr double kLeastProbability = 1e-6;
constexpr std::size_t kNearest = 5;  // the smaller of two groups of neighbours that vote
constexpr std::size_t kBlockRows = 1024;
constexpr std::size_t kMostFitted = std::size_t{1} << 20;  // values that powers are found on
constexpr int kMostRounds = 40;
constexpr double kSmallStep = 1e-6;
constexpr double kFirstStray = 0.05;  // chance of a label that has nothing to do with its row
/// Enough where labels say which of them are stray. Where a lower power says as much, more rounds
/// would creep on without an end, and no ranking gains by them.
constexpr int kStrayRounds = 12;
constexpr double kSmallStrayStep = 1e-4;
constexpr double kLeastLikelihood = 1e-300;
/// Holds powers to their start where labels say nothing of them (all opinions certain and right).
constexpr double kStiffness = 1e-4;

/// Logarithms of powered opinions into probabilities, in place.
void softmax(std::span<double> z) {
    const double largest = *std::ranges::max_element(z);
    double sum = 0;
    for (double& x : z) {
        x = SoundOrder::exp(x - largest);
        sum += x;
    }
    for (double& x : z) x /= sum;
}

/// The mean log-likelihood at some powers, its gradient and its curvature.
struct Slope {
    explicit Slope(std::size_t count) : gradient(count), curvature(count * count) {}
    void merge(const Slope& other) {
        likelihood += other.likelihood;
        for (std::size_t a = 0; a < gradient.size(); ++a) gradient[a] += other.gradient[a];
        for (std::size_t a = 0; a < curvature.size(); ++a) curvature[a] += other.curvature[a];
    }
    double likelihood = 0;
    std::vector<double> gradient;
    std::vector<double> curvature;  // [count × count]
};

/// Adds a row: its opinions' logarithms [count × K], its probabilities [K], label and weight.
void add_row(MatrixView<const double> logs, std::span<const double> p, ClassId label, double weight,
             Slope& slope) {
    const std::size_t count = logs.rows();
    slope.likelihood += weight * SoundOrder::log(std::max(p[label], kLeastLikelihood));
    std::vector<double> means(count);
    for (std::size_t a = 0; a < count; ++a) {
        for (std::size_t k = 0; k < p.size(); ++k) means[a] += p[k] * logs.row(a)[k];
        slope.gradient[a] += weight * (logs.row(a)[label] - means[a]);
    }
    for (std::size_t a = 0; a < count; ++a)
        for (std::size_t b = 0; b <= a; ++b) {
            double product = 0;
            for (std::size_t k = 0; k < p.size(); ++k)
                product += p[k] * logs.row(a)[k] * logs.row(b)[k];
            slope.curvature[a * count + b] += weight * (product - means[a] * means[b]);
        }
}

/// Solves the symmetric positive definite system (lower half of `matrix`) by Cholesky.
std::vector<double> solve(std::vector<double> matrix, std::vector<double> right) {
    const std::size_t n = right.size();
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            double sum = matrix[i * n + j];
            for (std::size_t k = 0; k < j; ++k) sum -= matrix[i * n + k] * matrix[j * n + k];
            matrix[i * n + j] = i == j ? std::sqrt(std::max(sum, 1e-300)) : sum / matrix[j * n + j];
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < i; ++k) right[i] -= matrix[i * n + k] * right[k];
        right[i] /= matrix[i * n + i];
    }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k) right[i] -= matrix[k * n + i] * right[k];
        right[i] /= matrix[i * n + i];
    }
    return right;
}

/// The rows that powers are found on: their labels and the logarithms of all opinions.
template <class T>
class FittedRows {
public:
    FittedRows(const Opinions<T>& opinions, std::span<const ClassId> labels, const Pool& pool)
        : count_(opinions.count()), classes_(opinions.classes()) {
        rows_ = std::clamp<std::size_t>(kMostFitted / (count_ * classes_), 1, opinions.rows());
        logs_.resize(rows_ * count_ * classes_);
        labels_.resize(rows_);
        weights_.assign(rows_, 1);
        pool.for_each((rows_ + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
            const std::size_t end = std::min(rows_, (block + 1) * kBlockRows);
            for (std::size_t s = block * kBlockRows; s < end; ++s) {
                const std::size_t row = s * opinions.rows() / rows_;
                for (std::size_t o = 0; o < count_; ++o)
                    opinions.log_row(
                        o, row, std::span(logs_).subspan((s * count_ + o) * classes_, classes_));
                labels_[s] = labels[row];
            }
        });
    }

    Slope slope(std::span<const double> powers, const Pool& pool) const {
        std::vector<Slope> blocks((rows_ + kBlockRows - 1) / kBlockRows, Slope(count_));
        pool.for_each(blocks.size(), [&](std::size_t block) {
            std::vector<double> p(classes_);
            const std::size_t end = std::min(rows_, (block + 1) * kBlockRows);
            for (std::size_t s = block * kBlockRows; s < end; ++s) {
                pooled(s, powers, p);
                add_row(logs(s), p, labels_[s], weights_[s], blocks[block]);
            }
        });
        Slope total(count_);
        for (const Slope& block : blocks) total.merge(block);
        const auto n = static_cast<double>(rows_);
        total.likelihood /= n;
        for (double& x : total.gradient) x /= n;
        for (double& x : total.curvature) x /= n;
        return total;
    }

    /// Weighs each row by how likely its label is drawn from the pool and not from all classes
    /// alike, which happens with the chance `stray`. Returns the chance that the weights say.
    double weigh(std::span<const double> powers, double stray, const Pool& pool) {
        pool.for_each((rows_ + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
            std::vector<double> p(classes_);
            const std::size_t end = std::min(rows_, (block + 1) * kBlockRows);
            for (std::size_t s = block * kBlockRows; s < end; ++s) {
                pooled(s, powers, p);
                const double drawn = (1 - stray) * p[labels_[s]];
                weights_[s] =
                    drawn / (drawn + stray / static_cast<double>(classes_) + kLeastLikelihood);
            }
        });
        const double found = 1 - SoundOrder::sum(weights_) / static_cast<double>(rows_);
        return std::clamp(found, 0.0, 1.0);
    }

private:
    MatrixView<const double> logs(std::size_t s) const {
        return {std::span(logs_).subspan(s * count_ * classes_, count_ * classes_), count_,
                classes_};
    }
    void pooled(std::size_t s, std::span<const double> powers, std::span<double> p) const {
        std::ranges::fill(p, 0.0);
        for (std::size_t o = 0; o < count_; ++o)
            for (std::size_t k = 0; k < classes_; ++k) p[k] += powers[o] * logs(s).row(o)[k];
        softmax(p);
    }
    std::size_t count_;
    std::size_t classes_;
    std::size_t rows_ = 0;
    std::vector<double> logs_;  // [rows × count × K]
    std::vector<ClassId> labels_;
    std::vector<double> weights_;  // [rows] from 0 to 1
};

/// What is made as large as possible: the likelihood, held back from powers far from the start.
double objective(const Slope& slope, std::span<const double> powers, double start) {
    double held = 0;
    for (const double power : powers) held += (power - start) * (power - start);
    return slope.likelihood - kStiffness / 2 * held;
}

/// Newton's step [count]: 0 for powers that are not in use.
std::vector<double> newton_step(const Slope& slope, std::span<const std::size_t> used,
                                std::span<const double> powers, double start) {
    const std::size_t count = powers.size();
    std::vector<double> matrix(used.size() * used.size());
    std::vector<double> right(used.size());
    for (std::size_t a = 0; a < used.size(); ++a) {
        right[a] = slope.gradient[used[a]] - kStiffness * (powers[used[a]] - start);
        for (std::size_t b = 0; b <= a; ++b)
            matrix[a * used.size() + b] = slope.curvature[used[a] * count + used[b]];
        matrix[a * used.size() + a] += kStiffness;
    }
    const auto solved = solve(std::move(matrix), std::move(right));
    std::vector<double> step(count);
    for (std::size_t a = 0; a < used.size(); ++a) step[used[a]] = solved[a];
    return step;
}

/// The best powers with those not in `used` at 0, found from `powers` on.
template <class T>
std::vector<double> climb(const FittedRows<T>& rows, std::span<const std::size_t> used,
                          std::vector<double> powers, double start, const Pool& pool) {
    Slope slope = rows.slope(powers, pool);
    for (int round = 0; round < kMostRounds; ++round) {
        auto step = newton_step(slope, used, powers, start);
        const double reached = objective(slope, powers, start);
        // Far from the top a whole step may go beyond it.
        for (int halving = 0; halving < kMostRounds; ++halving) {
            std::vector<double> next = powers;
            for (std::size_t o = 0; o < next.size(); ++o) next[o] += step[o];
            Slope next_slope = rows.slope(next, pool);
            if (objective(next_slope, next, start) >= reached) {
                powers = std::move(next);
                slope = std::move(next_slope);
                break;
            }
            for (double& x : step) x /= 2;
        }
        const double largest =
            std::abs(*std::ranges::max_element(step, {}, [](double x) { return std::abs(x); }));
        if (largest < kSmallStep) break;
    }
    return powers;
}

}  // namespace

template <class T>
Opinions<T>::Opinions(std::span<const MatrixView<const T>> models, const Neighbors& neighbors,
                      std::span<const ClassId> labels, std::size_t classes)
    : models_(models), neighbors_(neighbors), labels_(labels), shares_(classes) {
    for (const ClassId label : labels) ++shares_[label];
    for (double& share : shares_) share /= static_cast<double>(labels.size());
    if (neighbors.empty()) return;
    const std::size_t all = neighbors.rows.columns();
    if (all > kNearest) vote_sizes_.push_back(kNearest);
    vote_sizes_.push_back(all);
}

template <class T>
void Opinions<T>::log_row(std::size_t o, std::size_t row, std::span<double> out) const {
    if (o < models_.size())
        std::ranges::transform(models_[o].row(row), out.begin(),
                               [](T p) { return static_cast<double>(p); });
    else
        vote(vote_sizes_[o - models_.size()], row, out);
    for (double& p : out) p = SoundOrder::log(std::max(p, kLeastProbability));
}

template <class T>
void Opinions<T>::vote(std::size_t neighbors, std::size_t row, std::span<double> out) const {
    std::ranges::copy(shares_, out.begin());
    const auto rows = neighbors_.rows.row(row);
    const auto distances = neighbors_.distances.row(row);
    const double farthest = distances[neighbors - 1];
    double sum = 1;
    for (std::size_t i = 0; i < neighbors; ++i) {
        // A normal curve whose second standard deviation is the farthest that votes.
        const double ratio = farthest > 0 ? distances[i] / farthest : 0.0;
        const double weight = SoundOrder::exp(-2 * ratio * ratio);
        out[labels_[static_cast<std::size_t>(rows[i])]] += weight;
        sum += weight;
    }
    for (double& p : out) p /= sum;
}

template <class T>
Pooling fit_pooling(const Opinions<T>& opinions, std::span<const ClassId> labels,
                    const Pool& pool) {
    FittedRows<T> rows(opinions, labels, pool);
    const double start = 1.0 / static_cast<double>(opinions.count());
    std::vector<std::size_t> used(opinions.count());
    std::iota(used.begin(), used.end(), std::size_t{0});
    std::vector<double> powers(opinions.count(), start);
    double stray = kFirstStray;
    for (int round = 0; round < kStrayRounds; ++round) {
        const double weighed = rows.weigh(powers, stray, pool);
        while (true) {
            powers = climb(rows, used, std::move(powers), start, pool);
            const auto least = std::ranges::min_element(powers);
            if (*least >= 0) break;
            std::erase(used, static_cast<std::size_t>(least - powers.begin()));
            std::ranges::fill(powers, 0.0);
            for (const std::size_t o : used) powers[o] = start;
        }
        const bool settled = std::abs(weighed - stray) < kSmallStrayStep;
        stray = weighed;
        if (settled) break;
    }
    return {std::move(powers), stray};
}

template <class T>
std::vector<float> pool_opinions(const Opinions<T>& opinions, std::span<const double> powers,
                                 const Pool& pool) {
    const std::size_t classes = opinions.classes();
    std::vector<float> pooled(opinions.rows() * classes);
    pool.for_each((opinions.rows() + kBlockRows - 1) / kBlockRows, [&](std::size_t block) {
        std::vector<double> logs(classes);
        std::vector<double> p(classes);
        const std::size_t end = std::min(opinions.rows(), (block + 1) * kBlockRows);
        for (std::size_t i = block * kBlockRows; i < end; ++i) {
            std::ranges::fill(p, 0.0);
            for (std::size_t o = 0; o < opinions.count(); ++o) {
                if (powers[o] == 0) continue;
                opinions.log_row(o, i, logs);
                for (std::size_t k = 0; k < classes; ++k) p[k] += powers[o] * logs[k];
            }
            softmax(p);
            std::ranges::transform(p, pooled.begin() + static_cast<std::ptrdiff_t>(i * classes),
                                   [](double x) { return static_cast<float>(x); });
        }
    });
    return pooled;
}

template class Opinions<float>;
template class Opinions<double>;
template Pooling fit_pooling(const Opinions<float>&, std::span<const ClassId>, const Pool&);
template Pooling fit_pooling(const Opinions<double>&, std::span<const ClassId>, const Pool&);
template std::vector<float> pool_opinions(const Opinions<float>&, std::span<const double>,
                                          const Pool&);
template std::vector<float> pool_opinions(const Opinions<double>&, std::span<const double>,
                                          const Pool&);

}  // namespace tusker::confident
