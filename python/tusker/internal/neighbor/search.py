"""scikit-learn's search for neighbours, answered by Tusker's kernels where they can."""

from __future__ import annotations

import numbers

import numpy as np

from tusker import _kernels
from tusker.feature_space import as_features

try:
    from sklearn.exceptions import NotFittedError
    from sklearn.neighbors import NearestNeighbors as _Search
except ImportError:

    class NotFittedError(ValueError, AttributeError):
        """A search was asked before it was fitted."""

    class _Search:
        """As much of scikit-learn's class as works without it: what the kernels answer."""

        algorithm = "auto"
        effective_metric_params_ = None

        def __init__(self, *, n_neighbors: int = 5, metric="euclidean"):
            self.n_neighbors = n_neighbors
            self.metric = self.effective_metric_ = metric

        def fit(self, X, y=None):
            self._fit_X = X if isinstance(X, np.ndarray) else np.asarray(X)
            return self

        def kneighbors(self, X=None, n_neighbors=None, return_distance=True):
            if not hasattr(self, "_fit_X"):
                raise NotFittedError("call fit() before kneighbors()")
            raise ValueError(
                f"n_neighbors = {n_neighbors or self.n_neighbors}, metric = {self.metric!r}: "
                "without scikit-learn, n_neighbors must be at least 1 and less than the fitted "
                "rows, and the metric 'cosine' or 'euclidean'"
            )


class NearestNeighbors(_Search):
    """scikit-learn's class; dense rows under the cosine or Euclidean metric are searched exactly by
    Tusker's kernels, all else by scikit-learn.

    Without a query, rows exactly equal come first, in row order; ties are by row.
    """

    def _kernel_metric(self) -> str | None:
        metric = self.effective_metric_
        if callable(metric):
            module = getattr(metric, "__module__", "") or ""
            is_scipy = module.startswith("scipy.spatial") and metric.__name__ == "euclidean"
            metric = "euclidean" if is_scipy else None
        if self.algorithm not in ("auto", "brute") or self.effective_metric_params_:
            return None
        return metric if metric in ("cosine", "euclidean") else None

    def kneighbors(self, X=None, n_neighbors=None, return_distance=True):
        """(distances, indices), each (rows, n_neighbors), of ``X`` among the fitted rows; without
        ``X`` of each fitted row among the others. Only indices unless ``return_distance``."""
        rows = getattr(self, "_fit_X", None)
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        queries = None if X is None else np.asarray(X)
        if not (
            isinstance(rows, np.ndarray)
            and isinstance(k, numbers.Integral)
            and 0 < k <= len(rows) - (X is None)
            and (queries is None or (queries.ndim == 2 and queries.shape[1] == rows.shape[1]))
            and (queries is None or queries.dtype.kind in "fiub")
            and self._kernel_metric() is not None
        ):
            return super().kneighbors(X, n_neighbors, return_distance)
        in_float = rows.dtype == np.float32 and self._kernel_metric() == "cosine"
        features = as_features(rows)
        if queries is None:
            distances, indices = _kernels.find_neighbors(features, int(k), self._kernel_metric())
        else:
            queries = as_features(queries, name="X")
            in_float = in_float and queries.dtype == np.float32
            if queries.dtype != features.dtype:
                queries, features = queries.astype(np.float64), features.astype(np.float64)
            distances, indices = _kernels.find_neighbors_among(
                features, queries, int(k), self._kernel_metric()
            )
        if not return_distance:
            return indices
        # scikit-learn answers in the features' type under this metric.
        return (distances.astype(np.float32) if in_float else distances), indices


def construct_knn(n_neighbors: int, metric, **knn_kwargs) -> NearestNeighbors:
    """A search object, not yet fitted, with the interface of scikit-learn's NearestNeighbors.

    metric: a name, or a function of two rows. knn_kwargs: as NearestNeighbors takes them.
    """
    return NearestNeighbors(n_neighbors=n_neighbors, metric=metric, **knn_kwargs)
