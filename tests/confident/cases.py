"""Inputs on which Tusker and cleanlab must say the same, each with a reason to be here."""

import numpy as np


def normalised(weights):
    return weights / weights.sum(axis=1, keepdims=True)


def noisy(seed, n, k, noise=0.2, sharpness=3.0):
    """Like a trained model's: the true class is likely, some labels are wrong."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), true] += rng.normal(sharpness, 1.5, n)
    labels = np.where(rng.random(n) < noise, rng.integers(0, k, n), true)
    return labels, normalised(np.exp(logits))


def tied(seed, n, k, steps):
    """Few different values, so that most cuts run through equal keys."""
    rng = np.random.default_rng(seed)
    labels, probs = noisy(seed, n, k)
    probs = np.round(probs * steps) / steps
    probs[probs.sum(axis=1) == 0] = 1.0 / k
    order = rng.permutation(n)
    return labels[order], probs[order]


def one_hot(seed, n, k):
    """Probabilities of exactly 0 and 1."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    guesses = np.where(rng.random(n) < 0.3, rng.integers(0, k, n), labels)
    return labels, np.eye(k)[guesses]


def nobody_predicts(seed, n, k):
    labels, probs = noisy(seed, n, k)
    probs[:, 1] = 0
    return labels, normalised(probs)


def class_without_examples(seed, n, k, missing):
    labels, probs = noisy(seed, n, k)
    labels[np.isin(labels, missing)] = 0
    return labels, probs


def single_example(seed, n, k):
    labels, probs = noisy(seed, n, k)
    labels[labels == 2] = 0
    labels[n // 2] = 2
    return labels, probs


def uniform(n, k):
    return np.arange(n) % k, np.full((n, k), 1.0 / k)


def all_wrong(seed, n, k):
    labels, probs = noisy(seed, n, k, noise=0)
    return (labels + 1) % k, probs


def zeros(seed, n, k):
    labels, probs = noisy(seed, n, k)
    return np.zeros_like(labels), probs


def ones(seed, n, k):
    labels, probs = noisy(seed, n, k)
    return np.ones_like(labels), probs


def slightly_above_one(seed, n, k):
    labels, probs = one_hot(seed, n, k)
    return labels, probs * (1 + 5e-7)


def unnormalised(seed, n, k):
    labels, probs = noisy(seed, n, k)
    return labels, probs * 0.3


CASES = {
    "two_classes": (noisy(1, 400, 2), {}),
    "two_classes_tied": (tied(2, 900, 2, 8), {}),
    "three_classes": (noisy(3, 50, 3), {}),
    "ten_classes": (noisy(4, 3000, 10), {}),
    "ten_classes_noisy": (noisy(5, 3000, 10, noise=0.5, sharpness=1.0), {}),
    "tied_coarse": (tied(6, 1500, 5, 4), {}),
    "tied_fine": (tied(7, 2500, 7, 50), {}),
    "tied_many_classes": (tied(8, 3000, 40, 16), {}),
    "long_classes": (noisy(9, 40000, 3), {}),
    "wide": (noisy(10, 3000, 200, sharpness=4.0), {}),
    "wider_than_rows": (noisy(11, 150, 300, sharpness=5.0), {}),
    "one_hot": (one_hot(12, 600, 6), {}),
    "nobody_predicts": (nobody_predicts(13, 800, 5), {}),
    "first_class_missing": (class_without_examples(14, 700, 5, [3]), {}),
    "last_classes_missing": (class_without_examples(15, 700, 8, [6, 7]), {}),
    "single_example": (single_example(16, 500, 5), {}),
    "uniform": (uniform(300, 4), {}),
    "all_wrong": (all_wrong(17, 500, 4), {}),
    "all_labels_zero": (zeros(18, 300, 3), {}),
    "all_labels_one": (ones(19, 300, 3), {}),
    "slightly_above_one": (slightly_above_one(20, 300, 4), {}),
    "unnormalised": (unnormalised(21, 800, 5), {}),
    "two_rows": (((np.array([0, 1])), np.array([[0.2, 0.8], [0.7, 0.3]])), {}),
    "half_the_noise": (noisy(22, 2000, 8, noise=0.4), {"frac_noise": 0.37}),
    "keep_some": (noisy(23, 400, 20, noise=0.5), {"min_examples_per_class": 12}),
    "keep_and_half": (
        tied(24, 600, 12, 20),
        {"min_examples_per_class": 30, "frac_noise": 0.5},
    ),
}
