"""Label issues of data larger than memory, batch after batch: two passes, 9 bytes an example.

Functions and results are those of ``cleanlab.experimental.label_issues_batched`` 2.9.0, which
differ a little from ``filter.find_label_issues``: only an example's most probable class is compared
with its threshold. N examples, K classes.
"""

import numpy as np

from tusker import _kernels
from tusker.count import _bounds_of, get_confident_thresholds
from tusker.internal.constants import CLIPPING_LOWER_BOUND, CONFIDENT_THRESHOLDS_LOWER_BOUND
from tusker.internal.kernel_arrays import class_numbers, probabilities
from tusker.internal.util import value_counts_fill_missing_classes
from tusker.rank import METHODS_OF_ONE_PASS, _compute_label_quality_scores, find_top_issues
from tusker.typing import LabelLike


def find_label_issues_batched(
    labels: LabelLike | None = None,
    pred_probs: np.ndarray | None = None,
    *,
    labels_file: str | None = None,
    pred_probs_file: str | None = None,
    batch_size: int = 10000,
    n_jobs: int | None = 1,
    verbose: bool = True,
    quality_score_kwargs: dict | None = None,
    num_issue_kwargs: dict | None = None,
    return_mask: bool = False,
) -> np.ndarray:
    """Indices of the examples whose label is probably wrong, ascending, or with ``return_mask``
    (N,) whether each is.

    labels, pred_probs: (N,) and (N, K), or the names of .npy files that hold them, which are mapped
        and never read whole. Anything that slices like an array will do.
    batch_size: examples read at a time; thresholds depend on it in their last bits.
    quality_score_kwargs, num_issue_kwargs: see LabelInspector.
    n_jobs: changes nothing.
    """
    labels = _array_or_file(labels, labels_file, "labels")
    pred_probs = _array_or_file(pred_probs, pred_probs_file, "pred_probs")
    if pred_probs_file is not None and verbose:
        print(
            f"mmap-loaded numpy arrays have: {len(pred_probs)} examples, "
            f"{pred_probs.shape[1]} classes"
        )
    if len(labels) != len(pred_probs):
        raise ValueError(
            f"len(labels)={len(labels)} does not match len(pred_probs)={len(pred_probs)}. Perhaps "
            "an issue loading mmap numpy arrays from file."
        )
    inspector = LabelInspector(
        num_class=pred_probs.shape[1],
        verbose=verbose,
        n_jobs=n_jobs,
        quality_score_kwargs=quality_score_kwargs,
        num_issue_kwargs=num_issue_kwargs,
    )
    agrees = np.zeros(len(labels), dtype=bool)
    for rows in _batches(len(labels), batch_size, verbose, "estimating thresholds"):
        inspector.update_confident_thresholds(labels[rows], pred_probs[rows])
    for rows in _batches(len(labels), batch_size, verbose, "checking labels"):
        _, agrees[rows] = inspector._look_at(labels[rows], pred_probs[rows])
    mask = np.zeros(len(labels), dtype=bool)
    mask[inspector._set_of_label_issues()] = True
    mask[agrees] = False
    return mask if return_mask else np.flatnonzero(mask)


def _array_or_file(array, file, name: str):
    if file is None:
        if array is None:
            raise ValueError(f"must provide one of: `{name}` or `{name}_file`")
        return array
    if array is not None:
        raise ValueError(f"only specify one of: `{name}` or `{name}_file`")
    if not isinstance(file, str):
        raise ValueError(f"{name}_file must be str specifying path to .npy file containing {name}")
    mapped = np.load(file, mmap_mode="r", allow_pickle=False)
    assert isinstance(mapped, np.ndarray)
    return mapped


def _batches(rows: int, size: int, verbose: bool, doing: str):
    """Slices of at most ``size`` rows; says how far it is."""
    for first in range(0, rows, size):
        yield slice(first, first + size)
        if verbose:
            print(f"\r{min(first + size, rows):,} of {rows:,} examples: {doing}", end="")
    if verbose:
        print()


