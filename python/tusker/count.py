"""How many labels are wrong, and in which way: thresholds, confident joint, latent estimates.

Source: Northcutt, Jiang, Chuang, "Confident Learning", JAIR 70 (2021). Functions, arguments and
results are those of ``cleanlab.count`` 2.9.0. N examples, K classes; K is the number of columns of
``pred_probs``.
"""

import warnings

import numpy as np

from tusker import _kernels
from tusker.internal.constants import FLOATING_POINT_COMPARISON, TINY_VALUE
from tusker.internal.kernel_arrays import (
    by_columns,
    class_numbers,
    laid_out,
    probabilities,
    real,
)
from tusker.internal.latent_algebra import (
    compute_inv_noise_matrix,
    compute_noise_matrix_from_inverse,
    compute_py,
)
from tusker.internal.multilabel_utils import get_onehot_num_classes, stack_complement
from tusker.internal.util import (
    append_extra_datapoint,
    get_num_classes,
    is_torch_dataset,
    train_val_split,
    value_counts_fill_missing_classes,
)
from tusker.internal.validation import (
    assert_valid_inputs,
    assert_valid_labels_and_shape,
    labels_to_array,
)
from tusker.typing import LabelLike

__all__ = [
    "calibrate_confident_joint",
    "compute_confident_joint",
    "compute_inv_noise_matrix",
    "compute_noise_matrix_from_inverse",
    "compute_py",
    "estimate_confident_joint_and_cv_pred_proba",
    "estimate_cv_predicted_probabilities",
    "estimate_joint",
    "estimate_latent",
    "estimate_noise_matrices",
    "estimate_py_and_noise_matrices_from_probabilities",
    "estimate_py_noise_matrices_and_cv_pred_proba",
    "get_confident_thresholds",
    "num_label_issues",
]

# --- How many -------------------------------------------------------------------------------------


def num_label_issues(
    labels: LabelLike,
    pred_probs: np.ndarray,
    *,
    confident_joint: np.ndarray | None = None,
    estimation_method: str = "off_diagonal",
    multi_label: bool = False,
) -> int:
    """Number of examples whose label is probably wrong.

    labels: (N,) integers in 0..K-1, at least two different; with ``multi_label`` a list of lists.
    pred_probs: (N, K), each in [0, 1].
    estimation_method: ``off_diagonal`` counts the examples confidently in another class;
        ``off_diagonal_calibrated`` the same after the joint is scaled to the labels' frequencies;
        ``off_diagonal_custom`` reads the number off ``confident_joint``, (K, K).
    ValueError for another method, or ``off_diagonal_custom`` without a joint.
    """
    if isinstance(confident_joint, np.ndarray) and estimation_method != "off_diagonal_custom":
        warnings.warn(
            "The supplied `confident_joint` is ignored as `confident_joint` is recomuputed "
            "internally using the supplied `labels` and `pred_probs`. If you still want to use "
            "custom `confident_joint` call function with "
            "`estimation_method='off_diagonal_custom'`.",
            stacklevel=2,
        )
    if multi_label:
        return _num_label_issues_multilabel(labels, pred_probs, confident_joint)
    labels = labels_to_array(labels)
    assert_valid_labels_and_shape(X=None, y=labels, pred_probs=pred_probs)

    if estimation_method == "off_diagonal":
        probs = probabilities(pred_probs)
        none = np.empty(0, probs.dtype)
        _, _, count = _kernels.confident_joint(class_numbers(labels), probs, none, False, True)
        return np.int64(count)
    if estimation_method == "off_diagonal_calibrated":
        confident_joint = compute_confident_joint(labels, pred_probs)
    elif estimation_method == "off_diagonal_custom":
        if not isinstance(confident_joint, np.ndarray):
            raise ValueError(
                "No `confident_joint` provided. For 'estimation_method' = off_diagonal_custom you "
                "need to provide pre-calculated `confident_joint` matrix. Use a different "
                "`estimation_method` if you want the `confident_joint` matrix to be calculated for "
                "you."
            )
    else:
        raise ValueError(
            f"{estimation_method} is not a valid estimation method! Please choose a valid "
            "estimation method: off_diagonal, off_diagonal_calibrated, off_diagonal_custom"
        )
    joint = estimate_joint(labels, pred_probs, confident_joint=confident_joint)
    return np.rint((1.0 - joint.trace()) * len(labels)).astype(int)


