"""What several label quality scores share."""

import warnings

import numpy as np

from tusker import _kernels
from tusker.internal.kernel_arrays import by_columns, probabilities


def _subtract_confident_thresholds(
    labels: np.ndarray | None,
    pred_probs: np.ndarray,
    multi_label: bool = False,
    confident_thresholds: np.ndarray | None = None,
) -> np.ndarray:
    """(N, K): each probability less its class's threshold, raised by the largest threshold, rows
    divided by their sums. Thresholds are found from labels if not given."""
    if confident_thresholds is None:
        if labels is None:
            raise ValueError(
                "Cannot calculate confident_thresholds without labels. Pass in either labels or "
                "already calculated confident_thresholds parameter. "
            )
        from tusker.count import get_confident_thresholds

        confident_thresholds = get_confident_thresholds(labels, pred_probs, multi_label=multi_label)
    adjusted = pred_probs - confident_thresholds
    adjusted += confident_thresholds.max()
    adjusted /= adjusted.sum(axis=1, keepdims=True)
    return adjusted


def get_normalized_entropy(
    pred_probs: np.ndarray, min_allowed_prob: float | None = None
) -> np.ndarray:
    """(N,) entropy of each row divided by ln K, in [0, 1].

    pred_probs: (N, K), each in [0, 1], else ValueError.
    """
    if min_allowed_prob is not None:
        warnings.warn(
            "Using `min_allowed_prob` is not necessary anymore and will be removed.",
            DeprecationWarning,
            stacklevel=2,
        )
    if np.any(pred_probs < 0) or np.any(pred_probs > 1):
        raise ValueError("All probabilities are required to be in the interval [0, 1].")
    columns_first = by_columns(pred_probs)
    if min_allowed_prob is not None:
        pred_probs = np.clip(pred_probs, min_allowed_prob, None)
    return _kernels.normalized_entropies(probabilities(pred_probs), columns_first, True)
