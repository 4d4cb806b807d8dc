"""A ranking that follows corrections is what a run from nothing finds."""

import numpy as np
import pytest
import tusker


def sample(rows: int, classes: int, dtype: type, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes))
    logits[np.arange(rows), truth] += rng.normal(3, 1.5, rows)
    probs = np.exp(logits)
    probs /= probs.sum(axis=1, keepdims=True)
    labels = np.where(rng.random(rows) < 0.2, rng.integers(0, classes, rows), truth)
    return labels, probs.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("filter_by", ["prune_by_noise_rate", "both", "confident_learning"])
def test_corrections_one_by_one_and_many_at_once(dtype: type, filter_by: str) -> None:
    labels, probs = sample(2000, 7, dtype)
    live = tusker.LiveRanking(labels, probs, filter_by=filter_by)
    for step in range(9):
        indices, given, suggested, scores = live.ranked()
        expected = tusker.find_label_issues(labels, probs, filter_by=filter_by)
        np.testing.assert_array_equal(indices, expected)
        np.testing.assert_array_equal(given, labels[indices])
        np.testing.assert_array_equal(scores, probs[indices, labels[indices]])
        taken = 1 if step % 3 else 30
        labels[indices[:taken]] = suggested[:taken]
        live.relabel(indices[:taken], suggested[:taken])
    assert len(live.indices) > 0, "the last step compared nothing"
    assert not np.isin(indices[0], live.indices)


def test_one_row_may_be_given_as_a_number() -> None:
    labels, probs = sample(100, 3, np.float32)
    live = tusker.LiveRanking(labels, probs)
    live.relabel(5, 2)
    labels[5] = 2
    np.testing.assert_array_equal(live.indices, tusker.find_label_issues(labels, probs))


def test_the_probabilities_live_as_long_as_the_ranking() -> None:
    labels, probs = sample(300, 4, np.float64)
    expected = tusker.find_label_issues(labels, probs)
    live = tusker.LiveRanking(labels, probs.copy())
    live.relabel(3, (labels[3] + 1) % 4)
    live.relabel(3, labels[3])
    np.testing.assert_array_equal(live.indices, expected)


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (100, 0, "row = 100"),
        (-1, 0, r"rows\[0\] = -1"),
        (0, 3, r"labels\[0\] = 3"),
        ([0, 1], [0], "one label for each"),
        (0.5, 0, "must be integers"),
    ],
)
def test_what_is_refused_changes_nothing(rows: object, labels: object, message: str) -> None:
    given, probs = sample(100, 3, np.float32)
    live = tusker.LiveRanking(given, probs)
    with pytest.raises(ValueError, match=message):
        live.relabel(rows, labels)
    np.testing.assert_array_equal(live.indices, tusker.find_label_issues(given, probs))
