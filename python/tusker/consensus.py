"""Labels ranked by all that is known of a row: models, neighbours, how often classes are confused.

Not cleanlab's; docs/benchmarks.md compares the two on planted and on real errors.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tusker import _kernels
from tusker.feature_space import find_neighbors
from tusker.internal.kernel_arrays import class_numbers, probabilities
from tusker.internal.validation import labels_to_array

NEIGHBORS = 20


@dataclasses.dataclass(frozen=True)
class Consensus:
    """What models and neighbours together say of each label.

    scores: (N,) the probability that the given label is right; low = suspect. suggested: (N,) the
    most probable class. powers: how much each opinion counts, the models in their order, then the
    votes of the nearest 5 neighbours and of all. noise: (K, K), [given, true]: how often a row of
    one class is given as another; columns sum to 1.
    """

    scores: np.ndarray
    suggested: np.ndarray
    powers: np.ndarray
    noise: np.ndarray

    @property
    def ranked(self) -> np.ndarray:
        """(N,) all rows, worst first; equal scores by row."""
        return np.argsort(self.scores, kind="stable")


def score_by_consensus(
    labels, pred_probs=None, *, features=None, neighbors=None, metric: str | None = None
) -> Consensus:
    """The posterior probability that each given label is right.

    labels: (N,) integers in 0..K-1.
    pred_probs: (N, K) out of sample, or a list of such, one for each model; float32 or float64. May
        be None if there are neighbours; K is then the largest label + 1.
    features: (N, D) embeddings; the 20 nearest rows by ``metric`` ("cosine", "euclidean"; default:
        as in ``find_neighbors``) vote. Or ``neighbors``: (distances, indices) as ``find_neighbors``
        gives them. Both None: no votes.

    Opinions are pooled as a product of powers, found so that the given labels are most likely, of
    which some may be stray; the noise is counted where classes look least alike and taken out of
    the pool; the posterior is truth[k] x P(given | k, row), scaled to sum 1, where rows that look
    like both classes are confused somewhat more often. Nothing is fitted to verdicts on labels.
    Raises ValueError naming the argument, the row and the rule.
    """
    labels = class_numbers(labels_to_array(labels))
    models = _as_models(pred_probs)
    distances, indices = np.empty((0, 0)), np.empty((0, 0), dtype=np.int64)
    if neighbors is None and features is not None:
        count = min(NEIGHBORS, len(features) - 1)
        neighbors = find_neighbors(features, count, metric=metric)
    if neighbors is not None:
        distances = np.ascontiguousarray(neighbors[0], dtype=np.float64)
        indices = np.ascontiguousarray(neighbors[1], dtype=np.int64)
    classes = models[0].shape[1] if models else int(labels.max(initial=0)) + 1
    single = bool(models) and all(model.dtype == np.float32 for model in models)
    dtype = np.float32 if single else np.float64
    score = getattr(_kernels, f"score_by_consensus_{np.dtype(dtype).name}")
    models = [np.ascontiguousarray(model, dtype=dtype) for model in models]
    return Consensus(*score(labels, models, classes, indices, distances))


def _as_models(pred_probs) -> list[np.ndarray]:
    if pred_probs is None:
        return []
    if isinstance(pred_probs, (list, tuple)):
        return [probabilities(model) for model in pred_probs]
    return [probabilities(pred_probs)]
