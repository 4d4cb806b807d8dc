"""Several annotators: tusker beside cleanlab and crowd-kit, on random and edge-case input."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import tusker
from tusker import multiannotator as ours
from tusker.internal import multiannotator_utils as our_utils

theirs = pytest.importorskip("cleanlab.multiannotator")
their_utils = pytest.importorskip("cleanlab.internal.multiannotator_utils")


@dataclass(frozen=True)
class Case:
    """How a random table of labels is made."""

    seed: int
    items: int = 60
    annotators: int = 7
    classes: int = 3
    missing: float = 0.5
    dtype: type = np.float64
    coarse: bool = False  # probabilities with many ties


def labels_and_probs(case: Case) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(case.seed)
    truth = rng.integers(case.classes, size=case.items)
    labels = np.where(
        rng.random((case.items, case.annotators)) < 0.7,
        truth[:, None],
        rng.integers(case.classes, size=(case.items, case.annotators)),
    ).astype(float)
    missing = rng.random(labels.shape) < case.missing
    missing[np.arange(case.items), rng.integers(case.annotators, size=case.items)] = False
    missing[rng.integers(case.items, size=case.annotators), np.arange(case.annotators)] = False
    missing[0, :2] = False
    labels[missing] = np.nan
    probs = rng.dirichlet(np.ones(case.classes), size=case.items)
    probs[np.arange(case.items), truth] += 1
    probs /= probs.sum(axis=1, keepdims=True)
    if case.coarse:
        probs = np.round(probs * 4) / 4
    return labels, probs.astype(case.dtype)


CASES = [
    Case(0),
    Case(1, dtype=np.float32),
    Case(2, classes=2, coarse=True),
    Case(3, items=300, annotators=40, classes=11, missing=0.9),
    Case(4, items=8300, annotators=4, classes=5, missing=0.4),
    Case(5, items=700, annotators=12, classes=9, missing=0.7, dtype=np.float32),
    Case(6, items=40, annotators=30, classes=4, missing=0.0, coarse=True),
    Case(7, items=25, annotators=3, classes=20, missing=0.4, coarse=True, dtype=np.float32),
]
case_ids = [f"seed{case.seed}" for case in CASES]


def outcome(function, *args, **kwargs):
    """What a call gives under a fixed seed: a value and its warnings, or an exception's type."""
    np.random.seed(7)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function(*args, **kwargs)
        except (ValueError, TypeError) as error:
            return type(error), []
    return value, [w.category for w in caught if issubclass(w.category, UserWarning)]


def assert_same(mine, other):
    assert type(mine) is type(other)
    if isinstance(other, dict):
        assert list(mine) == list(other)
        for key in other:
            assert_same(mine[key], other[key])
    elif isinstance(other, tuple):
        for one, two in zip(mine, other, strict=True):
            assert_same(one, two)
    elif isinstance(other, pd.DataFrame):
        pd.testing.assert_frame_equal(mine, other, check_exact=True)
    elif isinstance(other, np.ndarray):
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(mine, other)
    else:
        assert mine == other


def assert_same_outcome(name: str, *args, module=(ours, theirs), **kwargs):
    """Both get their own copies of arrays: ensembles are written into."""
    copies = [[a.copy() if hasattr(a, "copy") else a for a in args] for _ in range(2)]
    mine = outcome(getattr(module[0], name), *copies[0], **kwargs)
    other = outcome(getattr(module[1], name), *copies[1], **kwargs)
    assert_same(mine, other)
    for one, two in zip(*copies, strict=True):
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("case", CASES, ids=case_ids)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"consensus_method": "majority_vote", "return_weights": True},
        {"consensus_method": ["majority_vote", "best_quality"], "return_weights": True},
        {"quality_method": "agreement"},
        {"quality_method": "agreement", "consensus_method": ["best_quality", "majority_vote"]},
        {"calibrate_probs": True, "return_weights": True},
        {"return_detailed_quality": False},
        {"return_annotator_stats": False, "return_detailed_quality": False},
        {"label_quality_score_kwargs": {"method": "normalized_margin"}},
        {"label_quality_score_kwargs": {"method": "confidence_weighted_entropy"}},
        {"label_quality_score_kwargs": {"adjust_pred_probs": True}},
        {
            "label_quality_score_kwargs": {
                "method": "normalized_margin",
                "adjust_pred_probs": True,
            },
            "return_detailed_quality": False,
        },
    ],
    ids=str,
)
def test_label_quality_is_cleanlabs(case, options):
    labels, probs = labels_and_probs(case)
    assert_same_outcome("get_label_quality_multiannotator", labels, probs, **options)


