"""Labels and probabilities on which last bits and ties decide, and how two answers compare."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal


def _softmax(logits):
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    return probs / probs.sum(axis=1, keepdims=True)


def smooth(rows, classes, seed):
    """A model that is mostly right; every probability another."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows)
    truth[:classes] = np.arange(classes)
    probs = _softmax(rng.normal(size=(rows, classes)) + 3 * np.eye(classes)[truth])
    labels = np.where(rng.random(rows) < 0.2, rng.integers(0, classes, rows), truth)
    labels[:classes] = np.arange(classes)
    return labels, probs


def tied(rows, classes, seed):
    """Multiples of 1/16, many of them 0 and 1: most keys tie."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows)
    probs = np.zeros((rows, classes))
    for _ in range(16):
        at = np.where(rng.random(rows) < 0.3, rng.integers(0, classes, rows), truth)
        probs[np.arange(rows), at] += 1 / 16
    certain = rng.random(rows) < 0.1
    probs[certain] = np.eye(classes)[truth[certain]]
    labels = np.where(rng.random(rows) < 0.2, rng.integers(0, classes, rows), truth)
    labels[:2] = 0, 1
    return labels, probs


def without_some(rows, classes, seed):
    """No label of the last class, nor of every third."""
    labels, probs = smooth(rows, classes, seed)
    gone = [k for k in range(2, classes) if k % 3 == 2 or k == classes - 1]
    labels[np.isin(labels, gone)] = 0
    labels[:2] = 0, 1
    return labels, probs


def rare(rows, classes, seed):
    """Most labels of two classes, the others a few times."""
    labels, probs = tied(rows, classes, seed)
    keep = np.random.default_rng(seed).random(rows) < 0.05
    labels = np.where(keep, labels, labels % 2)
    labels[:2] = 0, 1
    return labels, probs


def unsure(rows, classes, seed):
    """Nearly all probabilities alike."""
    rng = np.random.default_rng(seed)
    probs = _softmax(rng.normal(size=(rows, classes)) * 0.05)
    return rng.permutation(np.arange(rows) % classes), probs


SHAPES = {
    "two classes": (300, 2),
    "few classes": (1000, 5),
    "many rows": (20_000, 10),
    "many classes": (3000, 60),
    "few rows": (40, 12),
}
KINDS = {
    "smooth": smooth,
    "tied": tied,
    "without some": without_some,
    "rare": rare,
    "unsure": unsure,
}
CASES = [
    (kind, shape, dtype)
    for kind in KINDS
    for shape in SHAPES
    for dtype in ("float32", "float64")
    if not (kind == "without some" and SHAPES[shape][1] < 3)
]


def make(case):
    """(labels, pred_probs) of one of CASES."""
    kind, shape, dtype = case
    labels, probs = KINDS[kind](*SHAPES[shape], seed=7)
    return labels, probs.astype(dtype)


def name_of(case):
    return ", ".join(case)


every_case = pytest.mark.parametrize("case", CASES, ids=name_of)
SMALL = [case for case in CASES if case[1] in ("two classes", "few classes", "many classes")]
small_cases = pytest.mark.parametrize("case", SMALL, ids=name_of)

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_self_confidence",
    "low_normalized_margin",
)
METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def assert_same(mine, theirs):
    """Equal to the bit, and of one type."""
    if isinstance(theirs, tuple | list):
        assert type(mine) is type(theirs)
        assert len(mine) == len(theirs)
        for one, other in zip(mine, theirs, strict=True):
            assert_same(one, other)
    elif isinstance(theirs, pd.DataFrame):
        pd.testing.assert_frame_equal(mine, theirs, check_exact=True)
    else:
        assert_array_equal(mine, theirs)
        assert np.asarray(mine).dtype == np.asarray(theirs).dtype


def quietly(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def told(function, *args, **kwargs):
    """What a call says: (type of its exception, types of its warnings)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            function(*args, **kwargs)
            raised = None
        except Exception as error:
            raised = type(error)
    return raised, sorted({warning.category.__name__ for warning in caught})


GOOD = make(("smooth", "few classes", "float64"))
