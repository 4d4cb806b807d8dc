"""tusker.count, filter, rank and dataset beside cleanlab's, in one process: the same to the bit."""

import warnings

import cleanlab.count
import cleanlab.dataset
import cleanlab.filter
import cleanlab.rank
import numpy as np
import pandas as pd
import pytest
import tusker
import tusker.count
import tusker.dataset
import tusker.filter
import tusker.rank
from classification_cases import CASES, make, name_of
from numpy.testing import assert_array_equal

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


# --- count ----------------------------------------------------------------------------------------


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


# --- filter ---------------------------------------------------------------------------------------


def both_find(labels, probs, **kwargs):
    """Tusker's and cleanlab's answer."""
    mine = quietly(tusker.filter.find_label_issues, labels, probs, **kwargs)
    return mine, quietly(cleanlab.filter.find_label_issues, labels, probs, n_jobs=1, **kwargs)


@every_case
@pytest.mark.parametrize("filter_by", FILTERS)
def test_label_issues_and_their_order(case, filter_by):
    labels, probs = make(case)
    assert_same(*both_find(labels, probs, filter_by=filter_by))
    for method in METHODS:
        kwargs = {"filter_by": filter_by, "return_indices_ranked_by": method}
        assert_same(*both_find(labels, probs, **kwargs))
        if method != "confidence_weighted_entropy":
            kwargs["rank_by_kwargs"] = {"adjust_pred_probs": True}
            assert_same(*both_find(labels, probs, **kwargs))


@small_cases
@pytest.mark.parametrize("filter_by", FILTERS[:3])
def test_options_of_the_prune_filters(case, filter_by):
    labels, probs = make(case)
    classes = probs.shape[1]
    rng = np.random.default_rng(0)
    raw = cleanlab.count.compute_confident_joint(labels, probs, calibrate=False)
    for kwargs in (
        *({"frac_noise": f} for f in (0.0, 0.1, 0.3, 0.5, 0.7)),
        *({"min_examples_per_class": n} for n in (0, 2, 5, 20, 100)),
        {"frac_noise": 0.4, "min_examples_per_class": 7},
        {"num_to_remove_per_class": 3},
        {"num_to_remove_per_class": list(rng.integers(0, 9, classes))},
        {"num_to_remove_per_class": [1] * classes, "frac_noise": 0.5},
        {"confident_joint": raw},
        {"confident_joint": np.ascontiguousarray(raw), "frac_noise": 0.3},
        {"confident_joint": raw, "frac_noise": 0.3, "min_examples_per_class": 4},
        {"confident_joint": raw + rng.random(raw.shape) * 5},
        {"confident_joint": np.asfortranarray(rng.random(raw.shape) * 9), "frac_noise": 0.7},
        {"confident_joint": raw * 3, "num_to_remove_per_class": 2},
    ):
        assert_same(*both_find(labels, probs, filter_by=filter_by, **kwargs))


@small_cases
def test_other_filters(case):
    labels, probs = make(case)
    assert_same(
        tusker.filter.find_predicted_neq_given(labels, probs),
        cleanlab.filter.find_predicted_neq_given(labels, probs),
    )
    joint = cleanlab.count.compute_confident_joint(labels, probs)
    for frac in (0.0, 0.3, 1.0):
        assert_same(
            tusker.filter._reduce_prune_counts(joint.T, frac),
            cleanlab.filter._reduce_prune_counts(joint.T, frac),
        )
        assert_same(
            tusker.filter._keep_at_least_n_per_class(joint.T, 9, frac_noise=frac),
            cleanlab.filter._keep_at_least_n_per_class(joint.T, 9, frac_noise=frac),
        )
    if len(np.union1d(labels, probs.argmax(axis=1))) < probs.shape[1]:
        return  # cleanlab counts such classes away and fails
    for filter_by in FILTERS[:3]:
        for calibrate in (True, False):
            args = (labels, probs)
            kwargs = {"calibrate": calibrate, "filter_by": filter_by}
            name = "find_label_issues_using_argmax_confusion_matrix"
            assert_same(
                quietly(getattr(tusker.filter, name), *args, **kwargs),
                quietly(getattr(cleanlab.filter, name), *args, **kwargs),
            )


