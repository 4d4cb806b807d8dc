"""Checks of arguments: the exceptions are cleanlab's, the sentences say which rule was broken."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from tusker.internal.constants import FLOATING_POINT_COMPARISON
from tusker.typing import DatasetLike, LabelLike


def assert_valid_inputs(
    X: DatasetLike,
    y: LabelLike,
    pred_probs: np.ndarray | None = None,
    multi_label: bool = False,
    allow_missing_classes: bool = True,
    allow_one_class: bool = False,
) -> None:
    """Raises if labels, probabilities and features do not fit together.

    X may be None only where ``pred_probs`` (N, K) is given; y holds N labels.
    TypeError for wrong containers, ValueError for wrong shapes and values.
    """
    assert_valid_labels_and_shape(
        X, y, pred_probs, multi_label, allow_missing_classes, allow_one_class
    )
    if pred_probs is None:
        return
    if (
        np.min(pred_probs) < -FLOATING_POINT_COMPARISON
        or np.max(pred_probs) > 1 + FLOATING_POINT_COMPARISON
    ):
        raise ValueError("Values in pred_probs must be between 0 and 1.")


def assert_valid_labels_and_shape(
    X: DatasetLike,
    y: LabelLike,
    pred_probs: np.ndarray | None = None,
    multi_label: bool = False,
    allow_missing_classes: bool = True,
    allow_one_class: bool = False,
) -> None:
    """All of assert_valid_inputs but the values of ``pred_probs``, which a kernel checks as it
    reads them."""
    if not isinstance(y, list | np.ndarray | np.generic | pd.Series | pd.DataFrame):
        raise TypeError("labels should be a numpy array or pandas Series.")
    if not multi_label:
        y = labels_to_array(y)
        assert_valid_class_labels(
            y, allow_missing_classes=allow_missing_classes, allow_one_class=allow_one_class
        )
    if pred_probs is None:
        _assert_valid_features(X, len(y))
        return
    _assert_valid_shape(pred_probs, y, multi_label)
    if X is not None:
        warnings.warn(
            "When X and pred_probs are both provided, the former may be ignored.", stacklevel=2
        )


def _assert_valid_features(X: DatasetLike, rows: int) -> None:
    assert_nonempty_input(X)
    try:
        found = len(X)
    except Exception:
        try:
            found = X.shape[0]
        except Exception:
            raise TypeError("Data features X must support either: len(X) or X.shape[0]") from None
    if found != rows:
        raise ValueError(
            f"X and labels must be same length, but X is length {found} and labels is length "
            f"{rows}."
        )
    assert_indexing_works(X, length_X=found)


def _assert_valid_shape(pred_probs: np.ndarray, y, multi_label: bool) -> None:
    if not isinstance(pred_probs, np.ndarray | np.generic):
        raise TypeError("pred_probs must be a numpy array.")
    if len(pred_probs) != len(y):
        raise ValueError(
            f"pred_probs and labels must have same length, but have {len(pred_probs)} and {len(y)}."
        )
    if pred_probs.ndim != 2:
        raise ValueError(
            "pred_probs array must have shape: num_examples x num_classes, but has shape "
            f"{pred_probs.shape}."
        )
    if multi_label:
        assert isinstance(y, list)
        assert all(isinstance(classes, list) for classes in y)
        highest = max(max(classes) for classes in y if classes) + 1
    else:
        highest = y.max() + 1
    if pred_probs.shape[1] < highest:
        raise ValueError(
            f"pred_probs must have at least {highest} columns, based on the largest class index "
            "which appears in labels."
        )


def assert_valid_class_labels(
    y: np.ndarray, allow_missing_classes: bool = True, allow_one_class: bool = False
) -> None:
    """Raises ValueError unless y is (N,) whole numbers >= 0, of at least two classes; TypeError if
    a class below the largest is missing and may not be."""
    if y.ndim != 1:
        raise ValueError(f"Labels must be 1D numpy array, but have {y.ndim} dimensions.")
    if y.dtype.kind == "U" or (y.dtype.kind == "O" and any(isinstance(z, str) for z in y)):
        raise ValueError(
            "Labels cannot be strings, they must be zero-indexed integers corresponding to class "
            "indices."
        )
    if y.dtype.kind not in "iub" and not np.equal(np.mod(y, 1), 0).all():
        raise ValueError("Labels must be zero-indexed integers corresponding to class indices.")
    least = y.min()
    if least < 0:
        raise ValueError("Labels must be positive integers corresponding to class indices.")
    # Two that differ are mostly met at once.
    if not allow_one_class and y[0] == y[-1] and least == y.max():
        raise ValueError("Labels must contain at least 2 classes.")
    if not allow_missing_classes:
        classes = np.unique(y)
        if (classes != np.arange(len(classes))).any():
            raise TypeError(
                "cleanlab requires zero-indexed integer labels (0,1,2,..,K-1), but in your case: "
                f"np.unique(labels) = {classes}. "
                "Every class in (0,1,2,..,K-1) must be present in labels as well."
            )


def assert_nonempty_input(X: Any) -> None:
    """ValueError if X is None."""
    if X is None:
        raise ValueError("Data features X cannot be None. Currently X is None.")


def assert_indexing_works(
    X: DatasetLike, idx: list[int] | None = None, length_X: int | None = None
) -> None:
    """TypeError if a list of rows cannot be taken from X."""
    rows = idx if idx is not None else [0, (2 if length_X is None else length_X) - 1]
    if isinstance(X, pd.DataFrame | pd.Series):
        X = X.iloc
    elif is_torch_dataset(X):
        return
    try:
        X[rows]
    except Exception:
        raise TypeError(
            "Data features X must support list-based indexing; i.e. one of these must work: \n"
            "1)  X[index_list] where say index_list = [0,1,3,10], or \n"
            "2)  X.iloc[index_list] if X is pandas DataFrame."
        ) from None


def is_torch_dataset(X) -> bool:
    """Whether X is a dataset of PyTorch; False where PyTorch is not there."""
    try:
        from torch.utils.data import Dataset
    except Exception:
        return False
    return isinstance(X, Dataset)


def labels_to_array(y: LabelLike | np.generic) -> np.ndarray:
    """Labels as an array. ValueError for a table of several columns, or a ragged list."""
    if isinstance(y, pd.Series):
        return y.to_numpy()
    if isinstance(y, pd.DataFrame):
        if y.shape[1] != 1:
            raise ValueError(f"labels must be one dimensional, but have {y.shape[1]} columns.")
        return y.to_numpy().ravel()
    try:
        return np.asarray(y)
    except Exception:
        raise ValueError(
            "List of labels must be convertable to 1D numpy array via: np.ndarray(labels)."
        ) from None


def labels_to_list_multilabel(y: list) -> list[list[int]]:
    """The same list; ValueError unless it is a list of lists."""
    if not isinstance(y, list):
        raise ValueError("Unsupported Label format")
    if not all(isinstance(classes, list) for classes in y):
        raise ValueError("Each element in list of labels must be a list.")
    return y
