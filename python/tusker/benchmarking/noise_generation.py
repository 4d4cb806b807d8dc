"""Noise matrices and noisy labels to test with, drawn from NumPy's global generator in the order
that cleanlab draws them: the same seed gives the same noise."""

import numpy as np

from tusker.internal.constants import FLOATING_POINT_COMPARISON
from tusker.internal.util import value_counts


def noise_matrix_is_valid(noise_matrix, py, *, verbose: bool = False) -> bool:
    """Whether labels that passed the channel P(given | true) can still be learned from: for each
    class P(given) · P(true) < P(given and true), and the joint sums to 1.

    noise_matrix: (K, K), columns sum to 1. py: (K,) sums to 1.
    """
    joint = np.multiply(noise_matrix, py)
    ps = np.dot(noise_matrix, py)
    if not abs(joint.sum() - 1.0) < FLOATING_POINT_COMPARISON:
        return False
    for k in range(len(py)):
        independent = ps[k] * py[k]
        if verbose:
            print(f"class {k}: P(given)P(true) = {independent:.6g}, P(given, true) = ", end="")
            print(f"{joint[k][k]:.6g}")
        if not independent < joint[k][k]:
            return False
    return True


def generate_noisy_labels(true_labels, noise_matrix) -> np.ndarray:
    """(N,) labels after the channel: of each true class as many are given as another as
    ``noise_matrix`` (K, K) says, which ones is drawn."""
    true_labels = np.asarray(true_labels)
    classes = len(noise_matrix)
    py = value_counts(true_labels) / float(len(true_labels))
    flips = (noise_matrix * py * len(true_labels)).astype(int)
    np.fill_diagonal(flips, 0)
    labels = np.array(true_labels)
    for true in range(classes):
        given = np.repeat(np.arange(classes), flips[:, true])
        candidates = np.flatnonzero((labels == true) & (true_labels == true))
        if 0 < len(given) <= len(candidates):
            labels[np.random.choice(candidates, len(given), replace=False)] = given
    return labels


def generate_noise_matrix_from_trace(
    K: int,
    trace: float,
    *,
    max_trace_prob: float = 1.0,
    min_trace_prob: float = 1e-5,
    max_noise_rate: float = 1 - 1e-5,
    min_noise_rate: float = 0.0,
    valid_noise_matrix: bool = True,
    py=None,
    frac_zero_noise_rates: float = 0.0,
    seed: int | None = 0,
    max_iter: int = 10000,
) -> np.ndarray | None:
    """(K, K) random P(given | true) whose diagonal sums to ``trace``; None if none was found in
    ``max_iter`` draws.

    max_trace_prob, min_trace_prob: bounds of the diagonal. max_noise_rate, min_noise_rate: bounds
    of the rest. valid_noise_matrix: draw until noise_matrix_is_valid for ``py`` (K,).
    frac_zero_noise_rates: share of the rates off the diagonal that are 0.
    """
    if valid_noise_matrix and trace <= 1:
        raise ValueError(
            f"trace = {trace}. trace > 1 is necessary for a valid noise matrix to be returned "
            "(valid_noise_matrix == True)"
        )
    if valid_noise_matrix and py is None and K > 2:
        raise ValueError(
            "py must be provided (not None) if the input parameter valid_noise_matrix == True"
        )
    if K <= 1:
        raise ValueError(f"K must be >= 2, but K = {K}.")
    if max_iter < 1:
        return None
    np.random.seed(seed)
    if K == 2:
        return _two_class_noise(trace, frac_zero_noise_rates)
    for _ in range(max_iter):
        diagonal = generate_n_rand_probabilities_that_sum_to_m(
            n=K, m=trace, max_prob=max_trace_prob, min_prob=min_trace_prob
        )
        noise_matrix = _fill_columns(
            diagonal, frac_zero_noise_rates, max_noise_rate, min_noise_rate
        )
        if not valid_noise_matrix or noise_matrix_is_valid(noise_matrix, py):
            return noise_matrix
    return None