def _num_label_issues_multilabel(
    labels: LabelLike, pred_probs: np.ndarray, confident_joint: np.ndarray | None = None
) -> int:
    from tusker.filter import find_label_issues

    issues = find_label_issues(
        labels=labels,
        pred_probs=pred_probs,
        confident_joint=confident_joint,
        multi_label=True,
        filter_by="confident_learning",
    )
    return np.sum(issues)


def _reduce_issues(pred_probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N,) whether an example is never an issue: its class is the most probable once 1e-6 is added
    to it."""
    _, agrees = _kernels.top_classes(class_numbers(labels), probabilities(pred_probs))
    return agrees.astype(bool)


# --- Thresholds and joint -------------------------------------------------------------------------


def get_confident_thresholds(
    labels: LabelLike, pred_probs: np.ndarray, multi_label: bool = False
) -> np.ndarray:
    """(K,) mean probability of each class over the examples given it, at least 2e-6; 2 where no
    example is. With ``multi_label`` (K, 2), for not having and having the class."""
    if multi_label:
        assert isinstance(labels, list)
        return _get_confident_thresholds_multilabel(labels, pred_probs)
    probs = probabilities(pred_probs)
    labels = class_numbers(labels_to_array(labels))
    thresholds, in_double = _kernels.confident_thresholds(labels, probs, True)
    return thresholds if in_double else thresholds.astype(probs.dtype)


def _get_confident_thresholds_multilabel(labels: list, pred_probs: np.ndarray) -> np.ndarray:
    return np.array(
        [
            get_confident_thresholds(has_it, binary).astype(float)
            for has_it, binary in _binary_problems(labels, pred_probs)
        ]
    )


def _binary_problems(labels: list, pred_probs: np.ndarray):
    """(labels 0 or 1, probabilities (N, 2)) of each class."""
    rows, _ = get_onehot_num_classes(labels, pred_probs)
    for has_it, probs in zip(rows.T, pred_probs.T, strict=False):
        yield has_it, stack_complement(probs)


def _bounds_of(thresholds, probs: np.ndarray) -> np.ndarray:
    """(K,) in the type of ``probs``: p >= bound says what p >= thresholds - 1e-6 says to NumPy."""
    reduced = np.asarray(thresholds) - FLOATING_POINT_COMPARISON
    compared_in = probs.dtype if reduced.ndim == 0 else np.result_type(probs, reduced)
    rows = np.broadcast_to(reduced.astype(compared_in), (1, probs.shape[1]))[0]
    bounds = rows.astype(probs.dtype)
    too_low = bounds.astype(compared_in) < rows
    return np.where(too_low, np.nextafter(bounds, np.inf, dtype=probs.dtype), bounds)


def compute_confident_joint(
    labels: LabelLike,
    pred_probs: np.ndarray,
    *,
    thresholds: np.ndarray | list | None = None,
    calibrate: bool = True,
    multi_label: bool = False,
    return_indices_of_off_diagonals: bool = False,
) -> np.ndarray | tuple[np.ndarray, list]:
    """(K, K) counts of examples given class [row] that are confidently of class [column].

    An example is confident in class k where p >= thresholds[k] - 1e-6; of several such classes the
    most probable of all counts. Each diagonal entry is at least 1.

    thresholds: (K,), else get_confident_thresholds of the same input.
    calibrate: scale rows to the labels' frequencies; see calibrate_confident_joint.
    multi_label: (K, 2, 2) instead, [class, given, true]; labels are a list of lists.
    return_indices_of_off_diagonals: also the examples counted off the diagonal, ascending; with
        ``multi_label`` a list of such arrays.
    """
    if multi_label:
        if not isinstance(labels, list):
            raise TypeError("`labels` must be list when `multi_label=True`.")
        return _compute_confident_joint_multi_label(
            labels, pred_probs, thresholds, calibrate, return_indices_of_off_diagonals
        )
    labels = class_numbers(labels_to_array(labels))
    probs = probabilities(pred_probs)
    bounds = np.empty(0, probs.dtype) if thresholds is None else _bounds_of(thresholds, probs)
    confident_joint, off_diagonal, _ = _kernels.confident_joint(
        labels, probs, bounds, bool(calibrate), True
    )
    if return_indices_of_off_diagonals:
        return confident_joint, off_diagonal
    return confident_joint


def _compute_confident_joint_multi_label(
    labels: list,
    pred_probs: np.ndarray,
    thresholds: np.ndarray | list | None = None,
    calibrate: bool = True,
    return_indices_of_off_diagonals: bool = False,
) -> np.ndarray | tuple[np.ndarray, list]:
    found = [
        compute_confident_joint(
            has_it,
            binary,
            thresholds=thresholds,
            calibrate=calibrate,
            return_indices_of_off_diagonals=True,
        )
        for has_it, binary in _binary_problems(labels, pred_probs)
    ]
    joints = np.array([joint for joint, _ in found])
    if return_indices_of_off_diagonals:
        return joints, [indices for _, indices in found]
    return joints


def calibrate_confident_joint(
    confident_joint: np.ndarray, labels: LabelLike, *, multi_label: bool = False
) -> np.ndarray:
    """(K, K) integers in proportion to each row of the joint, whose rows sum to how often each
    class is given, and which sum to N. With ``multi_label`` (K, 2, 2).

    confident_joint: (K, K), each >= 0 and finite, else ValueError.
    """
    if multi_label:
        if not isinstance(labels, list):
            raise TypeError("`labels` must be list when `multi_label=True`.")
        return _calibrate_confident_joint_multilabel(confident_joint, labels)
    counts = value_counts_fill_missing_classes(labels_to_array(labels), len(confident_joint))
    return _kernels.calibrate(
        real(confident_joint), by_columns(confident_joint), counts.astype(np.int64)
    )


def _calibrate_confident_joint_multilabel(confident_joint: np.ndarray, labels: list) -> np.ndarray:
    rows, _ = get_onehot_num_classes(labels)
    return np.array(
        [
            calibrate_confident_joint(joint, has_it)
            for joint, has_it in zip(confident_joint, rows.T, strict=False)
        ]
    )


def estimate_joint(
    labels: LabelLike,
    pred_probs: np.ndarray,
    *,
    confident_joint: np.ndarray | None = None,
    multi_label: bool = False,
) -> np.ndarray:
    """(K, K) shares of examples given class [row] and truly of class [column]; sum 1.

    confident_joint: counts to use instead of those found here; calibrated unless labels are None.
    With ``multi_label`` (K, 2, 2), each class summing to 1.
    """
    if multi_label and not isinstance(labels, list):
        raise TypeError("`labels` must be list when `multi_label=True`.")
    if multi_label:
        return _estimate_joint_multilabel(labels, pred_probs, confident_joint=confident_joint)
    if confident_joint is None:
        counts = compute_confident_joint(labels, pred_probs)
    elif labels is not None:
        counts = calibrate_confident_joint(confident_joint, labels)
    else:
        counts = confident_joint
    assert isinstance(counts, np.ndarray)
    return counts / max(float(np.sum(counts)), TINY_VALUE)


def _estimate_joint_multilabel(
    labels: list, pred_probs: np.ndarray, *, confident_joint: np.ndarray | None = None
) -> np.ndarray:
    if confident_joint is None:
        confident_joint = compute_confident_joint(labels, pred_probs, multi_label=True)
    return np.array(
        [
            estimate_joint(has_it, binary, confident_joint=confident_joint[k])
            for k, (has_it, binary) in enumerate(_binary_problems(labels, pred_probs))
        ]
    )


# --- What lies behind -----------------------------------------------------------------------------


def estimate_latent(
    confident_joint: np.ndarray,
    labels: np.ndarray,
    *,
    py_method: str = "cnt",
    converge_latent_estimates: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(py, noise matrix P(given | true), inverse noise matrix P(true | given)).

    confident_joint: (K, K). py_method: see ``internal.latent_algebra.compute_py``.
    converge_latent_estimates: make the three agree by computing each from the others.
    ValueError for another py_method; numpy.linalg.LinAlgError if ``eqn`` has no answer.
    """
    counts = value_counts_fill_missing_classes(labels, len(confident_joint))
    columns_first = by_columns(confident_joint)
    try:
        py, noise, inverse = _kernels.estimate_latent(
            real(confident_joint),
            columns_first,
            counts / float(len(labels)),
            py_method,
            converge_latent_estimates,
        )
    except ValueError as error:
        if "Singular matrix" in str(error):
            raise np.linalg.LinAlgError("Singular matrix") from None
        raise
    return py, laid_out(noise, columns_first), laid_out(inverse, not columns_first)


