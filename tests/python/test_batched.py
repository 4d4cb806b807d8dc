"""Label issues in batches beside cleanlab's."""

import cleanlab.experimental.label_issues_batched as theirs
import numpy as np
import pytest
import tusker.experimental.label_issues_batched as mine
from classification_cases import CASES, make, name_of
from numpy.testing import assert_array_equal

every_case = pytest.mark.parametrize("case", CASES, ids=name_of)


@every_case
@pytest.mark.parametrize("batch_size", [100, 10_000])
def test_issues_in_batches(case, batch_size):
    labels, probs = make(case)
    if batch_size == 100 and len(labels) > 5000:
        labels, probs = labels[:1000], probs[:1000]
    for quality in (None, {"method": "normalized_margin"}, {"adjust_pred_probs": True}):
        for method in (None, {"estimation_method": "off_diagonal_calibrated"}):
            kwargs = {
                "batch_size": batch_size,
                "quality_score_kwargs": quality,
                "num_issue_kwargs": method,
                "verbose": False,
            }
            for mask in (False, True):
                kwargs["return_mask"] = mask
                found = [
                    module.find_label_issues_batched(labels, probs, **kwargs)
                    for module in (mine, theirs)
                ]
                assert_array_equal(*found)
                assert found[0].dtype == found[1].dtype


@every_case
def test_inspector_keeps_what_cleanlabs_keeps(case):
    labels, probs = make(case)
    inspectors = [
        module.LabelInspector(num_class=probs.shape[1], verbose=False) for module in (mine, theirs)
    ]
    parts = np.array_split(np.arange(len(labels)), 3)
    for inspector in inspectors:
        for part in parts:
            inspector.update_confident_thresholds(labels[part], probs[part])
    scores = [
        [inspector.score_label_quality(labels[part], probs[part]) for part in parts]
        for inspector in inspectors
    ]
    for one, other in zip(*scores, strict=True):
        assert_array_equal(one, other)
    for question in (
        "get_confident_thresholds",
        "get_num_issues",
        "get_quality_scores",
        "get_label_issues",
    ):
        assert_array_equal(*(getattr(inspector, question)() for inspector in inspectors))


def test_files_are_mapped(tmp_path):
    labels, probs = make(("smooth", "few classes", "float32"))
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "probs.npy", probs)
    files = {
        "labels_file": str(tmp_path / "labels.npy"),
        "pred_probs_file": str(tmp_path / "probs.npy"),
    }
    assert_array_equal(
        mine.find_label_issues_batched(**files, verbose=False),
        theirs.find_label_issues_batched(labels, probs, verbose=False),
    )


def test_pickled_files_are_refused(tmp_path):
    np.save(tmp_path / "labels.npy", np.array([{}, {}]), allow_pickle=True)
    with pytest.raises(ValueError):
        mine.find_label_issues_batched(
            labels_file=str(tmp_path / "labels.npy"), pred_probs=np.eye(2), verbose=False
        )


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"labels": [0, 1]},
        {"labels": [0, 1], "labels_file": "labels.npy"},
        {"labels_file": 5},
        {"labels": [0, 1], "pred_probs": np.eye(3)},
    ],
)
def test_calls_that_are_refused(kwargs):
    for module in (mine, theirs):
        with pytest.raises(ValueError):
            module.find_label_issues_batched(**kwargs, verbose=False)


def test_questions_before_answers():
    for module in (mine, theirs):
        inspector = module.LabelInspector(num_class=2, store_results=False, verbose=False)
        for question in (
            "get_confident_thresholds",
            "get_num_issues",
            "get_quality_scores",
            "get_label_issues",
        ):
            with pytest.raises(ValueError):
                getattr(inspector, question)()
        with pytest.raises(ValueError):
            inspector.score_label_quality(np.array([0, 1]), np.eye(2))
        with pytest.raises(ValueError):
            inspector.update_confident_thresholds(np.array([0, 1, 1]), np.eye(2))
        with pytest.raises(ValueError):
            inspector.update_confident_thresholds(np.array([0, 1, 1]), np.eye(3)[:, :1])


def test_progress_is_printed(capsys):
    labels, probs = make(("smooth", "few classes", "float32"))
    mine.find_label_issues_batched(labels, probs, batch_size=400)
    assert "1,000 of 1,000" in capsys.readouterr().out
