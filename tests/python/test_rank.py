"""tusker.rank beside cleanlab's, in one process: the same to the bit."""

import cleanlab.rank
import numpy as np
import pytest
import tusker
import tusker.rank
from classification_cases import (
    GOOD,
    METHODS,
    assert_same,
    every_case,
    make,
    quietly,
    small_cases,
    told,
)


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