@pytest.mark.parametrize("case", CASES, ids=case_ids)
@pytest.mark.parametrize("calibrate", [False, True])
@pytest.mark.parametrize("detailed", [False, True])
@pytest.mark.parametrize("models", [1, 3])
def test_ensembles_are_cleanlabs(case, calibrate, detailed, models):
    labels, probs = labels_and_probs(case)
    rng = np.random.default_rng(case.seed)
    stack = np.array([rng.permutation(probs.T).T if m else probs for m in range(models)])
    assert_same_outcome(
        "get_label_quality_multiannotator_ensemble",
        labels,
        stack,
        calibrate_probs=calibrate,
        return_detailed_quality=detailed,
        return_weights=True,
    )


@pytest.mark.parametrize("case", CASES, ids=case_ids)
@pytest.mark.parametrize("with_probs", [False, True])
def test_majority_is_cleanlabs(case, with_probs):
    labels, probs = labels_and_probs(case)
    args = (labels, probs) if with_probs else (labels,)
    assert_same_outcome("get_majority_vote_label", *args)


@pytest.mark.parametrize("case", CASES, ids=case_ids)
@pytest.mark.parametrize("labelled", [False, True])
def test_active_learning_is_cleanlabs(case, labelled):
    labels, probs = labels_and_probs(case)
    _, unlabeled = labels_and_probs(
        Case(case.seed + 50, 30, classes=case.classes, dtype=case.dtype)
    )
    args = (labels, probs) if labelled else (None, None)
    assert_same_outcome("get_active_learning_scores", *args, unlabeled)
    stack = np.array([probs, probs[:, ::-1]])
    more = np.array([unlabeled, unlabeled[:, ::-1]])
    args = (labels, stack) if labelled else (None, None)
    assert_same_outcome("get_active_learning_scores_ensemble", *args, more)


def test_active_learning_takes_single_labels():
    labels = np.array([[0, np.nan, np.nan], [np.nan, 1, np.nan], [np.nan, np.nan, 2.0]])
    rng = np.random.default_rng(0)
    for dtype in (np.float64, np.float32):
        probs = rng.random((3, 3)).astype(dtype)
        stack = rng.random((2, 3, 3)).astype(dtype)
        assert_same_outcome("get_active_learning_scores", labels, probs, probs)
        assert_same_outcome("get_active_learning_scores_ensemble", labels, stack, stack)
        one = labels[:, :1].copy()
        one[:, 0] = [0, 1, 1]
        assert_same_outcome("get_active_learning_scores", one, probs, probs)


SMALL_PROBS = np.array([[0.4, 0.4, 0.2], [0.3, 0.6, 0.1], [0.75, 0.2, 0.05], [0.1, 0.4, 0.5]])
EDGES = {
    "no overlap": [[1, np.nan, np.nan], [np.nan, 1, 0], [np.nan, 0, 0], [np.nan, 2, 2]],
    "missing class": [[1, np.nan, 2], [1, 1, 2], [2, 2, 1], [np.nan, 2, 2]],
    "all agree": [[1, 1, 1], [0, 0, 0], [2, 2, 2], [1, 1, 1]],
    "nobody agrees": [[2, 1, 0], [1, 0, 2], [0, 2, 1], [1, 2, np.nan]],
    "perfect ties": [[0, 1, np.nan], [1, 0, np.nan], [0, 1, np.nan], [2, 2, 2]],
    "one class": [[1, 1, 1], [1, 1, np.nan], [1, np.nan, 1], [1, 1, 1]],
    "all tied": [[0, 1, np.nan], [1, 0, np.nan], [np.nan, 0, 1], [1, np.nan, 0]],
    "row without labels": [[0, 1, 1], [np.nan] * 3, [0, 1, 1], [0, 0, 0]],
    "annotator without labels": [[0, 1, np.nan], [0, 1, np.nan], [0, 1, np.nan], [0, 0, np.nan]],
    "all single": [
        [0, np.nan, np.nan],
        [np.nan, 1, np.nan],
        [np.nan, np.nan, 1],
        [1] + [np.nan] * 2,
    ],
    "one annotator": [[0], [1], [2], [0]],
    "halves": [[0.5, 1, 1], [0, 1, 1], [0, 1, 1], [0, 0, 0]],
    "negative": [[-1, 1, 1], [0, 1, 1], [0, 1, 1], [0, 0, 0]],
    "infinite": [[np.inf, 1, 1], [0, 1, 1], [0, 1, 1], [0, 0, 0]],
    "class without column": [[3, 1, 1], [0, 1, 1], [0, 1, 1], [0, 0, 0]],
    "three items": [[0, 1, 1], [0, 1, 1], [0, 0, 0]],
}


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("quality", ["crowdlab", "agreement"])
def test_edges_are_cleanlabs(name, quality):
    labels = np.array(EDGES[name], dtype=float)
    assert_same_outcome(
        "get_label_quality_multiannotator", labels, SMALL_PROBS, quality_method=quality
    )
    assert_same_outcome("get_majority_vote_label", labels)
    assert_same_outcome("get_majority_vote_label", labels, SMALL_PROBS)
    assert_same_outcome("get_active_learning_scores", labels, SMALL_PROBS, SMALL_PROBS)
    assert_same_outcome(
        "assert_valid_inputs_multiannotator",
        labels,
        SMALL_PROBS,
        module=(our_utils, their_utils),
    )


