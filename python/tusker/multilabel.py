"""Multi-label issues in Tusker's own order: by score, then by row; sums compensated."""

from typing import NamedTuple

import numpy as np

from tusker import _kernels
from tusker.internal.multilabel_utils import kernel_labels, kernel_probs


class MultilabelIssues(NamedTuple):
    """Rows of which some class looks wrong, worst first."""

    indices: np.ndarray  # (n,) int64
    scores: np.ndarray  # (n,) float64 in [0, 1], ascending
    wrongly_given: list[list[int]]  # classes that the row has and should not
    wrongly_missing: list[list[int]]  # classes that it lacks and should have


def find_multilabel_issues(
    labels,
    pred_probs: np.ndarray,
    *,
    filter_by: str = "prune_by_noise_rate",
    rank_by: str = "self_confidence",
    adjust_pred_probs: bool = False,
    aggregation: str = "exponential_moving_average",
    alpha: float | None = 0.8,
    temperature: float = 0.1,
    min_examples_per_class: int = 1,
    frac_noise: float = 1.0,
) -> MultilabelIssues:
    """Rows of which any class looks wrong, and which classes.

    labels: for each row the classes it has, in 0..K-1. pred_probs: (N, K) float32 or float64, out
    of sample; rows need not sum to 1.
    filter_by, rank_by: as in :func:`tusker.find_label_issues`, for each class as a problem of two;
    under ``low_*`` the issues are the rows with the least aggregated self-confidence.
    aggregation: how the scores of a row's classes become one: exponential_moving_average (alpha in
    [0, 1], None = 2 / (K + 1)) or softmin (temperature).

    Unlike ``tusker.multilabel_classification`` it ranks by score under every filter, and takes a
    class that every row has. Raises ValueError naming the argument, the row and the rule.
    Source: Thyagarajan et al., arXiv 2211.13895 (2022).
    """
    probs = kernel_probs(pred_probs)
    options = {
        "filter_by": filter_by,
        "rank_by": rank_by,
        "adjust_probabilities": adjust_pred_probs,
        "aggregation": aggregation,
        "alpha": alpha,
        "temperature": temperature,
        "min_examples_per_class": min_examples_per_class,
        "frac_noise": frac_noise,
    }
    return MultilabelIssues(*_kernels.multilabel_find(kernel_labels(labels, probs), probs, options))
