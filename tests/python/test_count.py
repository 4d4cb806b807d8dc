"""tusker.count beside cleanlab's, in one process: the same to the bit."""

import cleanlab.count
import cleanlab.filter
import numpy as np
import pandas as pd
import pytest
import tusker
import tusker.count
import tusker.filter
from classification_cases import (
    assert_same,
    every_case,
    make,
    quietly,
    small_cases,
    told,
)


@every_case
def test_thresholds_joint_and_number_of_issues(case):
    labels, probs = make(case)
    mine, theirs = tusker.count, cleanlab.count
    assert_same(
        mine.get_confident_thresholds(labels, probs), theirs.get_confident_thresholds(labels, probs)
    )
    for calibrate in (True, False):
        kwargs = {"calibrate": calibrate, "return_indices_of_off_diagonals": True}
        assert_same(
            mine.compute_confident_joint(labels, probs, **kwargs),
            theirs.compute_confident_joint(labels, probs, **kwargs),
        )
    assert_same(mine.estimate_joint(labels, probs), theirs.estimate_joint(labels, probs))
    for method in ("off_diagonal", "off_diagonal_calibrated"):
        assert_same(
            mine.num_label_issues(labels, probs, estimation_method=method),
            theirs.num_label_issues(labels, probs, estimation_method=method),
        )
    assert_same(mine._reduce_issues(probs, labels), theirs._reduce_issues(probs, labels))


@small_cases
def test_thresholds_of_the_callers(case):
    labels, probs = make(case)
    rng = np.random.default_rng(3)
    exact = probs[rng.integers(0, len(probs), probs.shape[1]), np.arange(probs.shape[1])]
    for thresholds in (
        0.5,
        list(rng.random(probs.shape[1])),
        exact,
        exact.astype(np.float64) + 1e-6,
        exact[None, :],
        np.full(probs.shape[1], 2),
    ):
        kwargs = {"thresholds": thresholds, "return_indices_of_off_diagonals": True}
        assert_same(
            tusker.count.compute_confident_joint(labels, probs, **kwargs),
            cleanlab.count.compute_confident_joint(labels, probs, **kwargs),
        )


@small_cases
def test_joints_of_the_callers(case):
    labels, probs = make(case)
    raw = cleanlab.count.compute_confident_joint(labels, probs, calibrate=False)
    noise = np.random.default_rng(5).random(raw.shape)
    for joint in (raw, np.ascontiguousarray(raw), raw / 3, np.ascontiguousarray(raw) + noise):
        assert_same(
            tusker.count.calibrate_confident_joint(joint, labels),
            cleanlab.count.calibrate_confident_joint(joint, labels),
        )
        assert_same(
            tusker.count.estimate_joint(labels, probs, confident_joint=joint),
            cleanlab.count.estimate_joint(labels, probs, confident_joint=joint),
        )
        assert_same(
            tusker.count.estimate_joint(None, None, confident_joint=joint),
            cleanlab.count.estimate_joint(None, None, confident_joint=joint),
        )
        kwargs = {"confident_joint": joint, "estimation_method": "off_diagonal_custom"}
        assert_same(
            tusker.count.num_label_issues(labels, probs, **kwargs),
            cleanlab.count.num_label_issues(labels, probs, **kwargs),
        )


@every_case
def test_latent_estimates(case):
    labels, probs = make(case)
    for calibrate in (True, False):
        joint = cleanlab.count.compute_confident_joint(labels, probs, calibrate=calibrate)
        for method in ("cnt", "eqn", "marginal"):
            for converge in (False, True):
                args = (joint, labels)
                kwargs = {"py_method": method, "converge_latent_estimates": converge}
                try:
                    theirs = quietly(cleanlab.count.estimate_latent, *args, **kwargs)
                except np.linalg.LinAlgError:
                    with pytest.raises(np.linalg.LinAlgError):
                        tusker.count.estimate_latent(*args, **kwargs)
                    continue
                mine = tusker.count.estimate_latent(*args, **kwargs)
                if method != "eqn":
                    assert_same(mine, theirs)
                for one, other in zip(mine, theirs, strict=True):
                    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    assert_same(
        tusker.count.estimate_py_and_noise_matrices_from_probabilities(labels, probs),
        cleanlab.count.estimate_py_and_noise_matrices_from_probabilities(labels, probs),
    )
    py, noise, inverse = cleanlab.count.estimate_latent(joint, labels)
    ps = np.bincount(labels, minlength=probs.shape[1]) / len(labels)
    assert_same(
        tusker.count._converge_estimates(ps, py, noise, inverse),
        cleanlab.count._converge_estimates(ps, py, noise, inverse),
    )


