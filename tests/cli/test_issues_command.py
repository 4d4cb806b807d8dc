"""The command as a person uses it: what it prints, writes and refuses."""

import csv
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TUSKER_BINARY", ROOT / "build/dev/bin/tusker"))


def tusker(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)


class Arrays:
    """Two files that `tusker issues` accepts, until a test spoils one."""

    def __init__(self, folder):
        self.labels_path = folder / "labels.npy"
        self.probs_path = folder / "probs.npy"
        rng = np.random.default_rng(5)
        truth = rng.integers(0, 4, 200)
        probs = rng.random((200, 4)) + 6 * np.eye(4)[truth]
        self.probs = probs / probs.sum(axis=1, keepdims=True)
        self.labels = truth.copy()
        self.wrong = {10: (truth[10] + 1) % 4, 77: (truth[77] + 2) % 4}
        for row, label in self.wrong.items():
            self.labels[row] = label

    def issues(self, *more):
        np.save(self.labels_path, self.labels)
        np.save(self.probs_path, self.probs)
        return tusker("issues", self.labels_path, self.probs_path, *more)

    def refusal(self, *more):
        done = self.issues(*more)
        assert done.returncode == 2, done.stdout
        assert done.stdout == ""
        return done.stderr


@pytest.fixture
def arrays(tmp_path):
    return Arrays(tmp_path)


def test_finds_the_two_wrong_labels(arrays):
    done = arrays.issues("--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {issue["index"]: issue["given"] for issue in found["issues"]} == arrays.wrong
    assert found["rows"] == 200 and found["classes"] == 4 and found["count"] == 2
    for issue in found["issues"]:
        assert issue["suggested"] == arrays.probs[issue["index"]].argmax()
        assert issue["score"] == arrays.probs[issue["index"], issue["given"]]


def test_prints_a_summary_for_people(arrays):
    text = arrays.issues().stdout
    assert text.startswith("2 label issues among 200 rows (1.00 %), 4 classes\n")
    assert (
        "Per given class" in text and "Largest confusions (2 pairs)" in text and "Worst 2" in text
    )


def test_says_so_when_there_are_none(arrays):
    arrays.labels = arrays.probs.argmax(axis=1)
    assert arrays.issues().stdout == "0 label issues among 200 rows (0.00 %), 4 classes\n"


def test_writes_csv_npy_and_json(arrays, tmp_path):
    issues = json.loads(arrays.issues("--json").stdout)["issues"]
    for kind in ("csv", "npy", "json"):
        assert arrays.issues("--output", tmp_path / f"found.{kind}").returncode == 0
    rows = list(csv.DictReader((tmp_path / "found.csv").open()))
    assert list(rows[0]) == ["index", "given", "suggested", "score"]
    assert [int(row["index"]) for row in rows] == [issue["index"] for issue in issues]
    indices = np.load(tmp_path / "found.npy")
    assert indices.dtype == np.int64
    assert indices.tolist() == [issue["index"] for issue in issues]
    assert json.loads((tmp_path / "found.json").read_text())["issues"] == issues


def test_reads_every_integer_type_and_float32(arrays):
    expected = arrays.issues("--json").stdout
    for dtype in ("i1", "i2", "i4", "u1", "u2", "u4", "u8"):
        arrays.labels = arrays.labels.astype(dtype)
        assert arrays.issues("--json").stdout == expected
    arrays.probs = arrays.probs.astype(np.float32)
    issue = json.loads(arrays.issues("--json").stdout)["issues"][0]
    assert np.float32(issue["score"]) == arrays.probs[issue["index"], issue["given"]]
    assert len(str(issue["score"])) <= 12  # the shortest text of a float32, not of its double


def test_every_filter_and_ranking_finds_wrong_labels_only(arrays):
    filters = "prune_by_noise_rate prune_by_class both confident_learning predicted_neq_given"
    for filter_by in filters.split():
        for rank_by in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
            done = arrays.issues("--filter-by", filter_by, "--rank-by", rank_by, "--json")
            found = {issue["index"] for issue in json.loads(done.stdout)["issues"]}
            assert found and found <= set(arrays.wrong)


# --- Bad input: exit code 2, and a sentence that names the argument, the row, the value, the rule.


def test_labels_shorter_than_probabilities(arrays):
    arrays.labels = arrays.labels[:-1]
    assert "labels has 199 rows, probabilities have 200" in arrays.refusal()


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.1])
def test_values_that_are_no_probabilities(arrays, value):
    arrays.probs[42, 3] = value
    text = arrays.refusal()
    assert f"probabilities[42, 3] = {value}" in text and "from 0 to 1" in text


def test_the_first_bad_row_is_named_whatever_the_threads(arrays):
    arrays.probs = np.tile(arrays.probs, (3000, 1))
    arrays.labels = np.tile(arrays.labels, 3000)
    arrays.probs[[123456, 400000, 599999], 1] = np.nan
    for threads in (1, 2, 8):
        assert "probabilities[123456, 1] = nan" in arrays.refusal("--threads", threads)