@pytest.mark.parametrize("filter_by", FILTERS)
def test_columns_first_probabilities_of_a_table(filter_by):
    for case in (("smooth", "many classes", "float32"), ("without some", "few classes", "float32")):
        labels, probs = make(case)
        probs = pd.DataFrame(probs).to_numpy()
        probs = np.asfortranarray(probs)
        for method in METHODS:
            kwargs = {"filter_by": filter_by, "return_indices_ranked_by": method}
            assert_same(*both_find(labels, probs, **kwargs))


@pytest.mark.parametrize("container", [list, np.array, pd.Series, np.int32, np.uint8])
def test_labels_in_every_container(container):
    labels, probs = make(("smooth", "few classes", "float64"))
    given = labels.astype(container) if isinstance(container, type(np.int32)) else None
    if container in (list, np.array, pd.Series):
        given = container(labels.tolist())
    for filter_by in FILTERS:
        mine = tusker.filter.find_label_issues(given, probs, filter_by=filter_by)
        assert_array_equal(mine, both_find(labels, probs, filter_by=filter_by)[1])
    assert_array_equal(
        tusker.filter.find_label_issues(pd.DataFrame(labels), probs),
        tusker.filter.find_label_issues(labels, probs),
    )


GOOD = make(("smooth", "few classes", "float64"))


@pytest.mark.parametrize(
    "kwargs",
    [
        {"filter_by": "worst"},
        {"n_jobs": 0},
        {"n_jobs": 2},
        {"return_indices_ranked_by": "worst"},
        {"return_indices_ranked_by": "self_confidence", "rank_by_kwargs": {"adjust": True}},
        {
            "return_indices_ranked_by": "confidence_weighted_entropy",
            "rank_by_kwargs": {"adjust_pred_probs": True},
        },
        {"filter_by": "confident_learning", "frac_noise": 0.5},
        {"filter_by": "low_self_confidence", "num_to_remove_per_class": [1] * 5},
        {"filter_by": "confident_learning", "confident_joint": np.ones((5, 5), dtype=int)},
        {"labels": GOOD[0][:-1]},
        {"labels": np.zeros(1000, dtype=int), "n_jobs": 1},
        {"labels": np.zeros(1000, dtype=int), "filter_by": "predicted_neq_given"},
        {"labels": np.zeros(1000, dtype=int), "filter_by": "low_self_confidence"},
        {"labels": np.ones(1000, dtype=int)},
        {"labels": GOOD[0] + 1},
        {"labels": GOOD[0] - 1},
        {"labels": GOOD[0] + 0.5},
        {"labels": GOOD[0].astype(str)},
        {"labels": tuple(GOOD[0])},
        {"pred_probs": GOOD[1].tolist()},
        {"pred_probs": pd.DataFrame(GOOD[1])},
        {"pred_probs": GOOD[1] * 2},
        {"pred_probs": GOOD[1] - 0.5},
        {"pred_probs": GOOD[1][:, 0]},
        {"min_examples_per_class": 1000, "n_jobs": 1},
        {"labels": GOOD[0] % 4, "n_jobs": 1},
    ],
)
def test_find_label_issues_says_what_cleanlab_says(kwargs):
    kwargs = {"labels": GOOD[0], "pred_probs": GOOD[1], **kwargs}
    assert told(tusker.filter.find_label_issues, **kwargs) == told(
        cleanlab.filter.find_label_issues, **kwargs
    )


def changed(probs, row, column, value):
    probs = probs.copy()
    probs[row, column] = value
    return probs


