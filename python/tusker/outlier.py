"""Rows that do not belong to a dataset, by their features or by a classifier's probabilities; as
cleanlab's module of this name.

Source: Kuan, Mueller, "Back to the Basics: Revisiting Out-of-Distribution Detection Baselines",
ICML workshop PODS (2022).
"""

from __future__ import annotations

import warnings

import numpy as np

from tusker.count import get_confident_thresholds
from tusker.doubt import score_predictions
from tusker.internal.neighbor.knn_graph import correct_knn_distances_and_indices, features_to_knn
from tusker.internal.neighbor.search import NotFittedError
from tusker.internal.outlier import correct_precision_errors, transform_distances_to_scores
from tusker.internal.validation import (
    assert_valid_inputs,
    assert_valid_labels_and_shape,
    labels_to_array,
)


class OutOfDistribution:
    """Scores in [0, 1] of how typical rows are of a dataset; low = outlier.

    Fitted to *features* (N, M) of a dataset, a row's score tells how far its k nearest neighbours
    in it are on average: ``exp(-t * mean distance / scale)`` with the median mean distance of the
    fitted rows as scale. Fitted to *pred_probs* (N, K), it tells how sure the classifier is.

    params: a dict of options, kept in ``self.params``. For features:

    - ``knn``: a search object such as scikit-learn's NearestNeighbors, fitted; then there is
      nothing to fit. Default: exact neighbours by cosine, or Euclidean up to 3 features.
    - ``k``: neighbours averaged; default ``knn.n_neighbors``, or 10.
    - ``t``: steepness of the scores; default 1.

    For pred_probs:

    - ``method``: "entropy" (default; 1 - normalised entropy), "least_confidence" (largest
      probability) or "gen" (generalised entropy; Liu, Lochman, Zach, CVPR 2023), with its ``M``
      (100) largest classes and exponent ``gamma`` (0.1).
    - ``adjust_pred_probs``: subtract the classes' confident thresholds first; default True.
    - ``confident_thresholds``: (K,); then there is nothing to fit.
    """

    OUTLIER_PARAMS = {"k", "t", "knn"}
    OOD_PARAMS = {"confident_thresholds", "adjust_pred_probs", "method", "M", "gamma"}
    DEFAULT_PARAM_DICT = {
        "k": None,
        "t": 1,
        "knn": None,
        "method": "entropy",
        "adjust_pred_probs": True,
        "confident_thresholds": None,
        "M": 100,
        "gamma": 0.1,
    }

    def __init__(self, params: dict | None = None) -> None:
        self._assert_valid_params(params, self.DEFAULT_PARAM_DICT)
        self.params = {**self.DEFAULT_PARAM_DICT, **(params or {})}
        if self.params["adjust_pred_probs"] and self.params["method"] == "gen":
            print(
                "CAUTION: method 'gen' is meant for probabilities as they are; "
                "params['adjust_pred_probs'] = False leaves them so."
            )
        # The median mean distance, once fitted.
        self.params["scaling_factor"] = None

    def fit_score(
        self, *, features=None, pred_probs=None, labels=None, verbose: bool = True
    ) -> np.ndarray:
        """Fits and returns scores (N,) of the same rows. Arguments as for ``fit``.

        If there was nothing to fit, a UserWarning says so, and rows are scored as by ``score``.
        """
        scores = self._shared_fit(
            features=features, pred_probs=pred_probs, labels=labels, verbose=verbose
        )
        return self.score(features=features, pred_probs=pred_probs) if scores is None else scores

    def fit(self, *, features=None, pred_probs=None, labels=None, verbose: bool = True) -> None:
        """Fits to a dataset: to either ``features`` or ``pred_probs``.

        features: (N, M) numbers. pred_probs: (N, K). labels: (N,) classes 0..K-1, needed with
        pred_probs unless ``params["adjust_pred_probs"]`` is False. verbose: print what is done.
        """
        self._shared_fit(features=features, pred_probs=pred_probs, labels=labels, verbose=verbose)

    def score(self, *, features=None, pred_probs=None) -> np.ndarray:
        """Scores (n,) of rows of the kind that was fitted: ``features`` or ``pred_probs``.

        ValueError if that kind was not fitted.
        """
        self._assert_valid_inputs(features, pred_probs)
        if features is not None:
            if self.params["knn"] is None:
                raise ValueError(
                    "OOD estimator needs to be fit on features first: call fit() or fit_score() "
                    "before score()."
                )
            return self._get_ood_features_scores(features, **self._get_params(self.OUTLIER_PARAMS))[
                0
            ]
        if self.params["confident_thresholds"] is None and self.params["adjust_pred_probs"]:
            raise ValueError(
                "OOD estimator needs to be fit on pred_probs first, since "
                "params['adjust_pred_probs'] is True: call fit() or fit_score() before score()."
            )
        return _get_ood_predictions_scores(pred_probs, **self._get_params(self.OOD_PARAMS))[0]

    def _get_params(self, param_keys) -> dict:
        return {name: value for name, value in self.params.items() if name in param_keys}

    @staticmethod
    def _assert_valid_params(params, param_keys) -> None:
        unknown = [name for name in params or {} if name not in param_keys]
        if unknown:
            raise ValueError(f"params has unknown keys {unknown}: it may have {list(param_keys)}")

    @staticmethod
    def _assert_valid_inputs(features, pred_probs) -> None:
        if features is None and pred_probs is None:
            raise ValueError(
                "Not enough information to compute scores: features or pred_probs must be given."
            )
        if features is not None and pred_probs is not None:
            raise ValueError(
                "Cannot fit to OOD Estimator to both features and pred_probs: give one of them."
            )
        if features is not None and len(features.shape) != 2:
            raise ValueError(
                "Feature array needs to be of shape (N, M): N examples, M features each; "
                f"it has shape {features.shape}."
            )

    def _shared_fit(self, *, features, pred_probs, labels, verbose) -> np.ndarray | None:
        """The scores of the fitted rows; None if there was nothing to fit."""
        self._assert_valid_inputs(features, pred_probs)
        fitted = "knn" if features is not None else "confident_thresholds"
        if self.params[fitted] is not None:
            warnings.warn(
                f"params['{fitted}'] has previously been fit: call score() to apply it to other "
                "data, or fit a new OutOfDistribution object.",
                UserWarning,
                stacklevel=3,
            )
            return None
        if verbose:
            kind = "features" if features is not None else "pred_probs"
            print(f"Fitting OOD estimator based on provided {kind} ...")
        if features is not None:
            scores, self.params["knn"] = self._get_ood_features_scores(
                features, **self._get_params(self.OUTLIER_PARAMS)
            )
            return scores
        scores, thresholds = _get_ood_predictions_scores(
            pred_probs, labels=labels, **self._get_params(self.OOD_PARAMS)
        )
        if thresholds is None:
            warnings.warn(
                "Nothing needs to be fit under the provided params: score() could have been called "
                "directly.",
                UserWarning,
                stacklevel=3,
            )
        else:
            self.params["confident_thresholds"] = thresholds
        return scores

    def _get_ood_features_scores(self, features=None, knn=None, k: int | None = None, t: int = 1):
        """(scores (N,), the search object).

        Without ``knn`` one is fitted to ``features``, whose rows then are compared with the others;
        with it they are compared with all fitted rows, and without features those with each other.
        """
        own_search = knn is None
        if own_search:
            knn = features_to_knn(features, n_neighbors=k)
            features = None
        k = knn.n_neighbors if k is None or own_search else k
        if k > knn.n_neighbors:
            warnings.warn(
                f"Chosen k={k} cannot be greater than n_neighbors={knn.n_neighbors} of the "
                f"NearestNeighbors object: k={knn.n_neighbors} is used.",
                UserWarning,
                stacklevel=2,
            )
            k = knn.n_neighbors
        try:
            distances, indices = knn.kneighbors(features)
        except NotFittedError:
            distances, indices = knn.fit(features).kneighbors(features)
        if own_search:
            distances, _ = correct_knn_distances_and_indices(knn._fit_X, distances, indices)

        mean_distances = distances[:, :k].mean(axis=1)
        if self.params["scaling_factor"] is None:
            least = 100 * np.finfo(np.float64).eps
            self.params["scaling_factor"] = float(max(np.median(mean_distances), least))
        scale = self.params["scaling_factor"]
        if not isinstance(scale, float):
            raise ValueError(f"Scaling factor must be a float. Got {type(scale)} instead.")
        scores = transform_distances_to_scores(mean_distances, t, scaling_factor=scale)
        metric = knn.metric if isinstance(knn.metric, str) else knn.metric.__name__
        p = knn.p if metric == "minkowski" else None
        return correct_precision_errors(scores, mean_distances, metric, p=p), knn


