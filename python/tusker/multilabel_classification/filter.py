"""Which rows of a multi-label dataset, and which of their classes, look wrong.

Results are cleanlab 2.9.0's, bit for bit. ``tusker.find_multilabel_issues`` is the sound variant:
it differs where scores tie, and in ``low_*`` filters with a ranking, which here permute wrongly.
"""

import warnings
from typing import NamedTuple

import numpy as np

from tusker import _kernels
from tusker.internal.multilabel_utils import (
    get_onehot_num_classes,
    kernel_labels,
    kernel_probs,
    stack_complement,
)

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
_PRUNE = FILTERS[:3]


def find_label_issues(
    labels,
    pred_probs: np.ndarray,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: dict | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class=None,
    min_examples_per_class: int = 1,
    confident_joint: np.ndarray | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
    low_memory: bool = False,
) -> np.ndarray:
    """Rows of which any class looks wrong: an (N,) bool mask, or their numbers, worst first.

    labels: for each row the list of its classes, in 0..K-1; it may be empty.
    pred_probs: (N, K) float32 or float64, out of sample; rows need not sum to 1.
    return_indices_ranked_by: None for the mask, else self_confidence, normalized_margin or
    confidence_weighted_entropy; scores of classes are aggregated by exponential moving average.
    rank_by_kwargs: {"adjust_pred_probs": True} to take class thresholds off first.
    filter_by: one of FILTERS, used on each class; ``low_*`` choose rows by aggregated score.
    frac_noise, num_to_remove_per_class (K,), min_examples_per_class: for the prune filters.
    confident_joint: (K, 2, 2), [class][given][true], used as it is.
    n_jobs, verbose: taken and not needed; threads never change a result.
    low_memory: cleanlab's batched approximation for each class.

    Raises ValueError naming the argument, the row and the rule; a class that every row has is one.
    Source: Thyagarajan et al., arXiv 2211.13895 (2022).
    """
    if low_memory:
        return _find_low_memory(**locals())
    options, probs = _options(**locals())
    bits = kernel_labels(labels, pred_probs)
    if return_indices_ranked_by is not None:
        return _kernels.multilabel_ranked_rows(bits, probs, options)
    mask = np.zeros(bits.rows, dtype=bool)
    mask[_kernels.multilabel_flag_rows(bits, probs, options)] = True
    return mask


def find_multilabel_issues_per_class(
    labels,
    pred_probs: np.ndarray,
    return_indices_ranked_by: str | None = None,
    rank_by_kwargs: dict | None = None,
    filter_by: str = "prune_by_noise_rate",
    frac_noise: float = 1.0,
    num_to_remove_per_class=None,
    min_examples_per_class: int = 1,
    confident_joint: np.ndarray | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
    low_memory: bool = False,
):
    """Which classes of which rows look wrong. Arguments as in :func:`find_label_issues`.

    Returns an (N, K) bool mask; with a ranking three lists of K: row numbers worst first by the
    score of that class, its labels (N,) of 0 and 1, its probabilities (N, 2) of absent and present.
    """
    if low_memory:
        issues = _find_per_class_low_memory(labels, pred_probs, return_indices_ranked_by, verbose)
    else:
        options, probs = _options(**locals())
        bits = kernel_labels(labels, pred_probs)
        if return_indices_ranked_by is None:
            return _kernels.multilabel_flag_classes(bits, probs, options).mask().view(bool)
        issues = _kernels.multilabel_rank_classes(bits, probs, options)
    if return_indices_ranked_by is None:
        return np.stack(issues, axis=1)
    onehot, _ = get_onehot_num_classes(labels, pred_probs)
    return issues, list(onehot.T), [stack_complement(p) for p in np.ascontiguousarray(pred_probs.T)]


class Flagged(NamedTuple):
    """How many issues there are."""

    rows: int
    """Rows with a class that looks wrong."""
    counts: tuple[np.ndarray, np.ndarray]
    """(K,) of the rows that have each class, and of those that lack it."""


def flagged(labels, pred_probs: np.ndarray, confident_joint: np.ndarray | None) -> Flagged:
    """Counts what :func:`find_multilabel_issues_per_class` marks; arguments as there."""
    options, probs = _options(
        labels=labels,
        pred_probs=pred_probs,
        return_indices_ranked_by=None,
        rank_by_kwargs=None,
        filter_by="prune_by_noise_rate",
        frac_noise=1.0,
        num_to_remove_per_class=None,
        min_examples_per_class=1,
        confident_joint=confident_joint,
        n_jobs=None,
    )
    bits = kernel_labels(labels, pred_probs)
    flags = _kernels.multilabel_flag_classes(bits, probs, options)
    return Flagged(len(flags.flagged_rows()), _kernels.multilabel_count_flags(bits, flags))


