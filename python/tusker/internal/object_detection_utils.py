"""Boxes, softmin, and what labels and predictions of object detection must look like."""

import numpy as np

from tusker import _kernels
from tusker.internal.numerics import softmax

__all__ = [
    "assert_valid_aggregation_weights",
    "assert_valid_inputs",
    "bbox_xyxy_to_xywh",
    "calculate_bounding_box_areas",
    "softmax",
    "softmin1d",
]


def bbox_xyxy_to_xywh(bbox):
    """[x1, y1, x2, y2] as [x1, y1, width, height]; None, with a note printed, for another size."""
    if len(bbox) != 4:
        print(f"bbox has {len(bbox)} values: must be x1, y1, x2, y2")
        return None
    x1, y1, x2, y2 = bbox
    return [x1, y1, x2 - x1, y2 - y1]


def softmin1d(scores, temperature=0.99, axis=0):
    """Sum of s · softmax(-s / temperature) over (n,) scores: between their least and their mean."""
    scores = np.ascontiguousarray(scores, dtype=np.float64)
    return _kernels.detection_pool(scores, np.array([0, len(scores)]), temperature)[0]


def calculate_bounding_box_areas(rectangle_coordinates):
    """(n,) areas of (n, 4) boxes x1, y1, x2, y2."""
    x1, y1, x2, y2 = np.asarray(rectangle_coordinates).T
    return (x2 - x1) * (y2 - y1)


def assert_valid_aggregation_weights(aggregation_weights):
    """ValueError unless the weights are not negative and sum to 1."""
    weights = np.array(list(aggregation_weights.values()))
    if not np.isclose(weights.sum(), 1.0) or weights.min() < 0.0:
        raise ValueError(
            f"aggregation_weights = {aggregation_weights}: must be non-negative and sum to 1.0"
        )


def assert_valid_inputs(labels, predictions, method=None, threshold=None):
    """ValueError unless labels are dicts and predictions arrays x1, y1, x2, y2, probability."""
    if len(labels) != len(predictions):
        raise ValueError(
            f"labels has {len(labels)} images, predictions {len(predictions)}: "
            "their length needs to match"
        )
    if not isinstance(labels[0], dict):
        raise ValueError(f"labels[0] is a {type(labels[0])}: labels has to be a list of dicts")
    if not isinstance(predictions[0], (list, np.ndarray)):
        raise ValueError(
            f"predictions[0] is a {type(predictions[0])}: must be a list or np.ndarray"
        )
    columns = predictions[0][0].shape[1]
    if columns != 5:
        raise ValueError(
            f"predictions[0][0] has {columns} columns: must be [x1, y1, x2, y2, pred_prob]"
        )
    if method not in (None, "objectlab"):
        raise ValueError(f"method = {method!r}: is not a valid one; choose 'objectlab'")
    if threshold is not None and threshold > 1.0:
        raise ValueError(f"threshold = {threshold}: is of probabilities, must be <= 1")
