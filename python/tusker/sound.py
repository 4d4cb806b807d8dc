"""Label issues in Tusker's own order: by score, then by row; sums compensated."""

import warnings

import numpy as np

from tusker import _kernels


def find_label_issues(
    labels,
    pred_probs,
    *,
    filter_by: str = "prune_by_noise_rate",
    return_indices_ranked_by: str = "self_confidence",
    min_examples_per_class: int = 1,
    frac_noise: float = 1.0,
    strict: bool = False,
) -> np.ndarray:
    """Rows whose label is probably wrong, worst first.

    labels: (N,) integers, the given classes, each in 0..K-1.
    pred_probs: (N, K) float32 or float64, out of sample; rows should sum to 1 within 1e-3, else a
    warning, or with ``strict`` an error.
    Returns (n,) int64 row numbers. Raises ValueError naming the argument, the row and the rule.

    Source: Northcutt, Jiang, Chuang, "Confident Learning", JAIR 70 (2021).
    """
    indices, _, _, _, notes = _kernels.find_label_issues(
        np.ascontiguousarray(labels, dtype=np.int64),
        np.ascontiguousarray(pred_probs),
        filter_by,
        return_indices_ranked_by,
        False,
        min_examples_per_class,
        frac_noise,
        strict,
    )
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return indices
