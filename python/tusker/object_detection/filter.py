"""Which images have a wrong, missing or badly placed box.

Functions, arguments and results are those of ``cleanlab.object_detection.filter``.
``tusker.find_box_issues`` names the boxes, and what is wrong with each.
"""

import numpy as np

from tusker import _kernels
from tusker.internal.object_detection_utils import assert_valid_inputs
from tusker.object_detection import _flat
from tusker.object_detection.rank import get_label_quality_scores, issues_from_scores

__all__ = ["find_label_issues"]


def find_label_issues(
    labels,
    predictions,
    *,
    return_indices_ranked_by_score=False,
    overlapping_label_check=True,
):
    """Images of which any box was overlooked, is badly located or has another class.

    labels: N dicts with ``bboxes`` (L, 4) and ``labels`` (L,), each below K. predictions: N lists
    of K arrays (M, 5): x1, y1, x2, y2, probability. A box is an issue if its score is at most a
    fifth of its class's average precision.

    Returns an (N,) bool mask, or with ``return_indices_ranked_by_score`` the (n,) int64 indices of
    the issues, worst image first. Raises ValueError naming the argument and the rule.
    """
    assert_valid_inputs(labels, predictions, method="objectlab")
    return _find_label_issues(
        labels,
        predictions,
        return_indices_ranked_by_score=return_indices_ranked_by_score,
        overlapping_label_check=overlapping_label_check,
    )


def _find_label_issues(
    labels,
    predictions,
    *,
    scoring_method="objectlab",
    return_indices_ranked_by_score=True,
    overlapping_label_check=True,
):
    if scoring_method == "objectlab":
        images = _kernels.detection_find(
            _flat.flat_labels(labels),
            _flat.flat_predictions(predictions),
            len(predictions[0]),
            bool(overlapping_label_check),
            True,
        )[0]
        is_issue = np.zeros(len(labels), dtype=bool)
        is_issue[images] = True
    else:
        is_issue = np.full(len(labels), -1)
    if not return_indices_ranked_by_score:
        return is_issue
    # As cleanlab does: ranked with the check for two classes in one place, whatever was asked for.
    scores = get_label_quality_scores(labels, predictions)
    ranked = issues_from_scores(scores, threshold=1.0)
    return ranked[is_issue[ranked] == True]  # noqa: E712 - an unknown method's -1 is no issue


def _find_label_issues_per_box(scores_per_box, threshold_classes, threshold_factor=1.0):
    """Per image (n,) bool: score <= threshold · factor, NaN counting as 1; [False] without boxes.

    As cleanlab does, NaN in ``scores_per_box`` becomes 1 there, too.
    """
    issues = []
    for scores, thresholds in zip(scores_per_box, threshold_classes, strict=False):
        if len(scores) == 0:
            issues.append(np.array([False]))
            continue
        scores[np.isnan(scores)] = 1.0
        issues.append(scores <= np.asarray(thresholds, dtype=np.float64) * threshold_factor)
    return issues


def _pool_box_scores_per_image(is_issue_per_box):
    """(N,) float64: 1 where any box of the image is an issue."""
    return np.array([float(np.any(boxes)) for boxes in is_issue_per_box])


def _process_class_list(class_list, class_dict):
    """Lists of classes as lists of the classes' values in ``class_dict``."""
    return [[class_dict[number] for number in classes] for classes in class_list]


def _get_per_class_ap(labels, predictions):
    """{class: a quarter of its average precision}."""
    classes = len(predictions[0])
    precisions = _matches(labels, predictions, classes)[0]
    return {number: precisions[number] * 0.25 for number in range(classes)}


def _matches(labels, predictions, classes):
    """(average precisions (K,), right (K, 10), wrong, missed), at IoU 0.5, 0.55 ... 0.95."""
    return _kernels.detection_matches(
        _flat.flat_labels(labels), _flat.flat_predictions(predictions), classes, True
    )


def _filter_by_class(labels, predictions, class_num):
    """Per image the predicted and the given boxes of one class."""
    predicted = [prediction[class_num] for prediction in predictions]
    given = [label["bboxes"][label["labels"] == class_num, :] for label in labels]
    return predicted, given


def _calculate_true_positives_false_positives(
    pred_bboxes, lab_bboxes, iou_threshold=0.5, return_false_negative=False
):
    """(1, n) float32 marks of the predictions that match a given box and of those that do not.

    The most probable is matched first, each with the given box it overlaps most. With
    ``return_false_negative`` also (1, m) marks of the given boxes without a match.
    """
    right = np.zeros((1, len(pred_bboxes)), dtype=np.float32)
    missed = np.ones((1, len(lab_bboxes)), dtype=np.float32)
    if len(lab_bboxes) == 0:
        missed = np.array([], dtype=np.float32)
    elif len(pred_bboxes):
        iou = _kernels.detection_overlaps(
            *_flat.box_matrix(pred_bboxes[:, :4]), *_flat.box_matrix(lab_bboxes)
        )
        # All boxes are of one image: its order by probability is that of images by score.
        keys = np.ascontiguousarray(-pred_bboxes[:, -1], dtype=np.float64)
        for box in _kernels.detection_rank(keys, np.inf):
            best = iou[box].argmax()
            if iou[box, best] >= iou_threshold and missed[0, best]:
                missed[0, best] = 0
                right[0, box] = 1
    wrong = 1 - right
    return (right, wrong, missed) if return_false_negative else (right, wrong)