def _two_class_noise(trace: float, frac_zero_noise_rates: float) -> np.ndarray:
    if frac_zero_noise_rates >= 0.5:
        one_sided = np.array([[1.0, 1 - (trace - 1.0)], [0.0, trace - 1.0]])
        return one_sided if np.random.rand() > 0.5 else np.rot90(one_sided, k=2)
    a, b = generate_n_rand_probabilities_that_sum_to_m(2, trace)
    return np.array([[a, 1 - b], [1 - a, b]])


def _fill_columns(
    diagonal: np.ndarray, frac_zero: float, max_noise_rate: float, min_noise_rate: float
) -> np.ndarray:
    """(K, K) with that diagonal; each column's rest spread over random rows."""
    classes = len(diagonal)
    noise_matrix = np.diag(diagonal)
    noisy = np.count_nonzero(diagonal != 1)
    zeros = int(classes * (classes - 1) * frac_zero) - (classes - noisy) * (classes - 1)
    zeros_of_column = randomly_distribute_N_balls_into_K_bins(
        N=max(zeros, 0), K=noisy, max_balls_per_bin=classes - 2, min_balls_per_bin=0
    )
    for column, zero in zip(np.flatnonzero(diagonal != 1), zeros_of_column, strict=True):
        count = classes - 1 - zero
        rates = generate_n_rand_probabilities_that_sum_to_m(
            n=count, m=1 - diagonal[column], max_prob=max_noise_rate, min_prob=min_noise_rate
        )
        others = [row for row in range(classes) if row != column]
        rows = np.random.choice(others, count, replace=False)
        noise_matrix[rows, column] = rates[::-1]
    return noise_matrix


def generate_n_rand_probabilities_that_sum_to_m(
    n: int, m: float, *, max_prob: float = 1.0, min_prob: float = 0.0
) -> np.ndarray:
    """(n,) random numbers in [min_prob, max_prob] that sum to m."""
    if n == 0:
        return np.array([])
    if max_prob + FLOATING_POINT_COMPARISON < m / float(n):
        raise ValueError(
            "max_prob must be greater or equal to m / n, but "
            f"max_prob = {max_prob}, m = {m}, n = {n}, m / n = {m / float(n)}"
        )
    if min_prob > (m + FLOATING_POINT_COMPARISON) / float(n):
        raise ValueError(
            "min_prob must be less or equal to m / n, but "
            f"min_prob = {min_prob}, m = {m}, n = {n}, m / n = {m / float(n)}"
        )
    found = np.random.dirichlet(np.ones(n)) * m
    # What exceeds the largest is given to the least, and a random part of the room that is left.
    while found.max() > max_prob + FLOATING_POINT_COMPARISON:
        raised = found.min() + (found.max() - max_prob)
        moved = (max_prob - raised) * np.random.rand()
        found[np.argmin(found)] = raised + moved
        found[np.argmax(found)] = max_prob - moved
    # And the reverse for what falls short.
    least = found.min()
    while least < min_prob - FLOATING_POINT_COMPARISON:
        least = found.min()
        lowered = found.max() - (min_prob - least)
        moved = (lowered - min_prob) * np.random.rand()
        found[np.argmax(found)] = lowered - moved
        found[np.argmin(found)] = min_prob + moved
        least = found.min()
    return found


def randomly_distribute_N_balls_into_K_bins(
    N: int, K: int, *, max_balls_per_bin: int | None = None, min_balls_per_bin: int | None = None
) -> np.ndarray:
    """(K,) random counts within the bounds that sum to N; fewer if the bins cannot hold N."""
    if N == 0:
        return np.zeros(K, dtype=int)
    most = N if max_balls_per_bin is None else min(max_balls_per_bin, N)
    least = 0 if min_balls_per_bin is None else min(min_balls_per_bin, N / K)
    if N / float(K) > most:
        N = most * K
    shares = generate_n_rand_probabilities_that_sum_to_m(
        n=K, m=1, max_prob=most / float(N), min_prob=least / float(N)
    )
    balls = np.round(shares * N)
    while balls.sum() > N:
        balls[np.argmax(balls)] -= 1
    while balls.sum() < N:
        balls[np.argmin(balls)] += 1
    return balls.astype(int)
