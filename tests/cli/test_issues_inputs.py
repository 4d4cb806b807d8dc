"""One matrix and its labels in every form that `tusker issues` reads: the same answer from each."""

import json
import os
import pty
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TUSKER_BINARY", ROOT / "build/dev/bin/tusker"))
NAMES = ["cat", "dog", "big, brown bear", "owl"]


def issues(*arguments):
    done = subprocess.run([BINARY, "issues", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 4, 500)
    probs = rng.random((500, 4)) + 5 * np.eye(4)[labels]
    probs /= probs.sum(axis=1, keepdims=True)
    labels[[3, 250, 499]] = (labels[[3, 250, 499]] + 1) % 4
    return labels, probs


@pytest.fixture(scope="module")
def expected(arrays, tmp_path_factory):
    folder = tmp_path_factory.mktemp("expected")
    np.save(folder / "l.npy", arrays[0])
    np.save(folder / "p.npy", arrays[1])
    found = json.loads(issues(folder / "l.npy", folder / "p.npy", "--json"))
    assert {3, 250} <= {issue["index"] for issue in found["issues"]} <= {3, 250, 499}
    return found["issues"]


def quoted(name):
    return f'"{name}"' if "," in name else name


def write_csv(path, probs, header=None):
    lines = [",".join(map(quoted, header))] if header else []
    lines += [",".join(repr(float(value)) for value in row) for row in probs]
    path.write_text("\n".join(lines) + "\n")


def test_npz_stored_and_deflated(arrays, expected, tmp_path):
    labels, probs = arrays
    np.savez(tmp_path / "both.npz", labels=labels, probs=probs)
    np.savez_compressed(tmp_path / "packed.npz", labels=labels, probs=probs)
    np.savez_compressed(tmp_path / "alone.npz", probs)
    for file in ("both.npz", "packed.npz"):
        path = tmp_path / file
        found = json.loads(issues(f"{path}:labels", f"{path}:probs", "--json"))
        assert found["issues"] == expected
    np.save(tmp_path / "l.npy", labels)
    found = json.loads(issues(tmp_path / "l.npy", tmp_path / "alone.npz", "--json"))
    assert found["issues"] == expected


def test_csv_with_numbers(arrays, expected, tmp_path):
    labels, probs = arrays
    (tmp_path / "l.csv").write_text("\n".join(map(str, labels)))
    write_csv(tmp_path / "p.csv", probs)
    assert (
        json.loads(issues(tmp_path / "l.csv", tmp_path / "p.csv", "--json"))["issues"] == expected
    )
    (tmp_path / "l.csv").write_text("label\n" + "\n".join(map(str, labels)) + "\n")
    write_csv(tmp_path / "p.csv", probs, ["0", "1", "2", "3"])
    assert (
        json.loads(issues(tmp_path / "l.csv", tmp_path / "p.csv", "--json"))["issues"] == expected
    )


def test_csv_with_names(arrays, expected, tmp_path):
    labels, probs = arrays
    write_csv(tmp_path / "p.csv", probs, NAMES)
    lines = [f"{row},{quoted(NAMES[k])}" for row, k in enumerate(labels)]
    (tmp_path / "l.csv").write_text("id,animal\n" + "\n".join(lines) + "\n")
    arguments = f"{tmp_path / 'l.csv'}:animal", tmp_path / "p.csv"
    found = json.loads(issues(*arguments, "--json"))
    assert found["issues"] == expected and found["class_names"] == NAMES
    text = issues(*arguments)
    assert "Worst 2" in text and "->" in text
    assert any(name in text for name in NAMES)
    issues(*arguments, "--output", tmp_path / "out.csv")
    header, first = (tmp_path / "out.csv").read_text().splitlines()[:2]
    assert header == "index,given,suggested,score,given_name,suggested_name"
    assert first.startswith(f"{expected[0]['index']},{expected[0]['given']},")
    assert quoted(NAMES[expected[0]["given"]]) in first


def test_json(arrays, expected, tmp_path):
    labels, probs = arrays
    (tmp_path / "l.json").write_text(json.dumps(labels.tolist()))
    (tmp_path / "p.json").write_text(json.dumps({"model": "m", "probs": probs.tolist()}))
    assert (
        json.loads(issues(tmp_path / "l.json", tmp_path / "p.json", "--json"))["issues"] == expected
    )
    (tmp_path / "l.json").write_text(json.dumps([NAMES[k] for k in labels]))
    (tmp_path / "names.txt").write_text("\n".join(NAMES) + "\n")
    (tmp_path / "names.json").write_text(json.dumps(NAMES))
    for file in ("names.txt", "names.json"):
        found = json.loads(
            issues(tmp_path / "l.json", tmp_path / "p.json", "--classes", tmp_path / file, "--json")
        )
        assert found["issues"] == expected and found["class_names"] == NAMES


def test_several_files_are_one_matrix(arrays, expected, tmp_path):
    labels, probs = arrays
    np.save(tmp_path / "l.npy", labels)
    parts = [tmp_path / f"p{i}.npy" for i in range(3)]
    for path, part in zip(parts, np.split(probs, [100, 333]), strict=True):
        np.save(path, part)
    assert json.loads(issues(tmp_path / "l.npy", *parts, "--json"))["issues"] == expected


def test_files_of_several_types_are_one_matrix(arrays, tmp_path):
    labels, probs = arrays
    exact = probs.astype(np.float16)  # what all three types can say
    np.save(tmp_path / "l.npy", labels)
    np.save(tmp_path / "whole.npy", exact.astype(np.float64))
    parts = [tmp_path / f"{i}.npy" for i in range(3)]
    types = np.float16, np.float64, np.float32
    for path, part, dtype in zip(parts, np.split(exact, [100, 333]), types, strict=True):
        np.save(path, part.astype(dtype))
    mixed = json.loads(issues(tmp_path / "l.npy", *parts, "--json"))
    assert mixed == json.loads(issues(tmp_path / "l.npy", tmp_path / "whole.npy", "--json"))
    assert mixed["issues"] != []


def test_float16_is_read_exactly(arrays, tmp_path):
    labels, probs = arrays
    np.save(tmp_path / "l.npy", labels)
    np.save(tmp_path / "half.npy", probs.astype(np.float16))
    np.save(tmp_path / "single.npy", probs.astype(np.float16).astype(np.float32))
    half = json.loads(issues(tmp_path / "l.npy", tmp_path / "half.npy", "--json"))
    single = json.loads(issues(tmp_path / "l.npy", tmp_path / "single.npy", "--json"))
    assert half["issues"] == single["issues"] != []


def test_bool_labels_are_two_classes(tmp_path):
    probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.05, 0.95], [0.9, 0.1]])
    np.save(tmp_path / "l.npy", np.array([False, False, True, True, True]))
    np.save(tmp_path / "p.npy", probs)
    found = json.loads(issues(tmp_path / "l.npy", tmp_path / "p.npy", "--json"))
    assert [issue["index"] for issue in found["issues"]] == [4]


def test_says_on_a_terminal_how_far_it_is(arrays, tmp_path):
    labels, probs = arrays
    np.save(tmp_path / "l.npy", labels)
    write_csv(tmp_path / "p.csv", probs)
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        done = subprocess.run(
            [BINARY, "issues", tmp_path / "l.npy", tmp_path / "p.csv"],
            stdout=subprocess.PIPE,
            stderr=theirs,
            check=True,
        )
        os.close(theirs)
        shown = b""
        while chunk := read_terminal(terminal):
            shown += chunk
    assert b"reading p.csv" in shown and b"reading probabilities: 500 of 500 rows" in shown
    assert shown.endswith(b"\x1b[K")  # the line is gone when the summary comes
    assert done.stdout.startswith(b"2 label issues among 500 rows")


def read_terminal(terminal):
    try:
        return terminal.read(4096)
    except OSError:  # how Linux says that the other end is closed
        return b""