def _converge_estimates(
    ps: np.ndarray,
    py: np.ndarray,
    noise_matrix: np.ndarray,
    inverse_noise_matrix: np.ndarray,
    *,
    inv_noise_matrix_iterations: int = 5,
    noise_matrix_iterations: int = 3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(py, noise matrix, inverse), each computed from the others so many times."""
    return _kernels.converge(
        real(ps),
        real(py),
        real(noise_matrix),
        by_columns(noise_matrix),
        real(inverse_noise_matrix),
        inv_noise_matrix_iterations,
        noise_matrix_iterations,
    )


def estimate_py_and_noise_matrices_from_probabilities(
    labels: np.ndarray,
    pred_probs: np.ndarray,
    *,
    thresholds: np.ndarray | list | None = None,
    converge_latent_estimates: bool = True,
    py_method: str = "cnt",
    calibrate: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(py, noise matrix, inverse noise matrix, confident joint)."""
    confident_joint = compute_confident_joint(
        labels, pred_probs, thresholds=thresholds, calibrate=calibrate
    )
    latent = estimate_latent(
        confident_joint,
        labels,
        py_method=py_method,
        converge_latent_estimates=converge_latent_estimates,
    )
    return *latent, confident_joint


# --- With a classifier ----------------------------------------------------------------------------


def _fresh_copy(clf):
    """An untrained copy; None is logistic regression."""
    import sklearn.base
    from sklearn.linear_model import LogisticRegression

    if clf is None:
        return LogisticRegression(solver="lbfgs")
    try:
        return sklearn.base.clone(clf)
    except Exception:
        raise ValueError(
            "`clf` must be clonable via: sklearn.base.clone(clf). You can either implement instance"
            " method `clf.get_params()` to produce a fresh untrained copy of this model, or you can"
            " implement the cross-validation outside of cleanlab and pass in the obtained"
            " `pred_probs` to skip cleanlab's internal cross-validation"
        ) from None


def _with_every_class(train, train_labels, holdout, holdout_labels, num_classes: int):
    """(features, labels, {class: row of holdout lent to it}): a class that no training example has
    borrows its first held-out one."""
    missing = sorted(set(range(num_classes)) - set(train_labels))
    if missing:
        warnings.warn(
            "Duplicated some data across multiple folds to ensure training does not fail because "
            f"these classes do not have enough data for proper cross-validation: {set(missing)}.",
            stacklevel=2,
        )
    lent = {}
    for k in missing:
        lent[k] = np.flatnonzero(holdout_labels == k)[0]
        train_labels = np.append(train_labels, k)
        train = append_extra_datapoint(to_data=train, from_data=holdout, index=lent[k])
    return train, train_labels, lent


def estimate_confident_joint_and_cv_pred_proba(
    X,
    labels,
    clf=None,
    *,
    cv_n_folds=5,
    thresholds=None,
    seed=None,
    calibrate=True,
    clf_kwargs=None,
    validation_func=None,
) -> tuple[np.ndarray, np.ndarray]:
    """(confident joint, (N, K) out-of-sample probabilities by stratified cross-validation).

    X: features that can be indexed by a list of rows. labels: every class 0..K-1 occurs.
    clf: a scikit-learn classifier, None for logistic regression; ``clf_kwargs`` go to its fit().
    validation_func: called with held-out features and labels; what it returns goes to fit(), too.
    """
    from sklearn.model_selection import StratifiedKFold

    assert_valid_inputs(X, labels)
    labels = labels_to_array(labels)
    num_classes = get_num_classes(labels=labels)
    if validation_func is not None and not callable(validation_func):
        raise TypeError("validation_func must be callable function with args: X_val, y_val")

    pred_probs = np.zeros((len(labels), num_classes))
    folds = StratifiedKFold(n_splits=cv_n_folds, shuffle=True, random_state=seed)
    for train_rows, holdout_rows in folds.split(X=labels, y=labels):
        model = _fresh_copy(clf)
        train, holdout, train_labels, holdout_labels = train_val_split(
            X, labels, train_rows, holdout_rows
        )
        lent = {}
        if not is_torch_dataset(X):
            train, train_labels, lent = _with_every_class(
                train, train_labels, holdout, holdout_labels, num_classes
            )
        extra = {} if validation_func is None else validation_func(holdout, holdout_labels)
        model.fit(train, train_labels, **(clf_kwargs or {}), **extra)
        found = model.predict_proba(holdout)
        for k, row in lent.items():  # the model has seen it: what it says of it is no prediction
            found[row] = np.eye(found.shape[1])[k]
        pred_probs[holdout_rows] = found
    confident_joint = compute_confident_joint(
        labels, pred_probs, thresholds=thresholds, calibrate=calibrate
    )
    return confident_joint, pred_probs


def estimate_py_noise_matrices_and_cv_pred_proba(
    X,
    labels,
    clf=None,
    *,
    cv_n_folds=5,
    thresholds=None,
    converge_latent_estimates=False,
    py_method="cnt",
    seed=None,
    clf_kwargs=None,
    validation_func=None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(py, noise matrix, inverse noise matrix, confident joint, out-of-sample probabilities)."""
    confident_joint, pred_probs = estimate_confident_joint_and_cv_pred_proba(
        X,
        labels,
        clf,
        cv_n_folds=cv_n_folds,
        thresholds=thresholds,
        seed=seed,
        clf_kwargs=clf_kwargs,
        validation_func=validation_func,
    )
    latent = estimate_latent(
        confident_joint,
        labels,
        py_method=py_method,
        converge_latent_estimates=converge_latent_estimates,
    )
    return *latent, confident_joint, pred_probs


def estimate_cv_predicted_probabilities(
    X, labels, clf=None, *, cv_n_folds=5, seed=None, clf_kwargs=None, validation_func=None
) -> np.ndarray:
    """(N, K) out-of-sample probabilities by stratified cross-validation."""
    return estimate_confident_joint_and_cv_pred_proba(
        X,
        labels,
        clf,
        cv_n_folds=cv_n_folds,
        seed=seed,
        clf_kwargs=clf_kwargs,
        validation_func=validation_func,
    )[1]


def estimate_noise_matrices(
    X,
    labels,
    clf=None,
    *,
    cv_n_folds=5,
    thresholds=None,
    converge_latent_estimates=True,
    seed=None,
    clf_kwargs=None,
    validation_func=None,
) -> tuple[np.ndarray, np.ndarray]:
    """(noise matrix, inverse noise matrix)."""
    estimates = estimate_py_noise_matrices_and_cv_pred_proba(
        X,
        labels,
        clf,
        cv_n_folds=cv_n_folds,
        thresholds=thresholds,
        converge_latent_estimates=converge_latent_estimates,
        seed=seed,
        clf_kwargs=clf_kwargs,
        validation_func=validation_func,
    )
    return estimates[1], estimates[2]
