"""How much the labels of each row of a multi-label dataset are to be trusted."""

import numpy as np

from tusker.internal.multilabel_scorer import Aggregator, ClassLabelScorer, MultilabelScorer
from tusker.internal.multilabel_utils import int2onehot, kernel_probs

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
    cells = _labels_to_binary(labels, pred_probs)
    scorer = ClassLabelScorer.from_str(method)
    arguments = (scorer, Aggregator(**aggregator_kwargs)) if aggregator_kwargs else (scorer,)
    return MultilabelScorer(*arguments)(
        cells, pred_probs, base_scorer_kwargs={"adjust_pred_probs": adjust_pred_probs}
    )


def get_label_quality_scores_per_class(
    labels: list[list[int]],
    pred_probs: np.ndarray,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
) -> np.ndarray:
    """(N, K) the same, not aggregated: how likely the label of each class is right."""
    cells = _labels_to_binary(labels, pred_probs)
    return MultilabelScorer(ClassLabelScorer.from_str(method)).get_class_label_quality_scores(
        cells, pred_probs, base_scorer_kwargs={"adjust_pred_probs": adjust_pred_probs}
    )


def _labels_to_binary(labels, pred_probs) -> np.ndarray:
    """(N, K) of 0 and 1. Raises TypeError and ValueError for what scores cannot be taken of."""
    if not isinstance(labels, list) or not all(isinstance(classes, list) for classes in labels):
        raise TypeError("labels must be a list of lists: the classes of each row")
    kernel_probs(pred_probs)
    if len(pred_probs) != len(labels):
        raise ValueError("pred_probs and labels must have same length.")
    if not any(labels):
        raise ValueError("labels: no row has a class")
    highest = max(map(max, filter(None, labels))) + 1
    if pred_probs.shape[1] < highest:
        raise ValueError(
            f"pred_probs must have at least {highest} columns, based on the largest class index "
            "which appears in labels."
        )
    inside = (pred_probs >= -1e-6) & (pred_probs <= 1 + 1e-6)
    if not inside.all():
        row, k = np.argwhere(~inside)[0]
        value = pred_probs[row, k]
        raise ValueError(
            f"pred_probs[{row}, {k}] = {value}: Values in pred_probs must be between 0 and 1."
        )
    return int2onehot(labels, K=pred_probs.shape[1])