def test_wrong_arguments_fail_as_in_cleanlab():
    labels, probs = labels_and_probs(Case(0))
    name = "get_label_quality_multiannotator"
    stack = np.array([probs, probs])
    assert_same_outcome(name, labels, stack)
    assert_same_outcome(name + "_ensemble", labels, probs)
    assert_same_outcome(name, labels[:, 0], probs)
    assert_same_outcome(name, labels, probs.tolist())
    assert_same_outcome(name, labels.tolist(), probs)
    assert_same_outcome(name, labels, probs, consensus_method="fake")
    assert_same_outcome(name, labels, probs, quality_method="fake")
    assert_same_outcome(name, labels, probs, quality_method="agreement", return_weights=True)
    assert_same_outcome(name, labels, probs, label_quality_score_kwargs={"method": "fake"})
    assert_same_outcome(name, labels, probs, label_quality_score_kwargs={"fake": 1})
    entropy = {"method": "confidence_weighted_entropy", "adjust_pred_probs": True}
    assert_same_outcome(name, labels, probs, label_quality_score_kwargs=entropy)
    method = {"method": "normalized_margin"}
    assert_same_outcome(name + "_ensemble", labels, stack, label_quality_score_kwargs=method)
    assert_same_outcome(name, np.array([["a", "b"], ["b", "b"]]), probs[:2])
    active = "get_active_learning_scores"
    assert_same_outcome(active)
    assert_same_outcome(active, None, probs)
    assert_same_outcome(active, labels, probs, probs[:, :-1])
    assert_same_outcome(active, labels[:, 0], probs)
    assert_same_outcome(active, labels, probs[:-1])
    assert_same_outcome(active + "_ensemble", labels, probs)


def test_probabilities_that_are_none_are_refused_by_name():
    labels, probs = labels_and_probs(Case(0))
    probs[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"pred_probs\[3, 1\] = nan"):
        ours.get_label_quality_multiannotator(labels, probs)
    with pytest.raises(ValueError, match="2 or more classes"):
        ours.get_label_quality_multiannotator(labels * 0, probs[:, :1])


def test_names_of_a_frame_come_back():
    labels, probs = labels_and_probs(Case(0))
    index = [f"item {i}" for i in range(len(labels))]
    frame = pd.DataFrame(labels, index=index).add_prefix("anno_")
    nullable = frame.astype("Int64")
    for table in (frame, nullable, frame.astype("float32")):
        for detailed in (False, True):
            assert_same_outcome(
                "get_label_quality_multiannotator",
                table,
                probs,
                return_detailed_quality=detailed,
                quality_method="crowdlab",
            )
        assert_same_outcome("get_majority_vote_label", table, probs)
        assert_same_outcome("get_active_learning_scores", table, probs)
    levels = pd.DataFrame(
        labels, columns=pd.MultiIndex.from_product([["team"], range(labels.shape[1])])
    )
    assert_same_outcome("get_label_quality_multiannotator", levels, probs)
    frame["anno_0"] = pd.NA
    with pytest.raises(ValueError, match=r"Annotators \['anno_0'\] did not label any examples"):
        ours.get_label_quality_multiannotator(frame, probs)


def test_layout_and_type_of_the_table_do_not_matter():
    labels, probs = labels_and_probs(Case(6))
    labels = np.nan_to_num(labels)
    expected = ours.get_label_quality_multiannotator(labels, probs, verbose=False)
    wide = np.repeat(labels, 2, axis=1)
    for table in (np.asfortranarray(labels), wide[:, ::2], labels.astype(np.int32)):
        found = ours.get_label_quality_multiannotator(table, probs, verbose=False)
        assert_same(found, expected)


