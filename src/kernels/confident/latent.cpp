#include "kernels/confident/latent.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "kernels/confident/dense_square.hpp"
#include "kernels/confident/numpy_order.hpp"
#include "kernels/confident/row_arithmetic.hpp"

namespace tusker::confident {
namespace {

constexpr double kTiny = 1e-100;
constexpr double kLeastPrior = 1e-6;
constexpr double kLeastConvergedPrior = 1e-5;
constexpr double kMostNoise = 0.9999;
constexpr int kInverseRounds = 5;
constexpr int kNoiseRounds = 3;

MatrixView<const double> view_of(const LatentMatrix& matrix) {
    return {matrix.values, matrix.size, matrix.size};
}

/// Column sums: pairwise where a column lies in one piece, else row after row.
std::vector<double> column_sums(const LatentMatrix& matrix, const Pool& pool) {
    std::vector<double> sums(matrix.size);
    if (matrix.layout == Layout::Rows) {
        for (std::size_t i = 0; i < matrix.size; ++i)
            for (std::size_t j = 0; j < matrix.size; ++j) sums[j] += matrix.at(i, j);
        return sums;
    }
    each_columns(view_of(matrix), pool, [&](std::size_t first, MatrixView<double> columns) {
        NumpyOrder::sum_rows({columns.values(), columns.rows(), columns.columns()},
                             std::span(sums).subspan(first, columns.rows()));
    });
    return sums;
}

void divide_columns(LatentMatrix& matrix, std::span<const double> by, const Pool& pool) {
    pool.for_each(matrix.size, [&](std::size_t i) {
        for (std::size_t j = 0; j < matrix.size; ++j) matrix.at(i, j) /= std::max(by[j], kTiny);
    });
}

double clipped_rate(double rate) { return std::clamp(rate, 0.0, kMostNoise); }

/// rows[r] /= max(by[r], kTiny)
void divide_by_at_least_tiny(MatrixView<double> rows, std::span<const double> by) {
    std::vector<double> divisors;
    for (const double divisor : by) divisors.push_back(std::max(divisor, kTiny));
    divide_rows(rows, divisors);
}

/// (matrix · diag(scale))ᵀ / by, rates clipped. A column of the result is a row of the matrix, so
/// that all but the writing goes along rows.
LatentMatrix turned_and_clipped(const LatentMatrix& matrix, std::span<const double> scale,
                                std::span<const double> by, const Pool& pool) {
    const std::size_t n = matrix.size;
    LatentMatrix result{n, std::vector<double>(n * n),
                        matrix.layout == Layout::Rows ? Layout::Columns : Layout::Rows};
    const MatrixView<double> turned(result.values, n, n);
    pool.for_each((n + kTurnedTogether - 1) / kTurnedTogether, [&](std::size_t block) {
        const std::size_t first = block * kTurnedTogether;
        const std::size_t count = std::min(kTurnedTogether, n - first);
        std::vector<double> values(count * n);
        const MatrixView<double> rows(values, count, n);
        const MatrixView<const double> read(values, count, n);
        for (std::size_t r = 0; r < count; ++r)
            for (std::size_t j = 0; j < n; ++j) rows.row(r)[j] = matrix.at(first + r, j) * scale[j];
        divide_by_at_least_tiny(rows, by.subspan(first, count));
        for (std::size_t r = 0; r < count; ++r) {
            const double diagonal = rows.row(r)[first + r];
            for (double& rate : rows.row(r)) rate = clipped_rate(rate);
            rows.row(r)[first + r] = diagonal;
        }
        std::vector<double> sums(count);
        if (result.layout == Layout::Columns)
            NumpyOrder::sum_rows(read, sums);
        else
            NumpyAcross::sum_rows(read, std::span(sums));
        divide_by_at_least_tiny(rows, sums);
        write_columns(read, first, turned);
    });
    return result;
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

LatentMatrix clip_noise_rates(LatentMatrix rates, const Pool& pool) {
    for (std::size_t i = 0; i < rates.size; ++i)
        for (std::size_t j = 0; j < rates.size; ++j)
            if (i != j) rates.at(i, j) = clipped_rate(rates.at(i, j));
    divide_columns(rates, column_sums(rates, pool), pool);
    return rates;
}

std::vector<double> clip_to_sum(std::vector<double> values, double low, double high, double sum) {
    for (double& x : values) x = std::clamp(x, low, high);
    const double clipped = std::max(NumpyOrder::sum(std::span<const double>(values)), kTiny);
    for (double& x : values) x = x * sum / clipped;
    return values;
}

LatentMatrix inverse_of_noise(const LatentMatrix& noise, std::span<const double> py,
                              std::span<const double> ps, const Pool& pool) {
    return turned_and_clipped(noise, py, ps, pool);
}

LatentMatrix noise_of_inverse(const LatentMatrix& inverse, std::span<const double> ps,
                              std::span<const double> py, const Pool& pool) {
    return turned_and_clipped(inverse, ps, py, pool);
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

Latent converge(Latent latent, std::span<const double> ps, int inverse_rounds, int noise_rounds,
                const Pool& pool) {
    for (int i = 0; i < noise_rounds; ++i) {
        for (int j = 0; j < inverse_rounds; ++j) {
            latent.inverse = inverse_of_noise(latent.noise, latent.py, ps, pool);
            latent.py = clip_to_sum(prior_by_counts({ps, latent.noise, latent.inverse, {}}),
                                    kLeastPrior, 1, 1);
        }
        latent.noise = noise_of_inverse(latent.inverse, ps, latent.py, pool);
    }
    return latent;
}

Result<Latent> estimate_latent(const LatentMatrix& joint, std::span<const double> ps,
                               const LatentOptions& options, const Pool& pool) {
    const LatentMatrix across{joint.size, turned_over(view_of(joint), pool),
                              joint.layout == Layout::Rows ? Layout::Columns : Layout::Rows};
    const auto true_counts = column_sums(joint, pool);
    const auto given_counts = column_sums(across, pool);
    Latent latent{{}, joint, across};
    divide_columns(latent.noise, true_counts, pool);
    divide_columns(latent.inverse, given_counts, pool);
    latent.py =
        TUSKER_TRY(find_prior(options.prior_by, {ps, latent.noise, latent.inverse, true_counts}));
    latent.noise = clip_noise_rates(std::move(latent.noise), pool);
    latent.inverse = clip_noise_rates(std::move(latent.inverse), pool);
    if (!options.converge) return latent;
    latent = converge(std::move(latent), ps, kInverseRounds, kNoiseRounds, pool);
    latent.py = clip_to_sum(std::move(latent.py), kLeastConvergedPrior, 1, 1);
    latent.noise = clip_noise_rates(std::move(latent.noise), pool);
    latent.inverse = clip_noise_rates(std::move(latent.inverse), pool);
    return latent;
}

}  // namespace tusker::confident
