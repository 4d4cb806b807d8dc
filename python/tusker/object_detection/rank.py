"""How much the boxes of an image are to be trusted: scores in [0, 1], low = suspect.

Functions, arguments and results are those of ``cleanlab.object_detection.rank``. Scores of one
image depend on the other images of the call here, through the least similarity among all;
``tusker.find_box_issues`` has no such dependence.

Labels are one dict an image, with ``bboxes`` (L, 4) as x1, y1, x2, y2 and ``labels`` (L,).
Predictions are one list an image, with an array (M, 5) for each class: x1, y1, x2, y2, probability.
"""

import copy
import warnings

import numpy as np

from tusker import _kernels
from tusker.internal.constants import (
    ALPHA,
    CUSTOM_SCORE_WEIGHT_BADLOC,
    CUSTOM_SCORE_WEIGHT_OVERLOOKED,
    CUSTOM_SCORE_WEIGHT_SWAP,
    HIGH_PROBABILITY_THRESHOLD,
    LOW_PROBABILITY_THRESHOLD,
    MAX_ALLOWED_BOX_PRUNE,
    TEMPERATURE,
)
from tusker.internal.object_detection_utils import (
    assert_valid_aggregation_weights,
    assert_valid_inputs,
    softmin1d,
)
from tusker.object_detection import _flat

__all__ = [
    "compute_badloc_box_scores",
    "compute_overlooked_box_scores",
    "compute_swap_box_scores",
    "get_label_quality_scores",
    "issues_from_scores",
    "pool_box_scores_per_image",
]


def get_label_quality_scores(
    labels,
    predictions,
    *,
    aggregation_weights=None,
    overlapping_label_check=True,
    verbose=True,
):
    """(N,) float64 scores of the images: geometric mean of their three kinds of scores.

    aggregation_weights: weights of "overlooked", "swap" and "badloc", not negative, sum 1; a third
    each if None. overlapping_label_check: boxes of two classes in one place count as swapped.
    verbose: print how many predictions are left out. Raises ValueError for input of another form.
    """
    assert_valid_inputs(labels, predictions, method="objectlab", threshold=0.0)
    return _compute_label_quality_scores(
        labels,
        predictions,
        aggregation_weights=aggregation_weights,
        threshold=0.0,
        overlapping_label_check=overlapping_label_check,
        verbose=verbose,
    )


def issues_from_scores(label_quality_scores, *, threshold=0.1):
    """Indices of the images whose score is at most ``threshold``, worst first; (n,) int64.

    Raises ValueError for a threshold above 1.
    """
    if threshold > 1.0:
        raise ValueError(f"threshold = {threshold}: is of label_quality_scores, must be <= 1")
    scores = np.ascontiguousarray(label_quality_scores, dtype=np.float64)
    return _kernels.detection_rank(scores, threshold)


def compute_overlooked_box_scores(
    *,
    labels=None,
    predictions=None,
    alpha=None,
    high_probability_threshold=None,
    auxiliary_inputs=None,
):
    """Per image (M,) scores of its predicted boxes, class after class: was it left unlabelled?

    NaN for a prediction below ``high_probability_threshold`` (0.95) or that meets a given box; else
    its greatest similarity to given boxes of its class, or the least similarity of the call times
    (1 - probability) where there is none. ``alpha`` (0.9) weighs IoU against distance.
    """
    options = _get_valid_subtype_score_params(alpha, None, high_probability_threshold, None)
    return _box_scores(0, labels, predictions, auxiliary_inputs, options)


def compute_badloc_box_scores(
    *,
    labels=None,
    predictions=None,
    alpha=None,
    low_probability_threshold=None,
    auxiliary_inputs=None,
):
    """Per image (L,) scores of its given boxes: is it drawn in the right place?

    Greatest similarity to predictions of its class that meet it and are more probable than
    ``low_probability_threshold`` (0.5); 1 without such.
    """
    options = _get_valid_subtype_score_params(alpha, low_probability_threshold, None, None)
    return _box_scores(1, labels, predictions, auxiliary_inputs, options)


