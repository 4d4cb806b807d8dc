"""Label issues in Tusker's own order: by score, then by row; sums compensated."""

import warnings

import numpy as np

from tusker import _kernels
from tusker.internal.kernel_arrays import by_columns, class_numbers, probabilities, real, removals
from tusker.internal.validation import labels_to_array
from tusker.typing import LabelLike


def find_label_issues(
    labels: LabelLike,
    pred_probs: np.ndarray,
    *,
    filter_by: str = "prune_by_noise_rate",
    return_indices_ranked_by: str = "self_confidence",
    adjust_pred_probs: bool = False,
    frac_noise: float = 1.0,
    num_to_remove_per_class: list[int] | None = None,
    min_examples_per_class: int = 1,
    confident_joint: np.ndarray | None = None,
    strict: bool = False,
) -> np.ndarray:
    """Rows whose label is probably wrong, worst first; the same on every machine.

    labels: (N,) integers, the given classes, each in 0..K-1.
    pred_probs: (N, K) float32 or float64, out of sample; rows should sum to 1 within 1e-3, else a
        warning, or with ``strict`` an error.
    return_indices_ranked_by: ``self_confidence``, ``normalized_margin``, ``weighted_entropy``, or
        ``confidence_weighted_entropy``, which ranks labels that are right and certain as the worst.
    adjust_pred_probs: rank by scores less each class's threshold.
    filter_by and the rest: as for ``tusker.filter.find_label_issues``.
    Returns (n,) int64 row numbers. Raises ValueError naming the argument, the row and the rule.

    Source: Northcutt, Jiang, Chuang, "Confident Learning", JAIR 70 (2021).
    """
    probs = probabilities(pred_probs)
    indices, _, notes = _kernels.find_label_issues(
        class_numbers(labels_to_array(labels)),
        probs,
        filter_by,
        return_indices_ranked_by,
        False,
        min_examples_per_class,
        frac_noise,
        strict,
        None if confident_joint is None else real(confident_joint),
        confident_joint is not None and by_columns(confident_joint),
        removals(num_to_remove_per_class, probs.shape[1]),
        adjust_pred_probs,
        False,
    )
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return indices
