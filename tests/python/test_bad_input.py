"""Bad input of the sound functions: a ValueError that names the argument, the row and the rule."""

import warnings

import numpy as np
import pytest
import tusker

LABELS = np.arange(60) % 3
PROBS = np.full((60, 3), 0.1) + 0.7 * np.eye(3)[LABELS]


def with_value(value, row=42, column=1, dtype=float):
    probs = PROBS.astype(dtype)
    probs[row, column] = value
    return probs


def with_label(value, row=7):
    labels = LABELS.copy()
    labels[row] = value
    return labels


# name: labels, pred_probs, words of the message
CLASSIFICATION = {
    "labels shorter": (LABELS[:-1], PROBS, ["labels", "59", "60"]),
    "labels longer": (np.arange(61) % 3, PROBS, ["labels", "61", "60"]),
    "labels 2-d": (np.stack([LABELS, LABELS], 1), PROBS, ["labels"]),
    "probs 1-d": (LABELS, PROBS[:, 0], ["pred_probs", "num_examples x num_classes"]),
    "probs 3-d": (LABELS, PROBS[None], ["pred_probs", "(1, 60, 3)"]),
    "one class": (LABELS * 0, np.ones((60, 1)), ["pred_probs", "1 column", "at least 2"]),
    "no rows": (LABELS[:0], PROBS[:0], ["0 rows"]),
    "no columns": (LABELS, PROBS[:, :0], ["pred_probs", "0 columns", "at least 2"]),
    "label too large": (with_label(3), PROBS, ["labels[7] = 3", "below 3"]),
    "label negative": (with_label(-1), PROBS, ["labels[7] = -1"]),
    "label huge": (with_label(2**40), PROBS, ["labels[7] = 1099511627776"]),
    "float labels": (LABELS * 1.0, PROBS, ["labels[0]", "integers", "float64"]),
    "text labels": (LABELS.astype(str), PROBS, ["labels[0]", "integers"]),
    "object labels": (LABELS.astype(object), PROBS, ["labels[0]", "object"]),
    "one label only": (LABELS * 0 + 1, PROBS, ["labels", "two different"]),
    "nan": (LABELS, with_value(np.nan), ["pred_probs[42, 1] = nan", "0 to 1"]),
    "nan in float32": (LABELS, with_value(np.nan, dtype="f4"), ["pred_probs[42, 1] = nan"]),
    "nan in float16": (LABELS, with_value(np.nan, dtype="f2"), ["pred_probs[42, 1] = nan"]),
    "inf": (LABELS, with_value(np.inf), ["pred_probs[42, 1] = inf"]),
    "-inf": (LABELS, with_value(-np.inf, 0, 0), ["pred_probs[0, 0] = -inf"]),
    "below": (LABELS, with_value(-2e-6, 4, 2), ["pred_probs[4, 2] = -2e-06"]),
    "above": (LABELS, with_value(1.1, 59, 0), ["pred_probs[59, 0] = 1.1", "0 to 1"]),
    "text probs": (LABELS, PROBS.astype(str), ["pred_probs", "numbers"]),
    "object probs": (LABELS, PROBS.astype(object), ["pred_probs", "object", "numbers"]),
}


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_find_label_issues(name):
    labels, probs, words = CLASSIFICATION[name]
    with pytest.raises(ValueError) as refused:
        tusker.find_label_issues(labels, probs)
    for word in words:
        assert word in str(refused.value)


def test_the_tolerance_of_values_is_accepted():
    probs = np.eye(3)[LABELS]
    probs[42, 1] = -1e-6
    probs[3, 0] = 1 + 1e-6
    assert len(tusker.find_label_issues(LABELS, probs)) == 0


def test_a_row_sum_is_a_warning_and_with_strict_an_error():
    probs = PROBS.copy()
    probs[5] *= 0.9
    with pytest.warns(UserWarning, match=r"pred_probs\[5\] sum to 0.9"):
        tusker.find_label_issues(LABELS, probs)
    with pytest.raises(ValueError, match=r"pred_probs\[5\] sum to 0.9"):
        tusker.find_label_issues(LABELS, probs, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tusker.find_label_issues(LABELS, PROBS * (1 + 0.0009))


LISTS = [[k] for k in LABELS]
MULTILABEL = {
    "class too large": ([*LISTS[:7], [0, 3], *LISTS[8:]], PROBS, ["labels[7]", "3"]),
    "class negative": ([*LISTS[:7], [-1], *LISTS[8:]], PROBS, ["labels[7]", "-1"]),
    "rows": (LISTS[:-1], PROBS, ["59", "60"]),
    "nan": (LISTS, with_value(np.nan), ["pred_probs[42, 1] = nan"]),
    "above": (LISTS, with_value(1.5), ["pred_probs[42, 1] = 1.5"]),
    "no rows": ([], PROBS[:0], ["pred_probs", "at least one row"]),
    "1-d": (LISTS, PROBS[:, 0], ["pred_probs", "num_examples x num_classes"]),
}


@pytest.mark.parametrize("name", MULTILABEL)
def test_find_multilabel_issues(name):
    labels, probs, words = MULTILABEL[name]
    with pytest.raises(ValueError) as refused:
        tusker.find_multilabel_issues(labels, probs)
    for word in words:
        assert word in str(refused.value)


def boxes(images=3):
    """Two boxes of two classes in each image, and a detector that sees them."""
    labels = [
        {"bboxes": np.array([[0, 0, 10, 10], [20, 20, 40, 50]], float), "labels": np.array([0, 1])}
        for _ in range(images)
    ]
    predictions = [
        [np.array([[0, 0, 10, 11, 0.9]]), np.array([[20, 20, 40, 51, 0.8]])] for _ in range(images)
    ]
    return labels, predictions


def spoil_label(key, place, value):
    def change(labels, predictions):
        labels[1][key] = labels[1][key].copy()
        labels[1][key][place] = value

    return change


def spoil_prediction(column, value):
    def change(labels, predictions):
        predictions[2][1][0, column] = value

    return change


BOXES = {
    "class too large": (spoil_label("labels", 1, 2), ["labels box 3", "class 2", "below 2"]),
    "class negative": (spoil_label("labels", 1, -1), ["labels[3] = -1"]),
    "nan in a box": (spoil_label("bboxes", (1, 2), np.nan), ["labels[1] box 1", "finite"]),
    "inf in a box": (spoil_label("bboxes", (1, 2), np.inf), ["labels[1] box 1", "finite"]),
    "x2 below x1": (spoil_label("bboxes", (1, 2), 3), ["x1"]),
    "nan in a predicted box": (spoil_prediction(0, np.nan), ["predictions[2] box 1", "finite"]),
    "probability above 1": (spoil_prediction(4, 1.5), ["1.5"]),
    "probability nan": (spoil_prediction(4, np.nan), ["nan"]),
    "another number of images": (lambda labels, predictions: labels.pop(), ["2", "3"]),
    "no images": (lambda labels, predictions: (labels.clear(), predictions.clear()), ["0 images"]),
}


@pytest.mark.parametrize("name", BOXES)
def test_find_box_issues(name):
    change, words = BOXES[name]
    labels, predictions = boxes()
    assert tusker.find_box_issues(labels, predictions).image_scores.shape == (3,)
    change(labels, predictions)
    with pytest.raises(ValueError) as refused:
        tusker.find_box_issues(labels, predictions)
    for word in words:
        assert word in str(refused.value)
