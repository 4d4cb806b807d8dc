#include "kernels/confident/latent.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "kernels/confident/numpy_order.hpp"

namespace tusker::confident {
namespace {

constexpr double kTiny = 1e-100;
constexpr double kLeastPrior = 1e-6;
constexpr double kLeastConvergedPrior = 1e-5;
constexpr double kMostNoise = 0.9999;
constexpr int kInverseRounds = 5;
constexpr int kNoiseRounds = 3;

Layout other(Layout layout) { return layout == Layout::Rows ? Layout::Columns : Layout::Rows; }

/// Column sums: pairwise where a column lies in one piece, else row after row.
std::vector<double> column_sums(const LatentMatrix& matrix) {
    std::vector<double> sums(matrix.size);
    if (matrix.layout == Layout::Rows) {
        for (std::size_t i = 0; i < matrix.size; ++i)
            for (std::size_t j = 0; j < matrix.size; ++j) sums[j] += matrix.at(i, j);
        return sums;
    }
    std::vector<double> column(matrix.size);
    for (std::size_t j = 0; j < matrix.size; ++j) {
        for (std::size_t i = 0; i < matrix.size; ++i) column[i] = matrix.at(i, j);
        sums[j] = NumpyOrder::sum(std::span<const double>(column));
    }
    return sums;
}

LatentMatrix transposed(const LatentMatrix& matrix) {
    LatentMatrix result{matrix.size, std::vector<double>(matrix.values.size()),
                        other(matrix.layout)};
    for (std::size_t i = 0; i < matrix.size; ++i)
        for (std::size_t j = 0; j < matrix.size; ++j) result.at(j, i) = matrix.at(i, j);
    return result;
}

void divide_columns(LatentMatrix& matrix, std::span<const double> by) {
    for (std::size_t i = 0; i < matrix.size; ++i)
        for (std::size_t j = 0; j < matrix.size; ++j) matrix.at(i, j) /= std::max(by[j], kTiny);
}

void scale_columns(LatentMatrix& matrix, std::span<const double> by) {
    for (std::size_t i = 0; i < matrix.size; ++i)
        for (std::size_t j = 0; j < matrix.size; ++j) matrix.at(i, j) *= by[j];
}

std::vector<double> prior_by_counts(const PriorInput& input) {
    std::vector<double> py(input.ps.size());
    for (std::size_t k = 0; k < py.size(); ++k)
        py[k] = input.inverse.at(k, k) / std::max(input.noise.at(k, k), kTiny) * input.ps[k];
    return py;
}

/// Gauss with partial pivoting, as LAPACK's gesv.
Result<std::vector<double>> solve(LatentMatrix a, std::span<const double> right) {
    std::vector<double> x(right.begin(), right.end());
    for (std::size_t j = 0; j < a.size; ++j) {
        std::size_t pivot = j;
        for (std::size_t i = j + 1; i < a.size; ++i)
            if (std::abs(a.at(i, j)) > std::abs(a.at(pivot, j))) pivot = i;
        if (a.at(pivot, j) == 0)
            return invalid(fmt::format(
                "noise_matrix: column {} depends on those before it: Singular matrix", j));
        for (std::size_t k = 0; k < a.size; ++k) std::swap(a.at(j, k), a.at(pivot, k));
        std::swap(x[j], x[pivot]);
        for (std::size_t i = j + 1; i < a.size; ++i) {
            const double factor = a.at(i, j) / a.at(j, j);
            for (std::size_t k = j; k < a.size; ++k) a.at(i, k) -= factor * a.at(j, k);
            x[i] -= factor * x[j];
        }
    }
    for (std::size_t j = a.size; j-- > 0;) {
        for (std::size_t k = j + 1; k < a.size; ++k) x[j] -= a.at(j, k) * x[k];
        x[j] /= a.at(j, j);
    }
    return x;
}

std::vector<double> multiply(const LatentMatrix& matrix, std::span<const double> vector) {
    std::vector<double> result(matrix.size);
    for (std::size_t i = 0; i < matrix.size; ++i)
        for (std::size_t j = 0; j < matrix.size; ++j) result[i] += matrix.at(i, j) * vector[j];
    return result;
}

}  // namespace

std::span<const std::string> prior_method_names() {
    // In the order of the enumerators.
    static const std::array<std::string, 4> names = {"cnt", "eqn", "marginal", "marginal_ps"};
    return names;
}
std::optional<PriorBy> find_prior_method(std::string_view name) {
    const auto found = std::ranges::find(prior_method_names(), name);
    if (found == prior_method_names().end()) return std::nullopt;
    return static_cast<PriorBy>(found - prior_method_names().begin());
}

LatentMatrix clip_noise_rates(LatentMatrix rates) {
    for (std::size_t i = 0; i < rates.size; ++i)
        for (std::size_t j = 0; j < rates.size; ++j)
            if (i != j) rates.at(i, j) = std::clamp(rates.at(i, j), 0.0, kMostNoise);
    divide_columns(rates, column_sums(rates));
    return rates;
}

std::vector<double> clip_to_sum(std::vector<double> values, double low, double high, double sum) {
    for (double& x : values) x = std::clamp(x, low, high);
    const double clipped = std::max(NumpyOrder::sum(std::span<const double>(values)), kTiny);
    for (double& x : values) x = x * sum / clipped;
    return values;
}

LatentMatrix inverse_of_noise(const LatentMatrix& noise, std::span<const double> py,
                              std::span<const double> ps) {
    LatentMatrix joint = noise;
    scale_columns(joint, py);
    LatentMatrix inverse = transposed(joint);
    divide_columns(inverse, ps);
    return clip_noise_rates(std::move(inverse));
}

LatentMatrix noise_of_inverse(const LatentMatrix& inverse, std::span<const double> ps,
                              std::span<const double> py) {
    LatentMatrix joint = inverse;
    scale_columns(joint, ps);
    LatentMatrix noise = transposed(joint);
    divide_columns(noise, py);
    return clip_noise_rates(std::move(noise));
}

Result<std::vector<double>> find_prior(PriorBy method, const PriorInput& input) {
    std::vector<double> py;
    switch (method) {
        case PriorBy::Counts:
            py = prior_by_counts(input);
            break;
        case PriorBy::Equation:
            py = TUSKER_TRY(solve(input.noise, input.ps));
            break;
        case PriorBy::Marginal: {
            const double total =
                std::accumulate(input.true_counts.begin(), input.true_counts.end(), 0.0);
            for (const double count : input.true_counts)
                py.push_back(count / std::max(total, kTiny));
            break;
        }
        case PriorBy::MarginalOfInverse:
            py = multiply(input.inverse, input.ps);
            break;
    }
    return clip_to_sum(std::move(py), kLeastPrior, 1, 1);
}

Latent converge(Latent latent, std::span<const double> ps, int inverse_rounds, int noise_rounds) {
    for (int i = 0; i < noise_rounds; ++i) {
        for (int j = 0; j < inverse_rounds; ++j) {
            latent.inverse = inverse_of_noise(latent.noise, latent.py, ps);
            latent.py = clip_to_sum(prior_by_counts({ps, latent.noise, latent.inverse, {}}),
                                    kLeastPrior, 1, 1);
        }
        latent.noise = noise_of_inverse(latent.inverse, ps, latent.py);
    }
    return latent;
}

Result<Latent> estimate_latent(const LatentMatrix& joint, std::span<const double> ps,
                               const LatentOptions& options) {
    const LatentMatrix across = transposed(joint);
    const auto true_counts = column_sums(joint);
    const auto given_counts = column_sums(across);
    Latent latent{{}, joint, across};
    divide_columns(latent.noise, true_counts);
    divide_columns(latent.inverse, given_counts);
    latent.py =
        TUSKER_TRY(find_prior(options.prior_by, {ps, latent.noise, latent.inverse, true_counts}));
    latent.noise = clip_noise_rates(std::move(latent.noise));
    latent.inverse = clip_noise_rates(std::move(latent.inverse));
    if (!options.converge) return latent;
    latent = converge(std::move(latent), ps, kInverseRounds, kNoiseRounds);
    latent.py = clip_to_sum(std::move(latent.py), kLeastConvergedPrior, 1, 1);
    latent.noise = clip_noise_rates(std::move(latent.noise));
    latent.inverse = clip_noise_rates(std::move(latent.inverse));
    return latent;
}

}  // namespace tusker::confident
