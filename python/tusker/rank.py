"""How much each label is to be trusted: scores in [0, 1], low = suspect, and rankings by them.

Functions, arguments and results are those of ``cleanlab.rank`` 2.9.0. N examples, K classes.
"""

import warnings

import numpy as np

from tusker import _kernels
from tusker.count import get_confident_thresholds
from tusker.internal.kernel_arrays import by_columns, class_numbers, probabilities, real
from tusker.internal.validation import assert_valid_labels_and_shape, labels_to_array

# A pass over the rows that says how often each is right or confident gives these as well.
METHODS_OF_ONE_PASS = ("self_confidence", "normalized_margin")
METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def get_label_quality_scores(
    labels: np.ndarray,
    pred_probs: np.ndarray,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
) -> np.ndarray:
    """(N,) a score for each label, in the type of ``pred_probs``.

    labels: (N,) integers in 0..K-1. pred_probs: (N, K), each in [0, 1].
    method: ``self_confidence`` p[given]; ``normalized_margin`` (p[given] - max p[other] + 1) / 2;
        ``confidence_weighted_entropy`` ln(1 + x) / x with x = normalised entropy / p[given]. The
        last falls to 0 as x does, so that labels which are right and certain rank as the worst:
        cleanlab's defect, kept under this name; ``tusker.find_label_issues`` with
        ``weighted_entropy`` is without it.
    adjust_pred_probs: first subtract each class's threshold and divide rows by their sums, so that
        classes the model is less sure of are not suspected for it; not for the entropy.
    """
    assert_valid_labels_and_shape(X=None, y=labels, pred_probs=pred_probs, allow_one_class=True)
    return _compute_label_quality_scores(
        labels, pred_probs, method=method, adjust_pred_probs=adjust_pred_probs
    )


def _compute_label_quality_scores(
    labels: np.ndarray,
    pred_probs: np.ndarray,
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
    confident_thresholds: np.ndarray | None = None,
) -> np.ndarray:
    """Scores of arguments that were looked at, with thresholds found elsewhere if given."""
    _check_method(method, adjust_pred_probs)
    if not adjust_pred_probs:
        return _scores(labels, pred_probs, method)
    if confident_thresholds is None:
        confident_thresholds = get_confident_thresholds(labels, pred_probs)
    probs = probabilities(pred_probs)
    in_double = np.result_type(probs, confident_thresholds) == np.float64
    return _kernels.adjusted_scores(
        class_numbers(labels_to_array(labels)),
        probs,
        real(confident_thresholds),
        in_double,
        method,
        by_columns(pred_probs),
        True,
    )


def _check_method(method: str, adjust_pred_probs: bool) -> None:
    if method not in METHODS:
        raise ValueError(
            f"{method} is not a valid scoring method for rank_by! Please choose a valid rank_by: "
            f"{', '.join(METHODS)}"
        )
    if adjust_pred_probs and method == "confidence_weighted_entropy":
        raise ValueError(f"adjust_pred_probs is not currently supported for {method}.")


def _scores(labels, pred_probs, method: str) -> np.ndarray:
    return _kernels.label_quality_scores(
        class_numbers(labels_to_array(labels)),
        probabilities(pred_probs),
        method,
        by_columns(pred_probs),
        True,
    )


def get_self_confidence_for_each_label(labels: np.ndarray, pred_probs: np.ndarray) -> np.ndarray:
    """(N,) the probability of the given class."""
    return _scores(labels, pred_probs, "self_confidence")


def get_normalized_margin_for_each_label(labels: np.ndarray, pred_probs: np.ndarray) -> np.ndarray:
    """(N,) (p[given] - max p[other] + 1) / 2."""
    return _scores(labels, pred_probs, "normalized_margin")


def get_confidence_weighted_entropy_for_each_label(
    labels: np.ndarray, pred_probs: np.ndarray
) -> np.ndarray:
    """(N,) ln(1 + x) / x with x = normalised entropy / p[given], both at least 1e-6."""
    return _scores(labels, pred_probs, "confidence_weighted_entropy")


# --- Several models -------------------------------------------------------------------------------

LOG_LOSS_SEARCH_T_VALUES = (1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 2e2)


def get_label_quality_ensemble_scores(
    labels: np.ndarray,
    pred_probs_list: list[np.ndarray],
    *,
    method: str = "self_confidence",
    adjust_pred_probs: bool = False,
    weight_ensemble_members_by: str = "accuracy",
    custom_weights: np.ndarray | None = None,
    log_loss_search_T_values: list[float] = LOG_LOSS_SEARCH_T_VALUES,
    verbose: bool = True,
) -> np.ndarray:
    """(N,) the weighted mean of several models' scores.

    pred_probs_list: a list of (N, K), one for each model.
    weight_ensemble_members_by: ``uniform``; ``accuracy``, the share of labels each model agrees
        with; ``log_loss_search``, exp(-T · log loss) with that T of ``log_loss_search_T_values``
        whose weighted mean of probabilities has the least log loss; ``custom``, by
        ``custom_weights``, one for each model.
    ValueError for another way to weigh, or weights without ``custom``; AssertionError for a list
    that is none or empty, or the wrong number of weights.
    """
    assert isinstance(pred_probs_list, list), (
        f"pred_probs_list needs to be a list. Provided pred_probs_list is a {type(pred_probs_list)}"
    )
    assert len(pred_probs_list) > 0, "pred_probs_list is empty."
    if len(pred_probs_list) == 1:
        warnings.warn(
            "pred_probs_list only has one element. Consider using get_label_quality_scores() if "
            "you only have a single array of pred_probs.",
            stacklevel=2,
        )
    for pred_probs in pred_probs_list:
        assert_valid_labels_and_shape(X=None, y=labels, pred_probs=pred_probs)
    if custom_weights is not None and weight_ensemble_members_by != "custom":
        raise ValueError('custom_weights provided but weight_ensemble_members_by is not "custom"!')
    by_accuracy = weight_ensemble_members_by == "accuracy"
    accuracies = None
    if by_accuracy and not adjust_pred_probs and method in METHODS_OF_ONE_PASS:
        numbers = class_numbers(labels_to_array(labels))
        found = [
            _kernels.scores_and_accuracy(numbers, probabilities(pred_probs), method)
            for pred_probs in pred_probs_list
        ]
        scores, accuracies = zip(*found, strict=True)
    else:
        scores = [
            get_label_quality_scores(
                labels, pred_probs, method=method, adjust_pred_probs=adjust_pred_probs
            )
            for pred_probs in pred_probs_list
        ]
    in_type = np.result_type(*scores)
    scores = [np.ascontiguousarray(column, dtype=in_type) for column in scores]
    if verbose:
        print(f"Weighting scheme for ensemble: {weight_ensemble_members_by}")
    if weight_ensemble_members_by == "uniform":
        return _kernels.mean_scores(scores)
    weights = _ensemble_weights(
        labels,
        pred_probs_list,
        weight_ensemble_members_by,
        custom_weights,
        log_loss_search_T_values,
        verbose,
        accuracies,
    )
    return _kernels.weighted_scores(scores, real(weights))


