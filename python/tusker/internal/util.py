"""Counting, rounding, splitting: what cleanlab's modules share under this name."""

import numpy as np
import pandas as pd

from tusker import _kernels
from tusker.internal.constants import TINY_VALUE
from tusker.internal.kernel_arrays import by_columns, laid_out, real
from tusker.internal.validation import is_torch_dataset, labels_to_array
from tusker.typing import DatasetLike, LabelLike

# --- Noise matrices -------------------------------------------------------------------------------


def remove_noise_from_class(noise_matrix: np.ndarray, class_without_noise: int) -> np.ndarray:
    """(K, K) P(given | true) in which no other class is given as ``class_without_noise``; what they
    lost goes to their diagonal, so that columns still sum to 1."""
    cleaned = np.copy(noise_matrix)
    others = np.arange(len(cleaned)) != class_without_noise
    cleaned[class_without_noise, others] = 0.0
    np.fill_diagonal(cleaned, 1 - (cleaned.sum(axis=0) - cleaned.diagonal()))
    return cleaned


def clip_noise_rates(noise_matrix: np.ndarray) -> np.ndarray:
    """(K, K): off-diagonal rates into [0, 0.9999], then each column divided by its sum."""
    columns_first = by_columns(noise_matrix)
    return laid_out(_kernels.clip_noise_rates(real(noise_matrix), columns_first), columns_first)


def clip_values(x: np.ndarray, low=0.0, high=1.0, new_sum: float | None = None) -> np.ndarray:
    """(K,): each value into [low, high], then scaled to sum to ``new_sum`` (None: as before).

    TypeError for more than one dimension.
    """
    if np.ndim(x) > 1:
        raise TypeError(
            f"only size-1 arrays can be converted to Python scalars but 'x' had shape {x.shape}"
        )
    target = np.sum(x) if new_sum is None else new_sum
    clipped = np.clip(x, low, high)
    return clipped * target / max(np.sum(clipped), TINY_VALUE)


# --- Counting -------------------------------------------------------------------------------------


def value_counts(x, *, num_classes: int | None = None, multi_label: bool = False) -> np.ndarray:
    """How often each value occurs, by ascending value.

    With ``num_classes`` (K,), integers count in their own place and absent ones as 0; ValueError if
    one is not below K. With ``multi_label`` x is a list of lists.
    """
    if multi_label:
        x = [k for classes in x for k in classes]
    if isinstance(x, np.ndarray) and x.ndim == 1 and x.size and x.dtype.kind in "iu":
        return _count_integers(x, num_classes)
    values, counts = np.unique(x, return_counts=True)
    if num_classes is None or num_classes == len(values):
        return counts
    integers = np.issubdtype(np.asarray(x).dtype, np.integer)
    if integers and num_classes <= values.max():
        raise ValueError(f"Required: num_classes > max(x), but {num_classes} <= {values.max()}.")
    places = values if integers else slice(len(values))
    filled = np.zeros(num_classes, dtype=int)
    filled[places] = counts
    return filled


def _count_integers(x: np.ndarray, num_classes: int | None) -> np.ndarray:
    """value_counts of (N,) integers; those that lie close to each other are not sorted."""
    least, most = int(x.min()), int(x.max())
    if most - least > 4 * x.size + 1_000 or not np.can_cast(x.dtype, np.intp):
        values, counts = np.unique(x, return_counts=True)
    else:
        counts = np.bincount(x - least if least else x)
        values = least + np.flatnonzero(counts)
        counts = counts[counts > 0]
    if num_classes is None or num_classes == len(values):
        return counts
    if num_classes <= most:
        raise ValueError(f"Required: num_classes > max(x), but {num_classes} <= {most}.")
    filled = np.zeros(num_classes, dtype=int)
    filled[values] = counts
    return filled


def value_counts_fill_missing_classes(x, num_classes: int, *, multi_label=False) -> np.ndarray:
    """(K,) how often each class 0..K-1 occurs."""
    return value_counts(x, num_classes=num_classes, multi_label=multi_label)


def get_missing_classes(labels, *, pred_probs=None, num_classes=None, multi_label=False) -> list:
    """Classes below K that no label names, ascending; K from one of the two."""
    if pred_probs is None and num_classes is None:
        raise ValueError("Both pred_probs and num_classes are None. You must provide exactly one.")
    if pred_probs is not None and num_classes is not None:
        raise ValueError("Both pred_probs and num_classes are not None. Only one may be provided.")
    classes = num_classes if num_classes is not None else pred_probs.shape[1]
    return sorted(set(range(classes)) - get_unique_classes(labels, multi_label=multi_label))


