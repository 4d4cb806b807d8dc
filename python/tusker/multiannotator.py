"""Classification data labelled by several annotators: consensus, its quality, who is reliable, and
what to label next.

The functions give cleanlab 2.9.0's results to the last bit (on NumPy 1.24.4 without AVX-512), with
its defects: see the documentation of ``tusker.crowdlab`` for the sound variant.

Sources: CROWDLAB, arXiv 2210.06812; ActiveLab, arXiv 2301.11856.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tusker import _kernels
from tusker.internal.multiannotator_utils import (
    LabelTable,
    assert_valid_pred_probs,
    check_crowd,
    classes_of,
    gather_labels,
    probs_for_kernel,
    warn_of_lost_classes,
)

_CONSENSUS_METHODS = ["majority_vote", "best_quality"]
_QUALITY_METHODS = ["crowdlab", "agreement"]
_SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


@dataclass(frozen=True)
class Labels:
    """A table of labels and the names that come back with the results."""

    table: LabelTable
    annotator_ids: pd.Index | None
    index: pd.Index | None


def read_labels(labels_multiannotator) -> Labels:
    """Raises ValueError for what is neither an array nor a DataFrame."""
    if isinstance(labels_multiannotator, pd.DataFrame):
        frame = labels_multiannotator
        if not all(isinstance(t, np.dtype) and t.kind in "fiub" for t in frame.dtypes):
            frame = frame.astype(object).where(frame.notna(), np.nan)
        table = gather_labels(frame.to_numpy(dtype=float))
        return Labels(table, frame.columns, frame.index)
    if isinstance(labels_multiannotator, np.ndarray):
        return Labels(gather_labels(labels_multiannotator), None, None)
    raise ValueError("labels_multiannotator must be either a NumPy array or Pandas DataFrame.")


def label_score(
    method: str = "self_confidence", adjust_pred_probs: bool = False
) -> _kernels.LabelScore:
    """The score of that name. Raises ValueError for an unknown one."""
    if method not in _SCORES:
        raise ValueError(
            f"{method} is not a valid scoring method for rank_by! "
            f"Please choose a valid rank_by: {', '.join(_SCORES)}"
        )
    return _kernels.crowd_label_score(method, adjust_pred_probs)


def _majority(table: LabelTable, pred_probs: np.ndarray | None, cleanlab_order: bool):
    """Majority labels (N,) int64; what no rule decides is drawn with NumPy's generator, or under
    the sound order the lowest class."""
    classes = classes_of(table) if pred_probs is None else pred_probs.shape[1]
    labels, undecided = _kernels.crowd_majority(table.votes(classes), pred_probs, cleanlab_order)
    if undecided and cleanlab_order:
        warnings.warn(
            f"the majority of examples {[item for item, _ in undecided]} is tied and drawn at "
            "random; call numpy.random.seed before to repeat it",
            stacklevel=3,
        )
        for item, tied in undecided:
            labels[item] = np.random.choice(tied)
    return labels


class _Judge:
    """The steps that a majority and the best quality have in common."""

    def __init__(self, labels: Labels, pred_probs: np.ndarray, wanted: "Wanted"):
        self.labels = labels
        self.ensemble = pred_probs.ndim == 3
        self.stack = pred_probs if self.ensemble else pred_probs[np.newaxis]
        self.votes = labels.table.votes(pred_probs.shape[-1])
        self.wanted = wanted
        self.agreement = wanted.quality_method == "agreement"

    def consensus(self, labels: np.ndarray) -> _kernels.Consensus:
        made = _kernels.crowd_judge(
            self.votes,
            self.stack,
            self.ensemble,
            labels,
            self.agreement,
            self.wanted.score,
            self.wanted.cleanlab_order,
        )
        if self.wanted.verbose and made.without_overlap:
            print(
                f"Annotator(s) {made.without_overlap} share no example with another annotator; "
                "the average agreement of the others is taken as theirs."
            )
        return made

    def by_method(self, method: str, by_majority: _kernels.Consensus) -> _kernels.Consensus:
        if method == "majority_vote":
            return by_majority
        if method == "best_quality":
            return self.consensus(_kernels.crowd_best_labels(by_majority, by_majority.labels))
        raise ValueError(
            f"{method} is not a valid consensus method! "
            f"Please choose a valid consensus_method: {_CONSENSUS_METHODS}"
        )

    def details(self, consensus: _kernels.Consensus) -> dict[str, pd.DataFrame]:
        """Quality of each label and statistics of annotators, as far as they are wanted."""
        results = {}
        scores = None
        # cleanlab's statistics know the chosen score only if every label's quality is returned.
        if self.wanted.detailed_quality or not self.wanted.cleanlab_order:
            scores = self.vote_scores(consensus, self.wanted.score)
        if self.wanted.detailed_quality:
            results["detailed_label_quality"] = self.detailed_quality(scores)
        if self.wanted.annotator_stats:
            results["annotator_stats"] = self.annotator_stats(consensus, scores)
        return results

    def vote_scores(self, consensus, score) -> np.ndarray:
        return _kernels.crowd_score_votes(self.votes, consensus, score, self.wanted.cleanlab_order)

    def detailed_quality(self, scores) -> pd.DataFrame:
        annotators = self.labels.table.annotators
        ids = self.labels.annotator_ids
        header = pd.DataFrame(columns=pd.RangeIndex(annotators) if ids is None else ids)
        columns = np.empty((annotators, len(self.labels.table.wide.per_item)))
        _kernels.crowd_table(self.votes, scores, columns)
        return pd.DataFrame(
            columns.T,
            index=self.labels.index,
            columns=header.add_prefix("quality_annotator_").columns,
            copy=False,
        )

    def annotator_stats(self, consensus, detailed_scores) -> pd.DataFrame:
        scores = None
        model_weight = 0.0
        if not self.agreement:
            scores = detailed_scores
            if scores is None:
                plain = label_score()
                scores = self.vote_scores(consensus, plain)
            model_weight = float(np.mean(consensus.models))
        quality, agreement, worst, labelled = _kernels.crowd_annotators(
            self.votes,
            consensus,
            scores,
            model_weight,
            detailed_scores is not None,
            self.wanted.cleanlab_order,
        )
        stats = pd.DataFrame(
            {
                "annotator_quality": quality,
                "agreement_with_consensus": agreement,
                "worst_class": worst,
                "num_examples_labeled": labelled,
            },
            index=self.labels.annotator_ids,
        )
        return stats.sort_values(by=["annotator_quality", "agreement_with_consensus"])


def calibrated(table: LabelTable, pred_probs: np.ndarray, cleanlab_order: bool):
    """(probabilities at the temperature that fits the labels best, that temperature)."""
    votes = table.votes(pred_probs.shape[1])
    temperature = _kernels.crowd_temperature(votes, pred_probs, cleanlab_order)
    return _kernels.crowd_temper(pred_probs, temperature, cleanlab_order), temperature


@dataclass(frozen=True)
class Wanted:
    """What label_quality() is to compute, and how."""

    consensus_methods: list[str]
    quality_method: str
    score: _kernels.LabelScore
    detailed_quality: bool
    annotator_stats: bool
    weights: bool
    verbose: bool
    cleanlab_order: bool


def label_quality(labels: Labels, pred_probs: np.ndarray, wanted: Wanted) -> dict[str, Any]:
    """What the public functions return; arguments are checked, probabilities calibrated.

    pred_probs: (N, K) of one model, (P, N, K) of an ensemble.
    """
    if wanted.quality_method not in _QUALITY_METHODS:
        raise ValueError(
            f"{wanted.quality_method} is not a valid quality method! "
            f"Please choose a valid quality_method: {_QUALITY_METHODS}"
        )
    ensemble = pred_probs.ndim == 3
    judge = _Judge(labels, pred_probs, wanted)
    voting_probs = np.ascontiguousarray(np.mean(pred_probs, axis=0)) if ensemble else pred_probs
    by_majority = judge.consensus(_majority(labels.table, voting_probs, wanted.cleanlab_order))
    results: dict[str, Any] = {}
    columns: dict[str, np.ndarray] = {}
    consensus = by_majority
    for position, method in enumerate(wanted.consensus_methods):
        consensus = judge.by_method(method, by_majority)
        if wanted.verbose:
            name = "crowdlab" if ensemble else method
            warn_of_lost_classes(labels.table.wide.classes, consensus.labels, name)
        suffix = "" if position == 0 else f"_{method}"
        columns[f"consensus_label{suffix}"] = consensus.labels
        columns[f"consensus_quality_score{suffix}"] = consensus.quality
        columns[f"annotator_agreement{suffix}"] = consensus.agreement
        if position == 0:
            columns["num_annotations"] = labels.table.wide.per_item
            results = judge.details(consensus)
    results = {"label_quality": pd.DataFrame(columns, index=labels.index), **results}
    if wanted.weights:
        models = consensus.models
        results["model_weight"] = models if ensemble else np.float64(models[0])
        results["annotator_weight"] = consensus.annotators
    return results


def get_label_quality_multiannotator(
    labels_multiannotator,
    pred_probs: np.ndarray,
    *,
    consensus_method: str | list[str] = "best_quality",
    quality_method: str = "crowdlab",
    calibrate_probs: bool = False,
    return_detailed_quality: bool = True,
    return_annotator_stats: bool = True,
    return_weights: bool = False,
    verbose: bool = True,
    label_quality_score_kwargs: dict | None = None,
) -> dict[str, Any]:
    """Consensus label of each example, and the quality of consensus, labels and annotators.

    labels_multiannotator: (N, M) array or DataFrame of labels 0..K-1, NaN or pd.NA where an
    annotator (column) gave none; every row and column has a label, some row has two.
    pred_probs: (N, K) float32 or float64, out of sample.
    consensus_method: "best_quality" (CROWDLAB's most probable class) or "majority_vote" (ties
    broken as get_majority_vote_label says); a list adds columns for the further methods.
    quality_method: "crowdlab", or "agreement" (the share of the example's labels).
    calibrate_probs: first scale ``pred_probs`` to the temperature that fits the labels.
    label_quality_score_kwargs: ``method`` and ``adjust_pred_probs`` of get_label_quality_scores.

    Returns a dict:
    "label_quality": DataFrame (N rows) with consensus_label, consensus_quality_score,
    annotator_agreement, num_annotations;
    "detailed_label_quality": DataFrame (N, M), the quality of each label (NaN without one);
    "annotator_stats": DataFrame (M rows, worst first) with annotator_quality,
    agreement_with_consensus, worst_class, num_examples_labeled;
    with ``return_weights`` "model_weight" (float) and "annotator_weight" (M,).
    Qualities are in [0, 1]; low = suspect.

    Raises ValueError or TypeError naming the rule that an argument breaks; warns if no two
    annotators agree and if a tie is drawn.
    Source: Goh, Tkachenko, Mueller, "CROWDLAB", arXiv 2210.06812 (2022).
    """
    labels = read_labels(labels_multiannotator)
    if return_weights and quality_method != "crowdlab":
        raise ValueError(
            "Model and annotator weights are only applicable to the crowdlab quality method: "
            "set return_weights=False or quality_method='crowdlab'."
        )
    check_crowd(labels.table, pred_probs, annotator_ids=labels.annotator_ids)
    probs = probs_for_kernel(pred_probs)
    if calibrate_probs:
        probs, _ = calibrated(labels.table, probs, True)
    wanted = Wanted(
        consensus_method if isinstance(consensus_method, list) else [consensus_method],
        quality_method,
        label_score(**(label_quality_score_kwargs or {})),
        return_detailed_quality,
        return_annotator_stats,
        return_weights,
        verbose,
        cleanlab_order=True,
    )
    return label_quality(labels, probs, wanted)


def get_label_quality_multiannotator_ensemble(
    labels_multiannotator,
    pred_probs: np.ndarray,
    *,
    calibrate_probs: bool = False,
    return_detailed_quality: bool = True,
    return_annotator_stats: bool = True,
    return_weights: bool = False,
    verbose: bool = True,
    label_quality_score_kwargs: dict | None = None,
) -> dict[str, Any]:
    """get_label_quality_multiannotator with best quality for several models.

    pred_probs: (P, N, K) float32 or float64. As cleanlab does, ``calibrate_probs`` writes the
    calibrated probabilities into it.
    label_quality_score_kwargs: must be empty; cleanlab fails on any with a TypeError, too.
    "model_weight" is an array (P,). Else as there.
    """
    labels = read_labels(labels_multiannotator)
    check_crowd(labels.table, pred_probs, ensemble=True, annotator_ids=labels.annotator_ids)
    if label_quality_score_kwargs:
        raise TypeError(
            f"label_quality_score_kwargs = {label_quality_score_kwargs}: an ensemble takes none"
        )
    probs = probs_for_kernel(pred_probs)
    if calibrate_probs:
        probs, _ = _calibrate_in_place(labels.table, pred_probs, probs)
    wanted = Wanted(
        ["best_quality"],
        "crowdlab",
        label_score(),
        return_detailed_quality,
        return_annotator_stats,
        return_weights,
        verbose,
        cleanlab_order=True,
    )
    return label_quality(labels, probs, wanted)


def _calibrate_in_place(table: LabelTable, pred_probs: np.ndarray, probs: np.ndarray):
    """Calibrates each model of an ensemble and writes it into the caller's array, as cleanlab."""
    temperatures = []
    for m, one in enumerate(probs):
        pred_probs[m], temperature = calibrated(table, one, True)
        temperatures.append(temperature)
    return probs_for_kernel(pred_probs), np.array(temperatures)


def _read_labelled(labels_multiannotator, pred_probs: np.ndarray) -> Labels:
    if labels_multiannotator is None:
        raise ValueError(
            "labels_multiannotator cannot be None when pred_probs are given: pass the labels, or "
            "only pred_probs_unlabeled."
        )
    labels = read_labels(labels_multiannotator)
    check_crowd(
        labels.table,
        pred_probs,
        ensemble=pred_probs.ndim == 3,
        allow_single_label=_is_single(labels),
    )
    return labels


def _is_single(labels: Labels) -> bool:
    return bool((labels.table.wide.per_item == 1).all())


def _quality_of_single(labels: Labels, probs: np.ndarray) -> np.ndarray:
    """Self-confidence of the only label of each example."""
    if probs.min() < -1e-6 or probs.max() > 1 + 1e-6:
        raise ValueError("Values in pred_probs must be between 0 and 1.")
    consensus = _majority(labels.table, probs, True)
    return probs[np.arange(len(consensus)), consensus].astype(np.float64)


def _trusted(labels: Labels, probs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(consensus quality, weights of the models, weights of the annotators)."""
    wanted = Wanted(
        ["best_quality"],
        "crowdlab",
        label_score(),
        detailed_quality=False,
        annotator_stats=False,
        weights=True,
        verbose=True,
        cleanlab_order=True,
    )
    made = label_quality(labels, probs, wanted)
    quality = made["label_quality"]["consensus_quality_score"].to_numpy()
    return quality, np.atleast_1d(made["model_weight"]), made["annotator_weight"]


def get_active_learning_scores(
    labels_multiannotator=None,
    pred_probs: np.ndarray | None = None,
    pred_probs_unlabeled: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """ActiveLab scores of labelled and unlabelled examples; low = have it labelled next.

    labels_multiannotator: as for get_label_quality_multiannotator, or one label for each example.
    pred_probs: (N, K) of the labelled examples; pred_probs_unlabeled: (U, K) of the others. At
    least one of the two.
    Returns (N,) and (U,) float64; empty where no probabilities were given.
    Source: Goh, Mueller, "ActiveLab", arXiv 2301.11856 (2023).
    """
    assert_valid_pred_probs(pred_probs, pred_probs_unlabeled)
    scores = np.array([])
    scores_unlabeled = np.array([])
    temperature = 1.0
    models = np.ones(1)
    mean_annotator = 1.0
    if pred_probs is not None:
        labels = _read_labelled(labels_multiannotator, pred_probs)
        probs = probs_for_kernel(pred_probs)
        if _is_single(labels):
            quality = _quality_of_single(labels, probs)
            annotators = np.ones(labels.table.annotators)
        else:
            probs, temperature = calibrated(labels.table, probs, True)
            quality, models, annotators = _trusted(labels, probs)
        mean_annotator = float(np.mean(annotators))
        scores = _kernels.crowd_active_labelled(
            labels.table.votes(probs.shape[1]),
            quality,
            models,
            annotators,
            mean_annotator,
            probs.shape[1],
            True,
        )
    if pred_probs_unlabeled is not None:
        unlabeled = probs_for_kernel(pred_probs_unlabeled, "pred_probs_unlabeled")
        tempered = _kernels.crowd_temper(unlabeled, temperature, True)
        scores_unlabeled = _kernels.crowd_active_unlabelled(
            tempered[np.newaxis], np.argmax(tempered, axis=1), models, mean_annotator, True
        )
    return scores, scores_unlabeled


def get_active_learning_scores_ensemble(
    labels_multiannotator=None,
    pred_probs: np.ndarray | None = None,
    pred_probs_unlabeled: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """get_active_learning_scores for several models: (P, N, K) and (P, U, K) probabilities.

    As cleanlab does, it writes calibrated probabilities into both arrays.
    """
    assert_valid_pred_probs(pred_probs, pred_probs_unlabeled, ensemble=True)
    scores = np.array([])
    scores_unlabeled = np.array([])
    some = pred_probs if pred_probs is not None else pred_probs_unlabeled
    temperatures = np.ones(len(some))
    models = np.ones(len(some))
    mean_annotator = 1.0
    if pred_probs is not None:
        labels = _read_labelled(labels_multiannotator, pred_probs)
        probs = probs_for_kernel(pred_probs)
        if _is_single(labels):
            mean = np.ascontiguousarray(np.mean(probs, axis=0))
            quality = _quality_of_single(labels, mean)
            annotators = np.ones(labels.table.annotators)
        else:
            probs, temperatures = _calibrate_in_place(labels.table, pred_probs, probs)
            quality, models, annotators = _trusted(labels, probs)
        mean_annotator = float(np.mean(annotators))
        scores = _kernels.crowd_active_labelled(
            labels.table.votes(probs.shape[-1]),
            quality,
            models,
            annotators,
            mean_annotator,
            probs.shape[-1],
            True,
        )
    if pred_probs_unlabeled is not None:
        unlabeled = probs_for_kernel(pred_probs_unlabeled, "pred_probs_unlabeled")
        for m, one in enumerate(unlabeled):
            pred_probs_unlabeled[m] = _kernels.crowd_temper(one, temperatures[m], True)
        tempered = probs_for_kernel(pred_probs_unlabeled)
        consensus = get_majority_vote_label(
            np.argmax(tempered, axis=2).T, np.mean(tempered, axis=0)
        )
        scores_unlabeled = _kernels.crowd_active_unlabelled(
            tempered, consensus, models, mean_annotator, True
        )
    return scores, scores_unlabeled


def get_majority_vote_label(
    labels_multiannotator, pred_probs: np.ndarray | None = None, verbose: bool = True
) -> np.ndarray:
    """The label that most annotators gave each example, (N,) int64.

    Ties go to the class of highest probability (if ``pred_probs`` (N, K) are given), then to the
    one that is rarer over all labels, then to the one whose annotators agree more with the examples
    that have no tie, then to one drawn with NumPy's generator (with a warning).
    verbose: check the input and print a caution if a class gets lost.
    """
    labels = read_labels(labels_multiannotator)
    if verbose:
        check_crowd(labels.table, pred_probs, annotator_ids=labels.annotator_ids)
    probs = None if pred_probs is None else probs_for_kernel(pred_probs)
    majority = _majority(labels.table, probs, True)
    if verbose:
        warn_of_lost_classes(labels.table.wide.classes, majority, "majority_vote")
    return majority


def convert_long_to_wide_dataset(labels_multiannotator_long: pd.DataFrame) -> pd.DataFrame:
    """A DataFrame with columns task, annotator, label as one with a row a task and a column an
    annotator. Raises ValueError if an annotator labels a task twice."""
    wide = labels_multiannotator_long.pivot(index="task", columns="annotator", values="label")
    return wide.rename_axis(index=None, columns=None)
