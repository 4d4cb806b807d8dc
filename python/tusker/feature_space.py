"""What rows of features (embeddings) say of each other: nearest neighbours, outliers,
near-duplicates. Exact, and the same on every machine and for any number of threads."""

from __future__ import annotations

import dataclasses

import numpy as np

from tusker import _kernels


@dataclasses.dataclass(frozen=True, repr=False)
class Outliers:
    """Rows that are far from their neighbours, and a score for every row.

    indices: (n,) flagged rows, farthest first. scores: (N,) in [0, 1], low = far. mean_distances:
    (N,) to the k nearest. scale: the median mean distance of the rows that were fitted.
    distance_limit: a mean distance above it is flagged.
    """

    indices: np.ndarray
    scores: np.ndarray
    mean_distances: np.ndarray
    scale: float
    distance_limit: float

    @property
    def is_outlier(self) -> np.ndarray:
        """(N,) bool."""
        return self.mean_distances > self.distance_limit

    def __repr__(self) -> str:
        return f"Outliers({len(self.indices)} of {len(self.scores)} rows)"


@dataclasses.dataclass(frozen=True, repr=False)
class NearDuplicates:
    """Rows that are nearly the same as others.

    pairs: (n, 2), nearest first, the lower row first. distances: (n,) of the pairs. sets: what
    pairs connect, arrays of two and more rows, ascending. scores: (N,) in [0, 1], 0 = has a copy.
    typical_distance: the median distance to the nearest neighbour. radius: a pair below it is
    near-duplicate.
    """

    pairs: np.ndarray
    distances: np.ndarray
    sets: list[np.ndarray]
    scores: np.ndarray
    typical_distance: float
    radius: float

    @property
    def is_near_duplicate(self) -> np.ndarray:
        """(N,) bool."""
        flags = np.zeros(len(self.scores), dtype=bool)
        flags[self.pairs.reshape(-1)] = True
        return flags

    def __repr__(self) -> str:
        return (
            f"NearDuplicates({len(self.pairs)} pairs in {len(self.sets)} sets, "
            f"of {len(self.scores)} rows)"
        )