def compute_swap_box_scores(
    *,
    labels=None,
    predictions=None,
    alpha=None,
    high_probability_threshold=None,
    overlapping_label_check=True,
    auxiliary_inputs=None,
):
    """Per image (L,) scores of its given boxes: has it the right class?

    1 - greatest similarity to predictions of another class that are more probable than
    ``high_probability_threshold`` (0.95); 1 without such; the least similarity of the call where a
    given box of another class is in the same place and ``overlapping_label_check`` is on.
    """
    options = _get_valid_subtype_score_params(alpha, None, high_probability_threshold, None)
    return _box_scores(2, labels, predictions, auxiliary_inputs, options, overlapping_label_check)


def pool_box_scores_per_image(box_scores, *, temperature=None):
    """(N,) softmin of each image's scores: sum of s · softmax(-s / temperature), 0.1 by default.

    NaN is left out; 1 where nothing is left.
    """
    temperature = TEMPERATURE if temperature is None else temperature
    scores = [np.asarray(of_image, dtype=np.float64) for of_image in box_scores]
    offsets = np.cumsum([0, *map(len, scores)], dtype=np.int64)
    return _kernels.detection_pool(
        np.concatenate(scores) if scores else np.empty(0), offsets, temperature
    )


def _box_scores(kind, labels, predictions, auxiliary_inputs, options, overlapping_label_check=True):
    """Scores of one kind: 0 overlooked, 1 badly located, 2 swapped."""
    alpha, low, high, _ = options
    if auxiliary_inputs is not None:
        return [
            _scores_of_image(given, low, high, overlapping_label_check)[kind]
            for given in auxiliary_inputs
        ]
    _require_both(labels, predictions)
    count = min(len(labels), len(predictions))
    labels, predictions = labels[:count], predictions[:count]
    scores = _kernels.detection_box_scores(
        _flat.flat_labels(labels),
        _flat.flat_predictions(predictions),
        alpha,
        low,
        high,
        bool(overlapping_label_check),
        True,
    )
    if kind == 0:
        counts = [sum(map(len, prediction)) for prediction in predictions]
    else:
        counts = [len(label["labels"]) for label in labels]
    return _flat.split(scores[kind], counts)


def _scores_of_image(given, low, high, overlapping_label_check):
    label = {"bboxes": given["lab_bboxes"], "labels": given["lab_labels"]}
    similarity = np.ascontiguousarray(given["similarity_matrix"], dtype=np.float64)
    iou = given.get("iou_matrix")
    if iou is None:
        iou = _get_overlap_matrix(given["lab_bboxes"], given["pred_bboxes"])
    least = given.get("min_possible_similarity")
    if least is None:
        least = 1.0 if similarity.size == 0 else np.min(similarity[similarity != 0])
    boxes, _ = _flat.box_matrix(given["pred_bboxes"])
    return _kernels.detection_scores_from_similarities(
        _flat.flat_labels([label]),
        _kernels.FlatBoxes(
            np.array([0, len(boxes)]),
            boxes,
            np.asarray(given["pred_labels"]).astype(np.int64),
            np.ascontiguousarray(given["pred_label_probs"], dtype=np.float64),
            np.empty(0, dtype=np.uint8),
        ),
        np.ascontiguousarray(iou, dtype=np.float64),
        similarity,
        float(least),
        low,
        high,
        bool(overlapping_label_check),
    )


def _require_both(labels, predictions):
    if labels is None or predictions is None:
        raise ValueError("labels and predictions: both are needed, neither can be None")


