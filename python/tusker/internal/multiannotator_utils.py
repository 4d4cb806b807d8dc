"""Checks and calibration for labels of several annotators, under cleanlab's names.

A table of labels is (N, M): a row an example, a column an annotator, NaN where there is no label.
"""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

from tusker import _kernels


class LabelTable(NamedTuple):
    """The labels that a table holds, gathered once."""

    wide: _kernels.WideVotes
    annotators: int
    integers: bool  # cleanlab counts integers otherwise than whole floats

    def votes(self, classes: int) -> _kernels.Votes:
        return self.wide.votes(self.annotators, classes, self.integers)


def gather_labels(labels_multiannotator: np.ndarray) -> LabelTable:
    """Reads a 2-D array of numbers. Raises ValueError for other shapes and for strings."""
    if labels_multiannotator.ndim != 2:
        raise ValueError(
            "labels_multiannotator must be a 2D array or dataframe, with a row for each example "
            f"and a column for each annotator, but has {labels_multiannotator.ndim} dimensions."
        )
    if labels_multiannotator.dtype.kind in "OSU":
        if any(isinstance(label, str) for label in labels_multiannotator.ravel()):
            raise ValueError("Labels cannot be strings, they must be integers 0, 1, ..., K-1.")
        np.isnan(labels_multiannotator)  # raises NumPy's TypeError: objects are no numbers
    table = np.asarray(labels_multiannotator, dtype=np.float64)
    if not (table.flags.c_contiguous or table.flags.f_contiguous):
        table = np.ascontiguousarray(table)
    integers = labels_multiannotator.dtype.kind in "iu"
    return LabelTable(_kernels.crowd_gather(table), table.shape[1], integers)


def classes_of(labels: LabelTable) -> int:
    """One more than the largest label."""
    return int(labels.wide.most) + 1


def probs_for_kernel(pred_probs: np.ndarray, name: str = "pred_probs") -> np.ndarray:
    """Float32 and float64 as they are, others as float64; contiguous.

    Raises ValueError for NaN, infinity or a single class, naming ``name``.
    """
    probs = np.asarray(pred_probs)
    if probs.dtype not in (np.float32, np.float64):
        probs = probs.astype(np.float64)
    if probs.shape[-1] < 2:
        raise ValueError(
            f"{name} has {probs.shape[-1]} columns: must have one for each of 2 or more classes."
        )
    probs = np.ascontiguousarray(probs)
    if not np.isfinite(probs).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(probs))[0])
        raise ValueError(f"{name}{list(where)} = {probs[where]}: must be a probability.")
    return probs


def _check_labels(
    labels: LabelTable, allow_single_label: bool, annotator_ids: pd.Index | None
) -> None:
    per_item = labels.wide.per_item
    if (per_item == 0).any():
        rows = np.flatnonzero(per_item == 0).tolist()
        raise ValueError(
            "labels_multiannotator cannot have rows with all NaN: an example needs a label.\n"
            f"Examples {rows} do not have any labels."
        )
    per_annotator = labels.wide.per_annotator(labels.annotators)
    if (per_annotator == 0).any():
        columns = np.flatnonzero(per_annotator == 0)
        names = columns.tolist() if annotator_ids is None else list(annotator_ids[columns])
        raise ValueError(
            "labels_multiannotator cannot have columns with all NaN: an annotator needs a label.\n"
            f"Annotators {names} did not label any examples."
        )
    if not allow_single_label:
        if labels.annotators <= 1:
            raise ValueError(
                "labels_multiannotator must have more than one column; for one annotator use "
                "rank.get_label_quality_scores."
            )
        if (per_item == 1).all():
            raise ValueError(
                "Each example only has one label: pass them as a 1-D array to "
                "rank.get_label_quality_scores."
            )
        if not labels.wide.any_agreement:
            warnings.warn("Annotators do not agree on any example. Check input data.", stacklevel=4)
    if not labels.wide.integral:
        raise ValueError("Labels must be zero-indexed integers corresponding to class indices.")
    if labels.wide.least < 0:
        raise ValueError("Labels must be positive integers corresponding to class indices.")


def _check_probs(labels: LabelTable, pred_probs: np.ndarray, ensemble: bool) -> None:
    if not isinstance(pred_probs, np.ndarray):
        raise TypeError("pred_probs must be a numpy array.")
    _check_dimensions(pred_probs, ensemble, "pred_probs")
    if pred_probs.shape[-2] != len(labels.wide.per_item):
        which = "each pred_probs" if ensemble else "pred_probs"
        raise ValueError(f"{which} and labels_multiannotator must have same length.")
    if pred_probs.shape[-1] < classes_of(labels):
        raise ValueError(
            f"pred_probs must have at least {classes_of(labels)} columns, because the largest "
            f"label is {classes_of(labels) - 1}. A classifier trained on consensus labels may have "
            "lost classes that are rarely annotated."
        )


def _check_dimensions(pred_probs: np.ndarray, ensemble: bool, name: str) -> None:
    expected = 3 if ensemble else 2
    if pred_probs.ndim == expected:
        return
    message = f"{name} must be a {expected}d array."
    if pred_probs.ndim == 5 - expected:
        version = "non-ensemble" if ensemble else "ensemble"
        message += f" For a {pred_probs.ndim}d {name} use the {version} version of this function."
    raise ValueError(message)