def _get_ood_predictions_scores(
    pred_probs,
    *,
    labels=None,
    confident_thresholds=None,
    adjust_pred_probs: bool = True,
    method: str = "entropy",
    M: int = 100,
    gamma: float = 0.1,
):
    """(scores (N,), confident thresholds (K,) or None); arguments as OutOfDistribution's params.

    float32 probabilities give float32 scores, unless adjusted by thresholds in float64.
    """
    if (confident_thresholds is not None or labels is not None) and not adjust_pred_probs:
        warnings.warn(
            "OOD scores are not adjusted: labels and confident_thresholds are not used unless "
            "params['adjust_pred_probs'] is True.",
            UserWarning,
            stacklevel=2,
        )
    if adjust_pred_probs and confident_thresholds is None:
        if labels is None:
            raise ValueError(
                "Cannot calculate adjust_pred_probs without labels: pass in labels, or set "
                "params['adjust_pred_probs'] = False."
            )
        labels = labels_to_array(labels)
        assert_valid_labels_and_shape(X=None, y=labels, pred_probs=pred_probs)
        try:  # looks at the values as it reads them
            confident_thresholds = get_confident_thresholds(labels, pred_probs, multi_label=False)
        except ValueError:
            assert_valid_inputs(X=None, y=labels, pred_probs=pred_probs)
            raise
    if method not in ("entropy", "least_confidence", "gen"):
        raise ValueError(
            f"{method!r} is not a valid OOD scoring method: it must be 'entropy', "
            "'least_confidence' or 'gen'."
        )
    if method == "gen" and pred_probs.shape[1] < M:
        warnings.warn(
            f"GEN is meant for at least M={M} classes, here are {pred_probs.shape[1]}: "
            "params['M'] may be lowered.",
            UserWarning,
            stacklevel=2,
        )
    thresholds = confident_thresholds if adjust_pred_probs else None
    scores = score_predictions(pred_probs, thresholds, method, M, gamma, cleanlab_order=True)
    return scores, confident_thresholds