def _compute_label_quality_scores(
    labels,
    predictions,
    *,
    method="objectlab",
    aggregation_weights=None,
    threshold=None,
    overlapping_label_check=True,
    verbose=True,
):
    """Scores of the images from the predictions that are at least ``threshold`` probable."""
    weights = _get_aggregation_weights(aggregation_weights)
    if threshold is not None:
        predictions = _prune_by_threshold(predictions, threshold, verbose)
    if method != "objectlab":
        raise ValueError(f"Invalid method: {method!r} cannot score labels; use 'objectlab'")
    return _kernels.detection_image_scores(
        _flat.flat_labels(labels),
        _flat.flat_predictions(predictions),
        ALPHA,
        LOW_PROBABILITY_THRESHOLD,
        HIGH_PROBABILITY_THRESHOLD,
        TEMPERATURE,
        [weights["overlooked"], weights["badloc"], weights["swap"]],
        bool(overlapping_label_check),
        True,
    )


def _get_min_pred_prob(predictions):
    """The least probability of all predictions; 1 if there is none."""
    least = [array[:, -1].min() for prediction in predictions for array in prediction if len(array)]
    return np.min([1.0, *least])


def _prune_by_threshold(predictions, threshold, verbose=True):
    """The predictions that are at least ``threshold`` probable; the given ones if that is all.

    Warns where more than 97 % of the arrays per image and class become empty.
    """
    arrays = [array for prediction in predictions for array in prediction if len(array)]
    filled, emptied = len(arrays), 0
    pruned = copy.copy(predictions)
    if arrays and not np.concatenate(arrays)[:, -1].min() >= threshold:
        pruned = [
            [array[array[:, -1] >= threshold] for array in prediction] for prediction in predictions
        ]
        emptied = filled - sum(len(array) > 0 for prediction in pruned for array in prediction)
    share = emptied / filled if filled else 0
    if share > MAX_ALLOWED_BOX_PRUNE:
        warnings.warn(
            f"threshold = {threshold}: leaves out {share:.0%} of the predictions per image and "
            "class; a lower one may be better.",
            UserWarning,
            stacklevel=2,
        )
    if verbose:
        print(
            f"Pruning {emptied} of {filled} predictions per image and class, those below "
            f"{threshold}: they are not considered when label issues are looked for."
        )
    return pruned


def _separate_label(label):
    return label["bboxes"], label["labels"]


def _get_prediction_type(prediction):
    """ "all_pred" for (boxes, labels, probabilities of all classes), else "single_pred"."""
    if (
        len(prediction) == 3
        and prediction[0].shape[0] == prediction[2].shape[1]
        and prediction[1].shape[0] == prediction[2].shape[0]
    ):
        return "all_pred"
    return "single_pred"


def _separate_prediction(prediction, prediction_type="single_pred"):
    """(boxes (M, 4), classes (M,), probabilities (M,)), class after class."""
    if prediction_type == "all_pred":
        boxes, labels, probabilities = prediction
        return boxes, labels, probabilities
    filled = [(number, array) for number, array in enumerate(prediction) if len(array)]
    if not filled:
        return np.array([]), np.array([]), np.array([])
    rows = np.concatenate([array for _, array in filled]).astype(np.float64)
    labels = np.concatenate([np.full(len(array), number) for number, array in filled])
    return rows[:, :4].copy(), labels, rows[:, -1].copy()


def _get_overlap_matrix(bb1_list, bb2_list):
    """(n, m) intersections over union of two lists of boxes."""
    return _kernels.detection_overlaps(*_flat.box_matrix(bb1_list), *_flat.box_matrix(bb2_list))


def _get_dist_matrix(bb1_list, bb2_list):
    """(n, m) exp(-0.1 · distance of the centres)."""
    first, single = _flat.box_matrix(bb1_list)
    return _kernels.detection_similarities(first, single, _flat.box_matrix(bb2_list)[0], ALPHA)[2]


def _has_overlap(bbox_list, labels):
    """(n,) bool: is a box of another class in the same place?"""
    boxes, single = _flat.box_matrix(bbox_list)
    return _kernels.detection_conflicts(
        boxes, single, np.ascontiguousarray(labels, dtype=np.int64)
    ).astype(bool)