def test_prints_where_cleanlab_prints(capsys):
    labels = np.array(EDGES["no overlap"])
    for verbose in (True, False):
        lines = []
        for module in (ours, theirs):
            module.get_label_quality_multiannotator(labels, SMALL_PROBS, verbose=verbose)
            out = capsys.readouterr().out
            lines.append((out.count("Annotator(s) [0]"), out.count("CAUTION")))
        assert lines[0] == lines[1]


def test_long_to_wide():
    long = pd.DataFrame(
        {"task": ["b", "a", "b"], "annotator": [3, 3, 1], "label": [1, 0, 2]}, index=[5, 6, 7]
    )
    assert_same_outcome("convert_long_to_wide_dataset", long)
    assert_same_outcome("convert_long_to_wide_dataset", pd.concat([long, long]))


@pytest.mark.parametrize(
    "labels",
    [
        np.array([["a", "b", "c"], ["b", "b", np.nan], ["z", np.nan, "c"]]),
        pd.DataFrame([[3, 2, 1], [1, 2, np.nan], [3, np.nan, 3]]),
        pd.DataFrame([["x", "y"], [pd.NA, "x"]]),
        np.array([[5, 7], [7, 7]]),
        [[1, 2]],
    ],
    ids=["strings", "numbers", "NA", "integers", "list"],
)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_format_labels(labels):
    results = []
    for module in (our_utils, their_utils):
        results.append(outcome(module.format_multiannotator_labels, labels)[0])
    assert_same(*results)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_calibration_is_cleanlabs(dtype):
    labels, probs = labels_and_probs(Case(3, dtype=dtype))
    probs = np.hstack([probs, np.zeros_like(probs[:, :8])])
    mine = our_utils.find_best_temp_scaler(labels, probs)
    with np.errstate(all="ignore"):
        assert mine == their_utils.find_best_temp_scaler(labels, probs)
        for temperature in (0.1, 0.725, 1, 3.5):
            assert_same_outcome(
                "temp_scale_pred_probs", probs, temperature, module=(our_utils, their_utils)
            )


# --- The sound variant ----------------------------------------------------------------------------


def test_sound_and_compat_agree_but_for_ties_and_last_bits():
    labels, probs = labels_and_probs(Case(4))
    sound = tusker.crowdlab(labels, probs, return_weights=True)
    compat = ours.get_label_quality_multiannotator(labels, probs, return_weights=True)
    for key in ("label_quality", "detailed_label_quality", "annotator_stats"):
        pd.testing.assert_frame_equal(sound[key], compat[key], rtol=1e-9)
    np.testing.assert_allclose(sound["annotator_weight"], compat["annotator_weight"], rtol=1e-9)


def test_sound_leaves_nothing_to_chance():
    labels = np.array(EDGES["all tied"], dtype=float)
    probs = np.full((4, 2), 0.5)
    first = tusker.crowdlab(labels, probs)["label_quality"]
    np.random.seed(3)
    pd.testing.assert_frame_equal(first, tusker.crowdlab(labels, probs)["label_quality"])


def test_sound_counts_labels_by_class():
    labels = np.array([[2, 2, 1], [2, 2, 2], [1, 1, 1], [0, 0, 2]], dtype=float)
    sound = tusker.crowdlab(labels, SMALL_PROBS, quality_method="agreement")
    np.testing.assert_allclose(sound["detailed_label_quality"].iloc[0], [2 / 3, 2 / 3, 1 / 3])


def test_sound_ensembles_take_every_method_and_leave_probabilities_alone():
    labels, probs = labels_and_probs(Case(0))
    stack = np.array([probs, probs[:, ::-1]])
    before = stack.copy()
    found = tusker.crowdlab(
        labels, stack, calibrate_probs=True, consensus_method="majority_vote", return_weights=True
    )
    np.testing.assert_array_equal(stack, before)
    assert found["model_weight"].shape == (2,)
    assert found["model_weight"][0] > found["model_weight"][1]


# --- Dawid-Skene ----------------------------------------------------------------------------------


def long_votes(case: Case, names=None) -> pd.DataFrame:
    labels, _ = labels_and_probs(case)
    tasks, workers = np.nonzero(~np.isnan(labels))
    votes = pd.DataFrame(
        {"task": tasks, "worker": workers, "label": labels[tasks, workers].astype(int)}
    )
    if names:
        votes["label"] = votes["label"].map(lambda k: names[k])
        votes["task"] = votes["task"].map(lambda t: f"task {t}")
    return votes.sample(frac=1, random_state=case.seed).reset_index(drop=True)


