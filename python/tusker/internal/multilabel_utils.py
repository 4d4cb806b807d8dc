"""Multi-labels as lists of classes, as matrices of 0 and 1, and as the kernels take them."""

from itertools import chain

import numpy as np

from tusker import _kernels

_WRONG_FORMAT = (
    "wrong format for labels, should be a list of list[indices]: labels[i] holds the numbers of "
    "the classes of row i"
)


def _is_multilabel(y) -> bool:
    """Whether ``y`` is an (N, K) matrix with two columns or more that holds both 0 and 1."""
    if not (isinstance(y, np.ndarray) and y.ndim == 2 and y.shape[1] > 1):
        return False
    zeros, ones = y == 0, y == 1
    return bool(zeros.any() and ones.any() and (zeros | ones).all())


def stack_complement(pred_prob_slice: np.ndarray) -> np.ndarray:
    """(N,) probabilities of one class -> (N, 2): that it is absent, that it is present."""
    return np.stack((1 - pred_prob_slice, pred_prob_slice)).T


def label_cells(labels, K: int) -> np.ndarray:
    """(N, K) uint8: 1 where row i has class k. ``labels`` is one iterable of classes for each row.

    Raises TypeError where a class is no integer, ValueError where it is not in 0..K-1.
    """
    lists = [list(classes) for classes in labels]
    sizes = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
    cells = np.zeros((len(lists), K), dtype=np.uint8)
    if not sizes.any():
        return cells
    classes = np.array(list(chain.from_iterable(lists)))
    if classes.dtype.kind not in "iub" or classes.ndim != 1:
        raise TypeError(f"labels must be lists of integers, not of {classes.dtype}")
    rows = np.repeat(np.arange(len(lists)), sizes)
    wrong = np.flatnonzero((classes < 0) | (classes >= K))
    if len(wrong):
        row, k = rows[wrong[0]], classes[wrong[0]]
        raise ValueError(f"labels[{row}] holds class {k}: must be in 0..{K - 1}")
    cells[rows, classes] = 1
    return cells


def label_bits(labels, K: int) -> _kernels.LabelBits:
    """Labels as the kernels take them. Arguments and errors as :func:`label_cells`."""
    found = _kernels.multilabel_read(labels, K) if type(labels) is list else None
    return _kernels.multilabel_bits(label_cells(labels, K)) if found is None else found


def int2onehot(labels, K: int) -> np.ndarray:
    """(N, K) int64: 1 where row i has class k, else 0. The inverse is :func:`onehot2int`."""
    return label_bits(labels, K).matrix()


def onehot2int(onehot_matrix: np.ndarray) -> list[list[int]]:
    """The classes of each row, ascending."""
    return [np.flatnonzero(row).tolist() for row in onehot_matrix]


def count_classes(labels, pred_probs=None) -> int:
    """K: the columns of ``pred_probs``, else the number of classes that occur."""
    if pred_probs is not None:
        return pred_probs.shape[1]
    return len(set(chain.from_iterable(labels)))


def get_onehot_num_classes(labels, pred_probs=None) -> tuple[np.ndarray, int]:
    """(:func:`int2onehot`, K). Raises ValueError if labels are not lists of integers."""
    try:
        K = count_classes(labels, pred_probs)
        return int2onehot(labels, K), K
    except TypeError as error:
        raise ValueError(_WRONG_FORMAT) from error


def kernel_labels(labels, pred_probs: np.ndarray) -> _kernels.LabelBits:
    """Labels as the kernels take them. Errors as :func:`get_onehot_num_classes`."""
    try:
        return label_bits(labels, pred_probs.shape[1])
    except TypeError as error:
        raise ValueError(_WRONG_FORMAT) from error


def kernel_probs(pred_probs: np.ndarray) -> np.ndarray:
    """Probabilities as the kernels take them: float32 or float64, C-contiguous; others as float64.

    Raises TypeError if they are no array of numbers, ValueError if they have no two dimensions.
    """
    if not isinstance(pred_probs, (np.ndarray, np.generic)):
        raise TypeError("pred_probs must be a numpy array.")
    if pred_probs.ndim != 2:
        raise ValueError("pred_probs array must have shape: num_examples x num_classes.")
    if pred_probs.dtype.kind not in "fiub":
        raise TypeError(f"pred_probs must hold numbers, not {pred_probs.dtype}")
    dtype = np.float32 if pred_probs.dtype == np.float32 else np.float64
    return np.ascontiguousarray(pred_probs, dtype=dtype)