def _get_valid_inputs_for_compute_scores_per_image(
    alpha,
    *,
    label=None,
    prediction=None,
    pred_labels=None,
    pred_label_probs=None,
    pred_bboxes=None,
    lab_labels=None,
    lab_bboxes=None,
    similarity_matrix=None,
    iou_matrix=None,
    min_possible_similarity=None,
):
    """What the scores of one image are computed from, as a dict; parts given are kept."""
    if lab_labels is None or lab_bboxes is None:
        if label is None:
            raise ValueError("label, lab_labels: one of them is needed, both can not be None")
        lab_bboxes, lab_labels = _separate_label(label)
    if pred_labels is None or pred_label_probs is None or pred_bboxes is None:
        if prediction is None:
            raise ValueError("prediction, pred_labels: one of them is needed, both can not be None")
        pred_bboxes, pred_labels, pred_label_probs = _separate_prediction(prediction)
    if similarity_matrix is None:
        given, single = _flat.box_matrix(lab_bboxes)
        iou_matrix, similarity_matrix, _ = _kernels.detection_similarities(
            given, single, _flat.box_matrix(pred_bboxes)[0], alpha
        )
    if iou_matrix is None:
        iou_matrix = _get_overlap_matrix(lab_bboxes, pred_bboxes)
    if min_possible_similarity is None:
        min_possible_similarity = (
            1.0
            if 0 in similarity_matrix.shape
            else np.min(similarity_matrix[np.nonzero(similarity_matrix)])
        )
    return {
        "pred_labels": pred_labels,
        "pred_label_probs": pred_label_probs,
        "pred_bboxes": pred_bboxes,
        "lab_labels": lab_labels,
        "lab_bboxes": lab_bboxes,
        "similarity_matrix": similarity_matrix,
        "iou_matrix": iou_matrix,
        "min_possible_similarity": min_possible_similarity,
    }


def _get_valid_inputs_for_compute_scores(alpha, labels=None, predictions=None):
    """The same for each image, with the least similarity that is not 0 over all of them."""
    _require_both(labels, predictions)
    inputs = [
        _get_valid_inputs_for_compute_scores_per_image(
            alpha, label=label, prediction=prediction, min_possible_similarity=1.0
        )
        for prediction, label in zip(predictions, labels, strict=False)
    ]
    least = 1.0
    for of_image in inputs:
        similarity = of_image["similarity_matrix"]
        least = np.min([least, *similarity[similarity != 0]])
    for of_image in inputs:
        of_image["min_possible_similarity"] = least
    return inputs


def _get_valid_score(scores_arr, temperature):
    """Softmin of the scores that are not NaN; 1 if there is none."""
    scores = scores_arr[~np.isnan(scores_arr)]
    return softmin1d(scores, temperature=temperature) if len(scores) else 1.0


def _get_valid_subtype_score_params(
    alpha=None, low_probability_threshold=None, high_probability_threshold=None, temperature=None
):
    """The four with their defaults for None."""
    return (
        ALPHA if alpha is None else alpha,
        LOW_PROBABILITY_THRESHOLD
        if low_probability_threshold is None
        else low_probability_threshold,
        HIGH_PROBABILITY_THRESHOLD
        if high_probability_threshold is None
        else high_probability_threshold,
        TEMPERATURE if temperature is None else temperature,
    )


def _get_aggregation_weights(aggregation_weights=None):
    if aggregation_weights is None:
        return {
            "overlooked": CUSTOM_SCORE_WEIGHT_OVERLOOKED,
            "swap": CUSTOM_SCORE_WEIGHT_SWAP,
            "badloc": CUSTOM_SCORE_WEIGHT_BADLOC,
        }
    assert_valid_aggregation_weights(aggregation_weights)
    return aggregation_weights
