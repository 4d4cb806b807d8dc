"""Rows that a classifier is doubtful about, whatever their label: perhaps of no class at all."""

from __future__ import annotations

import dataclasses

import numpy as np

from tusker import _kernels
from tusker.internal.kernel_arrays import class_numbers, probabilities


@dataclasses.dataclass(frozen=True, repr=False)
class DoubtfulPredictions:
    """indices: (n,) flagged rows, most doubtful first. scores: (N,) in [0, 1], low = doubtful."""

    indices: np.ndarray
    scores: np.ndarray

    def __repr__(self) -> str:
        return f"DoubtfulPredictions({len(self.indices)} of {len(self.scores)} rows)"


def find_doubtful_predictions(
    pred_probs,
    labels=None,
    *,
    method: str = "entropy",
    threshold: float = 0.13,
    M: int = 100,
    gamma: float = 0.1,
) -> DoubtfulPredictions:
    """Rows whose score is below threshold · median score.

    pred_probs: (N, K) float32 or float64, rows summing to 1. labels: (N,) classes 0..K-1; with them
    the classes' mean self-confidence is subtracted first, so that rows of classes that the model is
    never sure of are not doubtful for it. method: "entropy" (1 - normalised entropy),
    "least_confidence" (largest probability) or "gen" (generalised entropy of the M largest, with
    exponent gamma).
    Sums are compensated: the same on every machine. Raises ValueError naming the argument, the row
    and the rule.

    Source: Kuan, Mueller, ICML workshop PODS (2022); "gen": Liu, Lochman, Zach, CVPR 2023.
    """
    probs = probabilities(pred_probs)
    thresholds = None
    if labels is not None:
        thresholds, _ = _kernels.confident_thresholds(class_numbers(labels), probs, False)
    scores = score_predictions(probs, thresholds, method, M, gamma, cleanlab_order=False)
    flagged = _kernels.flag_predictions(scores.astype(np.float64), threshold)
    return DoubtfulPredictions(flagged, scores)


def score_predictions(
    pred_probs, thresholds, method: str, M: int, gamma: float, *, cleanlab_order: bool
) -> np.ndarray:
    """(N,) scores of ``pred_probs`` (N, K), adjusted by ``thresholds`` (K,) unless they are None.

    In the type of pred_probs, but in float64 if adjusted by thresholds that are no float32.
    """
    kernel = _kernels.score_predictions
    if thresholds is not None:
        thresholds = np.asarray(thresholds)
        if thresholds.dtype != np.float32:
            kernel = _kernels.score_predictions_in_double
        thresholds = np.ascontiguousarray(thresholds, dtype=np.float64)
    return kernel(probabilities(pred_probs), thresholds, method, M, gamma, cleanlab_order)
