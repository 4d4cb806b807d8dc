"""Which labels are wrong.

Functions, arguments and results are those of ``cleanlab.filter`` 2.9.0: the same examples in the
same order, bit for bit, as with NumPy 1.24. ``tusker.find_label_issues`` is without its defects.
Source: Northcutt, Jiang, Chuang, "Confident Learning", JAIR 70 (2021).
"""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from tusker import _kernels
from tusker.count import (
    _binary_problems,
    _reduce_issues,
    calibrate_confident_joint,
    num_label_issues,
)
from tusker.internal.kernel_arrays import (
    by_columns,
    class_numbers,
    probabilities,
    real,
    removals,
)
from tusker.internal.validation import assert_valid_labels_and_shape, labels_to_array
from tusker.rank import (
    _check_method,
    get_label_quality_scores,
    only_class_zero,
    order_label_issues,
)
from tusker.typing import LabelLike

# cleanlab.filter has the names of count and rank among these, and scripts import them from it.
__all__ = [
    "_reduce_issues",
    "calibrate_confident_joint",
    "find_label_issues",
    "find_label_issues_using_argmax_confusion_matrix",
    "find_predicted_neq_given",
    "get_label_quality_scores",
    "num_label_issues",
    "order_label_issues",
]

PRUNE_FILTERS = ("prune_by_noise_rate", "prune_by_class", "both")
OTHER_FILTERS = (
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)


def find_label_issues(
    labels: LabelLike,
    pred_probs: np.ndarray,
    *,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: dict[str, Any] | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class: list[int] | None = None,
    min_examples_per_class=1,
    confident_joint: np.ndarray | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
    multi_label: bool = False,
) -> np.ndarray:
    """(N,) whether each label is probably wrong, or with ``return_indices_ranked_by`` their
    indices, worst first.

    labels: (N,) integers in 0..K-1, at least two different or all 0; pandas and lists, too.
    pred_probs: (N, K) out-of-sample probabilities, each in [0, 1].
    return_indices_ranked_by, rank_by_kwargs: ``method`` and the other options of
        rank.get_label_quality_scores.
    filter_by: ``prune_by_noise_rate`` for each pair of classes as many as the joint says, by
        margin; ``prune_by_class`` for each class, by self-confidence; ``both``: flagged by both;
        ``confident_learning`` confidently in another class; ``predicted_neq_given`` another class
        is the most probable; ``low_self_confidence``, ``low_normalized_margin``: as many as are
        confidently in another class, by lowest score.
    frac_noise: the prune filters flag this share of what the joint says, in [0, 1].
    num_to_remove_per_class: (K,) how many of each class the prune filters take.
    min_examples_per_class: the prune filters leave at least so many of each class.
    confident_joint: (K, K) counts to use instead of those found here.
    n_jobs: changes nothing; threads are taken as there are cores.
    multi_label: labels are lists of classes; see multilabel_classification.filter.

    Labels are never flagged whose class is the most probable once 1e-6 is added to it (but by the
    low filters). AssertionError for an unknown filter, ValueError for input that breaks a rule.
    """
    rank_by_kwargs = rank_by_kwargs or {}
    assert filter_by in PRUNE_FILTERS + OTHER_FILTERS, f"filter_by = {filter_by!r} is unknown"
    assert n_jobs is None or n_jobs >= 1, f"n_jobs = {n_jobs}: must be at least 1"
    _check_labels(labels, pred_probs, multi_label)
    _warn_of_ignored(filter_by, frac_noise, num_to_remove_per_class, confident_joint)
    if multi_label:
        warnings.warn(
            "The multi_label argument to filter.find_label_issues() is deprecated and will be "
            "removed in future versions. Please use "
            "`multilabel_classification.filter.find_label_issues()` instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return _find_label_issues_multilabel(
            labels,
            pred_probs,
            return_indices_ranked_by,
            rank_by_kwargs,
            filter_by,
            frac_noise,
            num_to_remove_per_class,
            min_examples_per_class,
            confident_joint,
            n_jobs,
            verbose,
        )

    numbers = class_numbers(labels_to_array(labels))
    probs = probabilities(pred_probs)
    adjust = _adjusts(return_indices_ranked_by, **rank_by_kwargs)
    indices, labels_per_class, _ = _kernels.find_label_issues(
        numbers,
        probs,
        filter_by,
        return_indices_ranked_by or "self_confidence",
        True,
        max(int(min_examples_per_class), 0),
        float(frac_noise) if filter_by in PRUNE_FILTERS else 1.0,
        False,
        *_given_joint(confident_joint, filter_by),
        removals(num_to_remove_per_class, probs.shape[1]),
        adjust,
        by_columns(pred_probs),
    )
    if filter_by in PRUNE_FILTERS:
        _warn_of_small_classes(labels_per_class, min_examples_per_class)
    if verbose:
        print(f"Number of label issues found: {len(indices)}")
    if return_indices_ranked_by is not None:
        return indices
    mask = np.zeros(len(numbers), dtype=bool)
    mask[indices] = True
    return mask


def _check_labels(labels, pred_probs, multi_label: bool) -> None:
    one_class = False
    if not multi_label and isinstance(labels, list | np.ndarray | pd.Series | pd.DataFrame):
        labels = labels_to_array(labels)
        one_class = only_class_zero(labels)
    assert_valid_labels_and_shape(
        X=None,
        y=labels,
        pred_probs=pred_probs,
        multi_label=multi_label,
        allow_one_class=one_class,
    )
    if multi_label and not isinstance(labels, list):
        raise TypeError("`labels` must be list when `multi_label=True`.")


