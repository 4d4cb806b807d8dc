"""Tusker's Python package beside cleanlab, in one process."""

import numpy as np
import tusker
from cleanlab.filter import find_label_issues


def random_case(seed, rows=2000, classes=7, dtype=np.float64):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes)) + 3 * np.eye(classes)[labels]
    flipped = rng.random(rows) < 0.1
    labels[flipped] = rng.integers(0, classes, flipped.sum())
    probs = np.exp(logits)
    return labels, (probs / probs.sum(axis=1, keepdims=True)).astype(dtype)


def test_sound_order_equals_cleanlab_where_no_scores_tie():
    for dtype in (np.float32, np.float64):
        labels, probs = random_case(1, dtype=dtype)
        expected = find_label_issues(labels, probs, return_indices_ranked_by="self_confidence")
        assert tusker.find_label_issues(labels, probs).tolist() == expected.tolist()