def _ensemble_weights(
    labels, pred_probs_list, weigh_by, custom_weights, temperatures, verbose, accuracies
) -> np.ndarray:
    """(models,) what each model's scores are multiplied by; accuracies are None if not known."""
    numbers = class_numbers(labels_to_array(labels))
    if weigh_by == "accuracy":
        if accuracies is None:
            accuracies = [
                _kernels.scores_and_accuracy(numbers, probabilities(p), "self_confidence")[1]
                for p in pred_probs_list
            ]
        weights = np.array(accuracies) / sum(accuracies)
        if verbose:
            print("Ensemble members will be weighted by their relative accuracy")
            for i, (accuracy, weight) in enumerate(zip(accuracies, weights, strict=True)):
                print(f"  Model {i} accuracy : {accuracy}")
                print(f"  Model {i} weight   : {weight}")
        return weights
    if weigh_by == "log_loss_search":
        weights = _search_weights(numbers, pred_probs_list, temperatures)
        if verbose:
            print(
                "Ensemble members will be weighted by log-loss between their predicted "
                "probabilities and given labels"
            )
            for i, weight in enumerate(weights):
                print(f"  Model {i} weight   : {weight}")
        return weights
    if weigh_by == "custom":
        assert custom_weights is not None, (
            "custom_weights is None! Please pass a valid custom_weights."
        )
        assert len(custom_weights) == len(pred_probs_list), (
            "Length of custom_weights array must match the number of models: len(pred_probs_list)."
        )
        return custom_weights
    raise ValueError(
        f"{weigh_by} is not a valid weighting method for weight_ensemble_members_by! Please choose "
        "a valid weight_ensemble_members_by: uniform, accuracy, log_loss_search, custom"
    )


def _search_weights(numbers: np.ndarray, pred_probs_list, temperatures) -> np.ndarray:
    models = [probabilities(p) for p in pred_probs_list]
    present = len(np.unique(numbers))
    for i, model in enumerate(models):
        if model.shape[1] != present:
            raise ValueError(
                f"labels hold {present} classes, pred_probs_list[{i}] has {model.shape[1]} "
                "columns: log_loss_search needs labels of every class"
            )
    in_type = np.result_type(*models)
    models = [model.astype(in_type, copy=False) for model in models]
    layouts = [by_columns(p) for p in pred_probs_list]
    return _kernels.search_weights(numbers, models, layouts, real(temperatures))


# --- Rankings -------------------------------------------------------------------------------------


def _argsort(keys: np.ndarray) -> np.ndarray:
    """NumPy 1.24's argsort, the same on every machine."""
    if keys.dtype not in (np.float32, np.float64):
        keys = keys.astype(np.float64)
    return _kernels.argsort(np.ascontiguousarray(keys), True)


def find_top_issues(quality_scores: np.ndarray, *, top: int = 10) -> np.ndarray:
    """Indices of the ``top`` lowest scores, lowest first; of all if None or more than there are."""
    if top is None or top > len(quality_scores):
        top = len(quality_scores)
    return _argsort(np.asarray(quality_scores))[:top]


def order_label_issues(
    label_issues_mask: np.ndarray,
    labels: np.ndarray,
    pred_probs: np.ndarray,
    *,
    rank_by: str = "self_confidence",
    rank_by_kwargs: dict | None = None,
) -> np.ndarray:
    """Indices of the examples where the mask (N,) is true, worst score first.

    rank_by, rank_by_kwargs: ``method`` and the other options of get_label_quality_scores.
    """
    labels = labels_to_array(labels)
    assert_valid_labels_and_shape(
        X=None, y=labels, pred_probs=pred_probs, allow_one_class=only_class_zero(labels)
    )
    indices = np.arange(len(labels))[label_issues_mask]
    scores = get_label_quality_scores(labels, pred_probs, method=rank_by, **(rank_by_kwargs or {}))
    return indices[_argsort(scores[label_issues_mask])]


def only_class_zero(labels: np.ndarray) -> bool:
    """Whether no class but 0 is given: the one case in which cleanlab's filters allow one class."""
    return labels.size > 0 and labels.dtype.kind in "iubf" and not (labels.flat[0] or labels.any())
