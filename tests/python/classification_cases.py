"""Labels and probabilities on which last bits and ties decide."""

import numpy as np


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
