"""The ranking of label issues while labels are being corrected."""

import warnings

import numpy as np

from tusker import _kernels
from tusker.internal.kernel_arrays import class_numbers, probabilities
from tusker.internal.validation import labels_to_array
from tusker.typing import LabelLike


class LiveRanking:
    """Label issues of one dataset, worst first, kept up to date while labels change.

    After every ``relabel`` it is what ``tusker.find_label_issues`` would find from nothing, to the
    last bit, in milliseconds: a moved label touches two thresholds and the rows near them.

    labels: (N,) integers, the given classes, each in 0..K-1.
    pred_probs: (N, K) float32 or float64, C-contiguous or a memory-mapped ``.npy``; read twice to
        begin with, then a few rows at a time. It must not change while the ranking lives.
    filter_by, return_indices_ranked_by and the rest: as for ``tusker.find_label_issues``.
    Not thread-safe. Raises ValueError naming the argument, the row and the rule.
    """

    def __init__(
        self,
        labels: LabelLike,
        pred_probs: np.ndarray,
        *,
        filter_by: str = "prune_by_noise_rate",
        return_indices_ranked_by: str = "self_confidence",
        frac_noise: float = 1.0,
        min_examples_per_class: int = 1,
        strict: bool = False,
    ) -> None:
        self._ranking = _kernels.start_live_ranking(
            class_numbers(labels_to_array(labels)),
            probabilities(pred_probs),
            filter_by,
            return_indices_ranked_by,
            min_examples_per_class,
            frac_noise,
            strict,
        )
        for note in self._ranking.warnings():
            warnings.warn(note, stacklevel=2)

    def relabel(self, rows: int | np.ndarray, labels: int | np.ndarray) -> None:
        """Gives rows new labels: all of them or, where one is refused, none.

        rows: one row number or (m,) of them; of several with one number the last counts.
        labels: one class or (m,) of them.
        """
        rows = np.atleast_1d(np.asarray(rows))
        if rows.dtype.kind not in "iu" and rows.size > 0:
            raise ValueError(f"rows are {rows.dtype}: must be integers")
        self._ranking.relabel(
            np.ascontiguousarray(rows, dtype=np.int64),
            class_numbers(labels_to_array(np.atleast_1d(labels))),
        )

    @property
    def indices(self) -> np.ndarray:
        """(n,) int64: rows whose label is probably wrong, worst first."""
        return self._ranking.ranked()[0]

    def ranked(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(indices, given, suggested, scores), each (n,), worst first."""
        return self._ranking.ranked()