def find_neighbors(
    features, k: int | None = None, *, metric: str | None = None, queries=None
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows of each row: (distances, indices), each (N, k), nearest first.

    features: (N, D) finite numbers. k: default 10, or N - 1 if that is less. metric: "cosine" (1 -
    cosine of the angle) or "euclidean"; default "cosine" above 3 columns. queries: (Q, D); then
    their nearest rows among ``features`` are found instead.
    Exactly equal rows come first, at distance 0; equal distances by row. Raises ValueError naming
    the argument, the row and the rule.
    """
    features = as_features(features)
    metric = _chosen_metric(metric, features)
    if queries is None:
        return _kernels.find_neighbors(features, _chosen_k(k, len(features) - 1), metric)
    queries = as_features(queries, name="queries")
    if queries.dtype != features.dtype:
        queries, features = queries.astype(np.float64), features.astype(np.float64)
    return _kernels.find_neighbors_among(features, queries, _chosen_k(k, len(features)), metric)


def find_outliers(
    features=None,
    *,
    knn_graph=None,
    fitted_on=None,
    k: int | None = None,
    metric: str | None = None,
    threshold: float = 0.37037,
    t: float = 1.0,
) -> Outliers:
    """Rows whose k nearest neighbours are farther than usual in these data.

    features: (N, D); or knn_graph: a sparse matrix (N, N) with the same number of distances in each
    row, nearest first, or a fitted search object with scikit-learn's ``kneighbors``. fitted_on:
    (M, D) rows of which ``features`` are judged, by their neighbours among them and by what is
    usual between them. k, metric: as for ``find_neighbors``; of a graph the k nearest are used.
    threshold: in (0, 1]; a mean distance above Q3 + (1 / threshold - 1) · (Q3 - Q1) is flagged. t:
    steepness of the scores exp(-t · mean distance / scale).

    Source: Kuan, Mueller, ICML workshop PODS (2022); cleanlab's Datalab for the threshold.
    """
    if fitted_on is not None:
        if features is None or knn_graph is not None:
            raise ValueError("fitted_on needs features, and no knn_graph")
        usual = find_outliers(fitted_on, k=k, metric=metric, threshold=threshold, t=t)
        fitted_on = as_features(fitted_on, name="fitted_on")
        metric = _chosen_metric(metric, fitted_on)
        k = _chosen_k(k, len(fitted_on) - 1)
        distances, _ = find_neighbors(fitted_on, k, metric=metric, queries=features)
        fit = (usual.scale, usual.distance_limit)
    else:
        distances, _, metric = _neighbors_of(features, knn_graph, k, metric)
        fit = None
    scores, means, flagged, scale, limit = _kernels.judge_outliers(
        distances, metric, threshold, t, fit
    )
    return Outliers(flagged, scores, means, scale, limit)


def find_near_duplicates(
    features=None,
    *,
    knn_graph=None,
    k: int | None = None,
    metric: str | None = None,
    threshold: float = 0.13,
) -> NearDuplicates:
    """Pairs of rows much nearer to each other than rows usually are to their nearest.

    features, knn_graph, k, metric: as for ``find_outliers``. threshold: a pair is near-duplicate if
    its distance is below threshold · median distance to the nearest neighbour (at least 1e-6), and
    one is among the other's k neighbours.

    Source: cleanlab's Datalab.
    """
    distances, indices, _ = _neighbors_of(features, knn_graph, k, metric)
    return NearDuplicates(*_kernels.judge_near_duplicates(distances, indices, threshold))


def as_features(features, name: str = "features") -> np.ndarray:
    """(N, D) float32 or float64, row after row; other numbers become float64."""
    array = np.asarray(features)
    if array.ndim != 2:
        raise ValueError(f"{name} has shape {array.shape}: must be (rows, columns)")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} is of dtype {array.dtype}: must be numbers")
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float32 if array.dtype == np.float16 else np.float64)
    return np.ascontiguousarray(array)


def _chosen_metric(metric: str | None, features: np.ndarray) -> str:
    return metric or ("cosine" if features.shape[1] > 3 else "euclidean")


def _chosen_k(k: int | None, most: int) -> int:
    return min(10, most) if k is None else int(k)


def _neighbors_of(features, knn_graph, k, metric) -> tuple[np.ndarray, np.ndarray, str]:
    """(distances, indices, metric) of what the caller brought."""
    if (features is None) == (knn_graph is None):
        raise ValueError("features or knn_graph: exactly one of them must be given")
    if features is not None:
        features = as_features(features)
        metric = _chosen_metric(metric, features)
        return *find_neighbors(features, k, metric=metric), metric
    if hasattr(knn_graph, "kneighbors"):
        distances, indices = knn_graph.kneighbors()
        own = getattr(knn_graph, "effective_metric_", getattr(knn_graph, "metric", None))
        metric = metric or (own if isinstance(own, str) else getattr(own, "__name__", None))
    else:
        distances, indices = _lists_of(knn_graph)
    if k is not None and not 1 <= k <= distances.shape[1]:
        raise ValueError(f"k = {k}: the graph has {distances.shape[1]} neighbours for each row")
    distances = np.ascontiguousarray(distances[:, :k], dtype=np.float64)
    indices = np.ascontiguousarray(indices[:, :k], dtype=np.int64)
    return distances, indices, metric or "cosine"


def _lists_of(graph) -> tuple[np.ndarray, np.ndarray]:
    """The rows of a sparse graph as (distances, indices), each (N, k)."""
    graph = graph.tocsr()
    rows = graph.shape[0]
    counts = np.diff(graph.indptr)
    if rows == 0 or graph.shape[1] != rows or counts[0] == 0 or (counts != counts[0]).any():
        raise ValueError(
            f"knn_graph has shape {graph.shape} and {counts.min(initial=0)} to "
            f"{counts.max(initial=0)} entries in a row: must be (N, N) with the same number in each"
        )
    return graph.data.reshape(rows, -1), graph.indices.reshape(rows, -1)
