"""tusker.filter beside cleanlab's, the same to the bit; and the sound mode, which may differ."""

import cleanlab.count
import cleanlab.filter
import numpy as np
import pandas as pd
import pytest
import tusker
import tusker.filter
from classification_cases import (
    FILTERS,
    GOOD,
    METHODS,
    assert_same,
    every_case,
    make,
    quietly,
    small_cases,
    told,
)
from numpy.testing import assert_array_equal


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
