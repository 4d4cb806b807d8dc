"""Lists of arrays per image and class as the flat arrays that the kernels read."""

import numpy as np

from tusker import _kernels

_SINGLE = np.dtype(np.float32)


def _offsets(counts):
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _joined(arrays, width, name):
    """(n, width) float64 rows of all arrays, one after the other."""
    if not arrays:
        return np.empty((0, width))
    try:
        rows = np.concatenate(arrays)
        rows = np.ascontiguousarray(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: must be numeric arrays of shape (n, {width}): {error}") from None
    if rows.ndim != 2 or rows.shape[1] != width:
        raise ValueError(f"{name}: an array is not of shape (n, {width})")
    return rows


def _class_numbers(values, image):
    values = np.asarray(values)
    if values.size and values.dtype.kind not in "iub":
        raise ValueError(
            f"labels[{image}]['labels'] has type {values.dtype}: must be integers, 0 or more"
        )
    return values.astype(np.int64, copy=False).reshape(-1)


def flat_labels(labels):
    """The given boxes: dicts with ``bboxes`` (L, 4) and ``labels`` (L,)."""
    boxes, classes = [], []
    for image, label in enumerate(labels):
        of_image = np.asarray(label["bboxes"])
        numbers = _class_numbers(label["labels"], image)
        if len(of_image) != len(numbers):
            raise ValueError(
                f"labels[{image}] has {len(of_image)} bboxes and {len(numbers)} labels: "
                "must be equal"
            )
        boxes.append(of_image)
        classes.append(numbers)
    counts = [len(numbers) for numbers in classes]
    return _kernels.FlatBoxes(
        _offsets(counts),
        _joined([array for array in boxes if len(array)], 4, "labels' bboxes"),
        np.concatenate(classes) if classes else np.empty(0, dtype=np.int64),
        np.empty(0),
        np.array([array.dtype == _SINGLE for array in boxes], dtype=np.uint8),
    )


def flat_predictions(predictions):
    """The predicted boxes: per image and class an array (M, 5) of x1, y1, x2, y2, probability."""
    per_class = [array for prediction in predictions for array in prediction]
    per_image = [len(prediction) for prediction in predictions]
    counts = np.fromiter(map(len, per_class), dtype=np.int64, count=len(per_class))
    numbers = np.concatenate([np.arange(n) for n in per_image] or [np.empty(0, dtype=np.int64)])
    first_of_image = _offsets(per_image)
    filled = np.flatnonzero(counts)
    arrays = [per_class[i] for i in filled]
    rows = _joined(arrays, 5, "predictions")
    # An image is float32 if nothing else is in it.
    double = filled[[getattr(array, "dtype", None) != _SINGLE for array in arrays]]
    single = np.ones(len(per_image), dtype=np.uint8)
    single[np.searchsorted(first_of_image, double, side="right") - 1] = 0
    return _kernels.FlatBoxes(
        _offsets(counts)[first_of_image],
        np.ascontiguousarray(rows[:, :4]),
        np.repeat(numbers, counts),
        np.ascontiguousarray(rows[:, 4]),
        single,
    )


def split(values, counts):
    """A list of arrays, one an image, of a flat one."""
    return np.split(values, np.cumsum(counts)[:-1]) if len(counts) else []


def box_matrix(boxes):
    """((n, 4) float64, were they float32?) of boxes in any form, also (0,)."""
    boxes = np.asarray(boxes)
    single = boxes.dtype == _SINGLE
    if boxes.size == 0:
        return np.empty((0, 4)), False
    return _joined([boxes], 4, "boxes"), bool(single)
