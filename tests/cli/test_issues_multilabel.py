"""`tusker issues --task multilabel`: planted errors are found, whatever form the labels have."""

import csv
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TUSKER_BINARY", ROOT / "build/dev/bin/tusker"))
NAMES = ["cat", "dog", "traffic light", "owl"]


def tusker(*arguments):
    arguments = "issues", "--task", "multilabel", *map(str, arguments)
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True)


def found(*arguments):
    done = tusker(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def arrays(tmp_path):
    rng = np.random.default_rng(3)
    truth = rng.random((300, 4)) < 0.4
    probs = np.where(
        truth, rng.uniform(0.8, 0.99, truth.shape), rng.uniform(0.01, 0.2, truth.shape)
    )
    given = truth.copy()
    for row, k in ((11, 0), (99, 2), (200, 3)):
        given[row, k] = ~given[row, k]
        probs[row, k] = 0.999 if truth[row, k] else 0.001
    np.save(tmp_path / "p.npy", probs)
    return truth, given, tmp_path / "p.npy"


def lists(given):
    return [np.flatnonzero(row).tolist() for row in given]


def test_planted_errors_are_found_and_named(arrays, tmp_path):
    truth, given, probs = arrays
    np.save(tmp_path / "l.npy", given)
    result = found(tmp_path / "l.npy", probs)
    assert {issue["index"] for issue in result["issues"]} == {11, 99, 200}
    for issue in result["issues"]:
        row = issue["index"]
        assert issue["wrongly_given"] == np.flatnonzero(given[row] & ~truth[row]).tolist()
        assert issue["wrongly_missing"] == np.flatnonzero(truth[row] & ~given[row]).tolist()
    text = tusker(tmp_path / "l.npy", probs).stdout
    assert text.startswith("3 label issues among 300 rows (1.00 %), 4 classes\n")
    assert "Per class, most first" in text and "Worst 3" in text


def test_probabilities_in_several_files_of_several_types(arrays, tmp_path):
    _, given, probs = arrays
    np.save(tmp_path / "l.npy", given)
    expected = found(tmp_path / "l.npy", probs)
    parts = [tmp_path / f"p{i}.npy" for i in range(3)]
    for path, part in zip(parts, np.split(np.load(probs), [100, 101]), strict=True):
        np.save(path, part)
    assert found(tmp_path / "l.npy", *parts) == expected
    exact = np.load(probs).astype(np.float16)  # what all three types can say
    np.save(probs, exact.astype(np.float64))
    types = np.float16, np.float32, np.float64
    for path, part, dtype in zip(parts, np.split(exact, [100, 200]), types, strict=True):
        np.save(path, part.astype(dtype))
    assert found(tmp_path / "l.npy", *parts) == found(tmp_path / "l.npy", probs)
    done = tusker(tmp_path / "l.npy", *parts[:2])
    assert done.returncode == 2 and "the probabilities are 200 x 4" in done.stderr


def test_every_form_of_labels_gives_the_same(arrays, tmp_path):
    _, given, probs = arrays
    np.save(tmp_path / "l.npy", given)
    expected = found(tmp_path / "l.npy", probs)
    for dtype in (np.int64, np.uint8, float):
        np.save(tmp_path / "typed.npy", given.astype(dtype))
        assert found(tmp_path / "typed.npy", probs) == expected
    np.savez_compressed(tmp_path / "l.npz", given)
    assert found(tmp_path / "l.npz", probs) == expected
    (tmp_path / "spaces.csv").write_text(
        "".join(" ".join(map(str, r)) + "\n" for r in lists(given))
    )
    assert found(tmp_path / "spaces.csv", probs) == expected
    (tmp_path / "commas.csv").write_text(
        "".join(",".join(map(str, r)) + "\n" for r in lists(given))
    )
    assert found(tmp_path / "commas.csv", probs) == expected
    (tmp_path / "l.json").write_text(json.dumps({"labels": lists(given)}))
    assert found(tmp_path / "l.json", probs) == expected


def test_names_with_spaces(arrays, tmp_path):
    _, given, probs = arrays
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    names = [[NAMES[k] for k in row] for row in lists(given)]
    (tmp_path / "l.csv").write_text("labels\n" + "".join(";".join(row) + "\n" for row in names))
    (tmp_path / "l.json").write_text(json.dumps(names))
    np.save(tmp_path / "l.npy", given)
    classes = "--classes", tmp_path / "names.txt"
    expected = found(tmp_path / "l.npy", probs, *classes)
    assert expected["class_names"] == NAMES
    assert found(tmp_path / "l.json", probs, *classes) == expected
    done = tusker(tmp_path / "l.json", probs, *classes, "--output", tmp_path / "out.csv")
    assert done.returncode == 0
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert [int(row["index"]) for row in rows] == [issue["index"] for issue in expected["issues"]]
    tusker(tmp_path / "l.json", probs, *classes, "--output", tmp_path / "out.npy")
    assert np.load(tmp_path / "out.npy").tolist() == [i["index"] for i in expected["issues"]]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("l.csv", "0 1\n0 9\n1\n", ["labels", "[1", "9", "below 4"]),
        ("l.csv", "0 1\n0 -2\n1\n", ["labels[1, 1] = -2", ">= 0"]),
        ("l.csv", "0 1\n0 1.5\n1\n", ["labels[1, 1] = 1.5", "integer"]),
        ("l.csv", "0\n1\n", ["labels", "2 rows", "the probabilities have 3"]),
        ("l.csv", "0\nowl\n1\n", ["labels[1, 0] = owl", "--classes"]),
        ("l.json", "[[0], [1], 2]", ["labels[2] = 2", "array of classes"]),
        ("l.json", "[[0], [1.5], [2]]", ["labels[1, 0] = 1.5", "integer"]),
    ],
)
def test_bad_lists(name, content, words, tmp_path):
    np.save(tmp_path / "p.npy", np.full((3, 4), 0.5))
    (tmp_path / name).write_text(content)
    done = tusker(tmp_path / name, tmp_path / "p.npy")
    assert done.returncode == 2 and done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([[0, 1], [0, 2], [1, 1]]), ["labels[1, 1] = 2: must be 0 or 1"]),
        (np.array([[0, 1], [0, np.nan], [1, 1]]), ["labels[1, 1] = nan: must be 0 or 1"]),
        (np.zeros((3, 3), int), ["labels", "is 3 x 3, the probabilities are 3 x 2"]),
        (np.zeros(3, int), ["labels", "has 1 dimensions: must have 2"]),
        (np.array([[0, None]], dtype=object), ["labels", "object array (pickle)"]),
    ],
)
def test_bad_matrices(labels, words, tmp_path):
    np.save(tmp_path / "l.npy", labels)
    np.save(tmp_path / "p.npy", np.full((3, 2), 0.5))
    done = tusker(tmp_path / "l.npy", tmp_path / "p.npy")
    assert done.returncode == 2 and done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr


def test_bad_probabilities(arrays, tmp_path):
    _, given, _ = arrays
    np.save(tmp_path / "l.npy", given)
    for value in (np.nan, np.inf, -0.1, 1.1):
        probs = np.full(given.shape, 0.5)
        probs[7, 2] = value
        np.save(tmp_path / "p.npy", probs)
        done = tusker(tmp_path / "l.npy", tmp_path / "p.npy")
        assert done.returncode == 2 and done.stdout == ""
        assert f"probabilities[7, 2] = {value}" in done.stderr, done.stderr
    np.save(tmp_path / "p.npy", np.zeros((0, 4)))
    np.save(tmp_path / "l.npy", np.zeros((0, 4), bool))
    done = tusker(tmp_path / "l.npy", tmp_path / "p.npy")
    assert done.returncode == 2 and "at least one row" in done.stderr