def test_a_singular_noise_matrix():
    labels = np.array([0, 1, 0, 1])
    joint = np.ones((2, 2), dtype=int)
    with pytest.raises(np.linalg.LinAlgError):
        tusker.count.estimate_latent(joint, labels, py_method="eqn")
    with pytest.raises(ValueError, match="should be"):
        tusker.count.estimate_latent(joint, labels, py_method="INVALID")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_counts_of_several_labels_a_row(dtype):
    rng = np.random.default_rng(11)
    probs = rng.random((200, 5)).astype(dtype)
    labels = [[k for k in range(5) if p[k] > rng.random()] for p in probs]
    for name in ("get_confident_thresholds", "compute_confident_joint", "estimate_joint"):
        assert_same(
            getattr(tusker.count, name)(labels, probs, multi_label=True),
            getattr(cleanlab.count, name)(labels, probs, multi_label=True),
        )
    kwargs = {"multi_label": True, "return_indices_of_off_diagonals": True, "calibrate": False}
    theirs = cleanlab.count.compute_confident_joint(labels, probs, **kwargs)
    assert_same(tusker.count.compute_confident_joint(labels, probs, **kwargs), theirs)
    for name, args in (("calibrate_confident_joint", (theirs[0], labels)),):
        assert_same(
            getattr(tusker.count, name)(*args, multi_label=True),
            getattr(cleanlab.count, name)(*args, multi_label=True),
        )
    assert tusker.count.num_label_issues(labels, probs, multi_label=True) == quietly(
        cleanlab.count.num_label_issues, labels, probs, multi_label=True
    )
    assert_same(
        tusker.filter.find_predicted_neq_given(labels, probs, multi_label=True),
        cleanlab.filter.find_predicted_neq_given(labels, probs, multi_label=True),
    )
    with pytest.raises(TypeError):
        tusker.count.compute_confident_joint(np.array([0, 1]), probs, multi_label=True)


def test_cross_validation_gives_cleanlabs_probabilities():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 150)
    features = rng.normal(size=(150, 2)) + 3 * np.eye(3)[truth][:, :2]
    labels = np.where(rng.random(150) < 0.1, rng.integers(0, 3, 150), truth)
    for name in (
        "estimate_confident_joint_and_cv_pred_proba",
        "estimate_py_noise_matrices_and_cv_pred_proba",
        "estimate_cv_predicted_probabilities",
        "estimate_noise_matrices",
    ):
        for X in (features, pd.DataFrame(features)):
            assert_same(
                getattr(tusker.count, name)(X, labels, seed=0),
                getattr(cleanlab.count, name)(X, labels, seed=0),
            )


def test_cross_validation_lends_a_rare_class():
    rng = np.random.default_rng(2)
    labels = np.array([0] * 20 + [1] * 20 + [2])
    features = rng.normal(size=(41, 2)) + labels[:, None]
    with pytest.warns(UserWarning, match="Duplicated"):
        mine = tusker.count.estimate_cv_predicted_probabilities(features, labels, seed=0)
    assert_same(
        mine, quietly(cleanlab.count.estimate_cv_predicted_probabilities, features, labels, seed=0)
    )


@pytest.mark.parametrize(
    "kwargs",
    [
        {"estimation_method": "worst"},
        {"estimation_method": "off_diagonal_custom"},
        {"confident_joint": np.ones((3, 3), dtype=int)},
    ],
)
def test_num_label_issues_says_what_cleanlab_says(kwargs):
    labels, probs = np.array([0, 1, 2, 0]), np.full((4, 3), 1 / 3)
    assert told(tusker.count.num_label_issues, labels, probs, **kwargs) == told(
        cleanlab.count.num_label_issues, labels, probs, **kwargs
    )