def get_num_classes(labels=None, pred_probs=None, label_matrix=None, multi_label=None) -> int:
    """K, from the first of ``pred_probs``, ``label_matrix`` and ``labels`` that is given."""
    if pred_probs is not None:
        return pred_probs.shape[1]
    if label_matrix is not None:
        if label_matrix.shape[0] != label_matrix.shape[1]:
            raise ValueError(f"label matrix must be K x K, not {label_matrix.shape}")
        return label_matrix.shape[0]
    if labels is None:
        raise ValueError("Cannot determine number of classes from None input")
    return num_unique_classes(labels, multi_label=multi_label)


def num_unique_classes(labels, multi_label: bool | None = None) -> int:
    """How many classes occur."""
    return len(get_unique_classes(labels, multi_label))


def get_unique_classes(labels, multi_label: bool | None = None) -> set:
    """The classes that occur. ``multi_label`` None: told from whether a label is a list."""
    if multi_label is None:
        multi_label = any(isinstance(label, list) for label in labels)
    if multi_label:
        return {k for classes in labels for k in classes}
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "iub":
        return set(np.unique(labels))
    return set(labels)


def confusion_matrix(true, pred) -> np.ndarray:
    """[true, predicted] counts as floats; classes are those that occur, ascending."""
    assert len(true) == len(pred)
    true_classes, rows = np.unique(true, return_inverse=True)
    pred_classes, columns = np.unique(pred, return_inverse=True)
    counts = np.zeros((len(true_classes), len(pred_classes)))
    np.add.at(counts, (rows, columns), 1)
    return counts


def format_labels(labels: LabelLike) -> tuple[np.ndarray, dict]:
    """(labels as 0..K-1 by ascending value, {number: label}). ValueError unless 1D."""
    array = labels_to_array(labels)
    if array.ndim != 1:
        raise ValueError("labels must be 1D numpy array.")
    values, numbers = np.unique(array, return_inverse=True)
    return numbers, dict(enumerate(values))


# --- Rounding -------------------------------------------------------------------------------------


def round_preserving_sum(iterable) -> np.ndarray:
    """Integers near the values whose sum is the rounded sum of the values."""
    values = np.asarray(iterable, dtype=float)
    if not np.isfinite(values).all():
        return values.round().astype(int)
    return _kernels.round_keeping_sum(np.ascontiguousarray(values))


def round_preserving_row_totals(confident_joint) -> np.ndarray:
    """round_preserving_sum of each row."""
    rows = [round_preserving_sum(row) for row in np.asarray(confident_joint)]
    return np.array(rows, dtype=int).reshape(np.shape(confident_joint))


def compress_int_array(int_array, num_possible_values) -> np.ndarray:
    """The same integers in the smallest of int16, int32 and their own type that holds them."""
    try:
        for dtype in ("int16", "int32"):
            if num_possible_values < np.iinfo(dtype).max:
                return int_array.astype(dtype)
    except Exception:
        pass
    return int_array


def estimate_pu_f1(s, prob_s_eq_1) -> float:
    """An F1-like score from positive and unlabelled examples: recall² / (2 · share predicted
    positive); NaN if none is.

    Source: Lee and Liu, "Learning with positive and unlabeled examples", ICML 2003.
    """
    positive = np.asarray(s) == 1
    predicted = np.asarray(prob_s_eq_1) >= 0.5
    recall = (positive & predicted).sum() / float(sum(s))
    share = predicted.sum() / float(len(s))
    return recall**2 / (2.0 * share) if share != 0 else np.nan


# --- Printing -------------------------------------------------------------------------------------


def print_square_matrix(
    matrix, left_name="s", top_name="y", title=" A square matrix", short_title="s,y", round_places=2
) -> None:
    """Prints a matrix with names of rows and columns, and its trace."""
    classes = len(matrix)
    rows = np.atleast_2d(matrix)
    header = "".join(f"\t{top_name}={k}" for k in range(classes))
    print(f"\n{title} of shape {rows.shape}")
    print(f" {short_title[:6]}{header}")
    print("\t---" * classes)
    for k in range(classes):
        cells = "\t".join(str(value) for value in rows.round(round_places)[k, :])
        print(f"{left_name}={k} |\t{cells}")
    print("\tTrace(matrix) =", np.round(np.trace(rows), round_places))
    print()


