"""tusker.dataset beside cleanlab's, in one process: the same to the bit."""

import cleanlab.count
import cleanlab.dataset
import numpy as np
import pytest
import tusker
import tusker.dataset
from classification_cases import (
    GOOD,
    assert_same,
    make,
    small_cases,
)


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
