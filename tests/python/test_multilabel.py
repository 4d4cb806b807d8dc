"""Multi-label issues beside cleanlab: the same bits in every function, on random and edge cases."""

import itertools
import warnings

import cleanlab.multilabel_classification as theirs
import numpy as np
import pandas as pd
import pytest
import tusker
import tusker.multilabel_classification as ours
from cleanlab.internal import multilabel_scorer as their_scorer
from cleanlab.internal import multilabel_utils as their_utils
from tusker.internal import multilabel_scorer as our_scorer
from tusker.internal import multilabel_utils as our_utils

FILTERS = ours.filter.FILTERS
PER_CLASS = [name for name in FILTERS if not name.startswith("low_")]
SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def random_case(seed, rows=300, classes=6, dtype=np.float64, steps=None, share=0.3):
    """``steps``: probabilities are multiples of 1 / steps, so that most scores tie."""
    rng = np.random.default_rng(seed)
    truth = rng.random((rows, classes)) < share
    truth[0], truth[1] = True, False
    sure = rng.random((rows, classes)) * 0.7
    if steps:
        sure = np.round(sure * steps) / steps
    probs = np.where(truth, 1 - sure, sure).astype(dtype)
    given = truth ^ (rng.random((rows, classes)) < 0.08)
    given[0], given[1] = True, False
    return our_utils.onehot2int(given), probs


CASES = {
    "float64": dict(seed=1),
    "float32": dict(seed=2, dtype=np.float32),
    "ties": dict(seed=3, steps=8),
    "ties float32": dict(seed=4, steps=8, dtype=np.float32, rows=2000, classes=3),
    "many rows of a class": dict(seed=5, rows=30000, classes=2, dtype=np.float32),
    "many classes": dict(seed=6, rows=40, classes=70),
    "few rows": dict(seed=7, rows=6, classes=3),
    "rare": dict(seed=8, share=0.01, classes=20),
}


@pytest.fixture(params=CASES, scope="module")
def case(request):
    return random_case(**CASES[request.param])