def split_arr(arr: np.ndarray, chunksize: int) -> list[np.ndarray]:
    """The rows of ``arr`` in pieces of ``chunksize``, the last of what is left."""
    return [arr[first : first + chunksize] for first in range(0, max(len(arr), 1), chunksize)]


class LabelInspector:
    """Finds label issues from batches: first update_confident_thresholds() with all of them, then
    score_label_quality() with all of them again.

    quality_score_kwargs: options of rank.get_label_quality_scores.
    num_issue_kwargs: ``estimation_method``: ``off_diagonal`` (default) or
        ``off_diagonal_calibrated``; see count.num_label_issues.
    store_results: keep every score, which get_label_issues() needs.
    """

    def __init__(
        self,
        *,
        num_class: int,
        store_results: bool = True,
        verbose: bool = True,
        quality_score_kwargs: dict | None = None,
        num_issue_kwargs: dict | None = None,
        n_jobs: int | None = 1,
    ):
        self.num_class = num_class
        self.store_results = store_results
        self.verbose = verbose
        self.quality_score_kwargs = quality_score_kwargs or {}
        self.num_issue_kwargs = num_issue_kwargs or {}
        self.n_jobs = n_jobs
        self.off_diagonal_calibrated = (
            self.num_issue_kwargs.get("estimation_method") == "off_diagonal_calibrated"
        )
        if self.off_diagonal_calibrated:
            self.prune_counts = np.zeros(num_class)
            self.class_counts = np.zeros(num_class)
            self.normalization = np.zeros(num_class)
        else:
            self.prune_count = 0
        self.confident_thresholds = np.zeros(num_class)
        self.examples_per_class = np.zeros(num_class)
        self.examples_processed_thresh = 0
        self.examples_processed_quality = 0
        self._score_batches: list[np.ndarray] = []

    @property
    def label_quality_scores(self) -> list[float]:
        """The score of every label so far."""
        return list(self.get_quality_scores())

    def get_confident_thresholds(self, silent: bool = False) -> np.ndarray:
        """(K,) mean probability of each class over the examples given it, so far."""
        if self.examples_processed_thresh < 1:
            raise ValueError(
                "Have not computed any confident_thresholds yet. Call "
                "`update_confident_thresholds()` first."
            )
        if self.verbose and not silent:
            print(
                "Total number of examples used to estimate confident thresholds: "
                f"{self.examples_processed_thresh}"
            )
        return self.confident_thresholds

    def get_num_issues(self, silent: bool = False) -> int:
        """How many of the labels looked at so far are probably wrong."""
        self._refuse_before_scores()
        if self.verbose and not silent:
            self._print_evaluated()
        if not self.off_diagonal_calibrated:
            return self.prune_count
        confident = np.clip(self.normalization, CLIPPING_LOWER_BOUND, None)
        return np.rint(np.sum(self.prune_counts * self.class_counts / confident)).astype("int")

    def get_quality_scores(self) -> np.ndarray:
        """(examples so far,) the score of each label."""
        if not self.store_results:
            raise ValueError(
                "Must initialize the LabelInspector with `store_results` == True. Otherwise you "
                "can assemble the label quality scores yourself based on the scores returned for "
                "each batch of data from `score_label_quality()`"
            )
        return np.concatenate(self._score_batches) if self._score_batches else np.empty(0)

    def get_label_issues(self) -> np.ndarray:
        """Indices of as many labels as get_num_issues() says, lowest score first."""
        if not self.store_results:
            raise ValueError(
                "Must initialize the LabelInspector with `store_results` == True. Otherwise you "
                "can identify label issues yourself based on the scores from all the batches of "
                "data and the total number of issues returned by `get_num_issues()`"
            )
        self._refuse_before_scores()
        if self.verbose:
            self._print_evaluated()
        return find_top_issues(self.get_quality_scores(), top=self.get_num_issues(silent=True))

    def _set_of_label_issues(self) -> np.ndarray:
        """get_label_issues() in no order."""
        self._refuse_before_scores()
        if self.verbose:
            self._print_evaluated()
        scores = self.get_quality_scores()
        return _kernels.lowest(scores, int(self.get_num_issues(silent=True)), True)

    def update_confident_thresholds(self, labels: LabelLike, pred_probs: np.ndarray) -> None:
        """First pass: a batch of (n,) labels and (n, K) probabilities."""
        labels = self._checked(labels, pred_probs)
        thresholds = get_confident_thresholds(labels, pred_probs)
        counts = value_counts_fill_missing_classes(labels, num_classes=self.num_class)
        seen = self.examples_per_class
        means = (seen * self.confident_thresholds + counts * thresholds) / np.clip(
            seen + counts, 1, None
        )
        self.confident_thresholds = np.clip(means, CONFIDENT_THRESHOLDS_LOWER_BOUND, None)
        self.examples_per_class += counts
        self.examples_processed_thresh += len(labels)

    def score_label_quality(
        self, labels: LabelLike, pred_probs: np.ndarray, *, update_num_issues: bool = True
    ) -> np.ndarray:
        """Second pass: (n,) the scores of a batch."""
        return self._look_at(labels, pred_probs, update_num_issues)[0]

    def _look_at(
        self, labels: LabelLike, pred_probs: np.ndarray, update_num_issues: bool = True
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """(scores, where issues are counted also whether each label is never an issue)."""
        labels = self._checked(labels, pred_probs)
        agrees = None
        thresholds = self.get_confident_thresholds(silent=True)
        method = self.quality_score_kwargs.get("method", "self_confidence")
        if (
            update_num_issues
            and method in METHODS_OF_ONE_PASS
            and self.quality_score_kwargs.keys() <= {"method"}
        ):
            scores, agrees = self._update_num_label_issues(
                labels, pred_probs, method, **self.num_issue_kwargs
            )
        else:
            scores = _compute_label_quality_scores(
                labels, pred_probs, confident_thresholds=thresholds, **self.quality_score_kwargs
            )
            if update_num_issues:
                _, agrees = self._update_num_label_issues(
                    labels, pred_probs, METHODS_OF_ONE_PASS[0], **self.num_issue_kwargs
                )
        self.examples_processed_quality += len(labels)
        if self.store_results:
            self._score_batches.append(scores)
        return scores, agrees

    def _update_num_label_issues(
        self,
        labels: np.ndarray,
        pred_probs: np.ndarray,
        method: str,
        estimation_method: str | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(scores by one of METHODS_OF_ONE_PASS, whether each label is never an issue)."""
        probs = probabilities(pred_probs)
        scores, confident, elsewhere, agrees = _kernels.confident_tops(
            class_numbers(labels), probs, _bounds_of(self.confident_thresholds, probs), method
        )
        if not self.off_diagonal_calibrated:
            self.prune_count += elsewhere.sum()
        else:
            self.class_counts += np.bincount(labels, minlength=self.num_class)
            self.normalization += confident
            self.prune_counts += elsewhere
        return scores, agrees.view(bool)

    def _checked(self, labels: LabelLike, pred_probs: np.ndarray) -> np.ndarray:
        labels = np.asarray(labels)
        if len(labels) != pred_probs.shape[0]:
            raise ValueError("labels and pred_probs must have same length")
        if pred_probs.shape[1] != self.num_class:
            raise ValueError("num_class must equal pred_probs.shape[1]")
        return labels

    def _refuse_before_scores(self) -> None:
        if self.examples_processed_quality < 1:
            raise ValueError(
                "Have not evaluated any labels yet. Call `score_label_quality()` first."
            )

    def _print_evaluated(self) -> None:
        print(
            "Total number of examples whose labels have been evaluated: "
            f"{self.examples_processed_quality}"
        )