def _options(
    *,
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
    **_,
) -> tuple[dict, np.ndarray]:
    """The kernel's options, checked, and the probabilities as it takes them."""
    if filter_by not in FILTERS:
        raise ValueError(f"filter_by = {filter_by!r}: must be one of {', '.join(FILTERS)}")
    if n_jobs is not None and n_jobs < 1:
        raise ValueError(f"n_jobs = {n_jobs}: must be at least 1")
    probs = kernel_probs(pred_probs)
    if len(labels) != len(probs):
        raise ValueError("pred_probs and labels must have same length.")
    _check_prune_arguments(filter_by, frac_noise, num_to_remove_per_class)
    joint = _checked_joint(confident_joint, probs.shape[1], filter_by)
    options = {
        "cleanlab_order": True,
        "filter_by": filter_by,
        "min_examples_per_class": int(min_examples_per_class),
        "frac_noise": float(frac_noise),
        "adjust_probabilities": bool((rank_by_kwargs or {}).get("adjust_pred_probs", False)),
    }
    if return_indices_ranked_by is not None:
        options["rank_by"] = str(return_indices_ranked_by)
    if num_to_remove_per_class is not None:
        options["num_to_remove_per_class"] = [float(x) for x in num_to_remove_per_class]
    if joint is not None:
        options["joints"] = joint.reshape(-1, 4).astype(float).tolist()
    return options, probs


def _check_prune_arguments(filter_by, frac_noise, num_to_remove_per_class) -> None:
    if filter_by in _PRUNE or (frac_noise == 1.0 and num_to_remove_per_class is None):
        return
    others = "frac_noise and num_to_remove_per_class parameters are only supported for filter_by "
    warnings.warn(others + f"{', '.join(_PRUNE)}: not for {filter_by}", stacklevel=4)
    if num_to_remove_per_class is not None:
        raise ValueError(
            f"filter_by '{filter_by}' is not supported (yet) when setting 'num_to_remove_per_class'"
        )


def _checked_joint(joint, classes: int, filter_by: str):
    if joint is None:
        return None
    if joint.shape == (classes, classes) and joint.shape != (classes, 2, 2):
        warnings.warn(
            "confident_joint should be (num_classes, 2, 2) as compute_confident_joint(..., "
            "multi_label=True) gives it: this K x K one is being ignored.",
            stacklevel=4,
        )
        return None
    if joint.shape != (classes, 2, 2):
        raise ValueError("confident_joint should be of shape (num_classes, 2, 2)")
    if filter_by == "confident_learning":
        warnings.warn(
            "The supplied `confident_joint` is ignored when `filter_by = 'confident_learning'`: it "
            "is estimated from labels and pred_probs.",
            stacklevel=4,
        )
    return joint


# --- Batched --------------------------------------------------------------------------------------

_UNUSED_BATCHED = {
    "filter_by": "prune_by_noise_rate",
    "num_to_remove_per_class": None,
    "confident_joint": None,
    "n_jobs": None,
    "frac_noise": 1.0,
    "min_examples_per_class": 1,
}


def _find_low_memory(
    *, labels, pred_probs, return_indices_ranked_by, rank_by_kwargs, verbose, **others
) -> np.ndarray:
    if rank_by_kwargs:
        warnings.warn("`rank_by_kwargs` is not used when `low_memory=True`.", stacklevel=3)
    for name, default in _UNUSED_BATCHED.items():
        given = others[name]
        if given is not default and not (np.isscalar(given) and given == default):
            warnings.warn(f"`{name}` is not used when `low_memory=True`.", stacklevel=3)
    issues = _find_per_class_low_memory(labels, pred_probs, return_indices_ranked_by, verbose)
    if return_indices_ranked_by is None:
        return np.any(issues, axis=0)
    rows = np.unique(np.concatenate(issues)).astype(np.int64)
    from tusker.internal import multilabel_scorer as scorer

    method = scorer.MultilabelScorer(scorer.ClassLabelScorer.from_str(return_indices_ranked_by))
    onehot, _ = get_onehot_num_classes(labels, pred_probs)
    scores = scorer.get_label_quality_scores(
        onehot, pred_probs, method=method, base_scorer_kwargs=rank_by_kwargs
    )
    return rows[_kernels.argsort(scores[rows], True)]


def _find_per_class_low_memory(labels, pred_probs, ranked_by, verbose) -> list[np.ndarray]:
    from tusker.experimental.label_issues_batched import find_label_issues_batched

    onehot, _ = get_onehot_num_classes(labels, pred_probs)
    return [
        find_label_issues_batched(
            labels=given,
            pred_probs=stack_complement(p),
            verbose=verbose,
            quality_score_kwargs={"method": ranked_by} if ranked_by else None,
            return_mask=ranked_by is None,
        )
        for given, p in zip(onehot.T, pred_probs.T, strict=True)
    ]
