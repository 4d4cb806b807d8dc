// What lies behind the labels: how often each class truly occurs (py), how often a class is given
// as another (noise matrix) and what a given class truly is (inverse), from a confident joint.
//
// Invariant: columns of both matrices sum to 1. Source: Northcutt, Jiang, Chuang, JAIR 70 (2021),
// § 4; conventions of cleanlab, in its order of addition, which follows a matrix's layout.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/pool.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::confident {

/// A full K × K matrix; `values` row after row whatever the layout, which only says how to add.
struct LatentMatrix {
    std::size_t size = 0;
    std::vector<double> values;
    Layout layout = Layout::Rows;

    double& at(std::size_t i, std::size_t j) { return values[i * size + j]; }
    double at(std::size_t i, std::size_t j) const { return values[i * size + j]; }
};

/// How py is found.
enum class PriorBy {
    Counts,             // "cnt": diagonals of inverse and noise matrix
    Equation,           // "eqn": solves noise · py = ps
    Marginal,           // "marginal": the joint's column sums
    MarginalOfInverse,  // "marginal_ps": inverse · ps
};
std::optional<PriorBy> find_prior_method(std::string_view name);
/// All names, the default first.
std::span<const std::string> prior_method_names();

/// Off-diagonal entries into [0, 0.9999], then each column divided by its sum.
LatentMatrix clip_noise_rates(LatentMatrix rates, const Pool& pool);

/// Each value into [low, high], then scaled so that they sum to `sum`.
std::vector<double> clip_to_sum(std::vector<double> values, double low, double high, double sum);

/// P(true | given) from P(given | true): (noise · diag(py))ᵀ / ps, rates clipped. [true × given]
LatentMatrix inverse_of_noise(const LatentMatrix& noise, std::span<const double> py,
                              std::span<const double> ps, const Pool& pool);
/// P(given | true) from P(true | given): (inverse · diag(ps))ᵀ / py, rates clipped. [given × true]
LatentMatrix noise_of_inverse(const LatentMatrix& inverse, std::span<const double> ps,
                              std::span<const double> py, const Pool& pool);

/// What find_prior may look at. The views outlive the call.
struct PriorInput {
    std::span<const double> ps;  // [K] share of each given class
    const LatentMatrix& noise;
    const LatentMatrix& inverse;
    std::span<const double> true_counts;  // [K] column sums of the joint, for Marginal alone
};
/// py, each at least 1e-6, sum 1. An error if Equation meets a singular noise matrix.
Result<std::vector<double>> find_prior(PriorBy method, const PriorInput& input);

struct Latent {
    std::vector<double> py;  // [K]
    LatentMatrix noise;      // [given × true]
    LatentMatrix inverse;    // [true × given]
};
struct LatentOptions {
    PriorBy prior_by = PriorBy::Counts;
    /// Make the three agree by computing each from the others a few times.
    bool converge = false;
};

/// joint      [given × true], entries >= 0
/// ps         [K] share of each given class
Result<Latent> estimate_latent(const LatentMatrix& joint, std::span<const double> ps,
                               const LatentOptions& options, const Pool& pool);

/// The repetition alone: `noise_rounds` times {`inverse_rounds` times {inverse, py}, noise}.
Latent converge(Latent latent, std::span<const double> ps, int inverse_rounds, int noise_rounds,
                const Pool& pool);

}  // namespace tusker::confident
