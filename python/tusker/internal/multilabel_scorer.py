"""Scores of multi-label rows: one for each class, aggregated into one for the row."""

from collections.abc import Callable
from enum import Enum

import numpy as np

from tusker import _kernels
from tusker.internal.multilabel_utils import _is_multilabel, kernel_probs, stack_complement

_CLEANLAB = {"cleanlab_order": True}


class _Scorer:
    """A scoring function of tusker.rank by its name, so that an Enum can hold it as a value."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, labels, pred_probs):
        from tusker import rank

        return getattr(rank, self.name)(labels, pred_probs)

    def __repr__(self):
        return self.name


class ClassLabelScorer(Enum):
    """How the label of one class is scored, as a problem of two: absent and present."""

    SELF_CONFIDENCE = _Scorer("get_self_confidence_for_each_label")
    NORMALIZED_MARGIN = _Scorer("get_normalized_margin_for_each_label")
    CONFIDENCE_WEIGHTED_ENTROPY = _Scorer("get_confidence_weighted_entropy_for_each_label")

    def __call__(self, labels: np.ndarray, pred_probs: np.ndarray, **kwargs) -> np.ndarray:
        """(N,) scores of ``labels`` (N,) under ``pred_probs`` (N, K).

        With ``adjust_pred_probs=True`` the thresholds of the classes are taken off first; raises
        ValueError for confidence_weighted_entropy.
        """
        return self.value(labels, self._adjust_pred_probs(labels, pred_probs, **kwargs))

    def _adjust_pred_probs(self, labels, pred_probs, **kwargs):
        if kwargs.get("adjust_pred_probs", False) is not True:
            return pred_probs
        if self == ClassLabelScorer.CONFIDENCE_WEIGHTED_ENTROPY:
            raise ValueError(f"adjust_pred_probs is not currently supported for {self}.")
        from tusker.internal.label_quality_utils import _subtract_confident_thresholds

        return _subtract_confident_thresholds(labels, pred_probs)

    def kernel_options(self, adjust_pred_probs: bool = False) -> dict:
        """What the kernels are told. Raises ValueError where thresholds cannot be taken off."""
        if adjust_pred_probs and self == ClassLabelScorer.CONFIDENCE_WEIGHTED_ENTROPY:
            raise ValueError(f"adjust_pred_probs is not currently supported for {self}.")
        options = {"rank_by": self.name.lower(), "adjust_probabilities": adjust_pred_probs}
        return {**_CLEANLAB, **options}

    def scores_of_classes(
        self, bits: _kernels.LabelBits, probs: np.ndarray, adjust_pred_probs: bool = False
    ) -> np.ndarray:
        """(N, K) float64. Both as the kernels take them; errors as :meth:`kernel_options`."""
        return _kernels.multilabel_scores(
            bits, probs, self.kernel_options(adjust_pred_probs is True), True
        )

    @classmethod
    def from_str(cls, method: str) -> "ClassLabelScorer":
        """The scorer of this name, in any case. Raises ValueError for an unknown one."""
        try:
            return cls[method.upper()]
        except KeyError:
            raise ValueError(f"Invalid method name: {method}") from None


def _aggregate(s: np.ndarray, axis: int, **options) -> np.ndarray:
    if axis != 1:
        raise ValueError(f"axis = {axis}: must be 1, scores of a row stand in a row")
    scores = np.ascontiguousarray(s, dtype=np.float64)
    return _kernels.multilabel_aggregate(scores, {**_CLEANLAB, **options})


def exponential_moving_average(
    s: np.ndarray, *, alpha: float | None = None, axis: int = 1, **_
) -> np.ndarray:
    """(N,) moving average of each row of ``s`` (N, K) from its highest score to its lowest.

    e = s_1, then e = alpha s_j + (1 - alpha) e. ``alpha`` is in [0, 1]; None is 2 / (K + 1). Raises
    ValueError for another.
    """
    return _aggregate(s, axis, aggregation="exponential_moving_average", alpha=alpha)


def softmin(s: np.ndarray, *, temperature: float = 0.1, axis: int = 1, **_) -> np.ndarray:
    """(N,) mean of each row of ``s`` (N, K) weighted by softmax((1 - s) / temperature)."""
    return _aggregate(s, axis, aggregation="softmin", temperature=temperature)


class Aggregator:
    """Makes one score of a row's K scores.

    ``method`` is a name of ``possible_methods`` or a callable that takes (N, K) and ``axis``;
    further arguments are handed to it at each call. Raises ValueError for an unknown name,
    TypeError for what cannot be called.
    """

    possible_methods = {
        "exponential_moving_average": exponential_moving_average,
        "softmin": softmin,
    }

    def __init__(self, method, **kwargs):
        if isinstance(method, str):
            if method not in self.possible_methods:
                raise ValueError(
                    f"Invalid aggregation method specified: '{method}', must be one of the "
                    f"following: {list(self.possible_methods)}"
                )
            method = self.possible_methods[method]
        self._validate_method(method)
        self.method = method
        self.kwargs = kwargs

    @staticmethod
    def _validate_method(method) -> None:
        if not callable(method):
            raise TypeError(f"Expected callable method, got {type(method)}")

    @staticmethod
    def _validate_scores(scores) -> None:
        if not (isinstance(scores, np.ndarray) and scores.ndim == 2):
            shape = getattr(scores, "shape", None)
            raise ValueError(f"Expected 2D array for scores, got {type(scores)} with shape {shape}")

    def __call__(self, scores: np.ndarray, **kwargs) -> np.ndarray:
        """(N,) of ``scores`` (N, K); arguments here go before those of the constructor."""
        self._validate_scores(scores)
        return self.method(scores, **{**self.kwargs, **kwargs, "axis": 1})

    def kernel_options(self) -> dict | None:
        """What the kernels are told, so that they aggregate themselves; None: they cannot."""
        argument = {exponential_moving_average: "alpha", softmin: "temperature"}.get(self.method)
        if argument is None or not set(self.kwargs) <= {argument}:
            return None
        if argument == "alpha":
            return {"aggregation": self.method.__name__, "alpha": self.kwargs.get("alpha")}
        return {"aggregation": "softmin", **self.kwargs}

    def __repr__(self):
        return f"Aggregator(method={self.method.__name__}, kwargs={self.kwargs})"


_DEFAULT_AGGREGATOR = Aggregator(exponential_moving_average, alpha=0.8)


class MultilabelScorer:
    """Scores each class with ``base_scorer`` and aggregates with ``aggregator``.

    ``strict``: refuse label matrices that do not hold both 0 and 1, or of another shape than the
    probabilities.
    """

    def __init__(
        self,
        base_scorer: ClassLabelScorer = ClassLabelScorer.SELF_CONFIDENCE,
        aggregator: Aggregator | Callable = _DEFAULT_AGGREGATOR,
        *,
        strict: bool = True,
    ):
        self.base_scorer = base_scorer
        known = isinstance(aggregator, Aggregator)
        self.aggregator = aggregator if known else Aggregator(aggregator)
        self.strict = strict

    def __call__(
        self,
        labels: np.ndarray,
        pred_probs: np.ndarray,
        base_scorer_kwargs: dict | None = None,
        **aggregator_kwargs,
    ) -> np.ndarray:
        """(N,) scores of the rows. ``labels`` (N, K) of 0 and 1, ``pred_probs`` (N, K)."""
        if self.strict:
            self._validate_labels_and_pred_probs(labels, pred_probs)
        scores = self.get_class_label_quality_scores(labels, pred_probs, base_scorer_kwargs)
        return self.aggregate(scores, **aggregator_kwargs)

    def aggregate(self, class_label_quality_scores: np.ndarray, **kwargs) -> np.ndarray:
        """(N,) of (N, K); arguments are those of the aggregation."""
        return self.aggregator(class_label_quality_scores, **kwargs)

    def get_class_label_quality_scores(
        self,
        labels: np.ndarray,
        pred_probs: np.ndarray,
        base_scorer_kwargs: dict | None = None,
    ) -> np.ndarray:
        """(N, K) float64 scores of each class."""
        kwargs = base_scorer_kwargs or {}
        if not isinstance(self.base_scorer, ClassLabelScorer):
            columns = [
                self.base_scorer(given, stack_complement(p), **kwargs)
                for given, p in zip(labels.T, pred_probs.T, strict=True)
            ]
            return np.stack(columns, axis=1).astype(np.float64)
        cells = np.ascontiguousarray(labels, dtype=np.uint8)
        return self.base_scorer.scores_of_classes(
            _kernels.multilabel_bits(cells),
            kernel_probs(pred_probs),
            kwargs.get("adjust_pred_probs", False),
        )

    @staticmethod
    def _validate_labels_and_pred_probs(labels, pred_probs) -> None:
        if not isinstance(labels, np.ndarray):
            raise TypeError("Labels must be a numpy array.")
        if not _is_multilabel(labels):
            raise ValueError("Labels must be in multi-label format.")
        if labels.shape != pred_probs.shape:
            raise ValueError("Labels and predicted probabilities must have the same shape.")


_DEFAULT_SCORER = MultilabelScorer()


def get_label_quality_scores(
    labels: np.ndarray,
    pred_probs: np.ndarray,
    *,
    method: MultilabelScorer = _DEFAULT_SCORER,
    base_scorer_kwargs: dict | None = None,
    **aggregator_kwargs,
) -> np.ndarray:
    """(N,) scores by ``method``. ``labels`` (N, K) of 0 and 1, ``pred_probs`` (N, K)."""
    return method(labels, pred_probs, base_scorer_kwargs=base_scorer_kwargs, **aggregator_kwargs)


def multilabel_py(y: np.ndarray) -> np.ndarray:
    """(K, 2): the shares of the rows of ``y`` (N, K) that lack and that have each class."""
    absent = np.sum(y == 0, axis=0) / y.shape[0]
    return np.column_stack((absent, 1 - absent))


def _get_split_generator(labels: np.ndarray, cv):
    """Splits of ``cv`` in which each set of classes counts as a class of its own."""
    _, ids = np.unique(labels, axis=0, return_inverse=True)
    return cv.split(X=ids, y=ids)


def get_cross_validated_multilabel_pred_probs(X, labels: np.ndarray, *, clf, cv) -> np.ndarray:
    """(N, K) out-of-sample probabilities of a multi-label classifier; needs scikit-learn.

    ``X`` (N, M) features, ``labels`` (N, K) of 0 and 1, ``clf`` with ``predict_proba``, ``cv`` a
    splitter; sets of classes are spread over the folds as it spreads classes.
    """
    from sklearn.model_selection import cross_val_predict

    splits = _get_split_generator(labels, cv)
    return cross_val_predict(clf, X, labels, cv=splits, method="predict_proba")