def _warn_of_ignored(filter_by, frac_noise, num_to_remove_per_class, confident_joint) -> None:
    if filter_by in OTHER_FILTERS and (frac_noise != 1.0 or num_to_remove_per_class is not None):
        warnings.warn(
            "frac_noise and num_to_remove_per_class parameters are only supported for filter_by "
            "'prune_by_noise_rate', 'prune_by_class', and 'both'. They are not supported for "
            "methods 'confident_learning', 'predicted_neq_given', 'low_normalized_margin' or "
            "'low_self_confidence'.",
            stacklevel=2,
        )
    if filter_by in OTHER_FILTERS and num_to_remove_per_class is not None:
        raise ValueError(
            f"filter_by {filter_by!r} is not supported (yet) when setting 'num_to_remove_per_class'"
        )
    if filter_by == "confident_learning" and isinstance(confident_joint, np.ndarray):
        warnings.warn(
            "The supplied `confident_joint` is ignored when `filter_by = 'confident_learning'`; "
            "confident joint will be re-estimated from the given labels. To use your supplied "
            "`confident_joint`, please specify a different `filter_by` value.",
            stacklevel=2,
        )


def _warn_of_small_classes(labels_per_class: np.ndarray, least: int) -> None:
    for k in np.flatnonzero(labels_per_class <= least):
        warnings.warn(
            f"May not flag all label issues in class: {k}, it has too few examples (see argument: "
            "`min_examples_per_class`)",
            stacklevel=2,
        )


def _adjusts(rank_by: str | None, adjust_pred_probs: bool = False) -> bool:
    """Whether to rank by adjusted scores; its arguments are those of rank_by_kwargs."""
    if rank_by is None:
        return False
    _check_method(rank_by, adjust_pred_probs)
    return adjust_pred_probs


def _given_joint(confident_joint, filter_by: str) -> tuple[np.ndarray | None, bool]:
    if confident_joint is None or filter_by not in PRUNE_FILTERS:
        return None, False
    return real(confident_joint), by_columns(confident_joint)


def _find_label_issues_multilabel(
    labels: list,
    pred_probs: np.ndarray,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: dict | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class: list[int] | None = None,
    min_examples_per_class=1,
    confident_joint: np.ndarray | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
    low_memory: bool = False,
) -> np.ndarray:
    """multilabel_classification.filter.find_label_issues under the name that cleanlab gives it
    here."""
    from tusker.multilabel_classification import filter as multilabel_filter

    return multilabel_filter.find_label_issues(
        labels=labels,
        pred_probs=pred_probs,
        return_indices_ranked_by=return_indices_ranked_by,
        rank_by_kwargs=rank_by_kwargs or {},
        filter_by=filter_by,
        frac_noise=frac_noise,
        num_to_remove_per_class=num_to_remove_per_class,
        min_examples_per_class=min_examples_per_class,
        confident_joint=confident_joint,
        n_jobs=n_jobs,
        verbose=verbose,
        low_memory=low_memory,
    )


def _keep_at_least_n_per_class(
    prune_count_matrix: np.ndarray, n: int, *, frac_noise: float = 1.0
) -> np.ndarray:
    """(K, K) [true, given] counts of which each class keeps at least n on the diagonal, what it
    gains being taken evenly from its other counts; then see _reduce_prune_counts."""
    joint = np.asarray(prune_count_matrix).T
    return _kernels.prune_counts(real(joint), by_columns(joint), n, frac_noise).T


def _reduce_prune_counts(prune_count_matrix: np.ndarray, frac_noise: float = 1.0) -> np.ndarray:
    """(K, K) [true, given] counts, those off the diagonal multiplied by ``frac_noise`` and cut to
    integers; the diagonal gains what its column loses."""
    return _keep_at_least_n_per_class(prune_count_matrix, 0, frac_noise=frac_noise)


def find_predicted_neq_given(
    labels: LabelLike, pred_probs: np.ndarray, *, multi_label: bool = False
) -> np.ndarray:
    """(N,) whether the most probable class, the first of equals, is not the given one.

    With ``multi_label`` whether that holds for any class, each a problem of its own.
    """
    assert_valid_labels_and_shape(X=None, y=labels, pred_probs=pred_probs, multi_label=multi_label)
    if multi_label:
        if not isinstance(labels, list):
            raise TypeError("`labels` must be list when `multi_label=True`.")
        return _find_predicted_neq_given_multilabel(labels, pred_probs)
    numbers = class_numbers(labels_to_array(labels))
    top, _ = _kernels.top_classes(numbers, probabilities(pred_probs))
    return top != numbers


def _find_predicted_neq_given_multilabel(labels: list, pred_probs: np.ndarray) -> np.ndarray:
    wrong = [
        find_predicted_neq_given(has_it, binary)
        for has_it, binary in _binary_problems(labels, pred_probs)
    ]
    return np.any(wrong, axis=0)


def find_label_issues_using_argmax_confusion_matrix(
    labels: np.ndarray,
    pred_probs: np.ndarray,
    *,
    calibrate: bool = True,
    filter_by: str = "prune_by_noise_rate",
) -> np.ndarray:
    """(N,) whether each label is probably wrong, the joint being how often each class is given and
    another is the most probable: a baseline for find_label_issues."""
    assert_valid_labels_and_shape(X=None, y=labels, pred_probs=pred_probs)
    numbers = class_numbers(labels_to_array(labels))
    top, _ = _kernels.top_classes(numbers, probabilities(pred_probs))
    classes = pred_probs.shape[1]
    counts = np.bincount(top * classes + numbers, minlength=classes**2)
    confident_joint = counts.reshape(classes, classes).T
    if calibrate:
        confident_joint = calibrate_confident_joint(confident_joint, numbers)
    return find_label_issues(
        numbers, pred_probs, confident_joint=confident_joint, filter_by=filter_by
    )
