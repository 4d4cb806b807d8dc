"""`tusker issues --task multiannotator`: votes as lines or a matrix, with and without a model."""

import csv
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TUSKER_BINARY", ROOT / "build/dev/bin/tusker"))
NAMES = ["cat", "dog", "owl"]


def tusker(*arguments):
    arguments = "issues", "--task", "multiannotator", *map(str, arguments)
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False)


def found(*arguments):
    done = tusker(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Crowd:
    """Sixty items; ann, bob and cyd are nearly always right, eve guesses."""

    def __init__(self, folder):
        rng = np.random.default_rng(1)
        self.truth = np.arange(60) % 3
        self.matrix = np.full((60, 4), np.nan)
        for a in range(3):
            seen = rng.random(60) < 0.9
            self.matrix[seen, a] = self.truth[seen]
        self.matrix[:, 3] = rng.integers(0, 3, 60)
        self.matrix[7, :] = self.truth[7]
        self.matrix[7, 0] = (self.truth[7] + 1) % 3
        self.probs = np.full((60, 3), 0.05) + 0.85 * np.eye(3)[self.truth]
        self.folder = folder
        np.save(folder / "probs.npy", self.probs)
        self.save(self.lines())

    def lines(self, label=str, item=str):
        who = ["ann", "bob", "cyd", "eve"]
        return [
            f"{item(i)},{who[a]},{label(int(self.matrix[i, a]))}"
            for i in range(60)
            for a in range(4)
            if not np.isnan(self.matrix[i, a])
        ]

    def save(self, lines, header=True):
        text = "item,annotator,label\n" * header + "".join(f"{line}\n" for line in lines)
        (self.folder / "votes.csv").write_text(text)

    @property
    def votes(self):
        return self.folder / "votes.csv"

    @property
    def model(self):
        return self.folder / "probs.npy"

    def refusal(self, *more):
        done = tusker(self.votes, *more)
        assert done.returncode == 2, (done.stdout, done.stderr)
        assert done.stdout == "" and done.stderr.count("\n") == 1
        return done.stderr


@pytest.fixture
def crowd(tmp_path):
    return Crowd(tmp_path)


@pytest.mark.parametrize("with_model", [False, True])
def test_consensus_is_the_truth_and_the_guesser_is_worst(crowd, with_model):
    result = found(crowd.votes, *([crowd.model] if with_model else []))
    assert [item["consensus"] for item in result["items"]] == crowd.truth.tolist()
    quality = {a["annotator"]: a["quality"] for a in result["annotators"]}
    assert min(quality, key=quality.get) == "eve"
    wrong = {(issue["item"], issue["annotator"]) for issue in result["issues"]}
    assert ("7", "ann") in wrong
    assert len(wrong) == result["count"] == 1 + np.sum(crowd.matrix[:, 3] != crowd.truth)
    scores = [issue["score"] for issue in result["issues"]]
    assert scores == sorted(scores)


def test_lines_and_matrices_say_the_same(crowd, tmp_path):
    expected = found(crowd.votes, crowd.model)
    crowd.save(crowd.lines(), header=False)
    assert found(crowd.votes, crowd.model) == expected
    np.save(tmp_path / "m.npy", crowd.matrix)
    np.save(tmp_path / "i.npy", np.nan_to_num(crowd.matrix, nan=-1).astype(np.int8))
    np.savez_compressed(tmp_path / "m.npz", votes=crowd.matrix.astype(np.float32))
    for file in ("m.npy", "i.npy", "m.npz"):
        result = found(tmp_path / file, crowd.model)
        assert [item["quality"] for item in result["items"]] == [
            item["quality"] for item in expected["items"]
        ]
        assert [issue["score"] for issue in result["issues"]] == [
            issue["score"] for issue in expected["issues"]
        ]


def test_probabilities_in_several_files_of_several_types(crowd, tmp_path):
    def saved(name, rows, dtype):
        np.save(tmp_path / name, rows.astype(dtype))
        return tmp_path / name

    expected = found(crowd.votes, crowd.model)
    halves = (
        saved(f"{i}.npy", half, np.float64) for i, half in enumerate(np.split(crowd.probs, [25]))
    )
    assert found(crowd.votes, *halves) == expected
    exact = crowd.probs.astype(np.float16)  # what all three types can say
    parts = np.split(exact, [20, 40])
    typed = zip("abc", parts, (np.float16, np.float64, np.float32), strict=True)
    mixed = [saved(f"{name}.npy", part, dtype) for name, part, dtype in typed]
    assert found(crowd.votes, *mixed) == found(crowd.votes, saved("d.npy", exact, np.float64))
    half = found(crowd.votes, saved("h.npy", exact, np.float16))
    assert half == found(crowd.votes, saved("s.npy", exact, np.float32))
    narrow = saved("n.npy", crowd.probs[:30, :2], np.float64)
    assert "n.npy: has 2 columns, the first file has 3" in crowd.refusal(mixed[0], narrow)
    assert "must be the number of a row" in crowd.refusal(*mixed[:2])


def test_dawid_skene_finds_the_truth_and_the_guesser(crowd, tmp_path):
    by = "--consensus-method", "dawid_skene"
    result = found(crowd.votes, *by)
    assert result["consensus_method"] == "dawid_skene"
    assert [item["consensus"] for item in result["items"]] == crowd.truth.tolist()
    assert sum(result["priors"]) == pytest.approx(1, abs=1e-6)
    quality = {a["annotator"]: a["quality"] for a in result["annotators"]}
    assert quality["eve"] < 0.6 < 0.9 < min(quality[good] for good in ("ann", "bob", "cyd"))
    scores = [issue["score"] for issue in result["issues"]]
    assert scores == sorted(scores) and scores[0] < 0.01
    text = tusker(crowd.votes, *by).stdout
    for words in ("annotators differ from the consensus of 60 items", "Annotators, worst", "eve"):
        assert words in text
    assert tusker(crowd.votes, *by, "--output", tmp_path / "o.csv").returncode == 0
    assert len(list(csv.DictReader((tmp_path / "o.csv").open()))) == result["count"]
    tusker(crowd.votes, *by, "--output", tmp_path / "o.npy")
    assert np.load(tmp_path / "o.npy").tolist() == [issue["row"] for issue in result["issues"]]
    for order in ([], ["--compat", "cleanlab"]):
        assert found(crowd.votes, *by, *order)["count"] == result["count"]


def test_dawid_skene_learns_from_whom_the_majority_takes_at_his_word(tmp_path):
    """Zoe mistakes each class for the next, always; ann and bob are right four times in five."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 600)
    matrix = np.stack(
        [np.where(rng.random(600) < 0.8, truth, rng.integers(0, 3, 600)) for _ in range(2)]
        + [(truth + 1) % 3],
        axis=1,
    )
    np.save(tmp_path / "votes.npy", matrix)

    def share_right(method):
        items = found(tmp_path / "votes.npy", "--consensus-method", method)["items"]
        return np.mean([item["consensus"] for item in items] == truth)

    assert share_right("majority_vote") < 0.9
    assert share_right("dawid_skene") > 0.98
    by = "--consensus-method", "dawid_skene"
    zoe = found(tmp_path / "votes.npy", *by)["annotators"][2]
    chances = {one["given"]: one["by_true_class"] for one in zoe["chances"]}
    assert sorted(chances) == [0, 1, 2] and zoe["quality"] < 0.05
    assert all(chances[(k + 1) % 3][k] > 0.95 for k in range(3))
    table = tusker(tmp_path / "votes.npy", *by).stdout.split("What annotators take for what")[1]
    rows = [line.split() for line in table.splitlines()[2:5]]
    assert {tuple(row[:4]) for row in rows} == {
        ("2", str(k), "->", str((k + 1) % 3)) for k in range(3)
    }


def test_consensus_methods_refuse_what_they_have_no_use_for(crowd):
    done = tusker(crowd.votes, crowd.model, "--consensus-method", "dawid_skene")
    assert done.returncode == 2 and "votes alone" in done.stderr
    done = tusker(crowd.votes, "--consensus-method", "vote")
    assert done.returncode == 2 and "dawid_skene" in done.stderr
    other = subprocess.run(
        [BINARY, "issues", crowd.votes, crowd.model, "--consensus-method", "majority_vote"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.returncode == 2 and "--task classification has no use for it" in other.stderr


def test_names_of_items_annotators_and_classes(crowd, tmp_path):
    crowd.save(crowd.lines(label=NAMES.__getitem__, item="img {}.jpg".format))
    result = found(crowd.votes)
    assert result["class_names"] == NAMES
    assert result["items"][7]["item"] == "img 7.jpg"
    text = tusker(crowd.votes).stdout
    for words in ("annotators differ from the consensus", "eve", "img 7.jpg", "Annotators, worst"):
        assert words in text
    assert tusker(crowd.votes, "--output", tmp_path / "o.csv").returncode == 0
    rows = list(csv.DictReader((tmp_path / "o.csv").open()))
    assert len(rows) == result["count"] and rows[0]["given"] in NAMES
    tusker(crowd.votes, "--output", tmp_path / "o.npy")
    assert np.load(tmp_path / "o.npy").tolist() == [issue["row"] for issue in result["issues"]]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("60,ann,0", ["labels[", "item] = 60", "below 60"]),
        ("-1,ann,0", ["labels[", "item] = -1", "row of the probabilities"]),
        ("x,ann,0", ["labels[", "item] = x", "row of the probabilities"]),
        ("5,zoe,3", ["labels[", "label] = 3", "below 3"]),
        ("5,zoe,-1", ["labels[", "label] = -1", ">= 0"]),
        ("5,zoe,1.5", ["labels[", "label] = 1.5", "integer"]),
        ("5,zoe,cat", ["labels[", "label] = cat", "--classes"]),
        ("7,ann,0", ["again", "once"]),
        ("5,,0", ["labels[", "annotator] = ''", "empty"]),
        ("5,zoe", ["2 cells", "has 3"]),
    ],
)
def test_bad_lines(line, words, crowd):
    crowd.save([*crowd.lines(), line])
    text = crowd.refusal(crowd.model)
    for word in words:
        assert word in text, text


def test_bad_crowds(crowd, tmp_path):
    crowd.save(["0,ann,0", "1,ann,1"])
    assert "at least 2" in crowd.refusal()
    crowd.save(["0,ann,0", "1,bob,1"])
    assert "single label" in crowd.refusal()
    crowd.save([])
    assert "0 labels" in crowd.refusal()
    crowd.votes.write_text("item,label\n1,2\n")
    assert "must be item, annotator, label" in crowd.refusal()
    crowd.save([line for line in crowd.lines() if not line.startswith("9,")])
    text = crowd.refusal(crowd.model)
    assert "item 9" in text and "at least one" in text


def test_bad_matrices(crowd, tmp_path):
    for value, words in (
        (0.5, "labels[3, 1] = 0.5"),
        (-2, "[3, 1] = -2"),
        (np.inf, "[3, 1] = inf"),
    ):
        matrix = crowd.matrix.copy()
        matrix[3, 1] = value
        np.save(tmp_path / "m.npy", matrix)
        done = tusker(tmp_path / "m.npy", crowd.model)
        assert done.returncode == 2 and words in done.stderr, done.stderr
    np.save(tmp_path / "m.npy", crowd.matrix[:50])
    done = tusker(tmp_path / "m.npy", crowd.model)
    assert done.returncode == 2 and "50 rows, the probabilities have 60" in done.stderr
    np.save(tmp_path / "m.npy", np.array([[0, None]], dtype=object))
    done = tusker(tmp_path / "m.npy", crowd.model)
    assert done.returncode == 2 and "object array (pickle)" in done.stderr


def test_bad_probabilities(crowd, tmp_path):
    for value in (np.nan, 1.5, -0.5):
        probs = crowd.probs.copy()
        probs[4, 1] = value
        np.save(tmp_path / "p.npy", probs)
        text = crowd.refusal(tmp_path / "p.npy")
        assert "[4" in text and str(value) in text and "[0, 1]" in text
