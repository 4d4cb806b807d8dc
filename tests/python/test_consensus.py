"""A ranking by models, neighbours and noise: what a user sees of it on data with known errors."""

import numpy as np
import pytest
import tusker


def blobs(seed=0, rows=1500, classes=5, flips=0.1, pair=None):
    """Clouds of points, two of which overlap, and a model that saw only the given labels."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, 6)) * 3
    centres[1] = centres[0] + 1
    truth = rng.integers(0, classes, rows)
    points = centres[truth] + rng.normal(size=(rows, 6))
    labels = truth.copy()
    if pair:
        flipped = rng.random(rows) < flips * (truth == pair[0]) * classes
        labels[flipped] = pair[1]
    else:
        flipped = rng.random(rows) < flips
        labels[flipped] = (truth[flipped] + rng.integers(1, classes, flipped.sum())) % classes
    return labels, model_of(points, labels, rng), points, labels != truth, truth


def model_of(points, labels, rng):
    """Out of sample: normal curves around the means of the other half, seen through fog."""
    blurred = points + 3 * rng.normal(size=points.shape)
    classes = labels.max() + 1
    half = rng.random(len(labels)) < 0.5
    probs = np.empty((len(labels), classes))
    for fit, ask in ((half, ~half), (~half, half)):
        means = np.stack([blurred[fit & (labels == k)].mean(axis=0) for k in range(classes)])
        logits = -((blurred[ask][:, None] - means[None]) ** 2).sum(axis=2) / 6
        probs[ask] = np.exp(logits - logits.max(axis=1, keepdims=True))
    return probs / probs.sum(axis=1, keepdims=True)


def average_precision(wrong, scores):
    ranked = wrong[np.argsort(scores, kind="stable")]
    return float((np.cumsum(ranked) / np.arange(1, len(ranked) + 1))[ranked].mean())


@pytest.mark.parametrize("pair", [None, (2, 3)], ids=["symmetric", "one pair"])
def test_more_errors_come_first_than_by_self_confidence(pair):
    labels, probs, points, wrong, truth = blobs(pair=pair)
    found = tusker.score_by_consensus(labels, probs, features=points)
    self_confidence = probs[np.arange(len(labels)), labels]
    assert average_precision(wrong, found.scores) > average_precision(wrong, self_confidence)
    assert (found.suggested == truth)[wrong].mean() > 0.65
    worst = found.ranked
    assert (np.diff(found.scores[worst]) >= 0).all()


def test_noise_is_read_from_the_labels():
    labels, probs, points, _, _ = blobs(rows=4000, pair=(2, 3), flips=0.06)
    noise = tusker.score_by_consensus(labels, probs, features=points).noise
    np.testing.assert_allclose(noise.sum(axis=0), 1)
    assert abs(noise[3, 2] - 0.3) < 0.12
    assert noise[4, 2] < 0.05


def test_models_alone_neighbours_alone_and_half_floats():
    labels, probs, points, wrong, _ = blobs()
    alone = tusker.score_by_consensus(labels, probs)
    assert alone.powers.shape == (1,)
    votes = tusker.score_by_consensus(labels, features=points)
    assert votes.powers.shape == (2,)
    both = tusker.score_by_consensus(labels, [probs, probs.astype(np.float32)], features=points)
    assert both.powers.shape == (4,)
    for found in (alone, votes, both):
        assert average_precision(wrong, found.scores) > 3 * wrong.mean()
    half = tusker.score_by_consensus(labels, probs.astype(np.float16))
    np.testing.assert_allclose(half.scores, alone.scores, atol=0.05)


def test_neighbours_found_before_give_the_same():
    labels, probs, points, _, _ = blobs()
    neighbors = tusker.find_neighbors(points, 20)
    np.testing.assert_array_equal(
        tusker.score_by_consensus(labels, probs, neighbors=neighbors).scores,
        tusker.score_by_consensus(labels, probs, features=points).scores,
    )


def test_bad_input_is_named():
    labels, probs, points, _, _ = blobs(rows=60)
    with pytest.raises(ValueError, match="neither probabilities nor neighbors"):
        tusker.score_by_consensus(labels)
    with pytest.raises(ValueError, match=r"labels\[0\] = 5: must be below 5"):
        tusker.score_by_consensus(np.r_[5, labels[1:]], probs)
    with pytest.raises(ValueError, match=r"pred_probs\[1\]\[3, 0\] = nan"):
        broken = probs.copy()
        broken[3, 0] = np.nan
        tusker.score_by_consensus(labels, [probs, broken])
    with pytest.raises(ValueError, match=r"pred_probs\[0\] are 60 × 5: must be 59 × 5"):
        tusker.score_by_consensus(labels[1:], probs)
    with pytest.raises(ValueError, match="must be alike, a row for each of 60 labels"):
        tusker.score_by_consensus(labels, probs, features=points[1:])
    with pytest.raises(ValueError, match="zero-indexed integers"):
        tusker.score_by_consensus(labels.astype(float), probs)
