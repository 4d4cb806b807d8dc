"""Wrong boxes in Tusker's own order: an image's scores are its own, ties by position."""

import dataclasses

import numpy as np

from tusker import _kernels
from tusker.internal.object_detection_utils import assert_valid_inputs
from tusker.object_detection import _flat


@dataclasses.dataclass(frozen=True)
class BoxIssues:
    """n wrong boxes, by image, worst image first, and in an image by score; scores of all images.

    image: (n,) index of the image. kind: (n,) "overlooked", "swapped" or "badly_located".
    box: (n,) index in the image: of the predicted box (counted class after class) where overlooked,
    else of the given box. score: (n,) in [0, 1], low = suspect. given: (n,) class, -1 where
    overlooked. suggested: (n,) class it should have, -1 where no prediction says it.
    suggested_box: (n, 4) x1, y1, x2, y2 it should have, NaN where swapped. image_scores: (N,) in
    [0, 1]. average_precisions: (K,) of the model.
    """

    image: np.ndarray
    kind: np.ndarray
    box: np.ndarray
    score: np.ndarray
    given: np.ndarray
    suggested: np.ndarray
    suggested_box: np.ndarray
    image_scores: np.ndarray
    average_precisions: np.ndarray

    def __len__(self):
        return len(self.image)


def find_box_issues(labels, predictions, *, overlapping_label_check=True) -> BoxIssues:
    """Boxes that were overlooked, have another class, or are badly located.

    labels: N dicts with ``bboxes`` (L, 4) as x1, y1, x2, y2 and ``labels`` (L,), each in 0..K-1.
    predictions: N lists of K arrays (M, 5): x1, y1, x2, y2, probability. overlapping_label_check:
    two given boxes of different classes in one place count as swapped.

    Unlike cleanlab's, the scores of an image do not depend on the other images of the call: the
    least similarity of two boxes is 1e-6, always. Raises ValueError naming the argument, the image
    and the rule.

    Source: Tkachenko, Thyagarajan, Mueller, "ObjectLab", arXiv 2309.00832.
    """
    if len(labels) == 0:
        raise ValueError("labels has 0 images: there must be at least one")
    assert_valid_inputs(labels, predictions)
    image, kind, *rest = _kernels.detection_find(
        _flat.flat_labels(labels),
        _flat.flat_predictions(predictions),
        len(predictions[0]),
        bool(overlapping_label_check),
        False,
    )
    return BoxIssues(image, np.array(kind, dtype=object), *rest)