def outcome(function, *args, **kwargs):
    """What a call returns, or the type of what it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args, **kwargs)
        except Exception as error:
            return type(error)


def assert_same(ours_said, theirs_said):
    if isinstance(theirs_said, (list, tuple)):
        assert len(ours_said) == len(theirs_said)
        for mine, other in zip(ours_said, theirs_said, strict=True):
            assert_same(mine, other)
    elif isinstance(theirs_said, np.ndarray):
        assert ours_said.dtype == theirs_said.dtype
        np.testing.assert_array_equal(ours_said, theirs_said)
    else:
        assert ours_said == theirs_said


def assert_both_find(case, **kwargs):
    kwargs = {"n_jobs": 1, **kwargs}
    theirs_said = outcome(theirs.filter.find_label_issues, *case, **kwargs)
    assert_same(outcome(ours.filter.find_label_issues, *case, **kwargs), theirs_said)
    return theirs_said


@pytest.mark.parametrize("filter_by", FILTERS)
@pytest.mark.parametrize("rank_by", [None, *SCORES])
def test_issues_and_their_order(case, filter_by, rank_by):
    found = assert_both_find(case, filter_by=filter_by, return_indices_ranked_by=rank_by)
    if not isinstance(found, type):
        assert len(found) > 0


@pytest.mark.parametrize("filter_by", FILTERS)
@pytest.mark.parametrize("rank_by", SCORES[:2])
def test_order_by_adjusted_probabilities(case, filter_by, rank_by):
    adjusted = {"adjust_pred_probs": True}
    assert_both_find(
        case, filter_by=filter_by, return_indices_ranked_by=rank_by, rank_by_kwargs=adjusted
    )


@pytest.mark.parametrize("filter_by", FILTERS[:3])
@pytest.mark.parametrize(
    "limits",
    [dict(frac_noise=0.5), dict(frac_noise=0.0), dict(min_examples_per_class=20)],
    ids=str,
)
def test_limits_of_the_prune_filters(case, filter_by, limits):
    assert_both_find(case, filter_by=filter_by, **limits)


@pytest.mark.parametrize("filter_by", FILTERS[:3])
@pytest.mark.parametrize("removed", [0, 1, 5])
def test_number_to_remove(case, filter_by, removed):
    counts = [removed * (k % 2) for k in range(case[1].shape[1])]
    assert_both_find(case, filter_by=filter_by, num_to_remove_per_class=counts)


@pytest.mark.parametrize("filter_by", FILTERS)
def test_given_joint(case, filter_by):
    rng = np.random.default_rng(0)
    joint = rng.integers(0, 40, (case[1].shape[1], 2, 2))
    assert_both_find(case, filter_by=filter_by, confident_joint=joint)
    assert_both_find(case, filter_by=filter_by, confident_joint=joint / 3)


@pytest.mark.parametrize("filter_by", FILTERS)
@pytest.mark.parametrize("rank_by", [None, *SCORES])
def test_issues_of_each_class(case, filter_by, rank_by):
    kwargs = dict(filter_by=filter_by, return_indices_ranked_by=rank_by)
    theirs_said = outcome(theirs.filter.find_multilabel_issues_per_class, *case, n_jobs=1, **kwargs)
    assert_same(outcome(ours.filter.find_multilabel_issues_per_class, *case, **kwargs), theirs_said)


@pytest.mark.parametrize("rank_by", [None, "self_confidence"])
def test_low_memory(rank_by):
    case = random_case(13, rows=2000)
    kwargs = dict(low_memory=True, return_indices_ranked_by=rank_by)
    for name in ("find_label_issues", "find_multilabel_issues_per_class"):
        assert_same(
            outcome(getattr(ours.filter, name), *case, **kwargs),
            outcome(getattr(theirs.filter, name), *case, **kwargs),
        )
    with pytest.warns(UserWarning, match="`n_jobs` is not used"):
        ours.filter.find_label_issues(*case, low_memory=True, n_jobs=1)


@pytest.mark.parametrize("name", ["SELF_CONFIDENCE", "NORMALIZED_MARGIN"])
def test_scorers_of_one_class(name):
    labels, probs = random_case(14, classes=2)
    given = np.array([int(0 in classes) for classes in labels])
    pair = our_utils.stack_complement(probs[:, 0])
    for adjust in (False, True):
        mine = our_scorer.ClassLabelScorer[name](given, pair, adjust_pred_probs=adjust)
        other = their_scorer.ClassLabelScorer[name](given, pair, adjust_pred_probs=adjust)
        assert_same(mine, other)


AGGREGATIONS = [
    dict(method="exponential_moving_average", alpha=0.8),
    dict(method="exponential_moving_average", alpha=0.3),
    dict(method="exponential_moving_average", alpha=0),
    dict(method="exponential_moving_average", alpha=1),
    dict(method="exponential_moving_average"),
    dict(method="softmin"),
    dict(method="softmin", temperature=0.01),
    dict(method="softmin", temperature=3),
    dict(method="softmin", temperature=0),
    dict(method=np.min),
    {},
]


@pytest.mark.parametrize("aggregator", AGGREGATIONS, ids=str)
def test_scores(case, aggregator):
    for method, adjust in itertools.product(SCORES, (False, True)):
        kwargs = dict(method=method, adjust_pred_probs=adjust, aggregator_kwargs=aggregator)
        theirs_said = outcome(theirs.get_label_quality_scores, *case, **kwargs)
        assert_same(outcome(ours.get_label_quality_scores, *case, **kwargs), theirs_said)


def test_scores_of_each_class(case):
    for method, adjust in itertools.product(SCORES, (False, True)):
        kwargs = dict(method=method, adjust_pred_probs=adjust)
        theirs_said = outcome(theirs.rank.get_label_quality_scores_per_class, *case, **kwargs)
        said = outcome(ours.rank.get_label_quality_scores_per_class, *case, **kwargs)
        assert_same(said, theirs_said)


def test_aggregations_of_other_arrays():
    rng = np.random.default_rng(5)
    for columns in (1, 2, 7, 8, 9, 15, 16, 129, 1000):
        scores = rng.random((11, columns))
        for name, kwargs in (("exponential_moving_average", {"alpha": None}), ("softmin", {})):
            mine = getattr(our_scorer, name)(scores, **kwargs)
            assert_same(mine, getattr(their_scorer, name)(scores, **kwargs))


@pytest.mark.parametrize("names", [None, ["ant", "bee", "cat", "dog", "eel", "fox"]])
@pytest.mark.parametrize("name", ["float64", "float32", "ties", "few rows"])
def test_tables(name, names):
    case = random_case(**CASES[name])
    joint = np.full((case[1].shape[1], 2, 2), 7)
    for joint_given in (None, joint):
        kwargs = dict(class_names=names, confident_joint=joint_given)
        pd.testing.assert_frame_equal(
            ours.dataset.common_multilabel_issues(*case, **kwargs),
            theirs.dataset.common_multilabel_issues(*case, **kwargs),
        )
        pd.testing.assert_frame_equal(
            ours.dataset.rank_classes_by_multilabel_quality(*case, joint=joint_given, **kwargs),
            theirs.dataset.rank_classes_by_multilabel_quality(*case, joint=joint_given, **kwargs),
        )
        health = ours.dataset.overall_multilabel_health_score(*case, confident_joint=joint_given)
        assert health == theirs.dataset.overall_multilabel_health_score(
            *case, confident_joint=joint_given
        )


def test_summary_prints_the_tables(capsys):
    labels, probs = random_case(1)
    summary = ours.dataset.multilabel_health_summary(labels, probs, class_names=list("abcdef"))
    theirs_said = theirs.dataset.multilabel_health_summary(
        labels, probs, class_names=list("abcdef"), verbose=False
    )
    assert summary.keys() == theirs_said.keys()
    assert "Class Name" in capsys.readouterr().out
    assert ours.dataset.multilabel_health_summary(labels, probs, verbose=False)
    assert capsys.readouterr().out == ""


EDGES = {
    "a class that no row has": ([[0], [0, 2], [], [2], [0]], 3),
    "only positives": ([[0, 1], [1], [1, 2], [1], [0, 1]], 3),
    "no labels at all": ([[], [], [], [], []], 3),
    "all labels": ([[0, 1, 2]] * 5, 3),
    "one class": ([[0], [], [0], [], []], 1),
    "one row has it": ([[0], [1], [1], [], [1]], 2),
    "repeated": ([[0, 0], [1, 1, 1], [], [0], [1, 0]], 2),
}


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("filter_by", FILTERS)
@pytest.mark.parametrize("rank_by", [None, *SCORES])
def test_edge_cases(name, filter_by, rank_by):
    labels, classes = EDGES[name]
    for seed in range(5):
        probs = np.random.default_rng(seed).random((5, classes))
        assert_both_find((labels, probs), filter_by=filter_by, return_indices_ranked_by=rank_by)


@pytest.mark.parametrize("name", EDGES)
def test_scores_of_edge_cases(name):
    labels, classes = EDGES[name]
    probs = np.random.default_rng(0).random((5, classes))
    test_scores((labels, probs), AGGREGATIONS[0])
    test_scores_of_each_class((labels, probs))


def test_certain_probabilities():
    labels, probs = random_case(9)
    for certain in (np.round(probs), np.full_like(probs, 0.5)):
        for filter_by, rank_by in itertools.product(FILTERS, (None, *SCORES)):
            assert_both_find(
                (labels, certain), filter_by=filter_by, return_indices_ranked_by=rank_by
            )


def test_labels_as_a_matrix_of_classes_are_rows_of_classes():
    labels = np.array([[0, 1], [1, 0], [0, 2], [1, 2], [2, 2]])
    probs = np.random.default_rng(0).random((5, 3))
    assert_both_find((labels, probs))


def test_helpers():
    labels, probs = random_case(3, rows=30)
    onehot, count = our_utils.get_onehot_num_classes(labels)
    expected, expected_count = their_utils.get_onehot_num_classes(labels)
    assert_same(onehot, expected)
    assert count == expected_count
    assert our_utils.onehot2int(onehot) == their_utils.onehot2int(onehot)
    assert_same(our_utils.stack_complement(probs[:, 0]), their_utils.stack_complement(probs[:, 0]))
    assert_same(our_scorer.multilabel_py(onehot), their_scorer.multilabel_py(onehot))
    assert our_utils._is_multilabel(onehot)
    assert not our_utils._is_multilabel(onehot[:, 0])


BAD = {
    "a class too high": (dict(labels=[[0], [3], [1]]), "labels[1] holds class 3: must be in 0..2"),
    "a negative class": (dict(labels=[[0], [1], [-1]]), "labels[2] holds class -1"),
    "float labels": (dict(labels=[[0.5], [1], [2]]), "wrong format for labels"),
    "texts": (dict(labels=[["a"], ["b"], []]), "wrong format for labels"),
    "no lists": (dict(labels=[0, 1, 2]), "wrong format for labels"),
    "too few rows": (dict(labels=[[0], [1]]), "pred_probs and labels must have same length"),
    "not a number": (dict(value=np.nan), "pred_probs[1, 2] = nan"),
    "above 1": (dict(value=1.1), "pred_probs[1, 2] = 1.1"),
    "an unknown filter": (dict(filter_by="worst"), "filter_by = 'worst'"),
    "an unknown ranking": (dict(return_indices_ranked_by="best"), "rank_by = 'best'"),
    "a joint of another shape": (dict(confident_joint=np.ones((3, 3, 3))), "(num_classes, 2, 2)"),
    "no rows": (dict(labels=[], rows=0), "at least one row"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    arguments, sentence = BAD[name]
    arguments = dict(arguments)
    probs = np.full((arguments.pop("rows", 3), 3), 0.4)
    if "value" in arguments:
        probs[1, 2] = arguments.pop("value")
    arguments.setdefault("labels", [[0], [1, 2], []])
    with pytest.raises(ValueError) as refused:
        ours.filter.find_label_issues(pred_probs=probs, **arguments)
    assert sentence in str(refused.value)


def test_object_arrays_are_refused():
    with pytest.raises(TypeError):
        ours.filter.find_label_issues([[0], [1]], np.array([[0.1, 0.2], [0.3, None]]))


def test_arguments_that_do_nothing_warn():
    labels, probs = random_case(1)
    with pytest.warns(UserWarning, match="frac_noise"):
        ours.filter.find_label_issues(
            labels, probs, filter_by="predicted_neq_given", frac_noise=0.5
        )
    with pytest.warns(UserWarning, match="ignored"):
        ours.filter.find_label_issues(labels, probs, confident_joint=np.ones((6, 6)))
    with pytest.raises(ValueError, match="num_to_remove_per_class"), pytest.warns(UserWarning):
        ours.filter.find_label_issues(
            labels, probs, filter_by="confident_learning", num_to_remove_per_class=[1] * 6
        )


# --- Sound ------------------------------------------------------------------------------------


@pytest.mark.parametrize("filter_by", FILTERS)
def test_sound_finds_what_cleanlab_finds_and_ranks_by_score(filter_by):
    labels, probs = random_case(11, rows=1000)
    found = tusker.find_multilabel_issues(labels, probs, filter_by=filter_by)
    mask = theirs.filter.find_label_issues(labels, probs, filter_by=filter_by)
    assert sorted(found.indices.tolist()) == np.flatnonzero(mask).tolist()
    assert (np.diff(found.scores) >= 0).all()
    scores = theirs.get_label_quality_scores(labels, probs)
    np.testing.assert_allclose(found.scores, scores[found.indices], atol=1e-14)


def found_lists(found):
    return found.indices, found.wrongly_given, found.wrongly_missing


def test_sound_says_which_classes():
    labels, probs = random_case(11, rows=1000)
    found = tusker.find_multilabel_issues(labels, probs)
    flags = theirs.filter.find_multilabel_issues_per_class(labels, probs)
    for row, given, missing in zip(*found_lists(found), strict=True):
        assert sorted(given + missing) == np.flatnonzero(flags[row]).tolist()
        assert set(given) <= set(labels[row])
        assert not set(missing) & set(labels[row])


def test_sound_takes_a_class_that_every_row_has():
    labels, probs = random_case(12)
    labels = [sorted({0, *classes}) for classes in labels]
    with pytest.raises(ValueError, match="all 300 rows have class 0"):
        ours.filter.find_label_issues(labels, probs)
    found = tusker.find_multilabel_issues(labels, probs)
    assert not any(0 in classes for classes in found.wrongly_given)
