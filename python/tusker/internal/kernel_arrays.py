"""Arguments as the kernels take them: class numbers in int64, probabilities in float32 or float64,
each in one piece, row after row."""

import numpy as np


def class_numbers(labels, name: str = "labels") -> np.ndarray:
    """(N,) int64. ValueError names the first label that is no whole number."""
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions: must have one")
    if array.dtype.kind not in "iub":
        if array.size == 0:
            raise ValueError(f"{name} has 0 rows: there must be at least one")
        raise ValueError(
            f"{name}[0] = {array[0]!r}: labels must be zero-indexed integers corresponding to "
            f"class indices, but are of dtype {array.dtype}"
        )
    return np.require(array, np.int64, ["C", "A"])


def probabilities(pred_probs, name: str = "pred_probs") -> np.ndarray:
    """(N, K) float32 or float64; half floats become float32, other numbers float64."""
    array = np.asarray(pred_probs)
    if array.ndim != 2:
        raise ValueError(
            f"{name} array must have shape: num_examples x num_classes, but has shape {array.shape}"
        )
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} is of dtype {array.dtype}: must be numbers")
    native = array.dtype.newbyteorder("=")
    if native == np.float16:
        native = np.float32
    elif native not in (np.float32, np.float64):
        native = np.float64
    return np.require(array, native, ["C", "A"])


def by_columns(array) -> bool:
    """Whether a matrix lies column after column, so that NumPy adds its rows so."""
    flags = np.asarray(array).flags
    return flags.f_contiguous and not flags.c_contiguous


def real(array) -> np.ndarray:
    """float64, row after row."""
    return np.ascontiguousarray(array, dtype=np.float64)


def removals(num_to_remove_per_class, num_classes: int) -> np.ndarray:
    """(K,) how many of each class are to be removed; empty: as many as the joint says."""
    if num_to_remove_per_class is None:
        return np.empty(0)
    return real(np.broadcast_to(num_to_remove_per_class, num_classes))


def laid_out(matrix: np.ndarray, columns_first: bool) -> np.ndarray:
    """The same matrix, column after column if asked for."""
    return np.asfortranarray(matrix) if columns_first else matrix
