"""How given and true classes hang together: shares of given classes (ps), of true ones (py),
P(given | true) (noise matrix) and P(true | given) (inverse noise matrix).

Source: Northcutt, Jiang, Chuang, "Confident Learning", JAIR 70 (2021).
"""

import warnings

import numpy as np

from tusker import _kernels
from tusker.internal.constants import TINY_VALUE
from tusker.internal.kernel_arrays import by_columns, laid_out, real
from tusker.internal.util import value_counts


def compute_ps_py_inv_noise_matrix(
    labels, noise_matrix
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(ps, py, inverse noise matrix) of labels that passed a known channel."""
    ps = value_counts(labels) / float(len(labels))
    py, inverse = compute_py_inv_noise_matrix(ps, noise_matrix)
    return ps, py, inverse


def compute_py_inv_noise_matrix(ps, noise_matrix) -> tuple[np.ndarray, np.ndarray]:
    """(py, inverse noise matrix): py solves noise · py = ps."""
    py = compute_py(ps, noise_matrix, noise_matrix, py_method="eqn")
    return py, compute_inv_noise_matrix(py=py, noise_matrix=noise_matrix, ps=ps)


def compute_inv_noise_matrix(py, noise_matrix, *, ps=None) -> np.ndarray:
    """(K, K) P(true | given) from P(given | true) and py; ps is implied if not given.

    Off-diagonal rates are at most 0.9999; columns sum to 1.
    """
    if ps is None:
        ps = (np.asarray(noise_matrix) * np.asarray(py)).sum(axis=1)
    columns_first = by_columns(noise_matrix)
    inverse = _kernels.inverse_of_noise(real(noise_matrix), columns_first, real(py), real(ps))
    return laid_out(inverse, not columns_first)


def compute_noise_matrix_from_inverse(ps, inverse_noise_matrix, *, py=None) -> np.ndarray:
    """(K, K) P(given | true) from P(true | given) and ps; py is implied if not given."""
    if py is None:
        py = (np.asarray(inverse_noise_matrix) * np.asarray(ps)).T.sum(axis=0)
    columns_first = by_columns(inverse_noise_matrix)
    noise = _kernels.noise_of_inverse(real(inverse_noise_matrix), columns_first, real(ps), real(py))
    return laid_out(noise, not columns_first)


def compute_py(
    ps, noise_matrix, inverse_noise_matrix, *, py_method="cnt", true_labels_class_counts=None
) -> np.ndarray:
    """(K,) share of each true class, at least 1e-6, sum 1.

    py_method: ``cnt`` inverse[k][k] / noise[k][k] · ps[k]; ``eqn`` solves noise · py = ps;
    ``marginal`` the shares in ``true_labels_class_counts``; ``marginal_ps`` inverse · ps.
    ValueError for another method; numpy.linalg.LinAlgError if ``eqn`` has no answer.
    """
    shape = np.shape(ps)
    if len(shape) > 2 or (len(shape) == 2 and shape[0] != 1):
        warnings.warn(
            f"Input parameter np.ndarray ps has shape {shape}, but shape should be (K, ) or (1, K)",
            stacklevel=2,
        )
    if py_method == "marginal" and true_labels_class_counts is None:
        raise ValueError(
            'py_method == "marginal" requires true_labels_class_counts, but '
            "true_labels_class_counts is None.  Provide parameter true_labels_class_counts."
        )
    if len(shape) > 1 and py_method == "cnt":
        raise TypeError(f"ps must have one dimension to find py, but has shape {shape}")
    counts = [] if true_labels_class_counts is None else true_labels_class_counts
    try:
        return _kernels.find_prior(
            py_method,
            real(ps).ravel(),
            real(noise_matrix),
            real(inverse_noise_matrix),
            real(counts),
        )
    except ValueError as error:
        if "Singular matrix" in str(error):
            raise np.linalg.LinAlgError("Singular matrix") from None
        raise


def compute_pyx(pred_probs, noise_matrix, inverse_noise_matrix) -> np.ndarray:
    """(N, K) P(true | x) from P(given | x): times inverse[k][k] / noise[k][k], into [0, 1], rows
    sum to 1. ValueError unless ``pred_probs`` is (N, K)."""
    if np.ndim(pred_probs) != 2:
        raise ValueError(
            f"Input parameter np.ndarray 'pred_probs' has shape {np.shape(pred_probs)}, but shape "
            "should be (N, K)"
        )
    least = np.clip(np.diagonal(noise_matrix), TINY_VALUE, None)
    scaled = pred_probs * np.diagonal(inverse_noise_matrix) / least
    clipped = np.clip(np.ascontiguousarray(scaled), 0.0, 1.0)
    return clipped / np.clip(clipped.sum(axis=1, keepdims=True), TINY_VALUE, None)
