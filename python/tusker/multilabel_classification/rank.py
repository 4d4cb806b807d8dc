"""How much the labels of each row of a multi-label dataset are to be trusted."""

import numpy as np

from tusker import _kernels
from tusker.internal.multilabel_scorer import Aggregator, ClassLabelScorer
from tusker.internal.multilabel_utils import kernel_probs, label_bits

_MOVING_AVERAGE = {"method": "exponential_moving_average", "alpha": 0.8}


def get_label_quality_scores(
    labels: list[list[int]],
    pred_probs: np.ndarray,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
    aggregator_kwargs: dict = _MOVING_AVERAGE,
) -> np.ndarray:
    """(N,) scores in [0, 1], low where some class is likely wrong.

    labels: for each row the list of its classes, in 0..K-1. pred_probs: (N, K).
    method: self_confidence, normalized_margin or confidence_weighted_entropy, for each class as a
    problem of two. adjust_pred_probs: take the thresholds of the class off first; not for the last.
    aggregator_kwargs: ``method`` ("exponential_moving_average" with ``alpha``, "softmin" with
    ``temperature``, or a callable of (N, K) and ``axis``) and its arguments.
    """
    bits, probs = _checked(labels, pred_probs)
    scorer = ClassLabelScorer.from_str(method)
    aggregator = Aggregator(**(aggregator_kwargs or _MOVING_AVERAGE))
    counts = bits.counts()
    if len(counts) < 2 or not 0 < counts.sum() < bits.rows * len(counts):
        raise ValueError("Labels must be in multi-label format.")
    options = aggregator.kernel_options()
    if options is None:
        return aggregator(scorer.scores_of_classes(bits, probs, adjust_pred_probs))
    options |= scorer.kernel_options(adjust_pred_probs)
    return _kernels.multilabel_scores(bits, probs, options, False)


def get_label_quality_scores_per_class(
    labels: list[list[int]],
    pred_probs: np.ndarray,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
) -> np.ndarray:
    """(N, K) the same, not aggregated: how likely the label of each class is right."""
    bits, probs = _checked(labels, pred_probs)
    return ClassLabelScorer.from_str(method).scores_of_classes(bits, probs, adjust_pred_probs)


def _checked(labels, pred_probs) -> tuple[_kernels.LabelBits, np.ndarray]:
    """Both as the kernels take them. Raises TypeError and ValueError for what cannot be scored."""
    bits = None
    if isinstance(labels, list) and isinstance(pred_probs, np.ndarray) and pred_probs.ndim == 2:
        bits = _kernels.multilabel_read(labels, pred_probs.shape[1])
    if bits is None and not (
        isinstance(labels, list) and all(isinstance(classes, list) for classes in labels)
    ):
        raise TypeError("labels must be a list of lists: the classes of each row")
    probs = kernel_probs(pred_probs)
    if len(pred_probs) != len(labels):
        raise ValueError("pred_probs and labels must have same length.")
    if not any(labels):
        raise ValueError("labels: no row has a class")
    if bits is None:
        highest = max(map(max, filter(None, labels))) + 1
        if pred_probs.shape[1] < highest:
            raise ValueError(
                f"pred_probs must have at least {highest} columns, based on the largest class "
                "index which appears in labels."
            )
    _kernels.multilabel_check(probs)
    return (label_bits(labels, pred_probs.shape[1]) if bits is None else bits), probs