def test_label_out_of_range(arrays):
    arrays.labels[7] = 4
    text = arrays.refusal()
    assert "labels[7] = 4: must be below 4, the number of columns" in text


def test_negative_label(arrays):
    arrays.labels[7] = -1
    assert "labels[7] = -1: must be >= 0" in arrays.refusal()


def test_float_labels(arrays):
    arrays.labels = arrays.labels.astype(float)
    text = arrays.refusal()
    assert "labels" in text and "float64" in text and "must be integers" in text


def test_integer_probabilities(arrays):
    arrays.probs = arrays.probs.astype(int)
    assert "holds int64: must be float16, float32 or float64" in arrays.refusal()


def test_wrong_number_of_dimensions(arrays):
    arrays.labels = arrays.labels[:, None]
    assert "labels" in arrays.refusal()
    arrays.labels = arrays.labels[:, 0]
    arrays.probs = arrays.probs[:, 0]
    assert "has 1 dimensions: must have 2" in arrays.refusal()


def test_one_class(arrays):
    arrays.probs = np.ones((200, 1))
    arrays.labels = np.zeros(200, dtype=int)
    assert "1 columns: there must be at least 2 classes" in arrays.refusal()


def test_only_one_label_occurs(arrays):
    arrays.labels[:] = 2
    assert "every one of the 200 is 2" in arrays.refusal()


def test_no_rows(arrays):
    arrays.probs = arrays.probs[:0]
    arrays.labels = arrays.labels[:0]
    assert "0 rows: there must be at least one" in arrays.refusal()


def test_object_array_is_never_unpickled(arrays, tmp_path):
    arrays.issues()
    np.save(arrays.labels_path, np.array([0, "a", None], dtype=object))
    done = tusker("issues", arrays.labels_path, arrays.probs_path)
    assert done.returncode == 2
    assert str(arrays.labels_path) in done.stderr and "object array (pickle)" in done.stderr


@pytest.mark.parametrize("keep", [0, 5, 9, 40, 128, 3000])
def test_truncated_file(arrays, keep):
    arrays.issues()
    arrays.probs_path.write_bytes(arrays.probs_path.read_bytes()[:keep])
    done = tusker("issues", arrays.labels_path, arrays.probs_path)
    assert done.returncode == 2
    assert str(arrays.probs_path) in done.stderr and "truncated" in done.stderr


def test_header_that_promises_another_shape(arrays):
    arrays.issues()
    lie = arrays.probs_path.read_bytes().replace(b"(200, 4)", b"(999, 4)")
    arrays.probs_path.write_bytes(lie)
    done = tusker("issues", arrays.labels_path, arrays.probs_path)
    assert done.returncode == 2 and "shape (999, 4) of float64 needs 31968 bytes" in done.stderr


def test_fortran_order(arrays):
    arrays.probs = np.asfortranarray(arrays.probs)
    assert "Fortran order" in arrays.refusal()


def test_rows_that_do_not_sum_to_one_are_a_warning_or_with_strict_an_error(arrays):
    arrays.probs[[3, 9]] *= 0.5
    done = arrays.issues()
    assert done.returncode == 0
    assert "warning: probabilities[3] sum to 0.5" in done.stderr and "2 rows" in done.stderr
    assert "probabilities[3] sum to 0.5" in arrays.refusal("--strict")


def test_entropy_asks_for_the_exact_range(arrays):
    arrays.probs[5, 0] = -5e-7
    assert arrays.issues().returncode == 0
    text = arrays.refusal("--rank-by", "confidence_weighted_entropy")
    assert "probabilities[5, 0] = -5e-07" in text


def test_bad_use(arrays, tmp_path):
    assert tusker().returncode == 2
    assert tusker("isues").returncode == 2
    assert tusker("issues").returncode == 2
    assert tusker("issues", tmp_path / "none.npy", tmp_path / "none.npy").returncode == 2
    assert "filter-by" in arrays.refusal("--filter-by", "prune_by_clas")
    assert "must end in .csv, .npy or .json" in arrays.refusal("--output", tmp_path / "x.parquet")
    assert "frac_noise = 1.5" in arrays.refusal("--frac-noise", "1.5")


def test_output_into_a_missing_folder_is_refused_with_its_name(arrays, tmp_path):
    done = arrays.issues("--output", tmp_path / "no" / "x.csv")
    assert done.returncode == 1 and "no/x.csv" in done.stderr


def test_help_has_examples():
    done = tusker("issues", "--help")
    assert done.returncode == 0
    assert "tusker issues labels.npy probs-0.npy probs-1.npy --output issues.csv" in done.stdout
    assert tusker("--version").stdout.strip()


def test_a_dataset_has_two_tasks():
    done = tusker("issues", "--dataset", "x", "--task", "multilabel")
    assert done.returncode == 2 and "classification or detection" in done.stderr
