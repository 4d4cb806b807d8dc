"""From distances to outlier scores, under cleanlab's names."""

from __future__ import annotations

import numpy as np

# The least divisor of distances.
_LEAST_SCALE = 1e-6


def transform_distances_to_scores(
    avg_distances: np.ndarray, t: int, scaling_factor: float
) -> np.ndarray:
    """Scores in [0, 1], low = far: ``exp(-t * distance / scale)`` of mean distances (N,).

    t: steepness. scaling_factor: what is far among these data, such as the median of distances; at
    least 1e-6 is taken.
    """
    return np.exp(-t * avg_distances / max(scaling_factor, _LEAST_SCALE))


def correct_precision_errors(
    scores: np.ndarray, avg_distances: np.ndarray, metric: str, C: int = 100, p: int | None = None
) -> np.ndarray:
    """``scores`` (N,), with 1 written where the mean distance is below the metric's rounding noise.

    metric: "cosine", "euclidean" or "minkowski" (which needs ``p``); scores of others stay. C: how
    many roundings count as noise.
    """
    noise = C * np.finfo(np.float64).eps
    if metric == "cosine":
        noise = C * np.finfo(np.float64).epsneg
    elif metric == "euclidean":
        noise = np.sqrt(noise)
    elif metric == "minkowski":
        if p is None:
            raise ValueError("When metric is 'minkowski' you must specify the 'p' parameter")
        noise = noise ** (1 / p)
    else:
        return scores
    scores[avg_distances < noise] = 1
    return scores
