"""Search objects and graphs of nearest neighbours, under cleanlab's names.

A graph is a sparse matrix (N, N) in CSR format with the same number of entries in each row, nearest
first. Rows of features that are exactly equal are each other's first neighbours, at distance 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tusker import _kernels
from tusker.internal.neighbor.metric import decide_default_metric
from tusker.internal.neighbor.search import construct_knn

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

DEFAULT_K = 10
"""Neighbours of a row, unless told otherwise or there are fewer other rows."""


def features_to_knn(features, *, n_neighbors=None, metric=None, **sklearn_knn_kwargs):
    """A search object (see ``construct_knn``) fitted to ``features`` (N, M).

    n_neighbors: below N; without it 10, or N - 1 if that is less. metric: without it by the shape
    (see ``decide_default_metric``). ValueError if there are no features or too few rows.
    """
    if features is None:
        raise ValueError("Both knn and features arguments cannot be None at the same time.")
    metric = metric or decide_default_metric(features)
    n_neighbors = _configure_num_neighbors(features, n_neighbors)
    return construct_knn(n_neighbors, metric, **sklearn_knn_kwargs).fit(features)


def construct_knn_graph_from_index(knn, correction_features=None) -> csr_matrix:
    """The graph of the rows that ``knn`` was fitted to.

    correction_features: those rows, if exactly equal ones shall come first in any case.
    """
    distances, indices = knn.kneighbors(X=None, return_distance=True)
    if correction_features is not None:
        distances, indices = correct_knn_distances_and_indices(
            correction_features, distances, indices
        )
    return _graph_of(distances, indices)


def create_knn_graph_and_index(
    features,
    *,
    n_neighbors=None,
    metric=None,
    correct_exact_duplicates: bool = True,
    **sklearn_knn_kwargs,
):
    """(graph, search object) of ``features`` (N, M); arguments as for ``features_to_knn``.

    correct_exact_duplicates: equal rows come first even if the metric says otherwise.
    """
    knn = features_to_knn(features, n_neighbors=n_neighbors, metric=metric, **sklearn_knn_kwargs)
    graph = construct_knn_graph_from_index(knn)
    if correct_exact_duplicates:
        graph = correct_knn_graph(features, graph)
    return graph, knn


def correct_knn_graph(features, knn_graph: csr_matrix) -> csr_matrix:
    """A graph of ``features`` (N, M) in which exactly equal rows come first, at distance 0."""
    shape = (features.shape[0], -1)
    return _graph_of(
        *correct_knn_distances_and_indices(
            features, knn_graph.data.reshape(shape), knn_graph.indices.reshape(shape)
        )
    )


def correct_knn_distances_and_indices(
    features, distances: np.ndarray, indices: np.ndarray, exact_duplicate_sets=None
) -> tuple[np.ndarray, np.ndarray]:
    """Copies of ``distances`` and ``indices`` (N, k) in which exactly equal rows of ``features``
    come first, at distance 0; others keep their order and move behind.

    exact_duplicate_sets: arrays of equal rows, ascending, if the caller knows them.
    """
    if exact_duplicate_sets is None:
        exact_duplicate_sets = _compute_exact_duplicate_sets(features)
    corrected_distances, corrected_indices = np.copy(distances), np.copy(indices)
    correct_knn_distances_and_indices_with_exact_duplicate_sets_inplace(
        corrected_distances, corrected_indices, exact_duplicate_sets
    )
    return corrected_distances, corrected_indices


def correct_knn_distances_and_indices_with_exact_duplicate_sets_inplace(
    distances: np.ndarray, indices: np.ndarray, exact_duplicate_sets
) -> None:
    """The same, written into ``distances`` and ``indices`` (N, k)."""
    floats = distances.dtype if distances.dtype == np.float32 else np.dtype(np.float64)
    mended_distances = np.ascontiguousarray(distances, dtype=floats)
    mended_indices = np.ascontiguousarray(indices, dtype=np.int64)
    sets = [np.asarray(rows).tolist() for rows in exact_duplicate_sets]
    _kernels.put_equal_rows_first(mended_distances, mended_indices, sets)
    # The kernel wrote into the caller's own arrays unless they had to be converted.
    if mended_distances is not distances:
        distances[...] = mended_distances
    if mended_indices is not indices:
        indices[...] = mended_indices


def _compute_exact_duplicate_sets(features) -> list[np.ndarray]:
    """Arrays of the rows of ``features`` (N, M) that are exactly equal, each ascending."""
    rows = np.asarray(features)
    if rows.dtype in (np.float32, np.float64):
        return _kernels.find_equal_rows(np.ascontiguousarray(rows))
    _, group, counts = np.unique(rows, return_inverse=True, return_counts=True, axis=0)
    group = group.reshape(-1)
    order = np.argsort(group, kind="stable")
    return [rows for rows in np.split(order, np.cumsum(counts)[:-1]) if len(rows) > 1]


def _graph_of(distances: np.ndarray, indices: np.ndarray) -> csr_matrix:
    from scipy.sparse import csr_matrix

    rows, k = distances.shape
    starts = np.arange(0, rows * k + 1, k)
    return csr_matrix((distances.reshape(-1), indices.reshape(-1), starts), shape=(rows, rows))


def _configure_num_neighbors(features, k: int | None) -> int:
    rows = features.shape[0]
    if k is not None and k >= rows:
        raise ValueError(
            f"Number of nearest neighbors k={k} cannot exceed the number of examples N={rows}, "
            "of which each needs k others."
        )
    return k or min(DEFAULT_K, rows - 1)