def check_crowd(
    labels: LabelTable,
    pred_probs: np.ndarray | None = None,
    ensemble: bool = False,
    allow_single_label: bool = False,
    annotator_ids: pd.Index | None = None,
) -> None:
    """What assert_valid_inputs_multiannotator checks, over labels gathered already."""
    _check_labels(labels, allow_single_label, annotator_ids)
    if pred_probs is not None:
        _check_probs(labels, pred_probs, ensemble)


def assert_valid_inputs_multiannotator(
    labels_multiannotator: np.ndarray,
    pred_probs: np.ndarray | None = None,
    ensemble: bool = False,
    allow_single_label: bool = False,
    annotator_ids: pd.Index | None = None,
) -> None:
    """Raises ValueError or TypeError naming the rule that labels or probabilities break.

    labels_multiannotator: (N, M) numbers.
    pred_probs: (N, K), or with ``ensemble`` (P, N, K), K above the largest label.
    allow_single_label: one annotator, or one label for every example, is enough.
    annotator_ids: the columns' names, for messages.
    Warns (UserWarning) if no two annotators agree on any example.
    """
    check_crowd(
        gather_labels(labels_multiannotator),
        pred_probs,
        ensemble,
        allow_single_label,
        annotator_ids,
    )


def assert_valid_pred_probs(
    pred_probs: np.ndarray | None = None,
    pred_probs_unlabeled: np.ndarray | None = None,
    ensemble: bool = False,
) -> None:
    """Checks the shapes of (N, K) and (M, K) arrays, or with ``ensemble`` of (P, ., K) ones."""
    given = {"pred_probs": pred_probs, "pred_probs_unlabeled": pred_probs_unlabeled}
    given = {name: probs for name, probs in given.items() if probs is not None}
    if not given:
        raise ValueError(
            "pred_probs and pred_probs_unlabeled cannot both be None, specify at least one."
        )
    for name, probs in given.items():
        if not isinstance(probs, np.ndarray):
            raise TypeError(f"{name} must be a numpy array.")
        _check_dimensions(probs, ensemble, name)
    if len({probs.shape[-1] for probs in given.values()}) > 1:
        raise ValueError("pred_probs and pred_probs_unlabeled must have the same number of classes")


def format_multiannotator_labels(labels) -> tuple[pd.DataFrame, dict]:
    """Labels of any type as 0..K-1, in the order of their values.

    labels: (N, M) array or DataFrame of numbers or strings; NaN, None-like pd.NA and the string
    "nan" (as NumPy makes it of NaN among strings) are no labels.
    Returns the table as a DataFrame and {number: label}.
    """
    if not isinstance(labels, (pd.DataFrame, np.ndarray)):
        raise TypeError("labels must be 2D numpy array or pandas DataFrame")
    table = pd.DataFrame(labels) if isinstance(labels, np.ndarray) else labels
    found = pd.unique(np.asarray(labels).ravel())
    try:
        found = np.sort(found[~np.isnan(found)])
    except TypeError:
        missing = [one is np.nan or one is pd.NA or one == "nan" for one in found]
        found = np.sort(found[~np.array(missing, dtype=bool)])
    if found.dtype == "float":
        found = found.astype("int")
    return table.replace({label: k for k, label in enumerate(found)}), dict(enumerate(found))


def warn_of_lost_classes(classes_given, consensus_label, consensus_method: str) -> None:
    """Prints which of the classes that annotators gave are no consensus."""
    lost = sorted(set(map(int, classes_given)) - set(np.unique(consensus_label).astype(int)))
    if lost:
        print(
            f"CAUTION: by consensus method '{consensus_method}' the classes {lost} are the label "
            "of no example, though annotators gave them. A classifier trained on the consensus "
            "will never see them unless you change some of its labels."
        )


def check_consensus_label_classes(
    labels_multiannotator: np.ndarray, consensus_label: np.ndarray, consensus_method: str
) -> None:
    """Prints a caution if a class that annotators gave is no consensus label."""
    given = np.unique(labels_multiannotator[~np.isnan(labels_multiannotator)])
    warn_of_lost_classes(given, consensus_label, consensus_method)


def find_best_temp_scaler(labels_multiannotator: np.ndarray, pred_probs: np.ndarray) -> float:
    """The temperature at which ``pred_probs`` (N, K) fit best to how the labels are spread.

    It minimises the mean soft cross-entropy against each example's label shares, as cleanlab counts
    them: by rank among the example's labels.
    """
    probs = probs_for_kernel(pred_probs)
    votes = gather_labels(labels_multiannotator).votes(probs.shape[1])
    return _kernels.crowd_temperature(votes, probs, True)


def temp_scale_pred_probs(pred_probs: np.ndarray, temp: float) -> np.ndarray:
    """``pred_probs`` (N, K) sharpened (temp < 1) or smoothed (temp > 1); rows sum to 1."""
    return _kernels.crowd_temper(probs_for_kernel(pred_probs), temp, True)
