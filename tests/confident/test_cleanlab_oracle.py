"""`tusker issues --compat cleanlab` is cleanlab 2.9.0 on NumPy 1.24.4, index for index."""

import csv
import io
import json

import numpy as np
import pytest
from cases import CASES
from oracle import FILTERS, RANKINGS

DTYPES = ["float64", "float32"]
NAMES = [f"{name}-{dtype}" for name in ["fashion_mnist", *CASES] for dtype in DTYPES]


@pytest.fixture(scope="session")
def expected(run_oracle, cache, tmp_path_factory):
    """A folder for each name, with the input and what cleanlab says about it."""
    fashion = cache / "fashion_mnist_10000"
    if not (fashion / "probs.npy").exists():
        fashion.mkdir(exist_ok=True)
        run_oracle("probabilities", fashion)
    inputs = {name: case for name, case in CASES.items()}
    inputs["fashion_mnist"] = (
        (np.load(fashion / "labels.npy"), np.load(fashion / "probs.npy")),
        {},
    )
    root = tmp_path_factory.mktemp("oracle")
    for name, ((labels, probs), options) in inputs.items():
        for dtype in DTYPES:
            folder = root / f"{name}-{dtype}"
            folder.mkdir()
            np.save(folder / "labels.npy", labels)
            np.save(folder / "probs.npy", probs.astype(dtype))
            (folder / "options.json").write_text(json.dumps(options))
    run_oracle("expect", *sorted(root.iterdir()))
    return root


def arguments(folder, *more):
    options = json.loads((folder / "options.json").read_text())
    flags = [
        text for key, value in options.items() for text in (f"--{key.replace('_', '-')}", value)
    ]
    return ["issues", folder / "labels.npy", folder / "probs.npy", *flags, *more]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("filter_by", FILTERS)
def test_same_indices_in_the_same_order(name, filter_by, expected, tusker, tmp_path):
    folder = expected / name
    answers = json.loads((folder / "expected.json").read_text())
    for rank_by in RANKINGS:
        answer = answers[f"{filter_by} {rank_by}"]
        output = tmp_path / f"{rank_by}.npy"
        chosen = ["--filter-by", filter_by, "--rank-by", rank_by]
        done = tusker(*arguments(folder, *chosen, "--compat", "cleanlab", "--output", output))
        if isinstance(answer, dict):  # cleanlab refuses this input, and so does Tusker
            assert done.returncode == 2, done.stdout
            continue
        assert done.returncode == 0, done.stderr
        assert np.load(output).tolist() == answer, rank_by


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rank_by", RANKINGS)
def test_same_scores_bit_for_bit(name, rank_by, expected, tusker):
    folder = expected / name
    if not (folder / f"scores_{rank_by}.npy").exists():
        pytest.skip("cleanlab refuses this input")
    scores = np.load(folder / f"scores_{rank_by}.npy")
    chosen = ["--filter-by", "confident_learning", "--rank-by", rank_by, "--json"]
    done = tusker(*arguments(folder, *chosen, "--compat", "cleanlab"))
    if done.returncode == 2:
        assert (
            "error"
            in json.loads((folder / "expected.json").read_text())[f"confident_learning {rank_by}"]
        )
        return
    for issue in json.loads(done.stdout)["issues"]:
        assert scores.dtype.type(issue["score"]) == scores[issue["index"]]


@pytest.mark.parametrize("name", NAMES)
def test_sound_order_differs_only_where_keys_tie(name, expected, tusker):
    """The same number of issues; where the probabilities do not tie, the same issues."""
    folder = expected / name
    answers = json.loads((folder / "expected.json").read_text())
    probs = np.load(folder / "probs.npy")
    tie_free = all(len(np.unique(column)) == len(column) for column in probs.T)
    for filter_by in FILTERS:
        answer = answers[f"{filter_by} self_confidence"]
        if isinstance(answer, dict):
            continue
        done = tusker(*arguments(folder, "--filter-by", filter_by, "--json"))
        assert done.returncode == 0, done.stderr
        found = [issue["index"] for issue in json.loads(done.stdout)["issues"]]
        if tie_free:
            assert found == answer, filter_by
        elif filter_by in ("confident_learning", "predicted_neq_given", "low_self_confidence"):
            assert len(found) == len(answer), filter_by


def test_csv_says_what_json_says(expected, tusker, tmp_path):
    folder = expected / "ten_classes-float32"
    output = tmp_path / "issues.csv"
    assert tusker(*arguments(folder, "--output", output)).returncode == 0
    rows = list(csv.DictReader(io.StringIO(output.read_text())))
    issues = json.loads(tusker(*arguments(folder, "--json")).stdout)["issues"]
    assert rows == [{key: str(value) for key, value in issue.items()} for issue in issues]