@pytest.mark.parametrize("find", [tusker.find_label_issues, tusker.filter.find_label_issues])
@pytest.mark.parametrize(
    "kwargs, said",
    [
        ({"pred_probs": changed(GOOD[1], 7, 3, np.nan)}, r"pred_probs\[7, 3\] = nan"),
        ({"pred_probs": changed(GOOD[1], 7, 3, np.inf)}, r"pred_probs\[7, 3\] = inf|between 0 and"),
        ({"pred_probs": changed(GOOD[1], 7, 3, -0.1)}, r"pred_probs\[7, 3\] = -0.1|between 0 and"),
        ({"labels": GOOD[0].astype(float)}, r"labels\[0\] = .*integers"),
        ({"labels": GOOD[0].astype(object)}, r"labels\[0\] = .*integers"),
        ({"pred_probs": GOOD[1].astype(object)}, "pred_probs.*object"),
        ({"pred_probs": GOOD[1][:, :1], "labels": GOOD[0] * 0}, "at least 2 classes"),
        ({"confident_joint": np.ones((3, 3))}, "joint"),
        ({"confident_joint": np.full((5, 5), -1.0)}, r"confident_joint\[0, 0\] = -1"),
        ({"num_to_remove_per_class": [1, 2]}, "shape"),
        ({"frac_noise": 1.5}, "frac_noise = 1.5"),
    ],
)
def test_bad_input_is_named(find, kwargs, said):
    kwargs = {"labels": GOOD[0], "pred_probs": GOOD[1], **kwargs}
    with pytest.raises(ValueError, match=said):
        find(**kwargs)


def test_no_rows_and_half_floats():
    with pytest.raises(ValueError):
        tusker.filter.find_label_issues(np.array([], dtype=int), np.empty((0, 3)))
    labels, probs = GOOD
    half = tusker.filter.find_label_issues(labels, probs.astype(np.float16))
    widened = probs.astype(np.float16).astype(np.float32)
    assert_array_equal(half, tusker.filter.find_label_issues(labels, widened))


def test_foreign_byte_order_and_unaligned_memory():
    labels, probs = make(("tied", "few classes", "float32"))
    expected = tusker.filter.find_label_issues(labels, probs)
    packed = np.zeros(len(labels), dtype=[("pad", "u1"), ("p", "f4", probs.shape[1])])
    packed["p"] = probs
    shifted = np.frombuffer(b"x" + probs.tobytes(), np.float32, offset=1).reshape(probs.shape)
    assert not shifted.flags.aligned
    for given in (probs.astype(">f4"), packed["p"], np.repeat(probs, 2, axis=0)[::2], shifted):
        assert_array_equal(tusker.filter.find_label_issues(labels, given), expected)
    assert_array_equal(tusker.filter.find_label_issues(labels.astype(">i4"), probs), expected)


def test_number_found_is_printed(capsys):
    found = tusker.filter.find_label_issues(*GOOD, verbose=True)
    assert f"{found.sum()}" in capsys.readouterr().out


# --- sound ----------------------------------------------------------------------------------------


def test_sound_order_equals_cleanlab_where_no_scores_tie():
    for dtype in (np.float32, np.float64):
        labels, probs = make(("smooth", "few classes", np.dtype(dtype).name))
        theirs = both_find(labels, probs, return_indices_ranked_by="self_confidence")[1]
        assert_array_equal(tusker.find_label_issues(labels, probs), theirs)


def test_sound_ranks_by_every_score():
    labels, probs = make(("smooth", "few classes", "float64"))
    for mine, theirs in (
        ("normalized_margin", "normalized_margin"),
        ("confidence_weighted_entropy", "confidence_weighted_entropy"),
        ("weighted_entropy", "confidence_weighted_entropy"),
    ):
        found = tusker.find_label_issues(labels, probs, return_indices_ranked_by=mine)
        assert_array_equal(found, both_find(labels, probs, return_indices_ranked_by=theirs)[1])


def test_sound_rows_off_by_much_are_warned_of():
    labels, probs = GOOD
    with pytest.warns(UserWarning, match=r"pred_probs\[0\] sum to"):
        tusker.find_label_issues(labels, probs * 0.9)
    with pytest.raises(ValueError, match=r"pred_probs\[0\] sum to"):
        tusker.find_label_issues(labels, probs * 0.9, strict=True)


def test_sound_takes_the_callers_joint_and_numbers():
    labels, probs = GOOD
    nothing = np.diag(np.bincount(labels))
    assert len(tusker.find_label_issues(labels, probs, confident_joint=nothing)) == 0
    found = tusker.find_label_issues(
        labels, probs, filter_by="prune_by_class", num_to_remove_per_class=[0, 0, 3, 0, 0]
    )
    assert set(labels[found]) == {2}


# --- rank -----------------------------------------------------------------------------------------


