"""`tusker issues --rank-by consensus`: the same rows in another order, and what it refuses."""

import json

import numpy as np
import pytest
from test_issues_command import Arrays


@pytest.fixture
def arrays(tmp_path):
    """Two of four classes are confused by the annotators; a model that saw their labels."""
    arrays = Arrays(tmp_path)
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 4, 1200)
    arrays.points = 3 * np.eye(4)[truth] + rng.normal(size=(1200, 4))
    logits = 3 * arrays.points + 1.5 * rng.normal(size=(1200, 4))
    clean = np.exp(logits - logits.max(axis=1, keepdims=True))
    clean /= clean.sum(axis=1, keepdims=True)
    # Three in ten of class 2 are given as 3, which the model has learned.
    arrays.probs = clean.copy()
    arrays.probs[:, 3] += 0.3 * clean[:, 2]
    arrays.probs[:, 2] *= 0.7
    arrays.labels = np.where((truth == 2) & (rng.random(1200) < 0.3), 3, truth)
    arrays.truth = truth
    return arrays


def ranked(done):
    assert done.returncode == 0, done.stderr
    return [issue["index"] for issue in json.loads(done.stdout)["issues"]]


def average_precision(wrong, rows):
    hits = wrong[rows]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def test_flagged_rows_stay_and_more_errors_come_first(arrays):
    by_confidence = ranked(arrays.issues("--filter-by", "both", "--json"))
    found = arrays.issues("--filter-by", "both", "--rank-by", "consensus", "--json")
    by_consensus = ranked(found)
    assert sorted(by_confidence) == sorted(by_consensus)
    wrong = arrays.labels != arrays.truth
    assert average_precision(wrong, by_consensus) > average_precision(wrong, by_confidence)
    scores = [issue["score"] for issue in json.loads(found.stdout)["issues"]]
    assert scores == sorted(scores)
    assert scores[0] >= 0 and scores[-1] <= 1
    assert json.loads(found.stdout)["rank_by"] == "consensus"


def test_further_models_and_features_of_any_float_type(arrays, tmp_path):
    alone = ranked(arrays.issues("--rank-by", "consensus", "--json"))
    second, features = tmp_path / "second.npy", tmp_path / "features.npy"
    np.save(second, arrays.probs.astype(np.float32))
    np.save(features, arrays.points.astype(np.float16))
    more = ("--model-probs", second, "--model-probs", second, "--features", features)
    together = ranked(arrays.issues("--rank-by", "consensus", *more, "--json"))
    assert sorted(together) == sorted(alone)
    assert together != alone


def test_parts_are_one_matrix(arrays, tmp_path):
    whole = arrays.issues("--rank-by", "consensus", "--json").stdout
    rest = tmp_path / "rest.npy"
    np.save(rest, arrays.probs[500:])
    arrays.probs = arrays.probs[:500]
    assert arrays.issues(rest, "--rank-by", "consensus", "--json").stdout == whole


def test_wrong_shapes_are_named(arrays, tmp_path):
    other = tmp_path / "other.npy"
    np.save(other, arrays.probs[1:])
    text = arrays.refusal("--rank-by", "consensus", "--model-probs", other)
    assert "--model-probs" in text
    assert "has 1199 rows: must have 1200, one for each label" in text
    text = arrays.refusal("--rank-by", "consensus", "--features", other)
    assert "--features" in text
    assert "has 1199 rows: must have 1200" in text
    np.save(other, arrays.probs[:, 1:])
    text = arrays.refusal("--rank-by", "consensus", "--model-probs", other)
    assert "has 3 columns: must have 4, as the probabilities have" in text
    arrays.points[7, 1] = np.nan
    np.save(other, arrays.points)
    text = arrays.refusal("--rank-by", "consensus", "--features", other)
    assert "features[7" in text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--features", "x.npy"), "needs --rank-by consensus"),
        (("--model-probs", "x.npy"), "needs --rank-by consensus"),
        (("--rank-by", "consensus", "--compat", "cleanlab"), "not with --compat"),
        (("--rank-by", "consensus", "--task", "multilabel"), "multilabel has no consensus"),
    ],
)
def test_options_that_do_not_go_together(arrays, more, said):
    assert said in arrays.refusal(*more)