def print_noise_matrix(noise_matrix, round_places=2) -> None:
    """Prints P(given label | true label)."""
    print_square_matrix(
        noise_matrix,
        title=" Noise Matrix (aka Noisy Channel) P(given_label|true_label)",
        short_title="p(s|y)",
        round_places=round_places,
    )


def print_inverse_noise_matrix(inverse_noise_matrix, round_places=2) -> None:
    """Prints P(true label | given label)."""
    print_square_matrix(
        inverse_noise_matrix,
        left_name="y",
        top_name="s",
        title=" Inverse Noise Matrix P(true_label|given_label)",
        short_title="p(y|s)",
        round_places=round_places,
    )


def print_joint_matrix(joint_matrix, round_places=2) -> None:
    """Prints P(given label, true label)."""
    print_square_matrix(
        joint_matrix,
        title=" Joint Label Noise Distribution Matrix P(given_label, true_label)",
        short_title="p(s,y)",
        round_places=round_places,
    )


def smart_display_dataframe(df) -> None:
    """Shows a table: in a notebook as such, else as text."""
    try:
        from IPython.display import display
    except Exception:
        print(df)
    else:
        display(df)


# --- Datasets -------------------------------------------------------------------------------------


def train_val_split(
    X, labels, train_idx, holdout_idx
) -> tuple[DatasetLike, DatasetLike, LabelLike, LabelLike]:
    """(features to train on, to hold out, labels to train on, to hold out)."""
    if isinstance(X, pd.DataFrame | pd.Series):
        parts = X.iloc[train_idx], X.iloc[holdout_idx]
    elif is_torch_dataset(X):
        from torch.utils.data import Subset

        parts = Subset(X, train_idx), Subset(X, holdout_idx)
    else:
        try:
            parts = X[train_idx], X[holdout_idx]
        except Exception:
            raise ValueError(
                "Cleanlab cannot split this form of dataset (required for cross-validation). Try a "
                "different data format, or implement the cross-validation yourself and instead "
                "provide out-of-sample `pred_probs`"
            ) from None
    return *parts, labels[train_idx], labels[holdout_idx]


def subset_X_y(X, labels, mask) -> tuple[DatasetLike, LabelLike]:
    """The examples where ``mask`` (N,) is true."""
    return subset_data(X, mask), subset_labels(labels, mask)


def subset_labels(labels, mask) -> list | np.ndarray | pd.Series:
    """The labels where ``mask`` is true."""
    try:
        return labels[mask]
    except Exception:
        try:
            return [label for i, label in enumerate(labels) if mask[i]]
        except Exception:
            raise TypeError("labels must be 1D np.ndarray, list, or pd.Series.") from None


def subset_data(X, mask) -> DatasetLike:
    """The features where ``mask`` is true."""
    if is_torch_dataset(X):
        from torch.utils.data import Subset

        return Subset(X, np.flatnonzero(mask).tolist())
    try:
        return X[mask]
    except Exception:
        raise TypeError(
            "Data features X must be subsettable with boolean mask array: X[mask]"
        ) from None


def csr_vstack(a, b) -> DatasetLike:
    """Sparse rows of b below those of a; a is changed and returned."""
    a.indptr = np.hstack((a.indptr, b.indptr[1:] + a.nnz))
    a.data = np.hstack((a.data, b.data))
    a.indices = np.hstack((a.indices, b.indices))
    a._shape = (a.shape[0] + b.shape[0], b.shape[1])
    return a


def append_extra_datapoint(to_data, from_data, index) -> DatasetLike:
    """``to_data`` and after it row ``index`` of ``from_data``, which is of the same type."""
    if type(from_data) is not type(to_data):
        raise ValueError("Cannot append datapoint from different type of data object.")
    if isinstance(to_data, np.ndarray):
        return np.vstack([to_data, from_data[index]])
    if isinstance(from_data, pd.DataFrame | pd.Series):
        return pd.concat([to_data, from_data.iloc[[index]]]).reset_index(drop=True)
    try:
        row = from_data[index]
        try:
            return to_data.append(row)
        except Exception:
            return csr_vstack(to_data, row)
    except Exception:
        raise TypeError("Data features X must support: X.append(X[i])") from None


def force_two_dimensions(X) -> DatasetLike:
    """(N, everything else): each example in one row."""
    if X is not None and len(X.shape) > 2:
        return X.reshape((len(X), -1))
    return X