def assert_is_crowd_kits(votes, exact, true_labels=None, **options):
    classification = pytest.importorskip("crowdkit.aggregation")
    expected = classification.DawidSkene(**options).fit(votes, true_labels)
    found = tusker.dawid_skene(votes, true_labels=true_labels, order="crowd-kit", **options)
    sound = tusker.dawid_skene(votes, true_labels=true_labels, **options)
    same = {"check_exact": True} if exact else {"rtol": 1e-9, "atol": 1e-12}
    pd.testing.assert_series_equal(found.labels, expected.labels_)
    pd.testing.assert_frame_equal(found.probas, expected.probas_, **same)
    pd.testing.assert_series_equal(found.priors, expected.priors_, **same)
    pd.testing.assert_frame_equal(found.errors, expected.errors_, **same)
    np.testing.assert_allclose(found.loss_history, expected.loss_history_, rtol=1e-9)
    pd.testing.assert_series_equal(sound.labels, expected.labels_)
    pd.testing.assert_frame_equal(sound.probas, expected.probas_, rtol=1e-6, atol=1e-9)
    pd.testing.assert_frame_equal(sound.errors, expected.errors_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("case", CASES, ids=case_ids)
def test_dawid_skene_is_crowd_kits(case):
    assert_is_crowd_kits(long_votes(case), exact=True)


def test_dawid_skene_takes_names_and_known_labels():
    votes = long_votes(Case(0), names=["cat", "ant", "bee"])
    assert_is_crowd_kits(votes, exact=True)
    known = pd.Series({"task 3": "ant", "task 5": "bee", "elsewhere": "cat"})
    assert_is_crowd_kits(votes, exact=False, true_labels=known[:2])
    with pytest.raises(ValueError, match="'dog' is a label that no worker gave"):
        tusker.dawid_skene(votes, true_labels=pd.Series({"task 3": "dog"}))


def test_dawid_skene_takes_repeated_votes_few_rounds_and_one_vote():
    votes = long_votes(Case(6))
    assert_is_crowd_kits(votes, exact=True, n_iter=3)
    assert_is_crowd_kits(votes, exact=True, tol=1e-2)
    assert_is_crowd_kits(pd.DataFrame({"task": [1], "worker": [2], "label": [3]}), exact=True)


def test_dawid_skene_takes_a_table():
    labels, _ = labels_and_probs(Case(0))
    tasks, workers = np.nonzero(~np.isnan(labels))
    long = pd.DataFrame(
        {"task": tasks, "worker": workers, "label": labels[tasks, workers].astype(int)}
    )
    pd.testing.assert_frame_equal(
        tusker.dawid_skene(labels).probas, tusker.dawid_skene(long).probas
    )


def test_dawid_skene_finds_who_swaps_two_classes():
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=200)
    swapped = 1 - truth
    table = np.column_stack([truth, truth, truth, swapped]).astype(float)
    found = tusker.dawid_skene(table)
    assert (found.labels.to_numpy() == truth).all()
    assert found.errors.loc[(3, 1), 0] > 0.99


def test_dawid_skene_refuses_by_name():
    with pytest.raises(ValueError, match="no column"):
        tusker.dawid_skene(pd.DataFrame({"task": [1], "label": [1]}))
    with pytest.raises(ValueError, match="row 1 lacks"):
        tusker.dawid_skene(pd.DataFrame({"task": [1, 2], "worker": [1, 1], "label": [1, np.nan]}))
    with pytest.raises(ValueError, match="at least one"):
        tusker.dawid_skene(pd.DataFrame({"task": [], "worker": [], "label": []}))
    with pytest.raises(ValueError, match="order"):
        tusker.dawid_skene(np.zeros((2, 2)), order="fast")


@pytest.mark.parametrize("form", [np.int64, np.int8, np.uint16, np.float64])
def test_labels_given_as_integers_are_counted_as_cleanlab_counts_them(form):
    rng = np.random.default_rng(7)
    labels = rng.integers(1, 5, size=(30, 4)).astype(form)
    probs = rng.dirichlet(np.ones(6), size=30)
    for options in ({"quality_method": "agreement"}, {"calibrate_probs": True}):
        expected = theirs.get_label_quality_multiannotator(labels, probs, verbose=False, **options)
        found = ours.get_label_quality_multiannotator(labels, probs, verbose=False, **options)
        assert list(found) == list(expected)
        for name, table in expected.items():
            pd.testing.assert_frame_equal(found[name], table, check_exact=True)
    for expected, found in zip(
        theirs.get_active_learning_scores(labels, probs, probs),
        ours.get_active_learning_scores(labels, probs, probs),
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)
