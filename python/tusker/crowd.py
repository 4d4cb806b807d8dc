"""Several annotators, in Tusker's own order: nothing left to chance, sums compensated, labels
counted by class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tusker import _kernels, multiannotator
from tusker.internal.multiannotator_utils import check_crowd, probs_for_kernel


def crowdlab(
    labels,
    pred_probs: np.ndarray,
    *,
    consensus_method: str | list[str] = "best_quality",
    quality_method: str = "crowdlab",
    calibrate_probs: bool = False,
    return_detailed_quality: bool = True,
    return_annotator_stats: bool = True,
    return_weights: bool = False,
    verbose: bool = False,
    score: str = "self_confidence",
    adjust_pred_probs: bool = False,
) -> dict[str, Any]:
    """Consensus label of each example, and the quality of consensus, labels and annotators.

    labels: (N, M) array or DataFrame of labels 0..K-1, NaN or pd.NA where an annotator gave none.
    pred_probs: (N, K) of one model or (P, N, K) of several, float32 or float64; left as they are.
    score: "self_confidence", "normalized_margin" or "confidence_weighted_entropy".
    The other arguments and the result are those of
    ``tusker.multiannotator.get_label_quality_multiannotator``, from which it differs so: a tie that
    no rule decides goes to the lowest class, every example may be tied, shares of labels are by
    class, float32 probabilities are weighed in float64, ensembles take every method.
    """
    read = multiannotator.read_labels(labels)
    ensemble = isinstance(pred_probs, np.ndarray) and pred_probs.ndim == 3
    check_crowd(read.table, pred_probs, ensemble, annotator_ids=read.annotator_ids)
    probs = probs_for_kernel(pred_probs)
    if calibrate_probs:
        models = [probs] if not ensemble else list(probs)
        scaled = [multiannotator.calibrated(read.table, one, False)[0] for one in models]
        probs = np.stack(scaled) if ensemble else scaled[0]
    return multiannotator.label_quality(
        read,
        probs,
        multiannotator.Wanted(
            consensus_method if isinstance(consensus_method, list) else [consensus_method],
            quality_method,
            multiannotator.label_score(score, adjust_pred_probs),
            return_detailed_quality,
            return_annotator_stats,
            return_weights,
            verbose,
            cleanlab_order=False,
        ),
    )


@dataclass(frozen=True)
class DawidSkene:
    """What dawid_skene() estimates; named and indexed as crowd-kit's attributes."""

    labels: pd.Series
    """By task: the most probable label, the first of equals."""
    probas: pd.DataFrame
    """Tasks × labels: probability that the label is true; at least 1e-10."""
    priors: pd.Series
    """By label: how frequent it is; at least 1e-10."""
    errors: pd.DataFrame
    """(worker, label) × labels: probability that the worker says the label where the column is
    true. A label that a worker never gave has no row."""
    loss_history: list[float]
    """Evidence lower bound per vote after each round."""


_COLUMNS = ("task", "worker", "label")


def _long(data) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Task, worker and label of each vote."""
    if isinstance(data, pd.DataFrame):
        missing = set(_COLUMNS) - set(data.columns)
        if missing:
            raise ValueError(f"data has no column {sorted(missing)}: needs task, worker and label")
        task, worker, label = (data[name] for name in _COLUMNS)
        return task, worker, label
    table = np.asarray(data)
    if table.ndim != 2 or table.dtype.kind not in "fiub":
        raise ValueError(
            "data must be a DataFrame with columns task, worker, label, or a 2-D array of numbers "
            "with a row a task, a column a worker and NaN for no label"
        )
    tasks, workers = np.nonzero(~np.isnan(table))
    labels = table[tasks, workers]
    if (labels != np.floor(labels)).any():
        raise ValueError("data must hold whole numbers and NaN")
    return pd.Series(tasks), pd.Series(workers), pd.Series(labels.astype(np.int64))


def _check_complete(columns: tuple[pd.Series, ...]) -> None:
    lacking = [column.isna() for column in columns if column.dtype != np.int64]
    if any(mask.any() for mask in lacking):
        row = int(np.flatnonzero(np.any(lacking, axis=0))[0])
        raise ValueError(f"data: row {row} lacks a task, worker or label")


def _numbered(column: pd.Series, sort: bool = False) -> tuple[np.ndarray, Any]:
    """The number of each value, and the values: as they come or, with ``sort``, ascending."""
    if column.dtype == np.int64:
        found = _kernels.number_values(np.ascontiguousarray(column.to_numpy()), sort)
        if found is not None:
            return found
    numbers, names = pd.factorize(column, sort=sort)
    return numbers.astype(np.uint32), names


def dawid_skene(
    data,
    *,
    n_iter: int = 100,
    tol: float = 1e-5,
    true_labels: pd.Series | None = None,
    order: str = "sound",
) -> DawidSkene:
    """True labels and each worker's error matrix from votes alone, by expectation maximisation.

    data: DataFrame with columns task, worker, label (any types, no missing values), a row a vote;
    or (N, M) array with a row a task, a column a worker, NaN where there is no label.
    n_iter: most rounds; tol: stop when a round raises the lower bound per vote by less.
    true_labels: by task, labels that are known.
    order: "sound" (products of probabilities and compensated sums, the same on every machine; the
    bound is that of the probabilities before they are clipped) or "crowd-kit" (crowd-kit 1.4.2's
    bits on NumPy 1.24.4 without AVX-512; about three times slower).

    Raises ValueError naming the argument and the rule.
    Source: Dawid, Skene, Applied Statistics 28 (1979); conventions of crowd-kit.
    """
    if order not in ("sound", "crowd-kit"):
        raise ValueError(f"order = {order!r}: must be 'sound' or 'crowd-kit'")
    votes = _long(data)
    _check_complete(votes)
    tasks, task_names = _numbered(votes[0])
    workers, worker_names = _numbered(votes[1])
    labels, label_names = _numbered(votes[2], sort=True)
    label_index = pd.Index(label_names, name="label", dtype=votes[2].dtype)
    task_index = pd.Index(task_names, name="task")
    as_crowd_kit = order == "crowd-kit"
    found, probas, priors, who, said, errors, bounds = _kernels.dawid_skene(
        tasks,
        workers,
        labels,
        [len(task_names), len(worker_names), len(label_names)],
        n_iter,
        tol,
        _gold(true_labels, task_index, label_index),
        np.ascontiguousarray(task_index.argsort(), dtype=np.int64) if as_crowd_kit else None,
        as_crowd_kit,
    )
    return DawidSkene(
        labels=pd.Series(label_index[found].to_numpy(), index=task_index, name="agg_label"),
        probas=pd.DataFrame(probas, index=task_index, columns=label_index, copy=False),
        priors=pd.Series(priors, index=label_index, name="prior"),
        errors=pd.DataFrame(
            errors,
            index=pd.MultiIndex.from_arrays(
                [np.asarray(worker_names)[who], np.asarray(label_names)[said]],
                names=["worker", "label"],
            ),
            columns=pd.Index(label_names, dtype=object),
        ),
        loss_history=bounds,
    )


def _gold(true_labels, tasks: pd.Index, labels: pd.Index) -> list[tuple[int, int]]:
    if true_labels is None:
        return []
    known = true_labels[true_labels.index.isin(tasks)]
    codes = labels.get_indexer(known)
    if (codes < 0).any():
        unknown = known.iloc[int(np.flatnonzero(codes < 0)[0])]
        raise ValueError(f"true_labels: {unknown!r} is a label that no worker gave")
    return list(zip(tasks.get_indexer(known.index).tolist(), codes.tolist(), strict=True))