@every_case
def test_scores(case):
    labels, probs = make(case)
    for layout in (np.ascontiguousarray, np.asfortranarray):
        given = layout(probs)
        for method in METHODS:
            for adjust in (False, True):
                kwargs = {"method": method, "adjust_pred_probs": adjust}
                if adjust and method == "confidence_weighted_entropy":
                    continue
                assert_same(
                    tusker.rank.get_label_quality_scores(labels, given, **kwargs),
                    cleanlab.rank.get_label_quality_scores(labels, given, **kwargs),
                )
            name = f"get_{method}_for_each_label"
            assert_same(
                getattr(tusker.rank, name)(labels, given),
                getattr(cleanlab.rank, name)(labels, given),
            )


@every_case
def test_rankings(case):
    labels, probs = make(case)
    for method in METHODS:
        scores = cleanlab.rank.get_label_quality_scores(labels, probs, method=method)
        for top in (10, 0, 1, len(labels), 10**9, None):
            assert_same(
                tusker.rank.find_top_issues(scores, top=top),
                cleanlab.rank.find_top_issues(scores, top=top),
            )
        mask = np.random.default_rng(0).random(len(labels)) < 0.4
        for given in (mask, np.flatnonzero(mask), np.zeros(len(labels), dtype=bool)):
            assert_same(
                tusker.rank.order_label_issues(given, labels, probs, rank_by=method),
                cleanlab.rank.order_label_issues(given, labels, probs, rank_by=method),
            )


def models(case, count=3):
    labels, probs = make(case)
    rng = np.random.default_rng(4)
    others = []
    for _ in range(count - 1):
        other = probs * (0.5 + rng.random(probs.shape)) + 0.01
        others.append((other / other.sum(axis=1, keepdims=True)).astype(probs.dtype))
    return labels, [probs, *others]


@small_cases
@pytest.mark.parametrize("weigh_by", ["uniform", "accuracy", "log_loss_search", "custom"])
def test_ensembles(case, weigh_by):
    for count in (1, 3, 9):
        labels, probs = models(case, count)
        if weigh_by == "log_loss_search" and len(np.unique(labels)) < probs[0].shape[1]:
            for module in (tusker.rank, cleanlab.rank):
                with pytest.raises(ValueError):
                    quietly(
                        module.get_label_quality_ensemble_scores,
                        labels,
                        probs,
                        weight_ensemble_members_by=weigh_by,
                        verbose=False,
                    )
            continue
        if weigh_by == "log_loss_search":
            # cleanlab fails where a weighted mean exceeds 1, and where all weights are 0.
            probs = [(p + p.dtype.type(0.05) / p.shape[1]) / p.dtype.type(1.06) for p in probs]
        for method in METHODS:
            for adjust in (False, True):
                if adjust and method == "confidence_weighted_entropy":
                    continue
                kwargs = {
                    "method": method,
                    "adjust_pred_probs": adjust,
                    "weight_ensemble_members_by": weigh_by,
                    "verbose": False,
                }
                if weigh_by == "log_loss_search":
                    kwargs["log_loss_search_T_values"] = [1e-4, 1e-2, 1.0, 10.0, 100.0]
                if weigh_by == "custom":
                    kwargs["custom_weights"] = np.arange(1, count + 1) / count
                for layout in (np.ascontiguousarray, np.asfortranarray):
                    args = (labels, [layout(p) for p in probs])
                    assert_same(
                        quietly(tusker.rank.get_label_quality_ensemble_scores, *args, **kwargs),
                        quietly(cleanlab.rank.get_label_quality_ensemble_scores, *args, **kwargs),
                    )


def test_an_ensemble_of_one_row_and_of_mixed_types():
    labels, probs = models(("smooth", "few classes", "float32"), 3)
    mixed = [probs[0], probs[1].astype(np.float64), probs[2]]
    for weigh_by in ("uniform", "accuracy"):
        kwargs = {"weight_ensemble_members_by": weigh_by, "verbose": False}
        assert_same(
            tusker.rank.get_label_quality_ensemble_scores(labels, mixed, **kwargs),
            cleanlab.rank.get_label_quality_ensemble_scores(labels, mixed, **kwargs),
        )


@pytest.mark.parametrize(
    "kwargs",
    [
        {"pred_probs_list": []},
        {"pred_probs_list": np.array([GOOD[1]])},
        {"weight_ensemble_members_by": "worst"},
        {"weight_ensemble_members_by": "custom"},
        {"weight_ensemble_members_by": "custom", "custom_weights": np.ones(1)},
        {"custom_weights": np.ones(2)},
        {"method": "worst"},
        {"adjust_pred_probs": True, "method": "confidence_weighted_entropy"},
        {"pred_probs_list": [GOOD[1]]},
        {"pred_probs_list": [GOOD[1], GOOD[1][:-1]]},
        {"labels": np.zeros(1000, dtype=int)},
    ],
)
def test_ensembles_say_what_cleanlab_says(kwargs, capsys):
    kwargs = {"labels": GOOD[0], "pred_probs_list": [GOOD[1], GOOD[1]], **kwargs}
    assert told(tusker.rank.get_label_quality_ensemble_scores, **kwargs) == told(
        cleanlab.rank.get_label_quality_ensemble_scores, **kwargs
    )


def test_a_temperature_that_leaves_no_weight_is_passed_over():
    labels, probs = models(("unsure", "many classes", "float64"))
    found = tusker.rank.get_label_quality_ensemble_scores(
        labels, probs, weight_ensemble_members_by="log_loss_search", verbose=False
    )
    assert np.isfinite(found).all()


@pytest.mark.parametrize("weigh_by", ["uniform", "accuracy", "log_loss_search"])
def test_ensembles_print_their_weights(weigh_by, capsys):
    tusker.rank.get_label_quality_ensemble_scores(
        GOOD[0], [GOOD[1], GOOD[1]], weight_ensemble_members_by=weigh_by
    )
    assert f"Weighting scheme for ensemble: {weigh_by}" in capsys.readouterr().out


# --- dataset --------------------------------------------------------------------------------------


@small_cases
def test_health(case):
    labels, probs = make(case)
    classes = probs.shape[1]
    names = [f"class {k}" for k in range(classes)]
    raw = cleanlab.count.compute_confident_joint(labels, probs, calibrate=False)
    joint = cleanlab.count.estimate_joint(labels, probs)
    sources = (
        {"labels": labels, "pred_probs": probs},
        {"labels": labels, "pred_probs": probs, "class_names": names},
        {"labels": labels, "joint": joint},
        {"joint": np.asfortranarray(joint), "num_examples": 12345, "class_names": names},
    )
    for source in sources:
        assert_same(
            tusker.dataset.rank_classes_by_label_quality(**source),
            cleanlab.dataset.rank_classes_by_label_quality(**source),
        )
        for asymmetric in (False, True):
            assert_same(
                tusker.dataset.find_overlapping_classes(asymmetric=asymmetric, **source),
                cleanlab.dataset.find_overlapping_classes(asymmetric=asymmetric, **source),
            )
    assert_same(
        tusker.dataset.find_overlapping_classes(confident_joint=raw),
        cleanlab.dataset.find_overlapping_classes(confident_joint=raw),
    )
    for source in (
        {"labels": labels, "pred_probs": probs},
        {"labels": labels, "joint": joint},
        {"joint": joint, "num_examples": 12345},
        {"confident_joint": raw},
    ):
        assert_same(
            tusker.dataset.overall_label_health_score(verbose=False, **source),
            cleanlab.dataset.overall_label_health_score(verbose=False, **source),
        )
    mine = tusker.dataset.health_summary(labels, probs, class_names=names, verbose=False)
    theirs = cleanlab.dataset.health_summary(labels, probs, class_names=names, verbose=False)
    assert mine.keys() == theirs.keys()
    for key in theirs:
        assert_same(mine[key], theirs[key])


def test_health_is_printed(capsys):
    tusker.dataset.health_summary(*GOOD, class_names=list("abcde"))
    out = capsys.readouterr().out
    assert "Label Quality Score" in out
    assert "Joint Probability" in out
    assert "overall label health score" in out


@pytest.mark.parametrize(
    "name",
    [
        "rank_classes_by_label_quality",
        "find_overlapping_classes",
        "overall_label_health_score",
        "health_summary",
    ],
)
def test_health_says_what_cleanlab_says(name):
    joint = np.array([[0.5, 0.1], [0.0, 0.4]])
    for kwargs in ({"joint": joint}, {"multi_label": True}):
        for module in (tusker.dataset, cleanlab.dataset):
            with pytest.raises(ValueError):
                getattr(module, name)(**kwargs)
